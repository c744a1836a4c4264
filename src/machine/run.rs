//! Runs a tool that may hang, flood its output or not exist.
//!
//! Invariant: a run ends within its time limit whatever the tool does, holds at most [`LONGEST`] bytes of its output, and
//! leaves no process behind that the system lets us end.

use std::{
    io::{PipeReader, Read as _},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// As much of a tool's output as anybody will read.
const LONGEST: u64 = 64 * 1024;

/// What became of a tool.
#[derive(Debug)]
pub(crate) enum Ran {
    /// It ended by itself.
    Ended(Ending),
    /// It was still running at the limit, and was ended.
    TimedOut,
    /// It could not be started.
    NotStarted(std::io::Error),
}

/// How a tool ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// Whether it said that all went well.
    pub(crate) success: bool,
    /// What it wrote to both streams.
    pub(crate) output: String,
    /// How long it ran.
    pub(crate) time: Duration,
}

impl Ran {
    /// Returns the output of a tool that succeeded, or the reason in one line.
    pub(crate) fn succeeded(self) -> Result<Ending, String> {
        match self {
            Ran::Ended(ending) if ending.success => Ok(ending),
            Ran::Ended(ending) => Err(complaint(&ending.output)),
            Ran::TimedOut => Err("it did not end in time".to_owned()),
            Ran::NotStarted(error) => Err(error.to_string()),
        }
    }
}

/// Runs a command to its end or to the limit.
pub(crate) fn run(mut command: Command, limit: Duration) -> Ran {
    let started = Instant::now();
    let spawned = std::io::pipe().and_then(|(reader, writer)| {
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        own_group(&mut command);
        command.spawn().map(|child| (child, reader))
    });
    // The command holds the writing ends of the pipe, and the reader ends only when all of them are closed.
    drop(command);
    match spawned {
        Ok((child, reader)) => wait(child, read(reader), (started, limit)),
        Err(error) => Ran::NotStarted(error),
    }
}

/// Reads in a thread of its own, so that neither a silent nor a flooding tool can hold us, and wakes us at the end.
fn read(reader: PipeReader) -> JoinHandle<Vec<u8>> {
    let waiting = std::thread::current();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still worth showing.
        let _ = reader.take(LONGEST).read_to_end(&mut bytes);
        waiting.unpark();
        bytes
    })
}

/// Waits for the end of the output, which comes with the end of the tool and wakes us, so that times are exact. The poll
/// is for a tool that ends while a child of its own keeps the pipe open.
fn wait(mut child: Child, output: JoinHandle<Vec<u8>>, (started, limit): (Instant, Duration)) -> Ran {
    const POLL: Duration = Duration::from_millis(50);
    const SOON: Duration = Duration::from_micros(200);
    loop {
        let left = limit.saturating_sub(started.elapsed());
        std::thread::park_timeout(if output.is_finished() { SOON.min(left) } else { POLL.min(left) });
        let time = started.elapsed();
        if let Ok(Some(status)) = child.try_wait() {
            let success = status.success();
            return Ran::Ended(Ending { success, output: text(output), time });
        }
        if time >= limit {
            end(&mut child);
            return Ran::TimedOut;
        }
    }
}

/// Returns what was read when the tool had ended; nothing if somebody else still holds the pipe.
fn text(output: JoinHandle<Vec<u8>>) -> String {
    let patience = Instant::now() + Duration::from_millis(100);
    while !output.is_finished() && Instant::now() < patience {
        std::thread::sleep(Duration::from_micros(200));
    }
    let bytes = if output.is_finished() { output.join().unwrap_or_default() } else { Vec::new() };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the line of an output that says what went wrong.
pub(crate) fn complaint(output: &str) -> String {
    // Bytes that are no text were replaced by this mark. A few may be a name in an old encoding; more are garbage.
    if output.contains('\0') || output.matches('\u{fffd}').count() > 8 {
        return "its output is no text".to_owned();
    }
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty());
    let loud = lines().find(|line| line.contains("error") || line.contains("fatal"));
    let line = loud.or_else(|| lines().next_back()).unwrap_or("it failed without a word");
    let printable: String = line.chars().filter(|c| !c.is_control()).collect();
    match printable.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &printable[..at]),
        None => printable,
    }
}

/// Puts the tool into a process group, so that the linker below a compiler driver can be ended with it.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

fn end(child: &mut Child) {
    #[cfg(unix)]
    {
        // The shell's own `kill` needs no package and no libc binding.
        let group = format!("kill -9 -{}", child.id());
        let _ = Command::new("/bin/sh").args(["-c", &group]).stderr(Stdio::null()).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Ran {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, limit)
    }

    const LONG: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(200);

    #[test]
    fn both_streams_of_a_tool_are_kept() {
        let ending = sh("echo out; echo err >&2", LONG).succeeded().expect("sh runs");
        assert!(ending.output.contains("out") && ending.output.contains("err"));
    }

    #[test]
    fn a_hanging_tool_is_ended_with_its_children() {
        let started = Instant::now();
        assert!(matches!(sh("sleep 60 & sleep 60; echo done", SHORT), Ran::TimedOut));
        assert!(started.elapsed() < LONG);
    }

    #[test]
    fn a_tool_that_leaves_a_child_behind_has_ended() {
        let started = Instant::now();
        assert!(matches!(sh("sleep 3 & exit 0", LONG), Ran::Ended(Ending { success: true, .. })));
        assert!(started.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn a_flood_is_cut() {
        let Ran::Ended(ending) = sh("yes | head -c 10000000", LONG) else { panic!("it ends when its pipe does") };
        assert!(ending.output.len() as u64 <= LONGEST);
    }

    #[test]
    fn a_tool_that_is_not_there_is_not_started() {
        assert!(matches!(run(Command::new("/nonexistent/tool"), LONG), Ran::NotStarted(_)));
    }

    #[test]
    fn a_complaint_is_one_printable_line() {
        assert_eq!(
            complaint("note: x\ncollect2: fatal error: cannot find 'ld'\n"),
            "collect2: fatal error: cannot find 'ld'"
        );
        assert_eq!(complaint("\u{1b}[31m\n\n"), "[31m");
        assert_eq!(complaint(""), "it failed without a word");
        assert_eq!(complaint("error: \0"), "its output is no text");
        assert_eq!(complaint(&"error: \u{fffd}\n".repeat(9)), "its output is no text");
        assert!(complaint(&"é".repeat(1000)).chars().count() <= 201);
    }
}
