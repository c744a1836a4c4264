//! Runs the compiler where nothing is stored.
//!
//! Dependencies may hold placeholders all the same, so its streams are rewritten, and what it has made gets the paths of this place.
//! Where there can be no placeholder, this process becomes the compiler.
//!
//! Invariant: the compiler runs once, with the command line as it was given but for options that rename paths.

use std::ffi::OsString;

use super::Unit;
use super::event::Facts;
use super::notice;
use super::panics::caught;
use super::program::expand;
use crate::action::placeholder::Places;
use crate::compile;
use crate::compile::rewrite::Rewrites;
use crate::invocation::{self, Invocation};
use crate::outcome::Outcome;
use crate::record::sites;
use crate::request;
use crate::system::error::plain;
use crate::system::os;
use crate::system::stamp::{self, Nanos};

/// A compile that nothing is stored of.
pub struct Through<'a> {
    /// What was asked, as far as it is known.
    pub invocation: &'a Invocation,
    /// What placeholders stand for here.
    pub places: &'a Places,
    /// Options before those that were given.
    pub extra: &'a [OsString],
}

impl Unit<'_> {
    /// Runs the command line as it was given.
    pub fn pass(&self, outcome: &Outcome) -> ! {
        self.log(outcome, Facts::default());
        let outline = match self.invocation.crate_name.is_empty() {
            true => expand(&self.argv.arguments).map(|expanded| invocation::outline(&expanded.arguments)),
            false => None,
        };
        let invocation = outline.as_ref().unwrap_or(&self.invocation);
        let places = request::places_of(invocation, &self.directory);
        self.through(&Through { invocation, places: &places, extra: &[] })
    }

    /// Runs the compiler to its end, and ends as it did.
    pub fn through(&self, compile: &Through<'_>) -> ! {
        let Through { invocation, places, extra } = compile;
        if os::stderr_is_terminal() {
            // The compiler draws for it, so its streams stay as they are, and so do paths.
            self.argv.exec(&[]);
        }
        if places.is_empty() || invocation.out_dir.as_os_str().is_empty() {
            self.argv.exec(extra);
        }
        let (began, rewrites) = (stamp::now(), Rewrites::new(places.readings()));
        match caught(|| compile::run_unwatched(self.argv.command(extra), &rewrites)) {
            Ok(Ok(status)) => {
                let _ = caught(|| self.put_paths(invocation, places, began));
                os::exit_like(status)
            }
            // It has not run, and whoever starts it now cannot look after what it makes.
            Ok(Err(_)) => self.argv.exec(&[]),
            // It may have run, and runs at most once.
            Err(panic) => {
                eprintln!("thymos: failed while the compiler ran: {panic}");
                std::process::exit(101)
            }
        }
    }

    /// Puts the paths of this place into what the compiler has made.
    pub fn put_paths(&self, invocation: &Invocation, places: &Places, began: Nanos) {
        let put = sites::put_paths(invocation, &self.directory, places, began);
        if let Err(error) = put
            && !places.is_empty()
        {
            let directory = self.settings.dir.as_ref().map(|dir| dir.join("v1/tmp"));
            let what = format!("{}: paths in it may lead nowhere: {}", invocation.crate_name, plain(&error));
            notice::give(directory.as_deref(), &what);
        }
    }
}
