//! Why a look-up found nothing, as data that is told later: by `thymos why`, in reports, and by scripts.
//!
//! Invariant: a cause names what differs and never holds the value of an environment variable.

use serde::{Deserialize, Serialize};

/// The first thing that kept a unit from being a hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// No unit like it was ever stored.
    NeverSeen,
    /// It was stored, and collected since.
    Evicted {
        /// When, in milliseconds since the epoch.
        at_ms: u64,
    },
    /// A file or directory that the compile read has changed, appeared or vanished.
    Input {
        /// Its path: relative to the workspace where it lies in it.
        path: String,
    },
    /// A variable that the compile read has another value.
    Variable {
        /// Its name.
        name: String,
    },
    /// A search of `PATH` finds another program.
    Program {
        /// Its name.
        name: String,
    },
    /// The output of a dependency has another content.
    Dependency {
        /// The dependency's crate name.
        #[serde(rename = "crate")]
        krate: String,
        /// The unit that made it, as [`Event::unit`](crate::event::Event::unit) names it.
        unit: String,
    },
    /// An argument of the compiler differs.
    Flag {
        /// The option: `-C opt-level`, `--cfg`.
        name: String,
        /// Its values before; empty when it was not there.
        from: String,
        /// Its values now; empty when it is not there.
        to: String,
    },
    /// The compiler is another one.
    Compiler,
    /// The result holds a path and can be used only where that path is the same.
    Bound {
        /// Which root it lies in: `checkout`, `target directory`, `CARGO_HOME`, `sysroot`.
        root: String,
        /// Where it was made; empty when that is not known.
        place: String,
        /// What binds it: `env!("CARGO_MANIFEST_DIR")`, an output that contains the path; empty when that is not known.
        by: String,
    },
    /// The compile would print diagnostics in another form.
    Display,
    /// `THYMOS_MODE=refresh`.
    Refresh,
    /// A stored output was missing or damaged.
    BlobLost,
}
