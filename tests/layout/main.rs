//! The architecture, as far as a test can see it: rooms, arrows, pure modules, long functions, and the line budget.
//!
//! Sources are parsed, so what stands in comments, strings and unit tests does not count.

mod arrows;
mod house;
mod library;
mod shape;
mod source;
