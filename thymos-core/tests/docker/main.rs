//! `thymos docker`: the files that it writes, and real images built from them.
//!
//! `thymos-core/tests/docker/base.sh` makes the base images that the builds need.

#[path = "../support/mod.rs"]
mod support;

mod engine;
mod files;
mod images;
mod services;
