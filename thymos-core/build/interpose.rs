//! Compiles the library that is preloaded into compilers, as one object that `include_bytes!` embeds.
//!
//! The invariant: this never fails a build. Without a working C compiler for the target the object is empty, and the
//! environment of compiles is not watched.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SOURCE: &str = "src/compile/observe/interpose.c";

/// Freestanding: no C library is linked, and the compiler must not turn loops into calls to one.
const FLAGS: [&str; 13] = [
    "-O2",
    "-fPIC",
    "-shared",
    "-nostdlib",
    "-ffreestanding",
    "-fno-builtin",
    "-fno-stack-protector",
    "-fasynchronous-unwind-tables",
    "-fvisibility=hidden",
    "-Wl,-z,initfirst",
    "-Wl,-z,noexecstack",
    "-Wl,--build-id=none",
    "-s",
];

/// Writes `interpose.so` into OUT_DIR.
pub fn compile() {
    println!("cargo::rerun-if-changed={SOURCE}");
    println!("cargo::rerun-if-changed=build/interpose.rs");
    let object = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR")).join("interpose.so");
    let compiled = is_supported() && compile_to(&object);
    if !compiled {
        fs::write(&object, []).expect("OUT_DIR is writable");
    }
}

fn is_supported() -> bool {
    let is = |name: &str, values: &[&str]| env::var(name).is_ok_and(|value| values.contains(&value.as_str()));
    is("CARGO_CFG_TARGET_OS", &["linux"]) && is("CARGO_CFG_TARGET_ARCH", &["x86_64", "aarch64"])
}

fn compile_to(object: &Path) -> bool {
    let Ok(compiler) = cc::Build::new().cargo_metadata(false).cargo_warnings(false).try_get_compiler() else {
        return false;
    };
    // Not `to_command`: CFLAGS meant for other code (sanitizers, coverage) must not reach a freestanding object.
    let mut command = Command::new(compiler.path());
    command.args(FLAGS).arg("-o").arg(object).arg(SOURCE);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success()) && is_shared_object(object)
}

/// A compiler for another machine that ignored what it was asked would be found here.
fn is_shared_object(object: &Path) -> bool {
    let machine: &[u8] =
        if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") { &[62, 0] } else { &[183, 0] };
    fs::read(object).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF\x02\x01") && bytes.get(18..20) == Some(machine))
}
