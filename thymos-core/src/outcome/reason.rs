//! Why a compile was not looked up, not stored, or went on without the cache.
//!
//! Invariant: the words of a reason are written once, beside its variant. The event log and `thymos stats` use them, and a test
//! compares `doc/json.md` with them. `{}` in the words stands for the detail. Words without it leave the detail to
//! [`Event::trouble`](crate::outcome::event::Event::trouble), because it differs each time.

use std::fmt;

use serde::{Serialize, Serializer};

/// Writes an enum of reasons, and how they are written and read.
macro_rules! reasons {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $(($detail:ident))? = $words:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant $(($detail))?,)*
            /// A reason that only another version knows, in its words.
            Other(String),
        }

        impl $name {
            /// The words of every reason.
            pub const WORDS: &[&str] = &[$($words),*];

            /// Reads a reason as it is written. What only another version knows is kept as it is.
            #[must_use]
            pub fn parse(text: &str) -> Self {
                $(if is_written(text, $words) {
                    return Self::$variant $((<$detail>::from(detail_of(text, $words))))?;
                })*
                Self::Other(text.to_owned())
            }

            fn words(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $words,)*
                    Self::Other(_) => "",
                }
            }

            /// Returns the reason as it is counted: without a detail that is not part of its words.
            pub(crate) fn counter(&self) -> Self {
                Self::parse(&self.to_string())
            }

            /// Returns what differs each time: a path, a name, an error of the system.
            pub(crate) fn detail(&self) -> Option<&str> {
                match self {
                    $($(Self::$variant(detail) => Some(<$detail>::as_str(detail)),)?)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match (self, self.words().split_once(HOLE)) {
                    (Self::Other(words), _) => f.write_str(words),
                    (_, Some((before, after))) => write!(f, "{before}{}{after}", self.detail().unwrap_or_default()),
                    (_, None) => f.write_str(self.words()),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

/// Where the detail stands in the words.
const HOLE: &str = "{}";

fn is_written(text: &str, words: &str) -> bool {
    match words.split_once(HOLE) {
        Some((before, _)) => text.starts_with(before),
        None => text == words,
    }
}

fn detail_of<'a>(text: &'a str, words: &str) -> &'a str {
    words.split_once(HOLE).and_then(|(before, _)| text.strip_prefix(before)).unwrap_or_default()
}

reasons! {
    /// Why an invocation is not cached, or its result not stored.
    Bypass {
        /// An argument that Thymos does not know.
        UnknownOption(String) = "unknown option {}",
        /// The output has a name of its own.
        OutputName = "-o",
        /// The command line sets variables.
        SetsVariables = "--env-set",
        /// Intermediate files are kept.
        KeepsTemporaries = "-C save-temps",
        /// The crate has no name.
        NoCrateName = "no --crate-name",
        /// Outputs have no directory of their own.
        NoOutDir = "no --out-dir",
        /// The compiler does not list what it reads.
        NoDepInfo = "no --emit=dep-info",
        /// A kind of output has a path of its own.
        EmitPath = "--emit with a path",
        /// Incremental compilation without a directory.
        NoIncrementalPath = "-C incremental without a path",
        /// A compiler of another language.
        OtherLanguage = "C or C++",
        /// An argument that must be text is not UTF-8.
        NotUtf8 = "argument is not UTF-8",
        /// `THYMOS_MODE=off`.
        Off = "mode is off",
        /// A workspace wrapper that Thymos does not know.
        UnknownDriver(String) = "unknown workspace wrapper {}",
        /// Human-readable diagnostics go to a terminal.
        Terminal = "diagnostics go to a terminal",
        /// An incremental session exists: rustc does this better.
        Incremental = "left to incremental compilation",
        /// `target-cpu=native` on a system that does not name its processor.
        NativeCpu = "target-cpu=native on an unknown processor",
        /// The compile read something whose changes cannot be noticed.
        Unaccounted(String) = "untracked read",
        /// The compile wrote outside its own outputs.
        WritesElsewhere(String) = "writes outside its outputs",
        /// The compile read a file that changed while it ran.
        InputChangedMeanwhile(String) = "input changed while compiling",
        /// An output that is neither a file nor known.
        StrangeOutput(String) = "output is not a regular file",
        /// The compile failed, and failures are not stored.
        Failed = "compile failed",
        /// A build script tried what the compiler can do, and it cannot: that is an answer, not a failure.
        FailedProbe = "failed probe of a build script",
        /// A build script failed.
        ScriptFailed = "build script failed",
        /// A build script wrote outside `OUT_DIR`.
        ScriptWrites(String) = "build script writes outside OUT_DIR",
        /// A build script asked for what is another thing each time: the time, random numbers.
        ScriptAsks(String) = "build script asks for what differs each time",
        /// A process that a build script started goes on after it.
        ScriptLeavesProcess = "build script leaves a process behind",
        /// `OUT_DIR` holds what an earlier run left, and a script may go on from there.
        EarlierRun = "OUT_DIR of an earlier run",
    }
}

reasons! {
    /// A cache error: the compile went on without the cache.
    Degraded {
        /// The store could not be opened.
        StoreUnavailable(String) = "store unavailable: {}",
        /// The store belongs to somebody else or others may write to it.
        StoreNotPrivate = "store is not private to this user",
        /// The compiler's files could not be read.
        Compiler(String) = "compiler not identified: {}",
        /// A manifest was damaged; it was set aside.
        ManifestDamaged = "damaged manifest",
        /// A blob was damaged; it was dropped.
        BlobDamaged = "damaged blob",
        /// Outputs could not be laid out.
        Restore(String) = "restore failed: {}",
        /// The result could not be stored.
        Publish(String) = "publish failed: {}",
        /// An input could not be read.
        Gather(String) = "input not readable: {}",
        /// Files carry another time than the system's clock shows.
        Clock = "clock was changed, or files carry the time of another clock",
        /// A hit was compiled again twice, both times with the same other result: the store was wrong.
        VerifiedWrong = "verification failed: the cache was wrong",
        /// A hit was compiled again twice, with two different results.
        NotReproducible = "verification failed: the compile is not reproducible",
        /// A hit was to be compiled again, and could not be.
        Unverified(String) = "not verified: {}",
        /// The compile could not be watched, and nothing else tells what it read.
        Unobserved(String) = "not observed: {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for words in Bypass::WORDS {
            let text = words.replace(HOLE, "--one");
            let read = Bypass::parse(&text);
            assert!(!matches!(read, Bypass::Other(_)) && read.to_string() == text, "{text}: {read:?}");
        }
        for words in Degraded::WORDS {
            let text = words.replace(HOLE, "no space left on device: twice");
            let read = Degraded::parse(&text);
            assert!(!matches!(read, Degraded::Other(_)) && read.to_string() == text, "{text}: {read:?}");
        }
        assert_eq!(Bypass::parse("unknown option -Z x").detail(), Some("-Z x"));
        assert_eq!(Degraded::parse("publish failed: no space"), Degraded::Publish("no space".into()));
    }

    #[test]
    fn a_detail_that_differs_each_time_is_no_part_of_the_counter() {
        let read = Bypass::Unaccounted("/proc/1/maps".into());
        assert_eq!((read.to_string().as_str(), read.detail()), ("untracked read", Some("/proc/1/maps")));
    }

    #[test]
    fn words_of_another_version_are_kept() {
        let text = "held by a lease {} of yesterday";
        assert_eq!(Bypass::parse(text), Bypass::Other(text.to_owned()));
        assert_eq!(Bypass::parse(text).to_string(), text);
    }
}
