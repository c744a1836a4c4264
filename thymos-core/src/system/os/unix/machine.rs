//! What a program is told of the machine and of itself by value, as bytes to compare.
//!
//! Invariant: the bytes are those of this process, and asking changes nothing that another thread could see.

use crate::system::machine::Fact;

/// As many limits as Linux has; the others have fewer.
const LIMITS: u8 = 16;

/// Returns what a program would be told of this.
#[must_use]
pub fn told(fact: Fact) -> Vec<u8> {
    match fact {
        Fact::Host => host(),
        Fact::Processors => processors(),
        Fact::Limits => (0..LIMITS).flat_map(limit).collect(),
        Fact::Umask => umask(),
        Fact::User => user(),
    }
}

fn host() -> Vec<u8> {
    let told = rustix::system::uname();
    let parts = [told.sysname(), told.nodename(), told.release(), told.version(), told.machine()];
    let labels = std::path::Path::new("/sys/fs/selinux").exists();
    [parts.map(std::ffi::CStr::to_bytes_with_nul).concat(), read("/proc/filesystems"), vec![labels.into()]].concat()
}

/// The standard library looks at the affinity and at the control groups; the system's own count is told beside it.
fn processors() -> Vec<u8> {
    // SAFETY: takes no pointers.
    let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    let usable = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let groups = [read("/proc/self/cgroup"), read("/proc/self/mountinfo")].concat();
    [online.to_ne_bytes().as_slice(), &usable.to_ne_bytes(), &affinity(), &groups].concat()
}

/// What a file of the kernel says; nothing where there is none.
fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

#[cfg(target_os = "linux")]
fn affinity() -> Vec<u8> {
    let mut set = [0_u8; 128];
    // SAFETY: the set outlives the call and its length is passed with it.
    unsafe { libc::sched_getaffinity(0, set.len(), set.as_mut_ptr().cast()) };
    set.to_vec()
}

#[cfg(not(target_os = "linux"))]
fn affinity() -> Vec<u8> {
    Vec::new()
}

fn limit(which: u8) -> Vec<u8> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure outlives the call. A number that the system does not know leaves it as it is.
    unsafe { libc::getrlimit(which.into(), &raw mut limit) };
    [limit.rlim_cur.to_ne_bytes(), limit.rlim_max.to_ne_bytes()].concat()
}

/// Asking the call would set the mask, which another thread might see.
fn umask() -> Vec<u8> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("Umask:")).unwrap_or_default().as_bytes().to_vec()
}

fn user() -> Vec<u8> {
    use rustix::process::{getegid, geteuid, getgid, getgroups, getuid};
    let groups = getgroups().unwrap_or_default();
    let own = [getuid().as_raw(), geteuid().as_raw(), getgid().as_raw(), getegid().as_raw()];
    own.into_iter().chain(groups.into_iter().map(rustix::fs::Gid::as_raw)).flat_map(u32::to_ne_bytes).collect()
}
