//! The error of `try_emit`.
//!
//! Invariant: an error reads ``failed to VERB `OBJECT`: CAUSE``. It says what was asked for and could not be had; a
//! build that goes on with its default linker is no error to anybody who did not ask.

use std::fmt;

/// What kept [`try_emit`](crate::Config::try_emit) from doing what was asked for.
///
/// ```
/// fn assert_send_sync<T: std::error::Error + Send + Sync + 'static>() {}
/// assert_send_sync::<thymos_build::Error>();
/// ```
#[derive(Debug)]
pub struct Error(Box<str>);

impl Error {
    pub(crate) fn linker(asked: &str, cause: &str) -> Error {
        Error(format!("failed to use the linker `{asked}`: {cause}").into())
    }

    pub(crate) fn output(cause: &std::io::Error) -> Error {
        Error(format!("failed to write directives to `standard output`: {cause}").into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
