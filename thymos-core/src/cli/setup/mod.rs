//! `thymos setup`: the plan, written into Cargo's configuration, and taken out again.
//!
//! Deciding is pure: [`wish`] says what a machine wants, [`edit`] turns a file's text into another, [`undo`] takes changes back.
//! The rest reads, shows, asks and writes. Invariant: nothing is written that was not shown, and nothing is written before
//! what undoes it.

mod alias;
mod change;
mod edit;
mod measure;
mod place;
mod record;
mod sccache;
#[cfg(test)]
mod shapes;
mod shim;
mod undo;
mod wish;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use thymos_build::{Because, Decision, Env, Plan, Why, env::var};

use super::cargo_config::file::ConfigFile;
use super::cargo_config::{lines, stem, toml};
use super::confirm::{Answer, Consent};
use super::diff;
use crate::settings::Settings;
use crate::settings::environment::Environment;
use alias::Alias;
use change::{Change, Left};
use measure::Measured;
use place::{Place, Planned};
use record::{Record, Records};
use shim::Shim;
use wish::{Installed, Wish};

const EXAMPLES: &str = "\
Examples:
  thymos setup                    shows the difference, asks, writes it
  thymos setup --dry-run          shows it only
  thymos setup --workspace        for the workspace here
  thymos setup --sccache-alias    lets scripts that call sccache go on working
  thymos setup --undo             takes it back byte for byte";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Edit the user's own configuration, $CARGO_HOME/config.toml; this is the default
    #[arg(long)]
    global: bool,
    /// Edit the configuration of the workspace here: an include that is committed, and a file that git ignores
    #[arg(long, conflicts_with = "global")]
    workspace: bool,
    /// Use this linker instead of the one that measures best: auto, system, lld, mold, wild or a path
    #[arg(long, value_name = "LINKER")]
    linker: Option<String>,
    /// Put a shim in the linker's place that adds the linker's flags: it survives RUSTFLAGS, and falls back to the default
    #[arg(long)]
    linker_shim: bool,
    /// Leave the rustc wrapper alone
    #[arg(long)]
    no_cache: bool,
    /// Take sccache's place: in Cargo's configuration, and with --workspace in its Dockerfiles, compose files and CI jobs
    #[arg(long)]
    from_sccache: bool,
    /// Let this program answer to the name sccache too, and change nothing else: a link beside it
    #[arg(long, conflicts_with_all = ["global", "workspace", "linker", "linker_shim", "no_cache", "from_sccache"])]
    sccache_alias: bool,
    #[command(flatten)]
    consent: Consent,
    /// Restore the files byte for byte; where you edited them since, take out only what was put in
    #[arg(long, conflicts_with_all = ["linker", "linker_shim", "no_cache", "from_sccache", "sccache_alias"])]
    undo: bool,
}

/// Everything that a setup works with.
struct Setup<'a> {
    args: &'a Args,
    environment: &'a Environment,
    directory: PathBuf,
    records: Records,
}

pub fn run(args: &Args, settings: &Settings, environment: &Environment) -> Result<ExitCode, String> {
    let store = settings.dir.as_deref().ok_or("there is no home directory for the cache; set THYMOS_DIR")?;
    let directory = std::env::current_dir().map_err(|_| "there is no current directory")?;
    let setup = Setup { args, environment, directory, records: Records::of(store) };
    if args.sccache_alias {
        return setup.alias();
    }
    let place = setup.place()?;
    if args.undo { setup.undo(&place) } else { setup.apply(&place) }
}

impl Setup<'_> {
    fn place(&self) -> Result<Place, String> {
        if !self.args.workspace {
            return Place::global(self.environment);
        }
        let (place, warning) = Place::workspace(self.environment, &self.directory)?;
        warning.iter().for_each(|warning| eprintln!("thymos: {warning}"));
        Ok(place)
    }

    fn apply(&self, place: &Place) -> Result<ExitCode, String> {
        let main = ConfigFile::read(&place.main_file())?;
        let wish = self.wish(configured_wrapper(&main)?, place)?;
        let (mut planned, mut left) = place.edits(&wish.wants)?;
        if let Some(root) = place.root().filter(|_| self.args.from_sccache) {
            let (recipes, lines) = place::from_sccache(root)?;
            planned.extend(recipes);
            left.extend(lines);
        }
        wish.notes.iter().for_each(|note| anstream::println!("{note}"));
        left.iter().for_each(|left| anstream::println!("Left alone: {}, because {}.", left.key, left.why));
        let shim = Shim::of(self.environment)?;
        let refused = left.iter().any(|left| left.key.ends_with(".linker"));
        let adds = wish.shim.filter(|args| !refused && !shim.adds(args));
        if planned.is_empty() && adds.is_none() {
            anstream::println!("Nothing to change.");
            return Ok(ExitCode::SUCCESS);
        }
        show(&planned);
        if let Some(args) = &adds {
            anstream::println!(
                "The shim {} will add: {}\n",
                shim.path.display(),
                if args.is_empty() { "nothing".to_owned() } else { args.join(" ") }
            );
        }
        match self.args.consent.ask() {
            Answer::Yes => {
                adds.map(|args| shim.install(&installed(self.environment)?, &args)).transpose()?;
                self.write(planned, place)
            }
            Answer::No(code) => Ok(code),
        }
    }

    fn wish(&self, configured: Option<String>, place: &Place) -> Result<Wish, String> {
        let plan = self.plan();
        let mut wish = Wish::default();
        if !self.args.no_cache {
            let from: &[&'static str] = if self.args.from_sccache { &["thymos", "sccache"] } else { &["thymos"] };
            match self.program(configured.as_deref(), place) {
                Ok(program) => {
                    let configured = configured.filter(|wrapper| runs(wrapper, self.environment));
                    wish.cache(&Installed { program, configured, replaces: from.to_vec() }, &plan);
                }
                Err(note) => wish.notes.push(note),
            }
            wish.notes.extend(overridden(self.environment));
        }
        let measured = measured(&plan)?;
        let args = wish.linker(&plan, measured.as_ref())?;
        let target = &plan.platform.target;
        if self.args.linker_shim {
            wish.shim(target, &Shim::of(self.environment)?.path, args);
        } else {
            wish.flags(target, &args);
        }
        Ok(wish)
    }

    /// Returns the program to name as the wrapper, or why none can be named.
    fn program(&self, configured: Option<&str>, place: &Place) -> Result<PathBuf, String> {
        let committed = place.root().is_some() && configured.is_some_and(|wrapper| stem(wrapper) == "sccache");
        if !committed || !self.args.from_sccache {
            return installed(self.environment);
        }
        // What is committed is for everybody, so it names no place of this machine.
        let name = "thymos";
        let there = runs(name, self.environment).then(|| PathBuf::from(name));
        let file = place.main_file().display().to_string();
        let why = "thymos is not in PATH, and Cargo fails on a wrapper that it cannot find";
        there.ok_or_else(|| format!("The wrapper in {file} stays as it is: {why}."))
    }

    fn plan(&self) -> Plan {
        let env = Env::from_process().at(&self.directory);
        match self.args.linker.as_deref() {
            // A shim that is configured already is a choice, and only the person's word goes over a choice.
            Some(linker) if self.args.linker_shim => {
                thymos_build::configure().env(env.with(var::THYMOS_LINKER, linker)).detect()
            }
            Some(linker) => thymos_build::configure().env(env).linker(linker).detect(),
            None => thymos_build::configure().env(env).detect(),
        }
    }

    fn write(&self, planned: Vec<Planned>, place: &Place) -> Result<ExitCode, String> {
        for Planned { file, edited } in planned {
            let (mut record, original) = self.baseline(&file)?;
            record.writes(&edited.text, &edited.changes);
            self.records.keep(&record, &original)?;
            let made = file.replace(&edited.text)?;
            if !made.is_empty() {
                record.directories.extend(made);
                self.records.keep(&record, &original)?;
            }
            anstream::println!("Wrote {}.", file.path.display());
        }
        let scope = if matches!(place, Place::Included(_)) || self.args.workspace { " --workspace" } else { "" };
        anstream::println!("\nTo take it back: thymos setup --undo{scope}\nTo see that it works: thymos doctor");
        Ok(ExitCode::SUCCESS)
    }

    /// Returns the record to go on with, and the text that an undo restores.
    fn baseline(&self, file: &ConfigFile) -> Result<(Record, String), String> {
        match self.records.find(&file.path) {
            Some((record, original)) if record.wrote(file.text()) && file.text.is_some() => Ok((record, original)),
            // The file was edited since: what is restored is that, without what we had put in.
            Some((mut record, _)) if file.text.is_some() => {
                let (original, _) = take_out(file, &record.changes)?;
                record.existed = true;
                Ok((record, original))
            }
            _ => Ok((Record::new(&file.path, file.text.is_some()), file.text().to_owned())),
        }
    }

    /// Makes the link under sccache's name.
    fn alias(&self) -> Result<ExitCode, String> {
        let alias = Alias::beside(&installed(self.environment)?);
        if alias.stands() {
            anstream::println!("Nothing to change: {} is this program.", alias.place.display());
            return Ok(ExitCode::SUCCESS);
        }
        alias.check()?;
        anstream::println!("The link {} will lead to {}.", alias.place.display(), alias.program.display());
        alias.hidden(self.environment).iter().for_each(|note| anstream::println!("{note}"));
        match self.args.consent.ask() {
            Answer::Yes => {
                alias.install(&self.records)?;
                anstream::println!("Wrote {}.\n\nTo take it back: thymos setup --undo", alias.place.display());
                Ok(ExitCode::SUCCESS)
            }
            Answer::No(code) => Ok(code),
        }
    }

    /// The link is the machine's, not a workspace's.
    fn alias_to_undo(&self, place: &Place) -> Option<Alias> {
        let program = installed(self.environment).ok().filter(|_| place.root().is_none())?;
        Alias::recorded(&self.records, &program)
    }

    fn undo(&self, place: &Place) -> Result<ExitCode, String> {
        let mut done = false;
        if let Some(alias) = self.alias_to_undo(place) {
            done = true;
            let said = if self.args.consent.dry_run {
                format!("{} would be removed.", alias.place.display())
            } else {
                alias.remove(&self.records)?
            };
            anstream::println!("{said}");
        }
        let mut files = place.files();
        let recorded = place.root().map(|root| self.records.below(root)).unwrap_or_default();
        files.extend(recorded.into_iter().filter(|path| !place.files().contains(path)));
        for path in files {
            let file = ConfigFile::read(&path)?;
            let Some((record, original)) = self.records.find(&file.path) else { continue };
            done = true;
            self.undo_file(&file, &record, original)?;
        }
        if self.records.is_empty() && !self.args.consent.dry_run {
            Shim::of(self.environment)?.remove();
            let _ = std::fs::remove_dir(self.records.directory());
        }
        if !done {
            anstream::println!("Nothing to undo: {} was not set up from here.", place.main_file().display());
        }
        Ok(ExitCode::SUCCESS)
    }

    fn undo_file(&self, file: &ConfigFile, record: &Record, original: String) -> Result<(), String> {
        let shown = file.path.display();
        let Some(text) = file.text.as_deref() else {
            anstream::println!("{shown} is gone already.");
            self.records.drop(&file.path);
            return Ok(());
        };
        let (restored, left) =
            if record.wrote(text) { (original, Vec::new()) } else { take_out(file, &record.changes)? };
        left.iter().for_each(|left| anstream::println!("Left alone: {}, because {}.", left.key, left.why));
        let gone = !record.existed && restored.trim().is_empty();
        anstream::print!("{}", diff::unified(&shown.to_string(), text, &restored));
        if self.args.consent.dry_run {
            return Ok(());
        }
        if gone {
            file.remove()?;
            // Innermost first; a directory that holds something else stays.
            record.directories.iter().rev().for_each(|directory| drop(std::fs::remove_dir(directory)));
        } else if restored != text {
            file.replace(&restored)?;
        }
        self.records.drop(&file.path);
        anstream::println!("{} {shown}.", if gone { "Removed" } else { "Restored" });
        Ok(())
    }
}

/// Returns a file's text without what was put into it.
fn take_out(file: &ConfigFile, changes: &[Change]) -> Result<(String, Vec<Left>), String> {
    if changes.iter().all(|change| matches!(change, Change::Ignored(_) | Change::Line { .. })) {
        return Ok(undo::remove_lines(file.text(), changes));
    }
    undo::remove(file.text(), changes).map_err(|cause| format!("failed to edit `{}`: {cause}", file.path.display()))
}

/// Times the linkers where the choice is the machine's, and prints the table.
fn measured(plan: &Plan) -> Result<Option<Measured>, String> {
    let free = matches!(
        plan.decision,
        Decision::Use { because: Because::Fastest, .. } | Decision::Default(Why::AlreadyFast | Why::NothingFaster)
    );
    if !free {
        return Ok(None);
    }
    let spinner = indicatif::ProgressBar::new_spinner();
    let measured = measure::measure(plan, &|what| {
        spinner.set_message(what.to_owned());
        spinner.tick();
    });
    spinner.finish_and_clear();
    let measured = measured?;
    if let Some(measured) = &measured {
        anstream::println!("{}", measured.table());
    }
    Ok(measured)
}

/// Returns the wrapper that a file configures.
fn configured_wrapper(file: &ConfigFile) -> Result<Option<String>, String> {
    let document = toml::parse(&lines::plain(file.text()));
    let document = document.map_err(|cause| format!("failed to edit `{}`: {cause}", file.path.display()))?;
    Ok(toml::text_at(&document, &["build", "rustc-wrapper"]))
}

/// Returns whether there is a program behind the value of a wrapper.
fn runs(wrapper: &str, environment: &Environment) -> bool {
    let path = Path::new(wrapper);
    if path.is_absolute() { path.is_file() } else { environment.program(wrapper.as_ref()).is_some() }
}

/// Returns the program to name as the wrapper: this one, by its name in PATH where it has one, for that survives an upgrade.
fn installed(environment: &Environment) -> Result<PathBuf, String> {
    let this = std::env::current_exe()
        .map_err(|error| format!("failed to find this program: {}", crate::system::error::plain(&error)))?;
    let name = format!("thymos{}", std::env::consts::EXE_SUFFIX);
    let in_path = environment.program(name.as_ref()).filter(|path| path.is_absolute());
    let same = |path: &PathBuf| path.canonicalize().ok() == this.canonicalize().ok();
    Ok(in_path.filter(same).unwrap_or(this))
}

/// Returns what overrides the wrapper of a configuration file.
fn overridden(environment: &Environment) -> Option<String> {
    let name =
        ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"].into_iter().find(|name| environment.get(name).is_some())?;
    let value = environment.get(name)?.display().to_string();
    Some(format!("{name}={value} is set in the environment, and overrides what is written here as long as it is."))
}

fn show(planned: &[Planned]) {
    for Planned { file, edited } in planned {
        anstream::print!("{}", diff::unified(&file.path.display().to_string(), file.text(), &edited.text));
    }
    anstream::println!("\nWhat this costs:");
    for change in planned.iter().flat_map(|it| &it.edited.changes) {
        anstream::println!("  {}: {}", change.key(), change.cost());
    }
    anstream::println!();
}
