//! Packs, which come from other machines: whatever the bytes are, the store stays sound and nothing else is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thymos_core::store::Store;
use thymos_core::store::pack::unpack;
use thymos_core::store::verify::Repair;

fuzz_target!(|bytes: &[u8]| {
    let outside = tempfile::tempdir().expect("the temporary directory is writable");
    let store = Store::open(&outside.path().join("store")).expect("a new store opens");
    let head = [&0x184D_2A50_u32.to_le_bytes()[..], &14_u32.to_le_bytes(), b"thymos pack 1\n"].concat();
    let body = zstd::encode_all(bytes, 1).expect("memory holds it");
    for pack in [bytes.to_vec(), [&head[..], bytes].concat(), [head, body].concat()] {
        let _ = unpack(&store, &pack[..], 1 << 20);
    }
    assert_eq!(store.verify(Repair::Keep, &mut |_| {}).findings, []);
    assert_eq!(
        std::fs::read_dir(outside.path()).map(Iterator::count).ok(),
        Some(1),
        "nothing is written beside the store"
    );
});
