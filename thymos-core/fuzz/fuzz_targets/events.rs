//! Lines of events: each is an event or is counted as none, and what is counted prints.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use thymos_core::history::stats::Stats;
use thymos_core::outcome::event::{self, Event};

thread_local! {
    static DIRECTORY: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(event) = serde_json::from_slice::<Event>(bytes) {
        let text = serde_json::to_vec(&event).expect("an event is plain data");
        assert_eq!(serde_json::from_slice::<Event>(&text).ok(), Some(event));
    }
    DIRECTORY.with(|directory| {
        let directory = directory.get_or_init(|| tempfile::tempdir().expect("the temporary directory is writable"));
        std::fs::write(directory.path().join("1.jsonl"), bytes).expect("the directory is writable");
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        let log = event::read(directory.path(), 0);
        assert_eq!(log.events.len() + log.damaged as usize, lines);
        let _ = Stats::sum(&log);
    });
});
