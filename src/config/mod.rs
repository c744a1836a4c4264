//! The builder that a build script talks to, in the manner of the crate cc.
//!
//! Invariant: nothing is read before `detect` or `emit`, and nothing is printed but by `emit` and `try_emit`.

mod detect;

use crate::{
    Choice, Env, Error, Linker, Plan, Scope,
    plan::{
        Decision,
        facts::{Depth, Request},
        why::Why,
    },
    render::emit::Switches,
};

/// Returns the default configuration: the toolchain's linker if it is a fast one, else the fastest that works.
///
/// ```no_run
/// thymos_build::configure().emit();
/// ```
pub fn configure() -> Config {
    Config { env: None, request: Request::default(), switches: Switches::default() }
}

/// What a build script wants. Made by [`configure`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `emit`, `try_emit` or `detect`"]
pub struct Config {
    env: Option<Env>,
    request: Request,
    switches: Switches,
}

impl Config {
    /// Asks for one linker instead of the fastest. `THYMOS_LINKER` overrides it.
    ///
    /// ```
    /// use thymos_build::{Linker, configure};
    /// let by_name = configure().linker("mold");
    /// let by_value = configure().linker(Linker::Mold);
    /// # let _ = (by_name, by_value);
    /// ```
    pub fn linker(mut self, choice: impl Into<Choice>) -> Config {
        self.request.choice = choice.into();
        self
    }

    /// Names linkers to take before the fastest one, in this order, if they work.
    ///
    /// ```
    /// let config = thymos_build::configure().prefer(["mold", "lld"]);
    /// # let _ = config;
    /// ```
    pub fn prefer<L: Into<Linker>>(mut self, order: impl IntoIterator<Item = L>) -> Config {
        self.request.prefer = order.into_iter().map(Into::into).collect();
        self
    }

    /// Limits the flags to some targets of the package.
    pub fn scope(mut self, scope: Scope) -> Config {
        self.request.scope = scope;
        self
    }

    /// Says whether warnings are printed. They are unless this is called with `false`.
    pub fn cargo_warnings(mut self, print: bool) -> Config {
        self.switches.no_warnings = !print;
        self
    }

    /// Says whether directives other than warnings are printed. They are unless this is called with `false`.
    pub fn cargo_metadata(mut self, print: bool) -> Config {
        self.switches.no_metadata = !print;
        self
    }

    /// Hands the plan's [`summary`](Plan::summary) to the package in a variable, for `env!` to pick up.
    ///
    /// ```
    /// let config = thymos_build::configure().summary_env("MY_LINK_PLAN");
    /// # let _ = config;
    /// ```
    pub fn summary_env(mut self, name: impl Into<String>) -> Config {
        self.switches.summary_env = Some(name.into());
        self
    }

    /// Reads this environment instead of the one of the process.
    pub fn env(mut self, env: Env) -> Config {
        self.env = Some(env);
        self
    }

    /// Returns the plan with everything that a person may want to know, and prints nothing.
    ///
    /// Every linker is probed, unless the answer is known from the last time.
    ///
    /// ```no_run
    /// print!("{}", thymos_build::configure().detect());
    /// ```
    pub fn detect(self) -> Plan {
        self.plan(Depth::Everything)
    }

    /// Tells Cargo what was decided. Never panics, and never fails a build: what cannot be had is a warning.
    ///
    /// Cargo runs the script again when a variable that was read changes, or the file of the linker that was chosen. It cannot
    /// watch a file that does not exist: after installing a linker that a warning named, touch `build.rs`.
    pub fn emit(self) {
        // Whoever wants to know asks `try_emit`; Cargo was told, and links with the default.
        let _ = self.try_emit();
    }

    /// Tells Cargo what was decided, and returns it.
    ///
    /// Only what the decision depends on is probed; [`detect`](Config::detect) looks at everything.
    ///
    /// # Errors
    /// If a linker that was asked for cannot be used, after the warning was printed; or if standard output cannot be written.
    pub fn try_emit(self) -> Result<Plan, Error> {
        let mut stdout = std::io::stdout().lock();
        self.try_emit_to(&mut stdout)
    }

    /// Does the same into any writer.
    ///
    /// # Errors
    /// Like [`try_emit`](Config::try_emit), with the writer in the place of standard output.
    pub fn try_emit_to(self, out: &mut dyn std::io::Write) -> Result<Plan, Error> {
        let plan = self.plan(Depth::Needed);
        let directives = plan.directives(&self.switches);
        out.write_all(directives.as_bytes()).and_then(|()| out.flush()).map_err(|error| Error::output(&error))?;
        match &plan.decision {
            Decision::Default(Why::Unusable { asked, cause, .. }) => Err(Error::linker(asked, cause)),
            _ => Ok(plan),
        }
    }
}
