//! Records of compilers and units, the memo of digests, and the notes on sizes and evictions.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use thymos_core::action::ActionKey;
use thymos_core::action::compiler;
use thymos_core::outcome::past_action::Record;
use thymos_core::store::Store;
use thymos_core::store::memo::Memo;
use thymos_core::system::codec::seal;
use thymos_core::system::digest::Digest;
use thymos_core::system::stamp::Stamp;

thread_local! {
    static DIRECTORY: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    let _ = (compiler::decode(bytes), Record::decode(bytes));
    for name in ["thymos compiler 1\n", "thymos unit 1\n"] {
        let named = [&(name.len() as u32).to_le_bytes()[..], name.as_bytes(), bytes].concat();
        let _ = (compiler::decode(&seal(named.clone())), Record::decode(&seal(named)));
    }
    DIRECTORY.with(|directory| {
        let directory = directory.get_or_init(|| tempfile::tempdir().expect("the temporary directory is writable"));
        let store = Store::open(directory.path()).expect("a new store opens");
        for name in ["usage", "evicted", "digests"] {
            std::fs::write(store.root().join(name), bytes).expect("the store is writable");
        }
        let _ = (store.noted(), store.why_removed(&ActionKey(Digest::of(bytes))));
        let stamp = Stamp { device: 1, inode: 2, size: bytes.len() as u64, modified: 3, changed: 4 };
        let memo = Memo::open(&store.root().join("digests"));
        assert_eq!(memo.recall(&stamp), None, "nothing was remembered");
        memo.remember(&stamp, &Digest::of(bytes));
        assert_eq!(memo.recall(&stamp), Some(Digest::of(bytes)));
    });
});
