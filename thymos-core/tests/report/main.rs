//! What `thymos report` tells, as data, as a trace, and as a page that is looked at in a browser; and `thymos watch` in a
//! terminal.

#[path = "../support/mod.rs"]
mod support;

mod data;
#[cfg(unix)]
mod page;
#[cfg(target_os = "linux")]
mod watch;
