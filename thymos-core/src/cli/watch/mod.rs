//! `thymos watch`: builds while they run, in a terminal or line by line.

mod terminal;

use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::history::watch::follow::Follower;
use crate::history::watch::screen::{Ink, Screen};
use crate::history::watch::{Watch, line, running};
use crate::outcome::event;
use crate::settings::Settings;
use crate::settings::environment::{self, Environment};
use crate::system::error::plain;
use crate::system::guard;
use crate::system::os::signals;

use terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  thymos watch                       in a second terminal, also over ssh
  thymos watch | grep -v ': hit '    only what was no hit, line by line

Keys:
  q, Esc, Ctrl-C  quit
  Ctrl-Z          stop, until `fg`

Shows every build that uses this cache while it runs: its hits and misses, the
time saved, what is compiling now, and why the last misses were no hits. Builds
that ended within the last hour stay below. Nothing needs to be switched on, and
builds do nothing for it. Where the output is no terminal, each unit that ends
is one line.";

/// How often the log and the processes are looked at: what a person can follow.
const PACE: Duration = Duration::from_millis(250);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Quit,
    Stop,
}

pub fn run(_args: &Args, settings: &Settings, environment: &Environment) -> Result<ExitCode, String> {
    let dir = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    let dumb = environment.get(environment::TERM).is_some_and(|term| term == "dumb");
    // Without a terminal to type on, a full screen could not be left again.
    if dumb || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return lines(dir);
    }
    let ink = if environment.filled(environment::NO_COLOR).is_some() { Ink::Plain } else { Ink::Coloured };
    signals::catch_term_signals();
    let terminal = Terminal::enter().map_err(|error| format!("failed to draw on this terminal: {}", plain(&error)))?;
    let done = follow(dir, ink, terminal);
    match signals::seen() {
        Some(signal) => signals::end_by(signal),
        None => done.map(|()| ExitCode::SUCCESS).map_err(|error| format!("failed to draw: {}", plain(&error))),
    }
}

/// Draws until a key or a signal ends it. The terminal is as it was when this returns.
fn follow(dir: &Path, ink: Ink, mut terminal: Terminal) -> std::io::Result<()> {
    let (mut follower, mut watch, wishes) = (Follower::new(dir), Watch::default(), keys());
    let (store, mut damaged) = (dir.display().to_string(), 0);
    while signals::seen().is_none() {
        let now = event::now_ms();
        let log = follower.read(now);
        damaged += log.damaged;
        watch.feed(log.events, now);
        let activity = running::look(dir, &watch.starters());
        let builds = watch.shown(&activity, now);
        terminal.draw(|size| Screen { store: &store, builds: &builds, damaged, ink }.draw(size))?;
        guard::panic_if_asked("screen");
        match wishes.recv_timeout(PACE) {
            Ok(Wish::Stop) => terminal.stop()?,
            Err(RecvTimeoutError::Timeout) => {}
            Ok(Wish::Quit) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    Ok(())
}

/// Reads keys in the background; the end of the input is a wish to quit.
fn keys() -> Receiver<Wish> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        loop {
            let count = std::io::stdin().lock().read(&mut bytes).unwrap_or(0);
            let wish = match &bytes[..count] {
                // Ctrl-C and Ctrl-D; Esc comes alone, where other keys send more behind it.
                [] | [b'q' | b'Q' | 3 | 4, ..] | [27] => Wish::Quit,
                [26, ..] => Wish::Stop,
                _ => continue,
            };
            if sender.send(wish).is_err() || count == 0 {
                return;
            }
        }
    });
    receiver
}

/// Prints one line for every unit that ends, until nobody reads them.
fn lines(dir: &Path) -> Result<ExitCode, String> {
    let mut follower = Follower::new(dir);
    follower.read(event::now_ms());
    loop {
        let log = follower.read(event::now_ms());
        let text: String = log.events.iter().map(|event| line(event) + "\n").collect();
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            return Ok(ExitCode::SUCCESS);
        }
        drop(out);
        std::thread::sleep(PACE);
    }
}
