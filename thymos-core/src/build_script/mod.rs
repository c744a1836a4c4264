//! Build scripts run once: a script's run is an action like a compile, with the same manifest, store, events and rules.
//!
//! | step | file | kind |
//! |---|---|---|
//! | a compiled script makes place for a launcher | `launcher.rs`, `launcher.c` | acts |
//! | what Cargo tells the script → the action's key | `request.rs` | gathers |
//! | look up, restore, or run under observation | `run.rs` | acts |
//! | what a run read and asked → inputs, or a refusal | `record.rs`, `reads.rs` | decides |
//! | `OUT_DIR` ↔ one blob | `tree.rs` | acts |
//!
//! The result of a run is `OUT_DIR` exactly, standard output and standard error. It is bound to the place where it was made, for
//! a script may make anything of a path: it goes to other places after the same action has run in a second place and made the
//! same there, with the one place's paths exchanged for the other's. Paths are exchanged in text files and streams alone; what
//! holds a path in another way is never the same.
//!
//! Invariant: a run that is not accounted for runs again. Whatever fails here, the script runs as Cargo asked.
//!
//! It deliberately does not cache failures, nor runs in an `OUT_DIR` that an earlier run left something in: what is there may
//! decide what the script does.

mod launcher;
mod reads;
mod record;
mod request;
mod run;
mod tree;

pub use launcher::lay;
pub use run::Run;
