//! Cargo's configuration: its files, what they say, and which of them are in force in a directory.
//!
//! `doctor` and `docker` read it, `setup` edits it. Invariant: this room decides nothing about what should stand there; reading
//! a value is pure, and only [`file`] writes.

pub mod file;
pub mod flags;
pub mod hierarchy;
pub mod lines;
pub mod toml;
pub mod workspace;

/// Returns a program's name without directories and extension: `sccache` for `/usr/bin/sccache`.
pub fn stem(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}
