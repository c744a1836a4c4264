//! What a program can do that no record holds, and what only looks like it.

use thymos_core::compile::observe::{AccessKind, Incomplete, Seen};

use crate::harness::{c_program, run, scratch, skip};

#[test]
fn bad_pointers_and_endless_paths_fail_as_ever_and_record_nothing() {
    let scratch = scratch!();
    let good = scratch.write("good", "");
    let program = c_program!(
        scratch,
        r#"#include <errno.h>
           #include <fcntl.h>
           #include <string.h>
           #include <sys/stat.h>
           int main() { static char longest[65536]; struct stat s; memset(longest, 'a', 65535);
             if (open((char *)1, O_RDONLY) != -1 || errno != EFAULT) return 1;
             if (open((char *)-4096L, O_RDONLY) != -1 || errno != EFAULT) return 2;
             if (open(longest, O_RDONLY) != -1 || errno != ENAMETOOLONG) return 3;
             if (open("", O_RDONLY) != -1 || errno != ENOENT) return 4;
             if (openat(99, "x", O_RDONLY) != -1 || errno != EBADF) return 5;
             if (stat(0, &s) != -1 || errno != EFAULT) return 6;
             return open("good", O_RDONLY) < 0; }"#
    );
    let result = run(scratch.command(program));
    result.assert_complete();
    assert!(result.saw_file(AccessKind::Open, good));
    assert!(result.observed.accesses.iter().all(|access| access.path.as_os_str().len() < 4096));
}

#[test]
fn a_path_that_ends_with_its_page_or_crosses_one_is_read_whole() {
    let scratch = scratch!();
    let program = c_program!(
        scratch,
        r#"#include <fcntl.h>
           #include <string.h>
           #include <sys/mman.h>
           int main() { char *m = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
             munmap(m + 2 * 4096, 4096);
             char *end = m + 2 * 4096 - 4; strcpy(end, "end"); open(end, O_RDONLY);
             char *mid = m + 4096 - 100; memset(mid, 'm', 200); mid[200] = 0; open(mid, O_RDONLY);
             return 0; }"#
    );
    let result = run(scratch.command(program));
    result.assert_complete();
    assert_eq!(result.of(scratch.path("end")), [(AccessKind::Open, Seen::Absent)]);
    assert_eq!(result.of(scratch.path("m".repeat(200))), [(AccessKind::Open, Seen::Absent)]);
}

#[test]
fn io_uring_makes_the_record_incomplete() {
    let scratch = scratch!();
    let program = c_program!(
        scratch,
        r#"#include <sys/syscall.h>
           #include <unistd.h>
           int main() { char params[256] = {0}; syscall(SYS_io_uring_setup, 1, params); return 0; }"#
    );
    assert_eq!(run(scratch.command(program)).observed.complete, Err(Incomplete::IoUring));
}

#[test]
fn a_connection_makes_the_record_incomplete_and_a_missing_socket_does_not() {
    let scratch = scratch!();
    let program = c_program!(
        scratch,
        r#"#include <string.h>
           #include <sys/socket.h>
           #include <sys/un.h>
           int main(int c, char **v) { struct sockaddr_un a = {AF_UNIX}; strcpy(a.sun_path, v[1]);
             connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, sizeof a); return 0; }"#
    );
    let mut command = scratch.command(&program);
    let missing = scratch.path("socket");
    command.arg(&missing);
    let result = run(command);
    result.assert_complete();
    assert_eq!(result.of(&missing), [(AccessKind::Stat, Seen::Absent)]);
    let _listener = std::os::unix::net::UnixListener::bind(&missing).expect("a new name");
    let mut command = scratch.command(&program);
    command.arg(&missing);
    assert_eq!(run(command).observed.complete, Err(Incomplete::Connected));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_32_bit_system_call_makes_the_record_incomplete() {
    let scratch = scratch!();
    let program = c_program!(
        scratch,
        r#"int main() { static const char path[] = "/"; long r;
             __asm__ volatile("int $0x80" : "=a"(r) : "a"(5L), "b"(path), "c"(0L), "d"(0L) : "memory"); return 0; }"#,
        "-no-pie",
        "-fno-pie"
    );
    let result = run(scratch.command(program));
    if !result.observed.status.success() {
        skip!("this kernel has no 32-bit system calls");
    }
    assert_eq!(result.observed.complete, Err(Incomplete::ForeignCalls));
}

#[test]
fn a_removed_working_directory_makes_the_record_incomplete() {
    let scratch = scratch!();
    let result = run(scratch.shell("mkdir gone; cd gone; rmdir ../gone; cat x 2>/dev/null; true"));
    assert_eq!(result.observed.complete, Err(Incomplete::LostDirectory));
}
