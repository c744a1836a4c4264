//! Guards that a test can take away, to prove that the trap it sets is a real one.
//!
//! Invariant: a release build has every guard, always; only a build with debug assertions reads the variable.

use std::path::Path;

/// Names the guards, comma-separated, that a debug build leaves out.
pub const VARIABLE: &str = "THYMOS_TEST_WITHOUT";

/// Stands for another processor than the host's in a debug build.
pub const PROCESSOR: &str = "THYMOS_TEST_PROCESSOR";

/// Names a directory whose listing fails behind its first name in a debug build.
pub const TORN_LISTING: &str = "THYMOS_TEST_TORN_LISTING";

/// Names the place where a debug build panics: `screen`, `look-up`, `observe` or `publish`.
pub const PANIC: &str = "THYMOS_TEST_PANIC";

/// A protection against a wrong hit or a broken build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Arguments are part of the key.
    KeyArguments,
    /// The compiler's content is part of the key.
    KeyCompiler,
    /// The environment is part of the key.
    KeyEnvironment,
    /// Digests of externs are part of the key.
    KeyExterns,
    /// Sources of the dep-info are inputs.
    InputSources,
    /// Files that must not exist are inputs.
    InputAbsence,
    /// Variables of the dep-info are inputs.
    InputEnv,
    /// What a link says is compared letter by letter.
    InputLinkTarget,
    /// Uses of a variable that find no file are counted.
    InputLocator,
    /// The form of diagnostics is an input of a result that shows some.
    InputDisplay,
    /// Reads that only the observer saw are inputs.
    InputObserved,
    /// What the linker opened is an input.
    InputLink,
    /// A digest counts only for the path it was recorded with.
    InputPairs,
    /// Outputs are searched for the paths of roots.
    BindSearch,
    /// The names that sources are shown by bind the result.
    BindShown,
    /// Reads of variables that hold paths bind the result.
    BindEnv,
    /// Restored outputs carry the current time.
    RestoreTime,
    /// Executables and shared objects are private copies.
    RestorePrivate,
    /// A blob is checked before it is restored.
    BlobCheck,
    /// A blob whose change time moved is read.
    BlobChangeTime,
    /// Nothing is published when an input changed meanwhile.
    PublishChangedInput,
    /// A file too young for the clock's granularity is not memoised.
    MemoYoung,
    /// The memo knows a file by its inode and change time too.
    MemoChangeTime,
    /// Restored outputs keep their mode bits and can be written.
    RestoreMode,
    /// A failed compile is not stored.
    PublishFailed,
    /// The working directory that a proc macro asked for binds the result.
    BindDirectory,
    /// A proc macro that can read the compiler's arguments makes the unit a Bypass.
    BindArguments,
    /// The place of a source that a proc macro can ask for binds the result.
    BindSpan,
    /// A script, or a program that nobody knows, binds the result to its place.
    BindUnknown,
    /// The compiler's own path that a proc macro asked for binds the result.
    BindExecutable,
    /// Files below a directory that a compile only made sure of count.
    InputBelowMade,
    /// What a script, or a program that nobody knows, may have read counts.
    InputScripts,
    /// Reads of the kernel's files count.
    InputKernel,
    /// Times, modes, owners and sizes that somebody was told are inputs.
    InputMetadata,
    /// What somebody asked of the system besides files counts.
    InputAsked,
    /// Links on the way to a directory are inputs.
    InputWay,
    /// Places that shape no artifact are excused for the compiler's runtime and linkers alone.
    InputPlaces,
    /// The host's processor is part of the key where `native` stands for it.
    KeyProcessor,
    /// Dep-info is rewritten for this checkout.
    DepInfoPaths,
    /// Streams are rewritten for this checkout.
    StreamPaths,
    /// Compiles are watched, where that is possible.
    Observe,
    /// A directory whose listing fails half-way is an error, and not one with fewer files.
    ListingErrors,
    /// Where nothing can watch, a unit that may load a proc macro is not stored.
    UnobservedMacros,
    /// Where nothing can watch, directories of crates and what arguments name are inputs.
    UnobservedSearch,
    /// How long the placeholders are that a result holds is an input.
    BindPlaceholder,
    /// The paths of this place are put into files that are nobody else's.
    PutPaths,
}

impl Guard {
    /// Returns the name that [`VARIABLE`] knows the guard by.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyArguments => "key-arguments",
            Self::KeyCompiler => "key-compiler",
            Self::KeyEnvironment => "key-environment",
            Self::KeyExterns => "key-externs",
            Self::InputSources => "input-sources",
            Self::InputAbsence => "input-absence",
            Self::InputEnv => "input-env",
            Self::InputLinkTarget => "input-link-target",
            Self::InputLocator => "input-locator",
            Self::InputDisplay => "input-display",
            Self::InputObserved => "input-observed",
            Self::InputLink => "input-link",
            Self::InputPairs => "input-pairs",
            Self::BindSearch => "bind-search",
            Self::BindShown => "bind-shown",
            Self::BindEnv => "bind-env",
            Self::RestoreTime => "restore-time",
            Self::RestorePrivate => "restore-private",
            Self::BlobCheck => "blob-check",
            Self::BlobChangeTime => "blob-change-time",
            Self::PublishChangedInput => "publish-changed-input",
            Self::MemoYoung => "memo-young",
            Self::MemoChangeTime => "memo-change-time",
            Self::RestoreMode => "restore-mode",
            Self::PublishFailed => "publish-failed",
            Self::BindDirectory => "bind-directory",
            Self::BindArguments => "bind-arguments",
            Self::BindSpan => "bind-span",
            Self::BindUnknown => "bind-unknown",
            Self::BindExecutable => "bind-executable",
            Self::InputBelowMade => "input-below-made",
            Self::InputScripts => "input-scripts",
            Self::InputKernel => "input-kernel",
            Self::InputMetadata => "input-metadata",
            Self::InputAsked => "input-asked",
            Self::InputWay => "input-way",
            Self::InputPlaces => "input-places",
            Self::KeyProcessor => "key-processor",
            Self::DepInfoPaths => "dep-info-paths",
            Self::StreamPaths => "stream-paths",
            Self::Observe => "observe",
            Self::ListingErrors => "listing-errors",
            Self::UnobservedMacros => "unobserved-macros",
            Self::UnobservedSearch => "unobserved-search",
            Self::BindPlaceholder => "bind-placeholder",
            Self::PutPaths => "put-paths",
        }
    }

    /// Returns whether the guard stands.
    pub fn on(self) -> bool {
        !cfg!(debug_assertions) || !taken_away(self.name())
    }
}

/// Returns the processor that a test put in the place of the host's.
pub fn processor() -> Option<Vec<u8>> {
    cfg!(debug_assertions).then(|| std::env::var(PROCESSOR).ok().map(String::into_bytes)).flatten()
}

/// Returns whether a test wants the listing of this directory to fail half-way.
pub fn tears_listing(directory: &Path) -> bool {
    cfg!(debug_assertions) && std::env::var_os(TORN_LISTING).is_some_and(|torn| directory.ends_with(torn))
}

/// Panics at `place` where a test has asked for it.
pub fn panic_if_asked(place: &str) {
    let asked = cfg!(debug_assertions) && std::env::var_os(PANIC).is_some_and(|asked| asked == place);
    assert!(!asked, "a test has asked for it");
}

fn taken_away(name: &str) -> bool {
    std::env::var(VARIABLE).is_ok_and(|list| list.split(',').any(|item| item == name))
}
