//! Renders the table of calls as a seccomp program.
//!
//! The invariant: the program only ever answers "allow" or "ask the listener". It can delay a call, never refuse one.
//! Calls whose answer does not depend on their arguments are looked up in a bitmap by the kernel (5.11 and later), so
//! reading, writing and mapping cost nothing.
//!
//! Format: classic BPF over `struct seccomp_data`, see seccomp(2).

use std::mem::offset_of;

use libc::{seccomp_data, sock_filter};

use super::arch;
use super::calls;

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const IF_ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const ALLOW: sock_filter = op(RETURN, libc::SECCOMP_RET_ALLOW);
const ASK: sock_filter = op(RETURN, libc::SECCOMP_RET_USER_NOTIF);

/// Returns the filter for this architecture. A look-up of a link that shows `pass` in its two unused arguments is allowed.
pub fn program(pass: Option<u64>) -> Vec<sock_filter> {
    let mut code = vec![load(offset_of!(seccomp_data, arch))];
    let foreign = foreign();
    code.push(branch(IF_EQUAL, arch::NATIVE, foreign.len() as u8, 0));
    code.extend(foreign);
    code.push(load(offset_of!(seccomp_data, nr)));
    code.extend([branch(IF_AT_LEAST, arch::FIRST_FOREIGN, 0, 1), ASK]);
    for (nr, flags) in calls::MAY_NAME_NOTHING {
        code.push(branch(IF_EQUAL, nr as u32, 0, 4));
        code.push(load(offset_of!(seccomp_data, args) + 8 * flags));
        code.extend([branch(IF_ANY_BIT, libc::AT_EMPTY_PATH as u32, 0, 1), ALLOW, ASK]);
    }
    if let Some(pass) = pass {
        let argument = |at: usize| load(offset_of!(seccomp_data, args) + 8 * at);
        code.extend([branch(IF_EQUAL, libc::SYS_readlinkat as u32, 0, 6), argument(4)]);
        code.extend([branch(IF_EQUAL, pass as u32, 0, 3), argument(5)]);
        code.extend([branch(IF_EQUAL, (pass >> 32) as u32, 0, 1), ALLOW, ASK]);
    }
    for call in calls::all() {
        code.extend([branch(IF_EQUAL, call.nr as u32, 0, 1), ASK]);
    }
    code.push(ALLOW);
    code
}

/// What a program of another interface may do: anything, but its first `open` is asked about.
fn foreign() -> Vec<sock_filter> {
    let mut code = vec![load(offset_of!(seccomp_data, nr))];
    for nr in arch::FOREIGN_OPENS {
        code.extend([branch(IF_EQUAL, nr, 0, 1), ASK]);
    }
    code.push(ALLOW);
    code
}

/// Loads the (low) word at an offset of the call's description; both supported architectures are little-endian.
fn load(offset: usize) -> sock_filter {
    op(LOAD, offset as u32)
}

fn branch(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

const fn op(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the program on one call, as the kernel would.
    fn answer(arch: u32, nr: u32, args: [u32; 6]) -> u32 {
        run(&program(None), arch, nr, args)
    }

    fn run(code: &[sock_filter], arch: u32, nr: u32, args: [u32; 6]) -> u32 {
        let (mut at, mut word) = (0, 0);
        loop {
            let sock_filter { code: op, jt, jf, k } = code[at];
            at += 1;
            let jump = |taken: bool| usize::from(if taken { jt } else { jf });
            match op {
                LOAD => word = [nr, arch].get(k as usize / 4).copied().unwrap_or_else(|| args[(k as usize - 16) / 8]),
                IF_EQUAL => at += jump(word == k),
                IF_AT_LEAST => at += jump(word >= k),
                IF_ANY_BIT => at += jump(word & k != 0),
                RETURN => return k,
                _ => panic!("unknown instruction {op}"),
            }
        }
    }

    #[test]
    fn every_row_is_asked_about_and_nothing_else() {
        for nr in 0..600 {
            let expected = if calls::find(nr).is_some() { ASK.k } else { ALLOW.k };
            assert_eq!(answer(arch::NATIVE, nr as u32, [0; 6]), expected, "call {nr}");
        }
    }

    #[test]
    fn a_link_is_asked_about_unless_the_whole_pass_is_shown() {
        let (nr, pass) = (libc::SYS_readlinkat as u32, 0x89ab_cdef_0123_4567_u64);
        let (low, high) = (pass as u32, (pass >> 32) as u32);
        let answer = |args| run(&program(Some(pass)), arch::NATIVE, nr, args);
        assert_eq!(answer([0, 0, 0, 0, low, high]), ALLOW.k);
        for args in [[0; 6], [0, 0, 0, 0, low, 0], [0, 0, 0, 0, 0, high], [0, 0, 0, 0, high, low]] {
            assert_eq!(answer(args), ASK.k, "{args:?}");
        }
        assert_eq!(self::answer(arch::NATIVE, nr, [0, 0, 0, 0, low, high]), ASK.k);
        let other = run(&program(Some(pass)), arch::NATIVE, libc::SYS_openat as u32, [0, 0, 0, 0, low, high]);
        assert_eq!(other, ASK.k);
    }

    #[test]
    fn a_question_about_a_descriptor_is_allowed() {
        for (nr, flags) in calls::MAY_NAME_NOTHING {
            let mut args = [0; 6];
            args[flags] = libc::AT_EMPTY_PATH as u32 | libc::AT_SYMLINK_NOFOLLOW as u32;
            assert_eq!(answer(arch::NATIVE, nr as u32, args), ALLOW.k);
        }
    }

    #[test]
    fn another_interface_is_asked_about_when_it_opens_a_file() {
        assert_eq!(answer(0x4000_0003, arch::FOREIGN_OPENS[0], [0; 6]), ASK.k);
        assert_eq!(answer(0x4000_0003, arch::FOREIGN_OPENS[1], [0; 6]), ASK.k);
        assert_eq!(answer(0x4000_0003, 1, [0; 6]), ALLOW.k);
    }
}
