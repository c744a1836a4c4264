//! A panic of ours is no reason to fail a build that the compiler would pass.
//!
//! Invariant: a panic before the compiler was started leaves the compile to the compiler; one after it has ended changes neither its
//! exit status nor its streams.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

/// Prints no panic: Cargo would store what a wrapper prints, and replay it on every later build. Events tell of them.
pub fn keep_quiet() {
    set_hook(Box::new(|_| {}));
}

/// Does something of ours.
///
/// # Errors
/// What it panicked with. The caller uses nothing of what it was about.
pub fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| format!("thymos panicked: {}", text(panic.as_ref())))
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}
