//! The system calls that tell a program nothing, and so go by without a question, each with the reason.
//!
//! The invariant: the answer of a call in this table holds nothing of the world outside the process but what was asked about
//! when it was opened, made or started, or what is another number in every run. A call that stands in no table, one that a
//! newer kernel has added say, is asked about and makes the unit a Bypass.

use libc::c_long;

use super::arch;

/// Calls with one reason.
#[derive(Clone, Copy, Debug)]
pub struct Harmless {
    /// Why they tell nothing.
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever reads the table"))]
    pub reason: &'static str,
    /// Their numbers.
    pub calls: &'static [c_long],
}

const ALL: &[Harmless] = &[
    Harmless {
        reason: "moves or waits for the bytes of a descriptor, which was asked about when it was opened",
        calls: &[
            libc::SYS_read,
            libc::SYS_write,
            libc::SYS_readv,
            libc::SYS_writev,
            libc::SYS_pread64,
            libc::SYS_pwrite64,
            libc::SYS_preadv,
            libc::SYS_pwritev,
            libc::SYS_preadv2,
            libc::SYS_pwritev2,
            libc::SYS_lseek,
            libc::SYS_sendfile,
            libc::SYS_splice,
            libc::SYS_tee,
            libc::SYS_vmsplice,
            libc::SYS_copy_file_range,
            libc::SYS_readahead,
            libc::SYS_fadvise64,
            libc::SYS_ftruncate,
            libc::SYS_fallocate,
            libc::SYS_fsync,
            libc::SYS_fdatasync,
            libc::SYS_sync,
            libc::SYS_syncfs,
            libc::SYS_io_setup,
            libc::SYS_io_destroy,
            libc::SYS_io_submit,
            libc::SYS_io_getevents,
            libc::SYS_io_cancel,
        ],
    },
    Harmless {
        reason: "makes, copies, closes or waits for descriptors of this process and of those that it starts",
        calls: &[
            libc::SYS_close,
            libc::SYS_close_range,
            libc::SYS_dup,
            libc::SYS_dup3,
            libc::SYS_pipe2,
            libc::SYS_socketpair,
            libc::SYS_memfd_create,
            libc::SYS_eventfd2,
            libc::SYS_signalfd4,
            libc::SYS_timerfd_create,
            libc::SYS_timerfd_settime,
            libc::SYS_epoll_create1,
            libc::SYS_epoll_ctl,
            libc::SYS_epoll_pwait,
            libc::SYS_epoll_pwait2,
            libc::SYS_ppoll,
            libc::SYS_pselect6,
            libc::SYS_pidfd_open,
            libc::SYS_pidfd_send_signal,
        ],
    },
    Harmless {
        reason: "talks over a socket that was asked about when it was made or connected",
        calls: &[
            libc::SYS_sendto,
            libc::SYS_recvfrom,
            libc::SYS_sendmsg,
            libc::SYS_recvmsg,
            libc::SYS_sendmmsg,
            libc::SYS_recvmmsg,
            libc::SYS_shutdown,
            libc::SYS_setsockopt,
            libc::SYS_getsockopt,
            libc::SYS_getsockname,
            libc::SYS_getpeername,
        ],
    },
    Harmless {
        reason: "arranges the memory of the process",
        calls: &[
            libc::SYS_brk,
            libc::SYS_mmap,
            libc::SYS_munmap,
            libc::SYS_mremap,
            libc::SYS_mprotect,
            libc::SYS_msync,
            libc::SYS_madvise,
            libc::SYS_mlock,
            libc::SYS_mlock2,
            libc::SYS_mlockall,
            libc::SYS_munlock,
            libc::SYS_munlockall,
            libc::SYS_mbind,
            libc::SYS_set_mempolicy,
            libc::SYS_membarrier,
            libc::SYS_pkey_alloc,
            libc::SYS_pkey_free,
            libc::SYS_pkey_mprotect,
        ],
    },
    Harmless {
        reason: "starts, ends, wakes or waits for threads and processes of the compile; which program they run is asked about",
        calls: &[
            libc::SYS_clone,
            libc::SYS_clone3,
            libc::SYS_exit,
            libc::SYS_exit_group,
            libc::SYS_wait4,
            libc::SYS_waitid,
            libc::SYS_futex,
            libc::SYS_futex_waitv,
            libc::SYS_set_robust_list,
            libc::SYS_get_robust_list,
            libc::SYS_set_tid_address,
            libc::SYS_rseq,
            libc::SYS_sched_yield,
            libc::SYS_nanosleep,
            libc::SYS_clock_nanosleep,
            libc::SYS_restart_syscall,
            libc::SYS_setitimer,
            libc::SYS_timer_create,
            libc::SYS_timer_settime,
            libc::SYS_timer_getoverrun,
            libc::SYS_timer_delete,
        ],
    },
    Harmless {
        reason: "arranges the signals of the process",
        calls: &[
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_rt_sigpending,
            libc::SYS_rt_sigsuspend,
            libc::SYS_rt_sigtimedwait,
            libc::SYS_sigaltstack,
            libc::SYS_tgkill,
            libc::SYS_tkill,
        ],
    },
    Harmless {
        reason: "is another number in every run, so no result can depend on it and be one result; names temporary files",
        calls: &[libc::SYS_getpid, libc::SYS_getppid, libc::SYS_gettid, libc::SYS_getpgid, libc::SYS_getsid],
    },
    Harmless {
        reason: "sets what holds of this process and of those that it starts",
        calls: &[
            libc::SYS_prctl,
            libc::SYS_personality,
            libc::SYS_setpgid,
            libc::SYS_setsid,
            libc::SYS_setpriority,
            libc::SYS_ioprio_set,
            libc::SYS_sched_setaffinity,
            libc::SYS_sched_setattr,
            libc::SYS_sched_setparam,
            libc::SYS_sched_setscheduler,
            libc::SYS_setuid,
            libc::SYS_setgid,
            libc::SYS_setreuid,
            libc::SYS_setregid,
            libc::SYS_setresuid,
            libc::SYS_setresgid,
            libc::SYS_setgroups,
            libc::SYS_setfsuid,
            libc::SYS_setfsgid,
            libc::SYS_capset,
            libc::SYS_landlock_create_ruleset,
            libc::SYS_landlock_add_rule,
            libc::SYS_landlock_restrict_self,
        ],
    },
    Harmless {
        reason: "tells what every kernel of this architecture tells",
        calls: &[libc::SYS_clock_getres, libc::SYS_sched_get_priority_max, libc::SYS_sched_get_priority_min],
    },
];

/// Returns every row.
pub fn all() -> impl Iterator<Item = &'static Harmless> {
    ALL.iter().chain(arch::HARMLESS)
}

/// Returns the numbers of all rows, in order.
pub fn numbers() -> Vec<c_long> {
    let mut numbers: Vec<c_long> = all().flat_map(|row| row.calls).copied().collect();
    numbers.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_stands_in_one_row_and_every_row_has_a_reason() {
        let numbers = numbers();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(all().all(|row| !row.reason.is_empty()));
    }
}
