//! Hits that were lost for no reason.

#[cfg(unix)]
use crate::support::{World, package};

#[test]
#[cfg(unix)]
fn a_linker_that_is_a_script_and_reads_no_variable_links_once() {
    for script in ["#!/bin/sh\nexec cc \"$@\"\n", "#!/usr/bin/env bash\nset -eu\nexec cc -Wl,--as-needed \"$@\"\n"] {
        let world = World::cached();
        let linker = world.at("tools").executable("linker", script);
        let files = package("app").file("src/main.rs", "fn main() { println!(\"runs\") }");
        let here = world.checkout("here", &files);
        let build = |name: &str, value: &str| {
            here.clean().cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}")).env(name, value).ok();
        };
        build("UNRELATED", "one");
        let cold = world.stats();
        for (name, value) in [("UNRELATED", "two"), ("SSH_TTY", "/dev/pts/7")] {
            world.assert_warm(&cold, || build(name, value));
        }
        let there = world.checkout("there/and/deeper", &files);
        world.assert_warm(&cold, || {
            there.cargo("build").env("RUSTFLAGS", format!("-Clinker={linker}")).ok();
        });
        // What the shell itself reads counts.
        world.zero();
        build("BASH_ENV", "/dev/null");
        assert_eq!(world.stats().hits, 0, "{}", world.events_text());
    }
}
