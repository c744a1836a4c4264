//! Dep-infos, and text in which paths are replaced by marks and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use thymos_core::action::roots::{Root, Roots};
use thymos_core::inputs::depinfo;
use thymos_core::inputs::locator::{Asked, Variable};

fuzz_target!(|bytes: &[u8]| {
    let roots = Roots::new([
        (Root::Workspace, "/w s".into()),
        (Root::Target, "/w s/t".into()),
        (Root::CargoHome, "/c\"h".into()),
        (Root::Sysroot, "/s".into()),
    ]);
    let _ = depinfo::parse(bytes);
    let _ = depinfo::concrete(bytes, &roots);
    let _ = Variable { name: b"OUT_DIR", value: b"/out", asked: Asked::Times(1) }.only_locates(&[bytes.to_vec()], &[]);
    let _ = roots.concrete(bytes);
    if !bytes.contains(&0) {
        assert_eq!(depinfo::concrete(&depinfo::rooted(bytes, &roots), &roots).as_deref(), Some(bytes));
        for roots in [&roots, &roots.json(), &roots.with_escaped_spaces()] {
            assert_eq!(roots.concrete(&roots.rooted_text(bytes)).as_deref(), Some(bytes));
        }
    }
});
