//! The builder that a build script talks to.

use std::io::Write as _;

use crate::{Choice, Env, Error, var};

/// Returns the default configuration: measure, choose, tell Cargo.
pub fn configure() -> Config {
    Config { env: Env::from_process(), choice: Choice::Auto }
}

/// What a build script asks for.
#[derive(Clone, Debug)]
pub struct Config {
    env: Env,
    choice: Choice,
}

impl Config {
    /// Asks for a linker.
    #[must_use]
    pub fn linker(mut self, choice: impl Into<Choice>) -> Config {
        self.choice = choice.into();
        self
    }

    /// Tells Cargo what was decided. Never panics and never fails a build.
    pub fn emit(self) {
        let _ = self.try_emit();
    }

    /// Tells Cargo what was decided.
    ///
    /// # Errors
    /// If the linker that was asked for cannot be used, or standard output cannot be written.
    pub fn try_emit(self) -> Result<(), Error> {
        let mut text = String::new();
        cargo_emit::rerun_if_env_changed!(to: &mut text, var::THYMOS_LINKER);
        let asked = self.env.get(var::THYMOS_LINKER).map_or(self.choice, Choice::from);
        cargo_emit::rustc_env!(to: &mut text, "THYMOS_BUILD_PLAN", "{}", asked);
        std::io::stdout().write_all(text.as_bytes()).map_err(|e| Error::output(&e))?;
        match asked {
            Choice::Auto => Ok(()),
            Choice::Only(linker) => Err(Error::linker(&linker.to_string(), "not probed")),
        }
    }
}
