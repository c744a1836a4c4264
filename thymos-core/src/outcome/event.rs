//! One line per invocation, for `stats`, `why` and `report`.
//!
//! Format: JSON objects, one a line, in `events/<day>.jsonl`, where `day` counts days since the epoch. Lines are appended in
//! one write each, so concurrent wrappers do not mix them. A line that cannot be read is skipped and counted.
//!
//! Invariant: no value of an environment variable and no source text is ever written here.

use std::fs::{DirEntry, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::outcome::{Bypass, Outcome};
use crate::system::digest::{Digest, FieldHasher};
use crate::system::files::{list_if_there, make_dir, open_or_make};
use crate::system::os;

/// The version of the format. Version 1 had no `package`, `unit`, `deps`, `build`, `workspace`, `meta_us` and `cause`; such lines
/// are read as events that do not know them.
pub(crate) const SCHEMA: u32 = 2;

/// What one invocation did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Version of the format.
    pub schema: u32,
    /// When it ended, in milliseconds since the epoch.
    pub at_ms: u64,
    /// How it ended: the fields `outcome`, `reason` and `cause`.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The crate's name.
    #[serde(default, rename = "crate")]
    pub krate: String,
    /// The crate's kind: `lib`, `bin`, `build-script`, `test`, `check`, …
    #[serde(default)]
    pub kind: String,
    /// The package's version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// How long the whole invocation took, in microseconds.
    #[serde(default)]
    pub took_us: u64,
    /// How long the compiler took, now or when the result was stored, in microseconds.
    #[serde(default)]
    pub compile_us: u64,
    /// Size of the outputs in bytes.
    #[serde(default)]
    pub bytes: u64,
    /// The action's key; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// The target directory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// The process that started the wrapper.
    #[serde(default)]
    pub parent: u32,
    /// Names that process among all others, also later ones with its number, and so groups the invocations of one build: 16
    /// hexadecimal digits, empty where the system does not tell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build: String,
    /// The workspace's directory, where it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workspace: String,
    /// The package's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// What the unit's outputs are named after: `serde-8f2a41c09be3d711`, unique within a target directory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The units whose outputs this one was given, by [`Event::unit`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deps: Vec<String>,
    /// When the compiler announced the crate's metadata, so that dependents could start, in microseconds after the invocation
    /// began; 0 when it did not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub meta_us: u64,
    /// Whether this hit was compiled again and found right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub verified: bool,
    /// Trouble that did not change the outcome, such as a result that could not be stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// The kind of a build script's run, which is no compile.
pub const RUN: &str = "build-script-run";

impl Event {
    /// Returns whether this was the run of a build script.
    #[must_use]
    pub fn is_run(&self) -> bool {
        self.kind == RUN
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Events of a time span, and how many lines could not be read.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// In the order in which they were written, file by file.
    pub events: Vec<Event>,
    /// Lines that are not events.
    pub damaged: u64,
}

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Returns the name that a person knows a unit by. All build scripts have one crate name, so theirs is the package's name.
#[must_use]
pub fn name<'a>(krate: &'a str, kind: &str, package: &'a str) -> &'a str {
    if kind == "build-script" && !package.is_empty() { package } else { krate }
}

/// Returns the time in milliseconds since the epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Returns what [`Event::build`] holds for this process: a name of the process that started it.
pub(crate) fn build() -> String {
    build_of(os::parent())
}

/// Returns what [`Event::build`] holds for processes that `process` started; empty where the system does not tell.
pub(crate) fn build_of(process: u32) -> String {
    let Some(started) = os::started(process) else { return String::new() };
    let mut hasher = FieldHasher::new("build");
    hasher.bytes(&os::boot_id());
    hasher.count(process as usize);
    hasher.bytes(&started);
    hasher.finish().hex()[..16].to_owned()
}

/// Returns the directories that events of the store `dir` are read from: its own, and the one that stands in where the store cannot
/// be written, if that one can be trusted.
pub(crate) fn places(dir: &Path) -> Vec<PathBuf> {
    let elsewhere = fallback(dir);
    let trusted = is_trusted(&elsewhere);
    std::iter::once(dir.join("v1/events")).chain(trusted.then_some(elsewhere)).collect()
}

/// Appends an event of the store `dir`, which cannot be written, to the directory that stands in.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] where somebody else has made that directory or can enter it, and whatever the file system
/// gives.
pub(crate) fn append_elsewhere(dir: &Path, event: &Event) -> io::Result<()> {
    let directory = fallback(dir);
    os::create_private_dir(&directory)?;
    if !is_trusted(&directory) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    append(&directory, event)
}

/// Returns the directory below the temporary one that stands in for the events of the store `dir`.
fn fallback(dir: &Path) -> PathBuf {
    let name = Digest::of(dir.as_os_str().as_encoded_bytes()).hex();
    std::env::temp_dir().join(format!("thymos-{}", os::user())).join(&name[..16])
}

/// Returns whether only this user can have made what lies in `directory`. Everybody may write to the temporary directory, so
/// whoever comes first could lay a link there and have us write to any file that is ours.
fn is_trusted(directory: &Path) -> bool {
    os::is_private_dir(directory) && directory.parent().is_some_and(os::is_private_dir)
}

/// Events are kept for so many days, and the oldest go earlier when all of them are larger than [`MOST_BYTES`].
const MOST_DAYS: u64 = 30;
/// The events of one day, and those of all days before it, take no more than this.
pub(crate) const MOST_BYTES: u64 = 64_000_000;

/// Makes the file of a day. It is the only one of that day, so the days that are too many go now.
fn begin(directory: &Path, day: u64, path: &Path) -> io::Result<File> {
    make_dir(directory)?;
    for (old, _) in outdated(directory, day, MOST_BYTES) {
        // Whoever else begins this day removes it too.
        let _ = std::fs::remove_file(old);
    }
    open_or_make(path, OpenOptions::new().append(true))
}

/// Returns the files of days before `today` that are too many, with their sizes: those of long ago, and the oldest of those that
/// are larger than `most` bytes together.
pub(crate) fn outdated(directory: &Path, today: u64, most: u64) -> Vec<(PathBuf, u64)> {
    let entries = list_if_there(directory).unwrap_or_default();
    let dated = |entry: DirEntry| Some((day(&entry.path())?, entry.path(), entry.metadata().ok()?.len()));
    let mut files: Vec<_> = entries.into_iter().filter_map(dated).filter(|(day, ..)| *day < today).collect();
    files.sort_by_key(|(day, ..)| std::cmp::Reverse(*day));
    let mut all = 0;
    files.retain(|(day, _, size)| {
        all += size;
        day + MOST_DAYS < today || all > most
    });
    files.into_iter().map(|(_, path, size)| (path, size)).collect()
}

/// Appends an event to a directory of events. What is more than one day's share is not told.
pub(crate) fn append(directory: &Path, event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let day = event.at_ms / DAY;
    let path = directory.join(format!("{day}.jsonl"));
    let mut file = match OpenOptions::new().append(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => begin(directory, day, &path)?,
        other => other?,
    };
    if file.metadata()?.len() > MOST_BYTES {
        return Ok(());
    }
    // One write, so that lines of concurrent wrappers stay whole; a short write on a full disk is a damaged line.
    match file.write(&line)? {
        written if written == line.len() => Ok(()),
        _ => Err(io::ErrorKind::StorageFull.into()),
    }
}

/// Reads every event of the store in `dir` that ended at `since_ms` or later, also those that could not be written there.
pub(crate) fn gather(dir: &Path, since_ms: u64) -> Log {
    let mut log = Log::default();
    for Log { events, damaged } in places(dir).iter().map(|place| read(place, since_ms)) {
        log.events.extend(events);
        log.damaged += damaged;
    }
    log
}

/// Returns the day whose events a file holds, counted from the epoch; nothing for another file.
pub(crate) fn day(path: &Path) -> Option<u64> {
    path.extension().filter(|extension| *extension == "jsonl")?;
    path.file_stem()?.to_str()?.parse().ok()
}

/// Reads every event that ended at `since_ms` or later.
#[must_use]
pub fn read(directory: &Path, since_ms: u64) -> Log {
    let mut log = Log::default();
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| day(path).is_some_and(|day| (day + 1) * DAY > since_ms)).collect();
    files.sort();
    for path in files {
        for line in std::fs::read(path).unwrap_or_default().split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
        {
            match serde_json::from_slice::<Event>(line) {
                Ok(event) if event.at_ms >= since_ms => log.events.push(event),
                Ok(_) => {}
                Err(_) => log.damaged += 1,
            }
        }
    }
    log
}

/// Returns why an event is not a hit, in words.
pub(crate) fn words(event: &Event) -> String {
    let text = match &event.outcome {
        Outcome::Miss(cause) => return cause.to_string(),
        Outcome::Incremental(cause) => return format!("{cause} ({})", Bypass::Incremental),
        outcome => outcome.reason().unwrap_or_default(),
    };
    match &event.trouble {
        Some(trouble) => format!("{text}: {trouble}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_new_day_removes_the_days_that_are_too_many_and_a_full_day_takes_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let file = |day: u64| dir.path().join(format!("{day}.jsonl"));
        let at = |day: u64| Event { at_ms: day * DAY, ..Event::default() };
        for day in [1, 70, 99] {
            append(dir.path(), &at(day)).unwrap();
        }
        File::options().write(true).open(file(99)).unwrap().set_len(MOST_BYTES + 1).unwrap();
        append(dir.path(), &at(99)).unwrap();
        assert_eq!(std::fs::metadata(file(99)).unwrap().len(), MOST_BYTES + 1);
        std::fs::write(dir.path().join("notes"), "not ours").unwrap();
        append(dir.path(), &at(100)).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["100.jsonl", "notes"]);
    }

    #[test]
    fn damaged_lines_are_counted_and_skipped() {
        let dir = tempfile::tempdir().unwrap();
        let event = Event { schema: SCHEMA, at_ms: 3 * DAY + 5, ..Event::default() };
        append(dir.path(), &event).unwrap();
        append(dir.path(), &Event { at_ms: 4 * DAY, ..event.clone() }).unwrap();
        let path = dir.path().join("3.jsonl");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"{\"schema\":1,\"at_ms\n\xff\n");
        std::fs::write(&path, bytes).unwrap();
        let log = read(dir.path(), 0);
        assert_eq!((log.events.len(), log.damaged), (2, 2));
        assert_eq!(log.events[0], event);
        assert_eq!(read(dir.path(), 4 * DAY).events.len(), 1);
    }
}
