//! Compiles what has to run without any library: the one that is preloaded into compilers, and the launcher of build scripts.
//! `include_bytes!` embeds both.
//!
//! The invariant: this never fails a build. Without a working C compiler for the target an object is empty, and what it is for
//! is left out: the environment of compiles is not watched, build scripts are started by Cargo itself.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One object.
struct Object {
    source: &'static str,
    name: &'static str,
    flags: &'static [&'static str],
}

const OBJECTS: [Object; 2] = [
    Object {
        source: "src/compile/observe/interpose.c",
        name: "interpose.so",
        flags: &["-fPIC", "-shared", "-fasynchronous-unwind-tables", "-Wl,-z,initfirst"],
    },
    Object {
        source: "src/build_script/launcher.c",
        name: "launcher",
        flags: &["-fno-pic", "-no-pie", "-static", "-fno-asynchronous-unwind-tables"],
    },
];

/// Freestanding: no C library is linked, and the compiler must not turn loops into calls to one.
const FLAGS: [&str; 9] = [
    "-O2",
    "-nostdlib",
    "-ffreestanding",
    "-fno-builtin",
    "-fno-stack-protector",
    "-fvisibility=hidden",
    "-Wl,-z,noexecstack",
    "-Wl,--build-id=none",
    "-s",
];

/// Writes each object into OUT_DIR.
pub fn compile() {
    println!("cargo::rerun-if-changed=build/freestanding.rs");
    for object in &OBJECTS {
        println!("cargo::rerun-if-changed={}", object.source);
        let path = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR")).join(object.name);
        let compiled = is_supported() && object.compile_to(&path);
        if !compiled {
            fs::write(&path, []).expect("OUT_DIR is writable");
        }
    }
}

fn is_supported() -> bool {
    let is = |name: &str, values: &[&str]| env::var(name).is_ok_and(|value| values.contains(&value.as_str()));
    is("CARGO_CFG_TARGET_OS", &["linux"]) && is("CARGO_CFG_TARGET_ARCH", &["x86_64", "aarch64"])
}

impl Object {
    fn compile_to(&self, path: &Path) -> bool {
        let Ok(compiler) = cc::Build::new().cargo_metadata(false).cargo_warnings(false).try_get_compiler() else {
            return false;
        };
        // Not `to_command`: CFLAGS meant for other code (sanitizers, coverage) must not reach a freestanding object.
        let mut command = Command::new(compiler.path());
        command.args(FLAGS).args(self.flags).arg("-o").arg(path).arg(self.source);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success()) && is_for_target(path)
    }
}

/// A compiler for another machine that ignored what it was asked would be found here.
fn is_for_target(object: &Path) -> bool {
    let machine: &[u8] =
        if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") { &[62, 0] } else { &[183, 0] };
    fs::read(object).is_ok_and(|bytes| bytes.starts_with(b"\x7fELF\x02\x01") && bytes.get(18..20) == Some(machine))
}
