//! The oracle: what a build left behind, to be compared with what plain cargo leaves.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Checkout;

/// What can be told of an output without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub mode: u32,
    pub bytes: u64,
    pub digest: u64,
}

/// Files of cargo's own, which hold times or the order of events.
const CARGOS_OWN: [&str; 6] =
    [".fingerprint", "fingerprint", "incremental", ".rustc_info.json", "invoked.timestamp", ".cargo-lock"];

/// Returns every output below the target directory by its path.
pub fn outputs(here: &Checkout<'_>) -> BTreeMap<String, Output> {
    let files = here.files_below("target").into_iter();
    let files = files.filter(|path| !path.split('/').any(|part| CARGOS_OWN.contains(&part)));
    files.map(|path| (path.clone(), output(here, &path))).collect()
}

fn output(here: &Checkout<'_>, path: &str) -> Output {
    let bytes = here.bytes(path);
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Output {
        mode: mode(&fs::metadata(here.path(path)).expect("it was just read")),
        bytes: bytes.len() as u64,
        digest: hasher.finish(),
    }
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions())
}

#[cfg(not(unix))]
fn mode(metadata: &fs::Metadata) -> u32 {
    u32::from(metadata.permissions().readonly())
}

/// Two builds of one checkout must have left the same files, byte for byte.
pub fn assert_same_outputs(plain: &BTreeMap<String, Output>, other: &BTreeMap<String, Output>) {
    let all: Vec<&String> = plain.keys().chain(other.keys().filter(|path| !plain.contains_key(*path))).collect();
    let differing: Vec<String> = all
        .into_iter()
        .filter(|path| plain.get(*path) != other.get(*path))
        .map(|path| format!("{path}: plain cargo {:?}, here {:?}", plain.get(path), other.get(path)))
        .collect();
    assert!(differing.is_empty(), "what was restored is what plain cargo makes:\n{}", differing.join("\n"));
}
