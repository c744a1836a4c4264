//! `thymos plan`, `thymos setup` and `thymos doctor` as a person runs them: real files, real Cargo, real linkers.

#[path = "../support/mod.rs"]
mod support;

mod configuration;
mod doctor;
mod plan;
mod sccache;
mod shim;
mod workspace;
