//! The steps of publishing, restoring, collecting and verifying at which a test can let a process be killed.
//!
//! A killed process stands for everything that ends one without warning: `kill -9`, the system's out-of-memory killer, a container
//! that is stopped. Between two steps nothing becomes visible to another process.
//!
//! Invariant: a release build has no such code path; only a build with debug assertions reads the variable.

use crate::system::os;

/// Names the step at which a debug build kills itself when it gets there.
pub const VARIABLE: &str = "THYMOS_TEST_KILL_AT";

/// A moment at which a process may be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The compiler is done; nothing is recorded.
    PublishCompiled,
    /// The entry is known; nothing is written.
    PublishRecorded,
    /// A blob is written under a temporary name.
    PublishBlobWritten,
    /// A blob has its name.
    PublishBlobRenamed,
    /// A manifest, or another file that is replaced as a whole, is written under a temporary name.
    FileWritten,
    /// It has its name.
    FileRenamed,
    /// The growth of the store is noted.
    PublishNoted,
    /// An event is appended; all that is left is to end.
    EventAppended,
    /// Every blob of a hit is at hand; nothing is laid out.
    RestoreBlobsFound,
    /// An output has its name, and not yet its mode and time.
    RestoreOutputLaid,
    /// An output is finished.
    RestoreOutputFinished,
    /// The dep-info is written.
    RestoreDepInfoWritten,
    /// The compiler's messages are printed.
    RestorePrinted,
    /// The action is marked as used.
    RestoreUsed,
    /// A collection has removed actions; their blobs are still there.
    CollectActionsRemoved,
    /// A collection has removed everything; the size is not noted.
    CollectSwept,
    /// A hit is compiled again; nothing is compared.
    VerifyCompiled,
}

impl Step {
    /// Every step, in the order in which they come.
    pub const ALL: [Self; 17] = [
        Self::PublishCompiled,
        Self::PublishRecorded,
        Self::PublishBlobWritten,
        Self::PublishBlobRenamed,
        Self::FileWritten,
        Self::FileRenamed,
        Self::PublishNoted,
        Self::EventAppended,
        Self::RestoreBlobsFound,
        Self::RestoreOutputLaid,
        Self::RestoreOutputFinished,
        Self::RestoreDepInfoWritten,
        Self::RestorePrinted,
        Self::RestoreUsed,
        Self::CollectActionsRemoved,
        Self::CollectSwept,
        Self::VerifyCompiled,
    ];

    /// Returns the name that [`VARIABLE`] knows the step by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PublishCompiled => "publish-compiled",
            Self::PublishRecorded => "publish-recorded",
            Self::PublishBlobWritten => "publish-blob-written",
            Self::PublishBlobRenamed => "publish-blob-renamed",
            Self::FileWritten => "file-written",
            Self::FileRenamed => "file-renamed",
            Self::PublishNoted => "publish-noted",
            Self::EventAppended => "event-appended",
            Self::RestoreBlobsFound => "restore-blobs-found",
            Self::RestoreOutputLaid => "restore-output-laid",
            Self::RestoreOutputFinished => "restore-output-finished",
            Self::RestoreDepInfoWritten => "restore-dep-info-written",
            Self::RestorePrinted => "restore-printed",
            Self::RestoreUsed => "restore-used",
            Self::CollectActionsRemoved => "collect-actions-removed",
            Self::CollectSwept => "collect-swept",
            Self::VerifyCompiled => "verify-compiled",
        }
    }

    /// Says that this process got here. A test may have asked for it to be killed.
    pub(crate) fn reached(self) {
        if cfg!(debug_assertions) && std::env::var(VARIABLE).is_ok_and(|name| name == self.name()) {
            os::kill_self();
        }
    }
}
