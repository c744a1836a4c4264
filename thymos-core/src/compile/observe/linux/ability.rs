//! Decides, without a child, whether this machine lets a compile be watched.
//!
//! The invariant: "no" is certain; "yes" may still be refused when a child asks, and `run` copes with that.

use std::sync::OnceLock;

use super::preload;
use crate::compile::observe::Ability;
use crate::system::guard::Guard;

/// The first kernel that says when the last watched process has ended.
const KERNEL: (u32, u32) = (5, 9);

pub fn ability() -> Ability {
    static ABILITY: OnceLock<Ability> = OnceLock::new();
    *ABILITY.get_or_init(|| match files_refused() {
        _ if !Guard::Observe.on() => Ability::None("switched off by a test"),
        Some(why) => Ability::None(why),
        None => preload::refused().map_or(Ability::Full, Ability::FilesOnly),
    })
}

fn files_refused() -> Option<&'static str> {
    let release = rustix::system::uname();
    if parse_release(release.release().to_bytes()).is_none_or(|release| release < KERNEL) {
        return Some("the kernel is older than Linux 5.9");
    }
    let action = libc::SECCOMP_RET_USER_NOTIF;
    // SAFETY: the word outlives the call, which only reads it.
    let available = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action) };
    if available != 0 {
        return Some("the kernel or a container policy has no seccomp notifications");
    }
    if !reads_memory() {
        return Some("a container policy or the kernel forbids reading a child's memory");
    }
    (!shows_this_namespace()).then_some("/proc shows the processes of another namespace")
}

/// Reads this process's own memory in the way that will read a child's.
fn reads_memory() -> bool {
    let word = 1_u8;
    let mut copy = [0];
    super::tracee::Tracee::new(std::process::id()).read((&raw const word) as u64, &mut copy) == Ok(Some(()))
        && copy == [1]
}

/// Below `unshare --pid` without a mount, the numbers that the kernel reports name other processes in `/proc`, or none.
fn shows_this_namespace() -> bool {
    let told = rustix::fs::readlink("/proc/self", Vec::new());
    told.is_ok_and(|number| number.to_bytes() == std::process::id().to_string().as_bytes())
}

fn parse_release(release: &[u8]) -> Option<(u32, u32)> {
    let mut numbers = std::str::from_utf8(release).ok()?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_release_is_compared_by_its_first_two_numbers() {
        assert_eq!(parse_release(b"6.18.44-generic"), Some((6, 18)));
        assert_eq!(parse_release(b"5.9"), Some((5, 9)));
        assert_eq!(parse_release(b"4.4.0"), Some((4, 4)));
        assert_eq!(parse_release(b"banana"), None);
    }
}
