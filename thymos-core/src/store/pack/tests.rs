//! Packs that are whole, damaged and hostile.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::stream::{Compressor, decompressor};
use super::*;
use crate::action::ActionKey;
use crate::action::manifest::{Entry, Input, Manifest, Output};
use crate::store::exchange::Used;
use crate::store::{Found, Made, Sharing, Store};
use crate::system::stamp::Stamp;

const LIMIT: u64 = 1 << 30;

fn key(name: &str) -> ActionKey {
    ActionKey(Digest::of(name.as_bytes()))
}

fn hours_ago(hours: u64) -> SystemTime {
    // Times go through a pack in milliseconds.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now).unwrap()) - Duration::from_secs(hours * 3600)
}

fn entry(content: &[u8], stored_ms: u64) -> Entry {
    let digest = Digest::of(content);
    let output = Output { name: b"liba.rlib".to_vec(), digest, size: content.len() as u64, mode: 0o644, sites: vec![] };
    let inputs = vec![Input::File(b"\0W/src/lib.rs".to_vec(), digest)];
    Entry { inputs, outputs: vec![output], stored_ms, ..Entry::default() }
}

struct Here {
    _dir: TempDir,
    store: Store,
}

impl Here {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        Self { _dir: dir, store }
    }

    fn add(&self, name: &str, content: &[u8], hours: u64) {
        let path = self.store.root().join("tmp/new");
        std::fs::write(&path, content).unwrap();
        let stamp = Stamp::of(&path).unwrap();
        self.store.keep(&Made { path, digest: Digest::of(content), stamp, sharing: Sharing::Private }).unwrap();
        let action = Used { key: key(name), used: hours_ago(hours) };
        self.store.merge(&action, Manifest { entries: vec![entry(content, 1)] }).unwrap();
    }

    fn pack(&self, selection: &Selection) -> (Packed, Vec<u8>) {
        let mut bytes = Vec::new();
        let packed = pack(&self.store, selection, &mut bytes, &mut |_, _| {}).unwrap();
        assert_eq!(packed.bytes, bytes.len() as u64);
        (packed, bytes)
    }

    fn unpack(&self, bytes: &[u8]) -> Unpacked {
        unpack(&self.store, bytes, LIMIT).unwrap()
    }

    fn manifest(&self, name: &str) -> Option<Manifest> {
        match self.store.lookup(&key(name)) {
            Found::Manifest(manifest) => Some(manifest),
            _ => None,
        }
    }

    fn used(&self, name: &str) -> SystemTime {
        self.store.used_actions().unwrap().iter().find(|action| action.key == key(name)).unwrap().used
    }
}

fn two() -> Here {
    let here = Here::new();
    here.add("old", &noise("old", 20_000), 9);
    here.add("new", &noise("new", 5000), 1);
    here
}

/// Returns bytes that do not compress.
fn noise(seed: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Returns every place at both ends of some bytes, where the structure is, and a few between.
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..length).filter(move |at| *at < 120 || length - at < 120 || at % 997 == 0)
}

/// Returns a pack of these items, whose digests and end are right.
fn made(items: &[(u8, Digest, u64, &[u8])]) -> Vec<u8> {
    let mut bytes = opening();
    let mut body = Compressor::new(&mut bytes).unwrap();
    let mut heads = blake3::Hasher::new();
    for (kind, digest, length, content) in items {
        let head = Head { kind: *kind, digest: *digest, length: *length }.bytes();
        heads.update(&head);
        body.write_all(&head).unwrap();
        body.write_all(content).unwrap();
    }
    let head = Head { kind: b'e', digest: Digest(*heads.finalize().as_bytes()), length: items.len() as u64 };
    body.write_all(&head.bytes()).unwrap();
    body.finish().unwrap();
    bytes
}

#[test]
fn what_is_packed_is_unpacked_with_its_last_use() {
    let (one, other) = (two(), Here::new());
    let (packed, bytes) = one.pack(&Selection::default());
    assert_eq!((packed.entries, packed.blobs, packed.unused, packed.left_out, packed.damaged), (2, 2, 0, 0, 0));
    let unpacked = other.unpack(&bytes);
    assert_eq!((unpacked.entries, unpacked.blobs, unpacked.known), (2, 2, 0));
    assert!(unpacked.refused.is_empty() && unpacked.damage.is_none() && !unpacked.full);
    for name in ["old", "new"] {
        assert_eq!(other.manifest(name), one.manifest(name));
        assert_eq!(other.used(name), one.used(name));
    }
    let content = noise("new", 5000);
    let blob = other.store.blob(&Digest::of(&content), Sharing::Private).unwrap();
    assert_eq!(std::fs::read(blob.path()).unwrap(), content);
    let again = other.unpack(&bytes);
    assert_eq!((again.entries, again.blobs, again.known, again.bytes), (0, 0, 2, 0));
}

#[test]
fn input_sets_of_both_sides_are_merged_and_the_later_use_counts() {
    let (one, other) = (Here::new(), Here::new());
    one.add("a", b"ours", 5);
    other.add("a", b"theirs", 1);
    let (_, bytes) = one.pack(&Selection::default());
    let before = other.used("a");
    assert_eq!(other.unpack(&bytes).entries, 1);
    assert_eq!(other.manifest("a").unwrap().entries.len(), 2);
    assert_eq!(other.used("a"), before);
}

#[test]
fn a_last_use_in_the_future_is_now() {
    let (one, other) = (Here::new(), Here::new());
    one.add("a", b"x", 0);
    let path = one.store.root().join("actions");
    let file = crate::store::gc::files(&path).unwrap().remove(0).0;
    let future = SystemTime::now() + Duration::from_secs(3600 * 24 * 365);
    std::fs::File::options().append(true).open(file).unwrap().set_modified(future).unwrap();
    other.unpack(&one.pack(&Selection::default()).1);
    assert!(other.used("a") <= SystemTime::now());
}

#[test]
fn only_what_was_used_since_then_is_packed_and_the_limit_drops_the_oldest() {
    let here = two();
    let (packed, bytes) = here.pack(&Selection { since: Some(hours_ago(2)), most: None });
    assert_eq!((packed.entries, packed.unused), (1, 1));
    let other = Here::new();
    other.unpack(&bytes);
    assert!(other.manifest("new").is_some() && other.manifest("old").is_none());
    for most in [30_000, 12_000, 300, 0] {
        let (packed, bytes) = here.pack(&Selection { since: None, most: Some(most) });
        assert_eq!(packed.entries + packed.left_out, 2);
        assert!(packed.entries == 0 || bytes.len() as u64 <= most, "{most}: {}", bytes.len());
    }
    let (packed, _) = here.pack(&Selection { since: None, most: Some(12_000) });
    assert_eq!((packed.entries, packed.left_out), (1, 1), "the one used last has room");
}

#[test]
fn no_truncation_and_no_flipped_byte_takes_in_anything_wrong() {
    let one = two();
    let (_, bytes) = one.pack(&Selection::default());
    let check = |damaged: &[u8], what: &dyn std::fmt::Display| {
        let other = Here::new();
        if let Ok(unpacked) = unpack(&other.store, damaged, LIMIT) {
            // A window that is declared smaller, and never looked back into, changes nothing.
            let said = unpacked.damage.is_some() || unpacked.full || !unpacked.refused.is_empty();
            assert!(said || unpacked.entries == 2, "{what}: the damage is told");
        }
        for name in ["old", "new"] {
            assert!(other.manifest(name).is_none_or(|found| Some(found) == one.manifest(name)), "{what}");
        }
        for (path, _) in crate::store::gc::files(&other.store.root().join("blobs")).unwrap() {
            let content = std::fs::read(&path).unwrap();
            assert_eq!(path.file_name().unwrap().to_str().unwrap(), Digest::of(&content).hex(), "{what}");
        }
    };
    for length in places(bytes.len()) {
        check(&bytes[..length], &format!("cut at {length}"));
    }
    for at in places(bytes.len()) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        check(&damaged, &format!("flipped at {at}"));
    }
}

#[test]
fn behind_the_compression_every_byte_is_checked_too() {
    let one = two();
    let (_, bytes) = one.pack(&Selection::default());
    let mut body = Vec::new();
    decompressor(&bytes[opening().len()..]).unwrap().read_to_end(&mut body).unwrap();
    for at in places(body.len()) {
        let mut damaged = opening();
        let mut compressor = Compressor::new(&mut damaged).unwrap();
        compressor.write_all(&body[..at]).unwrap();
        compressor.write_all(&[body[at] ^ 0x41]).unwrap();
        compressor.write_all(&body[at + 1..]).unwrap();
        compressor.finish().unwrap();
        let other = Here::new();
        let unpacked = other.unpack(&damaged);
        assert!(unpacked.damage.is_some() || unpacked.full || !unpacked.refused.is_empty(), "{at}");
        for name in ["old", "new"] {
            assert!(other.manifest(name).is_none_or(|found| Some(found) == one.manifest(name)), "{at}");
        }
    }
}

#[test]
fn what_is_no_pack_and_what_another_version_made_are_told_apart() {
    let here = Here::new();
    let error = |bytes: &[u8]| unpack(&here.store, bytes, LIMIT).unwrap_err();
    assert!(error(b"").contains("no pack"));
    assert!(error(b"#!/bin/sh\necho this is a longer text than the name").contains("no pack"));
    let mut newer = opening();
    let at = newer.len() - 2;
    newer[at] = b'2';
    assert!(error(&newer).contains("another version"));
}

#[test]
fn a_bomb_ends_at_the_limit_and_an_action_is_never_huge() {
    let here = Here::new();
    let bomb = made(&[(b'b', Digest::of(b"x"), 1 << 40, &[0; 100_000])]);
    let unpacked = here.unpack(&bomb);
    assert!(unpacked.full && unpacked.blobs == 0);
    let flood: Vec<(u8, Digest, u64, &[u8])> = vec![(b'b', Digest::of(b""), 0, &[]); 1000];
    assert!(unpack(&here.store, &made(&flood)[..], 100 * 4096).unwrap().full);
    let huge = made(&[(b'a', Digest::of(b"x"), LARGEST_ACTION + 1, &[0; 1000])]);
    assert!(here.unpack(&huge).damage.is_some());
    let lies = made(&[(b'a', Digest::of(b"x"), LARGEST_ACTION, &[0; 1000])]);
    assert!(here.unpack(&lies).damage.is_some());
    let unknown = made(&[(b'z', Digest::of(b"x"), 1, b"x")]);
    assert!(here.unpack(&unknown).damage.is_some());
    assert_eq!(here.store.contents().entries, 0);
}

#[test]
fn a_result_without_its_outputs_and_content_under_a_wrong_name_are_refused() {
    let here = Here::new();
    let record = |name: &str, manifest: &[u8]| {
        let mut writer = crate::system::codec::Writer::default();
        writer.bytes(&key(name).0.0);
        writer.number(1);
        writer.bytes(manifest);
        writer.finish()
    };
    let whole = record("a", &Manifest { entries: vec![entry(b"missing", 1)] }.encode());
    let garbage = record("b", b"no manifest");
    let item = |bytes: &'static [u8]| (b'b', Digest::of(b"other"), bytes.len() as u64, bytes);
    let action = |bytes: &[u8]| (b'a', Digest::of(bytes), bytes.len() as u64);
    let (one, two) = (action(&whole), action(&garbage));
    let pack = made(&[item(b"content"), (one.0, one.1, one.2, &whole), (two.0, two.1, two.2, &garbage)]);
    let unpacked = here.unpack(&pack);
    assert_eq!(unpacked.damage, None);
    let reasons: Vec<_> = unpacked.refused.into_iter().collect();
    assert_eq!(reasons, [(Refused::Content, 1), (Refused::Entry, 1), (Refused::Incomplete, 1)]);
    assert_eq!((here.store.contents().entries, here.store.contents().bytes), (0, 0));
}

#[test]
fn a_damaged_result_is_not_packed() {
    let here = two();
    let blob = here.store.blob(&Digest::of(&noise("old", 20_000)), Sharing::Private).unwrap();
    std::fs::write(blob.path(), b"other").unwrap();
    let (packed, bytes) = here.pack(&Selection::default());
    assert_eq!((packed.entries, packed.damaged), (1, 1));
    assert!(Here::new().unpack(&bytes).refused.is_empty());
}
