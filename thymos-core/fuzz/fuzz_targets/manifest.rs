//! Manifests: whatever the bytes are, reading ends, and what was read is written back as it was and names no other directory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thymos_core::action::manifest::Manifest;
use thymos_core::system::codec::{seal, unseal};

fuzz_target!(|bytes: &[u8]| {
    assert!(Manifest::decode(bytes).is_none() || unseal(bytes).is_some(), "only what has its check is read");
    // Behind the check, which no fuzzer guesses, and behind the name of the format.
    let named = [&18_u32.to_le_bytes()[..], b"thymos manifest 2\n", bytes].concat();
    let Some(manifest) = Manifest::decode(&seal(named)) else { return };
    for output in manifest.entries.iter().flat_map(|entry| &entry.outputs) {
        let plain = |name: &[u8]| !name.is_empty() && !name.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0));
        assert!(plain(&output.name) && output.name != b".." && output.name != b".", "{:?}", output.name);
    }
    assert_eq!(Manifest::decode(&manifest.encode()).as_ref(), Some(&manifest));
});
