//! Which compiles run now, and which Cargo processes are still there.
//!
//! Read from `/proc`, so compiles write nothing for it. Where there is no `/proc`, or processes run in another container, nothing
//! is found, and builds count as ended when their events stop.
//!
//! Invariant: it only reads, and never the environment of a process.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;

use crate::{outcome::event, system::os};

/// Ticks of `/proc/<pid>/stat` in a second; Linux shows programs no other number (`USER_HZ`, proc(5)).
const TICKS: u64 = 100;
/// A process that runs shorter than this is probably a hit, in milliseconds.
const SHORT_MS: u64 = 200;

/// What runs now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// The compiles.
    pub compiles: Vec<Compile>,
    /// The builds whose Cargo process is there. Any other has ended, or runs where its processes cannot be seen.
    pub alive: HashSet<String>,
}

/// One compile that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compile {
    /// The build, as [`Event::build`](event::Event::build) names it, or the process that started it.
    pub build: String,
    /// The name of the directory in which Cargo was started.
    pub place: String,
    /// The crate.
    pub krate: String,
    /// How long it has been running, in milliseconds.
    pub for_ms: u64,
}

struct Process {
    parent: u32,
    started: u64,
    krate: String,
}

/// A process that started units of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Starter {
    /// Its number.
    pub process: u32,
    /// The build, as [`Event::build`](event::Event::build) names it.
    pub build: String,
    /// When it had certainly begun, in milliseconds since the epoch.
    pub began_ms: u64,
}

/// Looks which compiles run through the store in `dir`, and whether the processes that started the known builds do.
pub fn look(dir: &Path, starters: &[Starter]) -> Activity {
    let mut activity = Activity::default();
    let Some(now) = uptime() else { return activity };
    let lock = dir.canonicalize().unwrap_or_default().join("v1/lock");
    let alive: HashMap<u32, &str> = starters
        .iter()
        .filter(|starter| is_same(starter, now))
        .map(|starter| (starter.process, starter.build.as_str()))
        .collect();
    activity.alive = alive.values().map(|build| (*build).to_owned()).collect();
    let processes = compilers();
    for (id, process) in processes.iter().filter(|(_, process)| !processes.contains_key(&process.parent)) {
        let for_ms = now.saturating_sub(process.started) * 1000 / TICKS;
        let known = alive.get(&process.parent).map(|build| (*build).to_owned());
        // In a known build, a compiler without a wrapper is one that the wrapper became.
        if for_ms < SHORT_MS || (known.is_none() && !holds(*id, &lock)) {
            continue;
        }
        let build = known.unwrap_or_else(|| process.parent.to_string());
        activity.compiles.push(Compile { build, place: place(process.parent), krate: process.krate.clone(), for_ms });
    }
    activity
}

/// Returns whether the process is still the one that started the build, and not another one under its number.
fn is_same(starter: &Starter, now: u64) -> bool {
    let started = os::started(starter.process).and_then(|text| std::str::from_utf8(&text).ok()?.parse::<u64>().ok());
    let ago_ms = |started: u64| now.saturating_sub(started) * 1000 / TICKS;
    // A second for clocks that are set.
    started.is_some_and(|started| event::now_ms().saturating_sub(ago_ms(started)) <= starter.began_ms + 1000)
}

/// Returns the time since the system started, in ticks.
fn uptime() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some((seconds * TICKS as f64) as u64)
}

/// Returns the processes that were given a crate to compile, by their numbers.
fn compilers() -> HashMap<u32, Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let number = |name: &OsStr| name.to_str()?.parse::<u32>().ok();
    entries.filter_map(|entry| number(&entry.file_name())).filter_map(|id| Some((id, compiler(id)?))).collect()
}

fn compiler(id: u32) -> Option<Process> {
    let line = std::fs::read(format!("/proc/{id}/cmdline")).ok()?;
    let arguments = line.split(|byte| *byte == 0);
    let name = arguments.skip_while(|argument| *argument != b"--crate-name").nth(1)?;
    let stat = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    let name_ends = stat.iter().rposition(|byte| *byte == b')')?;
    let field = |at: usize| std::str::from_utf8(stat[name_ends..].split(|byte| *byte == b' ').nth(at)?).ok();
    Some(Process {
        parent: field(2)?.parse().ok()?,
        started: field(20)?.parse().ok()?,
        krate: String::from_utf8_lossy(name).into_owned(),
    })
}

/// Returns whether a process has a file open. A wrapper that compiles for a store holds its lock, and so has that file open.
fn holds(process: u32, file: &Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|path| path == file)
}

fn place(process: u32) -> String {
    let directory = std::fs::read_link(format!("/proc/{process}/cwd")).unwrap_or_default();
    super::name(&directory.display().to_string())
}
