//! The fuzz targets' own checks, on a fixed sequence of bytes: what `cargo fuzz` does for long and with coverage, for a moment and
//! everywhere.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(unused_attributes, unused_imports, reason = "the targets are crates when they are fuzzed")]

extern crate self as libfuzzer_sys;

/// Stands in for the fuzzer's macro: the target becomes a function.
#[macro_export]
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $body:block) => {
        pub fn check($bytes: &[u8]) {
            $body
        }
    };
}

#[path = "../fuzz/fuzz_targets/arguments.rs"]
mod arguments;
#[path = "../fuzz/fuzz_targets/dep_info.rs"]
mod dep_info;
#[path = "../fuzz/fuzz_targets/events.rs"]
mod events;
#[path = "../fuzz/fuzz_targets/manifest.rs"]
mod manifest;
#[path = "../fuzz/fuzz_targets/pack.rs"]
mod pack;
#[path = "../fuzz/fuzz_targets/records.rs"]
mod records;
#[path = "../fuzz/fuzz_targets/settings.rs"]
mod settings;

/// What such bytes look like when nothing is wrong with them, and words that they are made of.
const SEEDS: [&[u8]; 8] = [
    b"\x01\0\0\0\x01\0\0\0f\x03\0\0\0a/bdddddddddddddddddddddddddddddddd\0\0\0\0\0\0\0\0\0\0\0\0\0",
    b"{\"schema\":2,\"at_ms\":1,\"outcome\":\"hit\"}\n{}\n",
    b"cache-size = '10G'\nmode = \"on\"\nverify = 0.5\ndir = '/x'\n",
    b"/w s/t/a.d: /w\\ s/a.rs /c\"h/b.rs\n\n/w\\ s/a.rs:\n# env-dep:OUT_DIR=/w s/t\\n\n",
    b"--extern\na=b\n-Cincremental=/x\n--test\n-L\nnative=/y\n--remap-path-prefix\n=\n@x\n-Ztime\n",
    b"include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));",
    b"bdddddddddddddddddddddddddddddddd\x01\0\0\0\0\0\0\0x",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
];

/// Runs a target on every seed and on damaged forms of it, the same ones each time.
fn holds(check: fn(&[u8]), rounds: usize) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap()
    };
    for round in 0..rounds {
        let mut bytes = SEEDS[round % SEEDS.len()].to_vec();
        for _ in 0..next() % 4 {
            let other = SEEDS[next() % SEEDS.len()];
            match next() % 4 {
                0 => bytes.truncate(next() % (bytes.len() + 1)),
                1 => bytes.extend_from_slice(&other[next() % other.len()..]),
                _ if bytes.is_empty() => {}
                2 => {
                    let at = next() % bytes.len();
                    bytes[at] = next().to_le_bytes()[0];
                }
                _ => drop(bytes.remove(next() % bytes.len())),
            }
        }
        check(&bytes);
    }
}

#[test]
fn readers_of_untrusted_bytes_hold_out() {
    holds(manifest::check, 20_000);
    holds(dep_info::check, 20_000);
    holds(arguments::check, 20_000);
    holds(events::check, 2_000);
    holds(settings::check, 500);
    holds(records::check, 500);
    holds(pack::check, 200);
}
