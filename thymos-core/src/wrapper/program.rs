//! The programs and arguments in front of which Thymos stands.
//!
//! Invariant: a wrapper never runs itself, under whatever name it finds itself, and what it starts sees the guard variable.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::invocation::Head;
use crate::invocation::foreign;
use crate::request::Keyed;
use crate::settings::environment::{self, Environment};
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::os;
use crate::system::stamp::Stamp;

/// A command line: the programs, and the arguments behind them.
pub struct Argv {
    pub head: Head,
    pub arguments: Vec<OsString>,
}

impl Argv {
    /// Splits the programs from the arguments. Cargo calls `thymos clippy-driver RUSTC ARGS…` when both kinds of wrapper are set.
    ///
    /// # Errors
    /// The compiler's name where it leads to this very executable and to no other.
    pub fn parse(mut arguments: Vec<OsString>, environment: &Environment) -> Result<Self, OsString> {
        let driver = begins_with_driver(&arguments).then(|| arguments.remove(0));
        // Cargo puts one wrapper before the other; where both are Thymos, one is enough.
        let driver = driver.filter(|driver| !is_self(driver, environment));
        let mut rustc = arguments.remove(0);
        if is_self(&rustc, environment) {
            rustc = other_than_self(&rustc, environment).ok_or(rustc)?;
        }
        Ok(Self { head: Head { driver, rustc }, arguments })
    }

    /// Returns the command that runs the compiler, with `extra` options before those that were given.
    pub fn command(&self, extra: &[OsString]) -> Command {
        command(&self.head, &self.arguments, extra)
    }

    /// Becomes the compiler. Where what is added makes the command line longer than the system allows, the compiler reads it from
    /// a file, as Cargo has it do when its own is too long.
    pub fn exec(&self, extra: &[OsString]) -> ! {
        let command = self.command(extra);
        let program = command.get_program().to_owned();
        let mut error = os::exec(command);
        if error.kind() == ErrorKind::ArgumentListTooLong
            && let Some(file) = argument_file(extra.iter().chain(&self.arguments))
        {
            error = os::exec(self::command(&self.head, &[file], &[]));
        }
        let mistyped = error.kind() == ErrorKind::NotFound && Path::new(&program).components().count() == 1;
        let hint = if mistyped { "; it is no command either: thymos --help" } else { "" };
        eprintln!("thymos: failed to start {}: {}{hint}", program.display(), plain(&error));
        std::process::exit(2)
    }
}

/// Returns whether two programs stand before the options.
fn begins_with_driver(arguments: &[OsString]) -> bool {
    let [first, second, rest @ ..] = arguments else { return false };
    let path = Path::new(second);
    let is_option = matches!(second.as_encoded_bytes().first(), None | Some(b'-' | b'@'));
    let before_options = rest.first().is_some_and(|next| next.as_encoded_bytes().starts_with(b"-"));
    !foreign::is_compiler(first)
        && !is_option
        && path.extension() != Some(OsStr::new("rs"))
        && (before_options || path.file_stem() == Some(OsStr::new("rustc")))
}

/// Returns whether a program, as the system would find it, is this very executable under some name.
fn is_self(program: &OsStr, environment: &Environment) -> bool {
    let path = Path::new(program);
    let found = if path.components().count() > 1 { Some(path.to_owned()) } else { environment.program(program) };
    found.is_some_and(|path| is_own_executable(&path))
}

fn is_own_executable(path: &Path) -> bool {
    let own = std::env::current_exe().and_then(|own| Stamp::of(&own));
    matches!((Stamp::of(path), own), (Ok(one), Ok(two)) if one.is_same_file(&two))
}

/// Finds a program of that name further on in `PATH`.
fn other_than_self(program: &OsStr, environment: &Environment) -> Option<OsString> {
    let name = Path::new(program).file_name()?;
    let candidates = std::env::split_paths(environment.get("PATH")?).map(|dir| dir.join(name));
    candidates.into_iter().find(|path| os::is_program(path) && !is_own_executable(path)).map(PathBuf::into_os_string)
}

/// Arguments without `@file` ones, and the files that those named. The key holds the files by the arguments in them: Cargo
/// gives one another name, and the paths in it are those of one place.
#[derive(Default)]
pub struct Expanded {
    pub arguments: Vec<OsString>,
    pub files: Vec<Keyed>,
}

/// Replaces `@file` arguments by the lines of the file, as rustc does.
pub fn expand(arguments: &[OsString]) -> Option<Expanded> {
    let mut expanded = Expanded::default();
    for argument in arguments {
        let Some(path) = argument.as_encoded_bytes().strip_prefix(b"@") else {
            expanded.arguments.push(argument.clone());
            continue;
        };
        let path = std::env::current_dir().ok()?.join(os::path_from_bytes(path.to_vec()));
        let stamp = Stamp::of(&path).ok()?;
        let text = fs::read_to_string(&path).ok()?;
        expanded.arguments.extend(text.lines().map(OsString::from));
        expanded.files.push(Keyed { digest: Digest::of(text.as_bytes()), path, stamp });
    }
    Some(expanded)
}

/// Returns the argument that stands for all of these.
fn argument_file<'a>(arguments: impl Iterator<Item = &'a OsString>) -> Option<OsString> {
    let mut lines = String::new();
    for argument in arguments {
        let line = argument.to_str().filter(|line| !line.contains('\n') && !line.starts_with('@'))?;
        lines.extend([line, "\n"]);
    }
    let mut name = OsString::from("@");
    name.push(os::memfd(lines.as_bytes()).ok()?);
    Some(name)
}

/// Returns the command that runs the compiler with these arguments, and a guard against a wrapper in it.
pub fn command(head: &Head, arguments: &[OsString], extra: &[OsString]) -> Command {
    let mut command = match &head.driver {
        Some(driver) => {
            let mut command = Command::new(driver);
            command.arg(&head.rustc);
            command
        }
        None => Command::new(&head.rustc),
    };
    // The build's name differs each time, and plain cargo gives none: who reads every variable must not see it.
    command.args(extra).args(arguments).env(environment::ACTIVE, "1").env_remove(environment::BUILD);
    command
}
