//! Command lines of rustc: each is a compile, a question, or is left to the compiler.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thymos_core::invocation::{self, Parsed};
use thymos_core::system::os;

fuzz_target!(|bytes: &[u8]| {
    let words: Vec<_> = bytes.split(|byte| *byte == b'\n').map(|word| os::os_string(word.to_vec())).collect();
    let usual = "--crate-name\na\na.rs\n--emit=dep-info,link\n--out-dir\n/t/debug/deps";
    let usual = usual.split('\n').map(Into::into);
    for words in [words.clone(), usual.chain(words).collect()] {
        if let Parsed::Compile(unit) = invocation::parse(&words) {
            let _ = (unit.stem(), unit.kind(), unit.links(), unit.bundles(), unit.target_dir(), unit.dependencies());
            assert!(unit.owns(unit.dep_info().file_name().unwrap_or_default()) || unit.stem().contains('/'));
        }
    }
});
