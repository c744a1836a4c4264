//! Watches the environment of the compiler's own process, which is read without system calls: a small library is
//! preloaded that reports what `getenv` is asked for.
//!
//! The invariant: the program's environment is the one it was meant to have. The library is announced by LD_PRELOAD,
//! which takes the place of another variable at the moment of the exec; the library puts that one back before `main`.
//! A program that cannot load the library (a script, a static or foreign executable) is never offered it, because its
//! loader would complain.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::os::fd::RawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use libc::seccomp_notif;

use super::asks::{self, Asks};
use super::listener::Listener;
use super::modules::{Modules, Origin};
use super::record::AccessKey;
use super::region::{ASKER, IMAGE, ORIGINAL_ROOM, Region};
use super::tracee::Tracee;
use super::{exec, programs, questions};
use crate::compile::observe::report::{AccessKind, Asked, EnvReads, Incomplete, Program, Question, Seen, Tells};
use crate::compile::observe::{Environment, elf};

/// Room for the path of the library and the user's own LD_PRELOAD.
const VALUE_ROOM: usize = ORIGINAL_ROOM + 64;
const MOST_VARIABLES: usize = 16384;
const LD_PRELOAD: &[u8] = b"LD_PRELOAD=";

/// Variables that the loader or the C library reads before the library has put the displaced one back.
const NEEDED_AT_START: [&[u8]; 5] = [b"LD_", b"GLIBC_", b"MALLOC_", b"LOCPATH", b"GCONV_"];

/// Returns why the environment cannot be watched here.
pub fn refused() -> Option<&'static str> {
    if IMAGE.is_empty() {
        return Some("there was no C compiler for this target when Thymos was built");
    }
    Region::create().is_err().then_some("memory that was written cannot be mapped as a library here")
}

/// The watch on one run's environment.
#[derive(Debug)]
pub struct Preload {
    state: Result<Region, &'static str>,
    /// At the same address in the child, which is a fork of this process.
    value: Box<[u8; VALUE_ROOM]>,
    given: Option<RawFd>,
    displaced: Option<Displaced>,
    suspects: Vec<Vec<u8>>,
    token: Option<u64>,
    /// What lay in the compiler's memory before it loaded code of others.
    modules: Option<Modules>,
    existence: HashMap<u64, bool>,
}

/// Who asked a question about metadata, as the preloaded library shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The compiler.
    Compiler,
    /// Loaded code that wants to know no more than whether something is there and what kind it is.
    Existence,
    /// Loaded code.
    Loaded,
    /// Nothing is shown.
    Unknown,
}

/// Where LD_PRELOAD stands in for another variable.
#[derive(Clone, Copy, Debug)]
struct Displaced {
    slot: u64,
    pointer: u64,
}

impl Preload {
    /// Prepares the library, before the fork.
    pub fn new(environment: Environment) -> Self {
        let state = match environment {
            Environment::Ignored => Err("not asked for"),
            Environment::Watched if IMAGE.is_empty() => Err("there was no C compiler when Thymos was built"),
            Environment::Watched => Region::create().map_err(|_| "the library could not be created"),
        };
        let token = state.as_ref().ok().map(Region::grant_token);
        Self {
            state,
            value: Box::new([0; VALUE_ROOM]),
            given: None,
            displaced: None,
            suspects: Vec::new(),
            token,
            modules: None,
            existence: HashMap::new(),
        }
    }

    /// Lets the compiler's own look-ups of links go by, and returns what shows the filter that they are.
    pub fn grant_pass(&self) -> Option<u64> {
        self.state.as_ref().ok().map(Region::grant_pass)
    }

    /// Returns what the library shows with the compiler's own questions about metadata.
    pub fn token(&self) -> Option<u64> {
        self.token
    }

    /// Returns whether the compiler has loaded code of others.
    pub fn has_loaded(&self) -> bool {
        self.modules.is_some()
    }

    /// Returns whose code in the compiler's process a call came from.
    pub fn origin(&self, instruction: u64) -> Origin {
        self.modules.as_ref().map_or(Origin::Compiler, |modules| modules.origin(instruction))
    }

    /// Returns who asked, by what is shown.
    pub fn asker(&mut self, shown: u64) -> Asker {
        let (Some(token), Ok(region)) = (self.token, &self.state) else { return Asker::Unknown };
        if shown & !ASKER != token {
            return Asker::Unknown;
        }
        let number = shown & ASKER;
        let Some(modules) = self.modules.as_mut().filter(|_| number != 0) else { return Asker::Compiler };
        let asks_existence = || region.chain(number).is_some_and(|chain| modules.asks_existence(chain));
        if *self.existence.entry(number).or_insert_with(asks_existence) { Asker::Existence } else { Asker::Loaded }
    }

    /// Returns whether this path is the loader opening the library.
    pub fn is_own(&self, path: &[u8]) -> bool {
        let (Some(fd), Ok(region)) = (self.given, &self.state) else { return false };
        path.starts_with(b"/proc/self/fd/") && path == own_path(fd).as_bytes() && !region.is_ready()
    }

    /// Offers the library to what the root process is about to execute.
    pub fn before_exec(&mut self, question: &seccomp_notif, executable: &[u8], envp: u64, listener: &Listener) {
        let Ok(region) = &self.state else { return };
        let tracee = Tracee::new(question.pid);
        let offered = if region.is_ready() {
            Err("the compiler executed another program in its own place")
        } else {
            self.withdraw(tracee).and_then(|()| self.offer(question.id, executable, envp, listener, tracee))
        };
        if let Err(why) = offered {
            self.state = Err(why);
        }
    }

    /// Takes note of libraries that the compiler is about to load, and of files through which the environment may be read as a
    /// whole.
    pub fn notice(&mut self, key: &AccessKey, seen: Seen, root: u32) {
        let opens = key.program <= programs::LOADED && key.kind == AccessKind::Open && matches!(seen, Seen::File(_));
        let path = os(&key.path);
        let is_library = is_library(&key.path);
        if !opens || !(is_library || asks::is_environ(Path::new(&path))) || !self.has_started(&key.path) {
            return;
        }
        if is_library {
            self.modules.get_or_insert_with(|| Modules::of(root));
        }
        if let Ok(region) = &self.state {
            if is_library && elf::shares_std(Path::new(&path)) {
                region.share_std();
            }
            self.suspects.push(key.path.clone());
        }
    }

    /// Returns whether what opens this library now is no longer the loader at the program's start.
    fn has_started(&self, library: &[u8]) -> bool {
        match &self.state {
            Ok(region) => region.is_ready(),
            Err(_) => !AT_START.iter().any(|place| library.starts_with(place)),
        }
    }

    /// Returns what was asked for, of the environment and besides. Call it when the program has ended.
    pub fn finish(self) -> (Result<EnvReads, Incomplete>, Vec<Question>) {
        match self.reads() {
            Ok((reads, questions)) => (Ok(reads), questions),
            Err(reason) => (Err(reason), Vec::new()),
        }
    }

    fn reads(self) -> Result<(EnvReads, Vec<Question>), Incomplete> {
        let region = self.state.map_err(Incomplete::EnvironmentUnseen)?;
        if !region.is_ready() {
            return Err(Incomplete::EnvironmentUnseen("the library was not loaded"));
        }
        let names = region.names().ok_or(Incomplete::TooManyVariables)?;
        let (asked, names): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.as_bytes().starts_with(ASKED));
        let own = names.iter().filter(|name| name.as_bytes().first() != Some(&LATE));
        let often = own.map(|name| (name.clone(), 1 + region.repeats(name.as_bytes()))).collect();
        let late = names.iter().filter_map(|name| name.as_bytes().strip_prefix(&[LATE])).map(os).collect();
        let all =
            names.iter().map(|name| os(name.as_bytes().strip_prefix(&[LATE]).unwrap_or(name.as_bytes()))).collect();
        let for_what = |what: &[u8]| {
            let is_it = asked.iter().any(|name| name.as_bytes().strip_prefix(ASKED) == Some(what));
            if is_it { Asked::Yes } else { Asked::No }
        };
        let Asks { whole, arguments, spans } = asks::of(self.suspects.iter().map(|path| os(path).into()).collect());
        let (directory, executable) = (for_what(b"directory"), for_what(b"executable"));
        let calls = asked.iter().filter_map(|name| name.to_str()?.strip_prefix("\u{1}="));
        let questions = calls.filter(|call| !["directory", "executable"].contains(call)).map(question).collect();
        let reads =
            EnvReads { names: unique(all), late: unique(late), often, directory, executable, arguments, spans, whole };
        Ok((reads, questions))
    }

    /// Undoes the offer to a program that could not be executed.
    fn withdraw(&mut self, tracee: Tracee) -> Result<(), &'static str> {
        match self.displaced.take() {
            Some(Displaced { slot, pointer }) if !tracee.write(slot, &pointer.to_ne_bytes()) => Err(UNWRITABLE),
            _ => Ok(()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one system call, as the kernel reports it")]
    fn offer(
        &mut self,
        question: u64,
        executable: &[u8],
        envp: u64,
        listener: &Listener,
        tracee: Tracee,
    ) -> Result<(), &'static str> {
        if !exec::find(executable).is_dynamic_binary {
            // An absent file is one step of a search through PATH; the next one may be the program.
            return if Path::new(&os(executable)).exists() { Err("the program is a script or static") } else { Ok(()) };
        }
        let (displaced, original) = choose(envp, tracee)?;
        let region = self.state.as_ref().map_err(|why| *why)?;
        let fd = match self.given {
            Some(fd) => fd,
            None => listener.give(question, region.file()).map_err(|_| "the kernel hands out no descriptors")?,
        };
        self.given = Some(fd);
        let value = value(fd, &original);
        let address = self.value.as_ptr() as u64;
        region.set_original(&original);
        if !tracee.write(address, &value) || !tracee.write(displaced.slot, &address.to_ne_bytes()) {
            return Err(UNWRITABLE);
        }
        self.displaced = Some(displaced);
        Ok(())
    }
}

/// What the library took note of by the name of a system call, or of a function that reads more than that.
fn question(call: &str) -> Question {
    let tells = questions::named(call).map_or(Tells::Unaccounted, |question| question.tells);
    Question { call: call.to_owned(), tells, program: Program::Loaded }
}

/// Where the loader finds what a program is started with; only where nothing is preloaded.
const AT_START: [&[u8]; 4] = [b"/lib/", b"/lib64/", b"/usr/lib/", b"/usr/lib64/"];

/// Stands before a name that code asked for which was loaded after the start.
const LATE: u8 = 1;
/// Begins the record of such code asking for something else; no variable has an equals sign in its name.
const ASKED: &[u8] = b"\x01=";
const UNWRITABLE: &str = "the child's memory could not be written";

/// Finds the user's own LD_PRELOAD, or else a variable that nobody needs before the library has started.
fn choose(envp: u64, tracee: Tracee) -> Result<(Displaced, Vec<u8>), &'static str> {
    let mut chosen = None;
    for index in 0..MOST_VARIABLES as u64 {
        let slot = envp + 8 * index;
        let mut pointer = [0; 8];
        if tracee.read(slot, &mut pointer) != Ok(Some(())) {
            return Err("the child's environment could not be read");
        }
        let pointer = u64::from_ne_bytes(pointer);
        if pointer == 0 {
            return chosen.ok_or("the environment has no variable that could make room");
        }
        let variable = tracee.read_string(pointer, ORIGINAL_ROOM).ok().flatten();
        match variable {
            Some(variable) if variable.starts_with(LD_PRELOAD) => return Ok((Displaced { slot, pointer }, variable)),
            Some(variable) if chosen.is_none() && is_dispensable(&variable) => {
                chosen = Some((Displaced { slot, pointer }, variable));
            }
            _ => {}
        }
    }
    Err("the environment has too many variables")
}

fn is_dispensable(variable: &[u8]) -> bool {
    !variable.is_empty() && !NEEDED_AT_START.iter().any(|prefix| variable.starts_with(prefix))
}

/// Spells LD_PRELOAD with our library first and the user's own after it.
fn value(fd: RawFd, original: &[u8]) -> Vec<u8> {
    let mut value = [LD_PRELOAD, own_path(fd).as_bytes()].concat();
    if let Some(rest) = original.strip_prefix(LD_PRELOAD).filter(|rest| !rest.is_empty()) {
        value.push(b':');
        value.extend_from_slice(rest);
    }
    value.push(0);
    value
}

fn own_path(fd: RawFd) -> String {
    format!("/proc/self/fd/{fd}")
}

fn is_library(path: &[u8]) -> bool {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let of_compiler = [&b"librustc_driver"[..], b"libLLVM", b"libstd-"].iter().any(|own| name.starts_with(own));
    let sysroot = of_compiler || memchr::memmem::find(path, b"/lib/rustlib/").is_some();
    !sysroot && name != b"ld.so.cache" && memchr::memmem::find(name, b".so").is_some()
}

fn unique(names: Vec<OsString>) -> Vec<OsString> {
    let mut seen = HashSet::new();
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}

fn os(path: &[u8]) -> OsString {
    OsString::from_vec(path.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_own_libraries_stay_behind_ours() {
        assert_eq!(value(7, b"LD_PRELOAD=/a.so:/b.so"), b"LD_PRELOAD=/proc/self/fd/7:/a.so:/b.so\0");
        assert_eq!(value(7, b"LD_PRELOAD="), b"LD_PRELOAD=/proc/self/fd/7\0");
        assert_eq!(value(7, b"HOME=/root"), b"LD_PRELOAD=/proc/self/fd/7\0");
    }

    #[test]
    fn variables_that_the_loader_reads_are_never_displaced() {
        assert!(!is_dispensable(b"LD_LIBRARY_PATH=/lib"));
        assert!(!is_dispensable(b"GLIBC_TUNABLES=x"));
        assert!(is_dispensable(b"HOME=/root"));
    }

    #[test]
    fn libraries_of_the_toolchain_are_no_suspects() {
        assert!(is_library(b"/target/debug/deps/libserde_derive-1.so"));
        assert!(is_library(b"/usr/lib/libpq.so.5"));
        assert!(!is_library(b"/tc/lib/rustlib/x86_64-unknown-linux-gnu/lib/libstd-1.so"));
        assert!(!is_library(b"/etc/ld.so.cache"));
    }
}
