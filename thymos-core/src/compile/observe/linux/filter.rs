//! Renders the tables of calls as a seccomp program.
//!
//! The invariant: the program only ever answers "allow" or "ask the listener". It can delay a call, never refuse one.
//! Calls whose answer does not depend on their arguments are looked up in a bitmap by the kernel (5.11 and later), so
//! reading, writing and mapping cost nothing.
//!
//! Format: classic BPF over `struct seccomp_data`, see seccomp(2).

use std::mem::offset_of;
use std::ops::RangeInclusive;

use libc::{c_long, seccomp_data, sock_filter};

use super::{arch, calls, harmless};

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const IF_ANY_BIT: u16 = (libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const ALLOW: sock_filter = op(RETURN, libc::SECCOMP_RET_ALLOW);
const ASK: sock_filter = op(RETURN, libc::SECCOMP_RET_USER_NOTIF);

/// What shows the filter that a call is the compiler's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passes {
    /// A look-up of a link that shows this in its two unused arguments is allowed.
    pub link: Option<u64>,
    /// A question about an open descriptor that shows this in its last argument is allowed.
    pub token: Option<u64>,
}

/// Returns the filter for this architecture: a call is asked about unless it is known to be harmless.
pub fn program(passes: Passes) -> Vec<sock_filter> {
    let mut code = vec![load(offset_of!(seccomp_data, arch))];
    let foreign = foreign();
    code.push(branch(IF_EQUAL, arch::NATIVE, foreign.len() as u8, 0));
    code.extend(foreign);
    code.push(load(offset_of!(seccomp_data, nr)));
    code.extend([branch(IF_AT_LEAST, arch::FIRST_FOREIGN, 0, 1), ASK]);
    for range in ranges(&harmless::numbers()) {
        code.push(branch(IF_AT_LEAST, *range.start() as u32, 0, 2));
        code.extend([branch(IF_AT_LEAST, *range.end() as u32 + 1, 1, 0), ALLOW]);
    }
    about_descriptors(passes.token, &mut code);
    if let Some(pass) = passes.link {
        let shown = shows([4, 5], [pass as u32, (pass >> 32) as u32]);
        when(libc::SYS_readlinkat, &[shown, vec![ASK]].concat(), &mut code);
    }
    for (nr, body) in with_arguments() {
        when(nr, &body, &mut code);
    }
    code.push(ASK);
    code
}

/// Calls that ask about a descriptor where a flag says so, and always.
fn about_descriptors(token: Option<u64>, code: &mut Vec<sock_filter>) {
    let Some(token) = token else { return };
    let own = [half(5, 0), branch(IF_EQUAL, token as u32, 0, 3), half(5, 1)].into_iter();
    let own: Vec<_> = own.chain([branch(IF_EQUAL, (token >> 32) as u32, 0, 1), ALLOW, ASK]).collect();
    when(libc::SYS_fstat, &own, code);
    for (nr, flags) in calls::MAY_NAME_NOTHING {
        let named = [argument(flags), branch(IF_ANY_BIT, libc::AT_EMPTY_PATH as u32, 1, 0), ASK];
        when(nr, &[&named[..], &own].concat(), code);
    }
}

/// Calls that are harmless with some arguments.
fn with_arguments() -> Vec<(c_long, Vec<sock_filter>)> {
    vec![
        // A stream of this machine tells something only once it is connected, which is asked about.
        (
            libc::SYS_socket,
            vec![
                argument(0),
                branch(IF_EQUAL, libc::AF_UNIX as u32, 0, 3),
                argument(1),
                branch(IF_ANY_BIT, libc::SOCK_DGRAM as u32, 1, 0),
                ALLOW,
                ASK,
            ],
        ),
        // Of descriptors: whether it is a terminal, how large that is, how much there is to read, flags.
        (libc::SYS_ioctl, [vec![argument(1)], any_of(&HARMLESS_CONTROLS), vec![ASK]].concat()),
        // Who may wait is told nothing.
        (libc::SYS_flock, vec![argument(1), branch(IF_ANY_BIT, libc::LOCK_NB as u32, 0, 1), ASK, ALLOW]),
        (libc::SYS_fcntl, [vec![argument(1)], none_of(&TELLING_CONTROLS), vec![ALLOW]].concat()),
        // The standard library's seeds of its hash tables, and the C library's of its memory.
        (
            libc::SYS_getrandom,
            [shows([1, 2], [16, GRND_INSECURE]), shows([1, 2], [8, GRND_NONBLOCK]), vec![ASK]].concat(),
        ),
        // Only who wants to be asked about calls is in our way.
        (
            libc::SYS_seccomp,
            vec![argument(1), branch(IF_ANY_BIT, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER as u32, 0, 1), ASK, ALLOW],
        ),
    ]
}

const GRND_NONBLOCK: u32 = 1;
const GRND_INSECURE: u32 = 4;

/// `TCGETS`, `TIOCGPGRP`, `TIOCGWINSZ`, `FIONREAD`, `FIONBIO`, `FIONCLEX`, `FIOCLEX`, `FICLONE`.
const HARMLESS_CONTROLS: [u32; 8] = [0x5401, 0x540f, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451, 0x4004_9409];

/// Whether others hold locks or leases: `F_GETLK`, `F_SETLK`, `F_OFD_GETLK`, `F_OFD_SETLK`, `F_SETLEASE`, `F_GETLEASE`,
/// `F_NOTIFY`.
const TELLING_CONTROLS: [u32; 7] = [5, 6, 36, 37, 1024, 1025, 1026];

/// Runs `body`, which answers in any case, for one call.
fn when(nr: c_long, body: &[sock_filter], code: &mut Vec<sock_filter>) {
    code.push(branch(IF_EQUAL, nr as u32, 0, body.len() as u8));
    code.extend(body);
}

/// Allows a call whose arguments at these positions have these values.
fn shows(at: [usize; 2], values: [u32; 2]) -> Vec<sock_filter> {
    vec![argument(at[0]), branch(IF_EQUAL, values[0], 0, 3), argument(at[1]), branch(IF_EQUAL, values[1], 0, 1), ALLOW]
}

fn any_of(values: &[u32]) -> Vec<sock_filter> {
    values.iter().flat_map(|value| [branch(IF_EQUAL, *value, 0, 1), ALLOW]).collect()
}

fn none_of(values: &[u32]) -> Vec<sock_filter> {
    values.iter().flat_map(|value| [branch(IF_EQUAL, *value, 0, 1), ASK]).collect()
}

fn argument(at: usize) -> sock_filter {
    half(at, 0)
}

/// Loads the low or the high half of an argument; both supported architectures are little-endian.
fn half(at: usize, which: usize) -> sock_filter {
    load(offset_of!(seccomp_data, args) + 8 * at + 4 * which)
}

/// Joins numbers that follow each other; they are in order.
fn ranges(numbers: &[c_long]) -> Vec<RangeInclusive<c_long>> {
    let mut ranges: Vec<RangeInclusive<c_long>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if *last.end() + 1 == *number => *last = *last.start()..=*number,
            _ => ranges.push(*number..=*number),
        }
    }
    ranges
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

/// Loads the word at an offset of the call's description.
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

    const TOKEN: u64 = 0x89ab_cdef_0100_0000;

    /// Runs the program on one call, as the kernel would.
    fn answer(arch: u32, nr: c_long, args: [u64; 6]) -> u32 {
        run(&program(Passes { link: None, token: Some(TOKEN) }), arch, nr, args)
    }

    fn run(code: &[sock_filter], arch: u32, nr: c_long, args: [u64; 6]) -> u32 {
        let words: Vec<u32> = [nr as u32, arch, 0, 0]
            .into_iter()
            .chain(args.into_iter().flat_map(|argument| [argument as u32, (argument >> 32) as u32]))
            .collect();
        let (mut at, mut word) = (0, 0);
        loop {
            let sock_filter { code: op, jt, jf, k } = code[at];
            at += 1;
            let jump = |taken: bool| usize::from(if taken { jt } else { jf });
            match op {
                LOAD => word = words[k as usize / 4],
                IF_EQUAL => at += jump(word == k),
                IF_AT_LEAST => at += jump(word >= k),
                IF_ANY_BIT => at += jump(word & k != 0),
                RETURN => return k,
                _ => panic!("unknown instruction {op}"),
            }
        }
    }

    #[test]
    fn a_call_is_asked_about_unless_it_is_known_to_be_harmless() {
        let harmless = harmless::numbers();
        let with_arguments: Vec<_> = with_arguments().into_iter().map(|(nr, _)| nr).collect();
        for nr in (0..600).filter(|nr| !with_arguments.contains(nr)) {
            let expected = if harmless.contains(&nr) { ALLOW.k } else { ASK.k };
            assert_eq!(answer(arch::NATIVE, nr, [0; 6]), expected, "call {nr}");
        }
    }

    #[test]
    fn no_call_stands_in_two_tables() {
        let recorded = calls::all().map(|call| call.nr);
        let asked = crate::compile::observe::platform::questions::all().map(|question| question.nr);
        let mut all: Vec<_> = recorded.chain(asked).chain(harmless::numbers()).collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{all:?}");
    }

    #[test]
    fn arguments_decide_where_a_call_is_sometimes_harmless() {
        let check = |nr, args: [u64; 3], asked: bool| {
            let expected = if asked { ASK.k } else { ALLOW.k };
            assert_eq!(answer(arch::NATIVE, nr, [args[0], args[1], args[2], 0, 0, 0]), expected, "{nr} {args:?}");
        };
        check(libc::SYS_socket, [1, 1 | 0x80000, 0], false);
        check(libc::SYS_socket, [1, 5, 0], false);
        check(libc::SYS_socket, [1, 2, 0], true);
        check(libc::SYS_socket, [2, 1, 0], true);
        check(libc::SYS_ioctl, [1, 0x5401, 0], false);
        check(libc::SYS_ioctl, [1, 0x8912, 0], true);
        check(libc::SYS_flock, [1, 2, 0], false);
        check(libc::SYS_flock, [1, 6, 0], true);
        check(libc::SYS_fcntl, [1, 2, 0], false);
        check(libc::SYS_fcntl, [1, 6, 0], true);
        check(libc::SYS_getrandom, [1, 16, 4], false);
        check(libc::SYS_getrandom, [1, 16, 0], true);
        check(libc::SYS_getrandom, [1, 8, 1], false);
        check(libc::SYS_getrandom, [1, 8, 4], true);
        check(libc::SYS_seccomp, [1, 0, 0], false);
        check(libc::SYS_seccomp, [1, 8, 0], true);
    }

    #[test]
    fn a_link_is_asked_about_unless_the_whole_pass_is_shown() {
        let (nr, pass) = (libc::SYS_readlinkat, 0x89ab_cdef_0123_4567_u64);
        let (low, high) = (pass & 0xffff_ffff, pass >> 32);
        let code = program(Passes { link: Some(pass), token: None });
        let answer = |args| run(&code, arch::NATIVE, nr, args);
        assert_eq!(answer([0, 0, 0, 0, low, high]), ALLOW.k);
        for args in [[0; 6], [0, 0, 0, 0, low, 0], [0, 0, 0, 0, 0, high], [0, 0, 0, 0, high, low]] {
            assert_eq!(answer(args), ASK.k, "{args:?}");
        }
        assert_eq!(self::answer(arch::NATIVE, nr, [0, 0, 0, 0, low, high]), ASK.k);
        assert_eq!(run(&code, arch::NATIVE, libc::SYS_openat, [0, 0, 0, 0, low, high]), ASK.k);
    }

    #[test]
    fn a_question_about_a_descriptor_is_allowed_to_the_compiler() {
        for (nr, flags) in calls::MAY_NAME_NOTHING.into_iter().chain([(libc::SYS_fstat, 4)]) {
            let mut args = [0; 6];
            args[flags] = libc::AT_EMPTY_PATH as u64 | libc::AT_SYMLINK_NOFOLLOW as u64;
            assert_eq!(answer(arch::NATIVE, nr, args), ASK.k, "{nr}");
            for (token, expected) in [(TOKEN, ALLOW.k), (TOKEN | 1, ASK.k), (TOKEN ^ (1 << 60), ASK.k)] {
                args[5] = token;
                assert_eq!(answer(arch::NATIVE, nr, args), expected, "{nr}");
            }
        }
        assert_eq!(answer(arch::NATIVE, libc::SYS_statx, [0, 0, 0, 0, 0, TOKEN]), ASK.k, "a path is asked about");
    }

    #[test]
    fn another_interface_is_asked_about_when_it_opens_a_file() {
        assert_eq!(answer(0x4000_0003, arch::FOREIGN_OPENS[0].into(), [0; 6]), ASK.k);
        assert_eq!(answer(0x4000_0003, arch::FOREIGN_OPENS[1].into(), [0; 6]), ASK.k);
        assert_eq!(answer(0x4000_0003, 1, [0; 6]), ALLOW.k);
    }
}
