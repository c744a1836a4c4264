//! Picks the fastest linker that really links, and tells Cargo.
