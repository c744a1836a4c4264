//! New events, as they are appended.
//!
//! Files are followed by their size: no watches, which not every file system has. Invariant: every whole line is given once,
//! and a line that is still being written is given when it is whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::outcome::event::{self, Event, Log};

/// A day in milliseconds; a file holds the events of one.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// Where reading goes on in the files of a store's events.
#[derive(Debug)]
pub struct Follower {
    dir: PathBuf,
    read: BTreeMap<PathBuf, u64>,
}

impl Follower {
    /// Follows the events of the store in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), read: BTreeMap::new() }
    }

    /// Returns what was appended since the last call; the first call returns what today and yesterday hold.
    pub fn read(&mut self, now_ms: u64) -> Log {
        let mut log = Log::default();
        let today = now_ms / DAY;
        let places = event::places(&self.dir);
        for day in [today.saturating_sub(1), today, today + 1] {
            for directory in &places {
                let path = directory.join(format!("{day}.jsonl"));
                for line in self.appended(&path).unwrap_or_default().split(|byte| *byte == b'\n') {
                    match serde_json::from_slice::<Event>(line) {
                        _ if line.is_empty() => {}
                        Ok(event) => log.events.push(event),
                        Err(_) => log.damaged += 1,
                    }
                }
            }
        }
        log
    }

    /// Returns the whole lines that a file has more than at the last call.
    fn appended(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let size = std::fs::metadata(path)?.len();
        let from = self.read.get(path).copied().filter(|from| *from <= size).unwrap_or(0);
        if from == size {
            self.read.insert(path.to_owned(), from);
            return Ok(Vec::new());
        }
        let mut bytes = Vec::new();
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        file.read_to_end(&mut bytes)?;
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        self.read.insert(path.to_owned(), from + bytes.len() as u64);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::io::Write;

    use super::*;

    #[test]
    fn every_whole_line_is_given_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut follower = Follower::new(dir.path());
        let events = dir.path().join("v1/events");
        let names = |log: Log| log.events.into_iter().map(|event| event.krate).collect::<Vec<_>>();
        let event =
            |krate: &str, at_ms| Event { schema: event::SCHEMA, krate: krate.into(), at_ms, ..Event::default() };
        assert_eq!(names(follower.read(9 * DAY)), [""; 0]);
        event::append(&events, &event("old", 2 * DAY)).unwrap();
        event::append(&events, &event("a", 9 * DAY)).unwrap();
        assert_eq!(names(follower.read(9 * DAY)), ["a"]);
        assert_eq!(names(follower.read(9 * DAY)), [""; 0]);
        let mut file = File::options().append(true).open(events.join("9.jsonl")).unwrap();
        file.write_all(b"damaged\n{\"schema\":2,\"at_ms\":5,\"outcome\":\"hit\",\"cra").unwrap();
        let log = follower.read(9 * DAY);
        assert_eq!((log.events.len(), log.damaged), (0, 1));
        file.write_all(b"te\":\"b\"}\n").unwrap();
        assert_eq!(names(follower.read(9 * DAY)), ["b"]);
        event::append(&events, &event("c", 10 * DAY)).unwrap();
        assert_eq!(names(follower.read(10 * DAY)), ["c"], "the next day is the next file");
        std::fs::write(events.join("10.jsonl"), "").unwrap();
        assert_eq!(names(follower.read(10 * DAY)), [""; 0]);
        event::append(&events, &event("d", 10 * DAY)).unwrap();
        assert_eq!(names(follower.read(10 * DAY)), ["d"], "a file that was emptied begins again");
    }
}
