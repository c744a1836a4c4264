//! The counters of a store, as `thymos stats --json` prints them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use thymos_core::outcome::Bypass;

#[derive(Debug, Clone, Deserialize)]
pub struct Stats {
    pub invocations: u64,
    pub hits: u64,
    pub misses: u64,
    #[serde(default)]
    pub verified: u64,
    pub bypassed: BTreeMap<String, u64>,
    pub degraded: BTreeMap<String, u64>,
    pub hit_rate: Option<f64>,
    pub time_saved_ms: u64,
    pub store: Store,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Store {
    pub path: PathBuf,
    pub bytes: u64,
    pub limit_bytes: u64,
    pub entries: u64,
}

impl Stats {
    pub fn parse(json: &str) -> Stats {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("the counters are JSON: {error}:\n{json}"))
    }

    pub fn assert_nothing_degraded(&self) {
        assert!(self.degraded.is_empty(), "nothing went wrong with the cache: {self:#?}");
    }

    /// Returns how many compiles were neither a hit nor a miss. Questions to the compiler are no compiles, and build scripts
    /// find out what a compiler can do by compiles that fail.
    pub fn compiles_left_out(&self) -> u64 {
        let failed = |reason: &str| matches!(Bypass::parse(reason), Bypass::Failed | Bypass::FailedProbe);
        self.bypassed.iter().filter(|(reason, _)| !failed(reason)).map(|(_, count)| count).sum()
    }
}
