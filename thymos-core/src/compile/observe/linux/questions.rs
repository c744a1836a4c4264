//! The system calls that tell something of the world other than files, and what.
//!
//! The invariant: a call is recorded (`calls`), harmless (`harmless`), or asked about here. One that is in no table is
//! [`Tells::Unknown`].

use libc::c_long;

use super::arch;
use crate::compile::observe::report::Tells;
use crate::system::machine::Fact;

/// One call that tells something.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Its number.
    pub nr: c_long,
    /// Its name.
    pub name: &'static str,
    /// What it tells.
    pub tells: Tells,
    /// Who tells that loaded code made it.
    pub by: By,
}

/// How a call of loaded code is known from one of the compiler's, once there is loaded code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The preloaded library takes note of loaded code that calls the C library's function. A call that the C library makes
    /// otherwise is the compiler's, or its own: it asks for the limits and the processors when a thread starts.
    Note,
    /// The compiler makes no such call then.
    Sight,
}

const fn row(nr: c_long, name: &'static str, tells: Tells, by: By) -> Question {
    Question { nr, name, tells, by }
}

use By::{Note, Sight};
use Tells::{Directory, Unaccounted};

/// Returns the row of a call.
pub fn find(nr: c_long) -> Option<&'static Question> {
    if nr == FILE_SYSTEM.nr {
        return Some(&FILE_SYSTEM);
    }
    MODERN.iter().chain(arch::QUESTIONS).find(|question| question.nr == nr)
}

/// What kind of file system something lies on, which `calls` knows where nothing is there.
pub const FILE_SYSTEM: Question = row(libc::SYS_statfs, "statfs", Unaccounted, Sight);

/// Returns the row of a call by its name.
pub fn named(name: &str) -> Option<&'static Question> {
    MODERN.iter().chain(arch::QUESTIONS).find(|question| question.name == name)
}

/// Returns every row.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = &'static Question> {
    MODERN.iter().chain(arch::QUESTIONS)
}

const MODERN: &[Question] = &[
    row(libc::SYS_uname, "uname", Tells::Fact(Fact::Host), Note),
    row(libc::SYS_sched_getaffinity, "sched_getaffinity", Tells::Fact(Fact::Processors), Note),
    row(libc::SYS_prlimit64, "prlimit64", Tells::Fact(Fact::Limits), Note),
    row(libc::SYS_umask, "umask", Tells::Fact(Fact::Umask), Note),
    row(libc::SYS_getuid, "getuid", Tells::Fact(Fact::User), Note),
    row(libc::SYS_geteuid, "geteuid", Tells::Fact(Fact::User), Note),
    row(libc::SYS_getgid, "getgid", Tells::Fact(Fact::User), Note),
    row(libc::SYS_getegid, "getegid", Tells::Fact(Fact::User), Note),
    row(libc::SYS_getcwd, "getcwd", Directory, Note),
    row(libc::SYS_getrandom, "getrandom", Unaccounted, Note),
    row(libc::SYS_sysinfo, "sysinfo", Unaccounted, Note),
    row(libc::SYS_clock_gettime, "clock_gettime", Unaccounted, Note),
    row(libc::SYS_gettimeofday, "gettimeofday", Unaccounted, Note),
    row(libc::SYS_getrusage, "getrusage", Unaccounted, Note),
    row(libc::SYS_times, "times", Unaccounted, Note),
    row(libc::SYS_getgroups, "getgroups", Tells::Fact(Fact::User), Sight),
    row(libc::SYS_getresuid, "getresuid", Tells::Fact(Fact::User), Sight),
    row(libc::SYS_getresgid, "getresgid", Tells::Fact(Fact::User), Sight),
    row(libc::SYS_mincore, "mincore", Unaccounted, Sight),
    row(libc::SYS_mq_open, "mq_open", Unaccounted, Sight),
    row(libc::SYS_mq_unlink, "mq_unlink", Unaccounted, Sight),
    row(libc::SYS_mq_timedsend, "mq_timedsend", Unaccounted, Sight),
    row(libc::SYS_mq_timedreceive, "mq_timedreceive", Unaccounted, Sight),
    row(libc::SYS_mq_notify, "mq_notify", Unaccounted, Sight),
    row(libc::SYS_mq_getsetattr, "mq_getsetattr", Unaccounted, Sight),
    row(libc::SYS_shmget, "shmget", Unaccounted, Sight),
    row(libc::SYS_shmat, "shmat", Unaccounted, Sight),
    row(libc::SYS_shmctl, "shmctl", Unaccounted, Sight),
    row(libc::SYS_shmdt, "shmdt", Unaccounted, Sight),
    row(libc::SYS_msgget, "msgget", Unaccounted, Sight),
    row(libc::SYS_msgsnd, "msgsnd", Unaccounted, Sight),
    row(libc::SYS_msgrcv, "msgrcv", Unaccounted, Sight),
    row(libc::SYS_msgctl, "msgctl", Unaccounted, Sight),
    row(libc::SYS_semget, "semget", Unaccounted, Sight),
    row(libc::SYS_semop, "semop", Unaccounted, Sight),
    row(libc::SYS_semtimedop, "semtimedop", Unaccounted, Sight),
    row(libc::SYS_semctl, "semctl", Unaccounted, Sight),
    row(libc::SYS_socket, "socket", Unaccounted, Sight),
    row(libc::SYS_bind, "bind", Unaccounted, Sight),
    row(libc::SYS_listen, "listen", Unaccounted, Sight),
    row(libc::SYS_accept, "accept", Unaccounted, Sight),
    row(libc::SYS_accept4, "accept4", Unaccounted, Sight),
    row(libc::SYS_kill, "kill", Unaccounted, Sight),
    row(libc::SYS_rt_sigqueueinfo, "rt_sigqueueinfo", Unaccounted, Sight),
    row(libc::SYS_rt_tgsigqueueinfo, "rt_tgsigqueueinfo", Unaccounted, Sight),
    row(libc::SYS_getitimer, "getitimer", Unaccounted, Sight),
    row(libc::SYS_timer_gettime, "timer_gettime", Unaccounted, Sight),
    row(libc::SYS_timerfd_gettime, "timerfd_gettime", Unaccounted, Sight),
    row(libc::SYS_adjtimex, "adjtimex", Unaccounted, Sight),
    row(libc::SYS_clock_adjtime, "clock_adjtime", Unaccounted, Sight),
    row(libc::SYS_clock_settime, "clock_settime", Unaccounted, Sight),
    row(libc::SYS_settimeofday, "settimeofday", Unaccounted, Sight),
    row(libc::SYS_getpriority, "getpriority", Unaccounted, Sight),
    row(libc::SYS_ioprio_get, "ioprio_get", Unaccounted, Sight),
    row(libc::SYS_get_mempolicy, "get_mempolicy", Unaccounted, Sight),
    row(libc::SYS_sched_getparam, "sched_getparam", Unaccounted, Sight),
    row(libc::SYS_sched_getscheduler, "sched_getscheduler", Unaccounted, Sight),
    row(libc::SYS_sched_getattr, "sched_getattr", Unaccounted, Sight),
    row(libc::SYS_sched_rr_get_interval, "sched_rr_get_interval", Unaccounted, Sight),
    row(libc::SYS_getcpu, "getcpu", Unaccounted, Sight),
    row(libc::SYS_capget, "capget", Unaccounted, Sight),
    row(libc::SYS_migrate_pages, "migrate_pages", Unaccounted, Sight),
    row(libc::SYS_move_pages, "move_pages", Unaccounted, Sight),
    row(libc::SYS_ptrace, "ptrace", Unaccounted, Sight),
    row(libc::SYS_kcmp, "kcmp", Unaccounted, Sight),
    row(libc::SYS_process_vm_readv, "process_vm_readv", Unaccounted, Sight),
    row(libc::SYS_process_vm_writev, "process_vm_writev", Unaccounted, Sight),
    row(libc::SYS_process_madvise, "process_madvise", Unaccounted, Sight),
    row(libc::SYS_process_mrelease, "process_mrelease", Unaccounted, Sight),
    row(libc::SYS_pidfd_getfd, "pidfd_getfd", Unaccounted, Sight),
    row(libc::SYS_getxattr, "getxattr", Unaccounted, Sight),
    row(libc::SYS_lgetxattr, "lgetxattr", Unaccounted, Sight),
    row(libc::SYS_fgetxattr, "fgetxattr", Unaccounted, Sight),
    row(libc::SYS_listxattr, "listxattr", Unaccounted, Sight),
    row(libc::SYS_llistxattr, "llistxattr", Unaccounted, Sight),
    row(libc::SYS_flistxattr, "flistxattr", Unaccounted, Sight),
    row(libc::SYS_fstatfs, "fstatfs", Unaccounted, Sight),
    row(libc::SYS_quotactl, "quotactl", Unaccounted, Sight),
    row(libc::SYS_quotactl_fd, "quotactl_fd", Unaccounted, Sight),
    row(libc::SYS_name_to_handle_at, "name_to_handle_at", Unaccounted, Sight),
    row(libc::SYS_inotify_init1, "inotify_init1", Unaccounted, Sight),
    row(libc::SYS_inotify_add_watch, "inotify_add_watch", Unaccounted, Sight),
    row(libc::SYS_inotify_rm_watch, "inotify_rm_watch", Unaccounted, Sight),
    row(libc::SYS_fanotify_init, "fanotify_init", Unaccounted, Sight),
    row(libc::SYS_fanotify_mark, "fanotify_mark", Unaccounted, Sight),
    row(libc::SYS_perf_event_open, "perf_event_open", Unaccounted, Sight),
    row(libc::SYS_bpf, "bpf", Unaccounted, Sight),
    row(libc::SYS_userfaultfd, "userfaultfd", Unaccounted, Sight),
    row(libc::SYS_add_key, "add_key", Unaccounted, Sight),
    row(libc::SYS_request_key, "request_key", Unaccounted, Sight),
    row(libc::SYS_keyctl, "keyctl", Unaccounted, Sight),
    row(libc::SYS_syslog, "syslog", Unaccounted, Sight),
    row(libc::SYS_acct, "acct", Unaccounted, Sight),
    row(libc::SYS_swapon, "swapon", Unaccounted, Sight),
    row(libc::SYS_swapoff, "swapoff", Unaccounted, Sight),
    row(libc::SYS_reboot, "reboot", Unaccounted, Sight),
    row(libc::SYS_sethostname, "sethostname", Unaccounted, Sight),
    row(libc::SYS_setdomainname, "setdomainname", Unaccounted, Sight),
    row(libc::SYS_vhangup, "vhangup", Unaccounted, Sight),
    row(libc::SYS_init_module, "init_module", Unaccounted, Sight),
    row(libc::SYS_finit_module, "finit_module", Unaccounted, Sight),
    row(libc::SYS_delete_module, "delete_module", Unaccounted, Sight),
    row(libc::SYS_kexec_load, "kexec_load", Unaccounted, Sight),
    row(libc::SYS_nfsservctl, "nfsservctl", Unaccounted, Sight),
    row(libc::SYS_lookup_dcookie, "lookup_dcookie", Unaccounted, Sight),
    row(libc::SYS_remap_file_pages, "remap_file_pages", Unaccounted, Sight),
    row(libc::SYS_memfd_secret, "memfd_secret", Unaccounted, Sight),
    row(libc::SYS_fcntl, "fcntl", Unaccounted, Sight),
    row(libc::SYS_flock, "flock", Unaccounted, Sight),
    row(libc::SYS_ioctl, "ioctl", Unaccounted, Sight),
];
