//! Runs the compiler once, watched, with its streams passed on as they come.
//!
//! Invariant: what Cargo sees of the compiler is what the compiler wrote, when it wrote it, but for names that stand for a path
//! here. Cargo starts dependents on a line of standard error, so nothing is held back.
//!
//! A compile in which a program wants to be asked about system calls itself is ended and started again, unwatched: the kernel
//! allows that to one at a time, and what works without us has to work with us. A macro, which comes before everything that the
//! compiler makes, then runs twice.

pub mod observe;
pub mod rewrite;

use std::io::{self, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::compile::observe::{Incomplete, Listeners, Observed, Watch};
use crate::compile::rewrite::{Rewriter, Rewrites};
use crate::system::os::signals;
use crate::system::stamp::{self, Nanos};

/// One finished run of the compiler.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Exit status and what it looked at.
    pub observed: Observed,
    /// Everything it wrote to standard output.
    pub stdout: Vec<u8>,
    /// Everything it wrote to standard error.
    pub stderr: Vec<u8>,
    /// When it was started.
    pub began: Nanos,
    /// How long it took.
    pub took: Duration,
    /// When it announced the crate's metadata, if it did.
    pub announced: Option<Instant>,
}

/// Where what the compiler writes goes as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streams {
    /// To the streams of this process.
    Passed,
    /// Nowhere: it is only kept.
    Kept,
}

impl Streams {
    fn through(self, to: impl Write + Send + 'static) -> Box<dyn Write + Send> {
        match self {
            Self::Passed => Box::new(to),
            Self::Kept => Box::new(io::sink()),
        }
    }
}

/// Runs `command` to its end, with the signals that this process started with.
///
/// # Errors
/// Where the compiler cannot be started; it has not run then.
///
/// # Panics
/// Where the compiler cannot be waited for.
pub(crate) fn run(
    mut command: Command,
    options: observe::Options,
    streams: Streams,
    rewrites: &Rewrites,
) -> io::Result<Compiled> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    signals::restore_sigchld(&mut command);
    let options = observe::Options { listeners: Listeners::EndTheRun, ..options };
    let watched = once(&mut command, options, (streams, rewrites), [0, 0])?;
    if watched.observed.complete != Err(Incomplete::WantsListener) {
        return Ok(watched);
    }
    let passed = [watched.stdout.len(), watched.stderr.len()];
    let unwatched =
        once(&mut command, observe::Options { watch: Watch::Nothing, ..options }, (streams, rewrites), passed)?;
    let observed = Observed { status: unwatched.observed.status, ..watched.observed };
    Ok(Compiled { observed, began: watched.began, ..unwatched })
}

/// Runs it once. Of each stream, this many bytes are there already.
fn once(
    command: &mut Command,
    options: observe::Options,
    (streams, rewrites): (Streams, &Rewrites),
    passed: [usize; 2],
) -> io::Result<Compiled> {
    let (began, start) = (stamp::now(), Instant::now());
    let mut running = observe::run(command, options)?;
    let [out, err] = passed;
    let stdout = running
        .take_stdout()
        .map(|pipe| pass_on(pipe, Rest { to: streams.through(io::stdout()), skip: out }, rewrites));
    let stderr = running
        .take_stderr()
        .map(|pipe| pass_on(pipe, Rest { to: streams.through(io::stderr()), skip: err }, rewrites));
    // An error here would have the caller run the compiler again.
    let observed = running.wait().expect("nobody else waits for this child, and its end is not ignored");
    let collect = |reader: Option<JoinHandle<Passed>>| reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    let (stdout, stderr) = (collect(stdout), collect(stderr));
    let Passed { bytes: stderr, announced } = stderr;
    Ok(Compiled { observed, stdout: stdout.bytes, stderr, began, took: start.elapsed(), announced })
}

/// What follows the bytes that a run before this one has written already.
struct Rest {
    to: Box<dyn Write + Send>,
    skip: usize,
}

impl Write for Rest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.to.write_all(&bytes[skipped..])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Runs `command` to its end without watching it. A signal that somebody sends to this process alone is the command's.
///
/// # Errors
/// Where the compiler cannot be started; it has not run then.
///
/// # Panics
/// Where the compiler cannot be waited for.
pub fn run_unwatched(mut command: Command, rewrites: &Rewrites) -> io::Result<ExitStatus> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    signals::restore_sigchld(&mut command);
    signals::catch_term_signals();
    let mut running = command.spawn()?;
    signals::pass_to(running.id());
    let stdout = running.stdout.take().map(|pipe| pass_on(pipe, io::stdout(), rewrites));
    let stderr = running.stderr.take().map(|pipe| pass_on(pipe, io::stderr(), rewrites));
    let status = running.wait().expect("nobody else waits for this child, and its end is not ignored");
    [stdout, stderr].into_iter().flatten().for_each(|reader| drop(reader.join()));
    Ok(status)
}

/// What went by.
#[derive(Default)]
struct Passed {
    bytes: Vec<u8>,
    announced: Option<Instant>,
}

/// How rustc tells Cargo that dependents can start. In the text of a diagnostic the quotes would be escaped.
const ANNOUNCEMENT: &[u8] = br#""emit":"metadata""#;

impl Passed {
    /// Keeps a piece; the announcement may lie across two.
    fn keep(&mut self, piece: &[u8]) {
        let from = self.bytes.len().saturating_sub(ANNOUNCEMENT.len());
        self.bytes.extend_from_slice(piece);
        if self.announced.is_none() && memchr::memmem::find(&self.bytes[from..], ANNOUNCEMENT).is_some() {
            self.announced = Some(Instant::now());
        }
    }
}

/// Copies a pipe to a stream and keeps what went by. A stream that nobody reads any more is drained all the same.
fn pass_on(
    mut pipe: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    rewrites: &Rewrites,
) -> JoinHandle<Passed> {
    let rewrites = rewrites.clone();
    thread::spawn(move || {
        let (mut seen, mut buffer) = (Passed::default(), vec![0; 64 * 1024]);
        let mut rewriter = Rewriter::new(&rewrites);
        let mut pass = |piece: &[u8]| {
            let _ = to.write_all(piece).and_then(|()| to.flush());
            seen.keep(piece);
        };
        loop {
            match pipe.read(&mut buffer) {
                Ok(length) if length > 0 => pass(&rewriter.push(&buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        pass(&rewriter.end());
        seen
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_is_seen_across_pieces_and_not_inside_a_message() {
        let announced = |pieces: &[&str]| {
            let mut passed = Passed::default();
            pieces.iter().for_each(|piece| passed.keep(piece.as_bytes()));
            passed.announced.is_some()
        };
        assert!(announced(&[r#"{"$message_type":"artifact","artifact":"x.rmeta","emit":"metadata"}"#]));
        assert!(announced(&[r#"{"artifact":"x.rmeta","em"#, r#"it":"meta"#, r#"data"}"#]));
        assert!(!announced(&[r#"{"artifact":"x.rlib","emit":"link"}"#]));
        assert!(!announced(&[r#"{"rendered":"\"emit\":\"metadata\""}"#]));
    }
}
