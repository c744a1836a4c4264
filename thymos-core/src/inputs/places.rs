//! Places that have no content to compare, or that every process looks at, each by its exact name and for a named caller.
//!
//! Invariant: nothing here is excused as a tree, behind a `..`, or for code that the compiler loaded and programs that nobody
//! knows: for these such a place is an input by content or makes the unit a Bypass.

use std::path::{Component, Path, PathBuf};

use crate::compile::observe::{Access, AccessKind, Program, Seen};
use crate::system::guard::Guard;

/// Who looks at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The compiler, before it loaded code of others.
    Compiler,
    /// A linker or a compiler that was started.
    Tool,
    /// The compiler's process once code of others was loaded.
    Loaded,
    /// Any other program.
    Other,
}

/// What rustc's allocator, its thread pool and LLVM ask for before any code of others runs.
const OF_COMPILER: [&str; 14] = [
    "/dev/random",
    "/dev/tty",
    "/dev/urandom",
    "/proc/meminfo",
    "/proc/self/cgroup",
    "/proc/self/exe",
    "/proc/self/maps",
    "/proc/self/mountinfo",
    "/proc/self/statm",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/possible",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
];

/// What linkers and their plugins ask for on top: they say how many threads work, and how, not what comes of it.
const OF_TOOLS: [&str; 4] = ["/proc/cpuinfo", "/proc/self/stat", "/proc/self/status", "/proc/stat"];

/// Limits that the standard library and thread pools look for in every group above their own.
const CGROUP: [&str; 4] = ["cpu.max", "cpu.cfs_period_us", "cpu.cfs_quota_us", "cgroup.controllers"];

/// Devices that tell nothing.
const SILENT: [&str; 3] = ["/dev/full", "/dev/null", "/dev/zero"];

/// Files of the operating system that every process looks at before `main`.
const AT_START: [&str; 3] = ["/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/suid-debug"];

/// What the C library of a linker reads for its messages.
const MESSAGES: [&str; 4] = ["/etc/localtime", "/usr/lib/locale", "/usr/share/locale", "/usr/share/locale-langpack"];
const CONVERSIONS: &str = "gconv";

/// Returns whether a path is that of a file of the kernel, which has no content that could be compared.
pub fn is_kernels(path: &Path) -> bool {
    let spelled = normal(path);
    ["/proc", "/sys", "/dev/fd"].iter().any(|tree| spelled.starts_with(tree))
        || ["/dev/stdin", "/dev/stdout", "/dev/stderr"].iter().any(|stream| spelled == Path::new(stream))
}

/// Returns whether a look at the kernel's files tells nothing that the result could depend on.
pub fn is_excused_of_kernel(access: &Access, caller: Caller) -> bool {
    let path = access.path.as_path();
    let is_one_of = |names: &[&str]| names.iter().any(|name| path == Path::new(name));
    let is_fact = || tells_processors(access) || tells_host(access);
    match caller {
        // The job server's descriptors are pipes.
        Caller::Compiler => is_one_of(&OF_COMPILER) || is_fact() || is_pipe(access),
        Caller::Tool => {
            is_one_of(&OF_COMPILER) || is_one_of(&OF_TOOLS) || is_fact() || is_pipe(access) || counts_memories(access)
        }
        // Who reads this reads the whole environment, which is an input then.
        Caller::Loaded => is_fact() || is_one_of(&["/proc/self/environ", "/proc/thread-self/environ"]),
        // The standard library of a program looks for the end of its stack. The addresses are others in every run, and the
        // files are those that it was seen to open.
        Caller::Other => is_fact() || is_one_of(&["/proc/self/maps"]) || is_pipe(access),
    }
}

/// Returns whether the standard library and thread pools look here to learn how many processors they may use, which is a fact of
/// its own then.
pub fn tells_processors(access: &Access) -> bool {
    let path = access.path.as_path();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_limit = || CGROUP.contains(&name) || !matches!(access.seen, Seen::File(_));
    let is_in_group = path.starts_with("/sys/fs/cgroup") && is_plain(path) && access.kind != AccessKind::List;
    (is_in_group && is_limit())
        || ["/proc/self/cgroup", "/proc/self/mountinfo"].iter().any(|name| path == Path::new(name))
}

/// Returns whether many programs look here at their start to learn what the kernel can do, which is a fact of the host then.
pub fn tells_host(access: &Access) -> bool {
    access.path == Path::new("/proc/filesystems")
        || (access.seen == Seen::Absent
            && ["/sys/fs/selinux", "/selinux"].iter().any(|place| access.path == Path::new(place)))
}

/// The allocator of mold asks for one after the other of the machine's memories, to learn how many there are.
fn counts_memories(access: &Access) -> bool {
    let number = access.path.to_str().and_then(|path| path.strip_prefix("/sys/devices/system/node/node"));
    access.kind == AccessKind::Stat && number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// A descriptor of the process that is a pipe, as scripts hand them on.
fn is_pipe(access: &Access) -> bool {
    let name = access.path.strip_prefix("/dev/fd").or_else(|_| access.path.strip_prefix("/proc/self/fd"));
    let is_number = name.is_ok_and(|rest| rest.to_str().is_some_and(|rest| rest.parse::<u32>().is_ok()));
    let is_stream = ["/dev/stdin", "/dev/stdout", "/dev/stderr"].iter().any(|stream| access.path == Path::new(stream));
    access.kind == AccessKind::Open && access.seen == Seen::Other && (is_number || is_stream)
}

/// Returns whether this is a device that tells nothing, or one of the system's that this caller may ask.
pub fn is_excused_device(access: &Access, caller: Caller) -> bool {
    let caller = if Guard::InputPlaces.on() { caller } else { Caller::Tool };
    let is_one_of = |names: &[&str]| names.iter().any(|name| access.path == Path::new(name));
    let asks = matches!(caller, Caller::Compiler | Caller::Tool) && is_one_of(&OF_COMPILER);
    access.seen == Seen::Other && access.path.starts_with("/dev") && (is_one_of(&SILENT) || asks)
}

/// Returns whether this file of the system shapes no artifact when this caller looks at it.
pub fn is_noise(path: &Path, caller: Caller) -> bool {
    let caller = if Guard::InputPlaces.on() { caller } else { Caller::Tool };
    let is_one_of = |names: &[&str]| names.iter().any(|name| path == Path::new(name));
    let below = |names: &[&str]| is_plain(path) && names.iter().any(|name| path.starts_with(name));
    match caller {
        Caller::Compiler => is_one_of(&AT_START),
        Caller::Tool => {
            let converts = is_plain(path)
                && path.starts_with("/usr/lib")
                && path.components().any(|part| part.as_os_str() == CONVERSIONS);
            is_one_of(&AT_START) || is_one_of(&["/etc/selinux/config"]) || below(&MESSAGES) || converts
        }
        Caller::Loaded | Caller::Other => false,
    }
}

/// Returns whether a path holds no step back.
pub fn is_plain(path: &Path) -> bool {
    !path.components().any(|part| part == Component::ParentDir)
}

/// Returns the path as it would be if no directory before a `..` were a link.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// Returns whose look an access is, given whether a started program is a linker or a compiler.
pub fn caller(program: &Program, is_tool: impl Fn(&Path) -> bool) -> Caller {
    match program {
        Program::Root => Caller::Compiler,
        Program::Loaded => Caller::Loaded,
        Program::Child(executable) if is_tool(executable) => Caller::Tool,
        Program::Child(_) => Caller::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(path: &str, kind: AccessKind, seen: Seen) -> Access {
        Access { path: path.into(), kind, seen, program: Program::Root }
    }

    #[test]
    fn a_place_is_excused_by_its_name_and_for_who_needs_it() {
        let check = |path: &str, caller: Caller, excused: bool| {
            let access = look(path, AccessKind::Open, Seen::Absent);
            assert_eq!(is_excused_of_kernel(&access, caller), excused, "{path} {caller:?}");
        };
        check("/proc/self/maps", Caller::Compiler, true);
        check("/proc/self/maps", Caller::Loaded, false);
        check("/proc/self/maps/x", Caller::Compiler, false);
        check("/proc/self/../self/maps", Caller::Compiler, false);
        check("/proc/cpuinfo", Caller::Compiler, false);
        check("/proc/cpuinfo", Caller::Tool, true);
        check("/proc/cpuinfo", Caller::Other, false);
        check("/sys/fs/cgroup/user.slice/cpu.max", Caller::Tool, true);
        check("/sys/fs/cgroup/../../etc/cpu.max", Caller::Tool, false);
        check("/proc/self/environ", Caller::Loaded, true);
        check("/proc/1/environ", Caller::Loaded, false);
    }

    #[test]
    fn a_linker_may_count_memories_and_look_into_none() {
        let check = |path: &str, kind: AccessKind, caller: Caller, excused: bool| {
            for seen in [Seen::Absent, Seen::Directory] {
                assert_eq!(
                    is_excused_of_kernel(&look(path, kind, seen), caller),
                    excused,
                    "{path} {kind:?} {caller:?}"
                );
            }
        };
        check("/sys/devices/system/node/node1", AccessKind::Stat, Caller::Tool, true);
        check("/sys/devices/system/node/node1", AccessKind::List, Caller::Tool, false);
        check("/sys/devices/system/node/node1", AccessKind::Open, Caller::Tool, false);
        check("/sys/devices/system/node/node1/../x", AccessKind::Stat, Caller::Tool, false);
        check("/sys/devices/system/node/node", AccessKind::Stat, Caller::Tool, false);
        for caller in [Caller::Compiler, Caller::Loaded, Caller::Other] {
            check("/sys/devices/system/node/node1", AccessKind::Stat, caller, false);
        }
    }

    #[test]
    fn shared_memory_is_a_file_system_and_a_step_back_leads_to_the_kernel() {
        for (path, kernels) in [
            ("/dev/shm/ws/src/lib.rs", false),
            ("/dev/null", false),
            ("/dev/fd/3/x", true),
            ("/dev/stdin", true),
            ("/tmp/../proc/self/cwd/x", true),
            ("/proc/../tmp/x", false),
        ] {
            assert_eq!(is_kernels(Path::new(path)), kernels, "{path}");
        }
    }

    #[test]
    fn devices_are_excused_where_they_are_devices() {
        let device = |path: &str, seen, caller| is_excused_device(&look(path, AccessKind::Open, seen), caller);
        assert!(device("/dev/null", Seen::Other, Caller::Other));
        assert!(!device("/dev/null", Seen::Directory, Caller::Other));
        assert!(device("/dev/urandom", Seen::Other, Caller::Compiler));
        assert!(!device("/dev/urandom", Seen::Other, Caller::Loaded));
    }

    #[test]
    fn the_zone_and_the_locale_are_noise_for_linkers_alone() {
        for path in
            ["/etc/localtime", "/usr/lib/locale/locale-archive", "/usr/lib/x86_64-linux-gnu/gconv/gconv-modules"]
        {
            assert!(is_noise(Path::new(path), Caller::Tool), "{path}");
            for caller in [Caller::Compiler, Caller::Loaded, Caller::Other] {
                assert!(!is_noise(Path::new(path), caller), "{path}");
            }
        }
        assert!(!is_noise(Path::new("/usr/lib/locale/../../../home/x"), Caller::Tool));
        assert!(is_noise(Path::new("/etc/ld.so.cache"), Caller::Compiler));
    }
}
