//! The plan of rooms: which room may import which, what is pure, and how many lines there may be.

/// A room, in the order in which the way of one compile goes through them.
pub struct Room {
    /// Its folder below `src`.
    pub name: &'static str,
    /// The rooms that it imports.
    pub may_use: &'static [&'static str],
}

const fn room(name: &'static str, may_use: &'static [&'static str]) -> Room {
    Room { name, may_use }
}

/// The engine's rooms: `thymos-core/src`. Every arrow leads up the list, so there is no circle.
pub const ENGINE: &[Room] = &[
    room("system", &[]),
    room("settings", &["system"]),
    room("action", &["system", "settings"]),
    room("outcome", &["system", "settings", "action"]),
    room("compile", &["system"]),
    room("invocation", &["system", "action", "outcome"]),
    room("store", &["system", "settings", "action", "outcome"]),
    room("request", &["system", "settings", "action", "outcome", "compile", "invocation", "store"]),
    room("inputs", &["system", "settings", "action", "outcome", "compile", "invocation"]),
    room("hit", &["system", "settings", "action", "outcome", "invocation", "store", "request", "inputs"]),
    room("record", &["system", "action", "outcome", "compile", "invocation", "store", "request", "inputs"]),
    room("verify", &["system", "action", "outcome", "compile", "invocation", "store", "request", "hit", "record"]),
    room(
        "build_script",
        &[
            "system",
            "settings",
            "action",
            "outcome",
            "compile",
            "invocation",
            "store",
            "request",
            "inputs",
            "hit",
            "record",
        ],
    ),
    room(
        "wrapper",
        &[
            "system",
            "settings",
            "action",
            "outcome",
            "compile",
            "invocation",
            "store",
            "request",
            "inputs",
            "hit",
            "record",
            "verify",
            "build_script",
            "history",
        ],
    ),
    room("history", &["system", "settings", "outcome"]),
    room("cli", &["system", "settings", "outcome", "store", "wrapper", "history"]),
];

/// The library's rooms: `src`.
pub const LIBRARY: &[Room] = &[
    room("error", &[]),
    room("machine", &[]),
    room("probe", &["machine"]),
    room("plan", &["machine", "probe"]),
    room("render", &["machine", "probe", "plan"]),
    room("config", &["error", "machine", "probe", "plan", "render"]),
];

/// The rooms that the budget counts: the engine, without what is told of builds and the command line.
pub const COUNTED: &[&str] = &[
    "system",
    "settings",
    "action",
    "outcome",
    "compile",
    "invocation",
    "store",
    "request",
    "inputs",
    "hit",
    "record",
    "verify",
    "build_script",
    "wrapper",
];

/// How many lines the counted rooms and the library may have together, without unit tests. A new capability adds a row with
/// its reason, in the commit that brings it.
pub const BUDGET: &[(usize, &str)] = &[
    (18_000, "the engine and the library"),
    (
        500,
        "sharing that is proved: names that tell a place, counted look-ups of variables, scripts, search paths unwatched",
    ),
    (
        2_200,
        "nothing unaccounted for: system calls in three lists, who asked, metadata, facts of the machine, every step of a path",
    ),
    (
        700,
        "reasons that are true: a cause of its own for profile, version, feature, flags, identity; who removed an entry",
    ),
    (600, "a compile survives our own panic; locks by open files; events and records count and are bounded"),
    (1_550, "build scripts run once: `build_script`"),
    (1_000, "placeholders for paths: names, streams, the places in linked files, and which units are renamed"),
];

/// Modules of the engine that hold no I/O: a test can write down every value that they decide from.
pub const PURE: &[&str] = &[
    "action",
    "build_script/reads.rs",
    "outcome/cause.rs",
    "outcome/difference.rs",
    "outcome/mod.rs",
    "outcome/past_action.rs",
    "invocation",
    "inputs/depinfo.rs",
    "inputs/locator.rs",
    "inputs/variables.rs",
    "history/amount.rs",
    "history/builds",
    "history/report",
    "history/summary.rs",
    "history/why.rs",
    "settings/rate.rs",
    "settings/amounts.rs",
    "verify/difference.rs",
    "verify/mask.rs",
];

/// Functions that may be longer than [`LONGEST`]: tables and templates, which are read row by row.
pub const TABLES: &[(&str, &str)] = &[
    ("thymos-core/cli/ci/github.rs: workflow", "the text of a workflow"),
    ("thymos-core/cli/docker/compose.rs: render", "the text of a compose file"),
    ("thymos-core/invocation/parse.rs: option", "a row for each option of rustc"),
];

/// The longest function, in lines.
pub const LONGEST: usize = 60;
