//! One hit, compiled again in a scratch directory and compared.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::difference::{Part, difference};
use super::mask::mask;
use super::scratch::Scratch;
use crate::action::manifest::{Entry, Input, Output};
use crate::action::roots::readable;
use crate::compile::observe;
use crate::compile::{self, Streams};
use crate::hit::Lookup;
use crate::invocation::{self, Invocation, Parsed};
use crate::outcome::Degraded;
use crate::record::{Recorded, Recorder};
use crate::request::remapping::Remapping;
use crate::store::Store;
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::os;
use crate::system::step::Step;

/// Inputs that a notice names at most.
const NAMED: usize = 3;

/// What is needed to compile a hit again.
pub struct Recompile<'a> {
    /// The look-up that found it.
    pub lookup: &'a Lookup<'a>,
    /// The compiler's arguments, `@file` ones expanded.
    pub arguments: &'a [OsString],
    /// What paths are shown as.
    pub remapping: &'a Remapping,
    /// Makes the command that runs the compiler with these arguments.
    pub command: &'a dyn Fn(&[OsString]) -> Command,
    /// What is watched.
    pub options: observe::Options,
}

/// Why a hit is not laid out.
#[derive(Debug)]
pub enum Refusal {
    /// A fresh compile gives something else.
    Suspect(Box<Suspect>),
    /// It could not be compiled again.
    Unverified(String),
}

/// An entry that a fresh compile does not confirm.
#[derive(Debug)]
pub struct Suspect {
    /// The entry.
    pub entry: Entry,
    /// What of it can be compared: see [`comparable`].
    pub comparable: Entry,
    /// What is believed of it.
    pub doubt: Doubt,
    /// What differs, and what might explain it, in words.
    pub words: String,
}

/// What is believed of an entry that a fresh compile does not confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Two fresh compiles agree with each other and not with the store.
    Wrong,
    /// A blob does not have the content that its name says.
    Rotten,
    /// Two fresh compiles do not agree with each other.
    NotReproducible,
}

impl Doubt {
    /// Returns how it is counted.
    pub fn degraded(self) -> Degraded {
        match self {
            Self::Wrong | Self::Rotten => Degraded::VerifiedWrong,
            Self::NotReproducible => Degraded::NotReproducible,
        }
    }
}

impl Recompile<'_> {
    /// Compiles the hit again.
    ///
    /// # Errors
    /// Why it must not be laid out.
    pub fn confirm(&self, entry: &Entry) -> Result<(), Refusal> {
        if let Some(words) = self.rotten(entry) {
            return Err(self.suspect(entry, entry.clone(), Doubt::Rotten, words));
        }
        let unverified = |error: io::Error| Refusal::Unverified(plain(&error));
        let Lookup { invocation, around, store, .. } = self.lookup;
        let stored = comparable(entry, invocation, store).map_err(unverified)?;
        let scratch = Scratch::new(store, invocation, around.directory).map_err(unverified)?;
        let first = self.compile(&scratch)?;
        let Some(part) = parts(Some(&stored), first.as_ref()) else { return Ok(()) };
        let place = self.place(&part, entry, &scratch);
        scratch.clear().map_err(unverified)?;
        let second = self.compile(&scratch)?;
        let (doubt, words) = match parts(first.as_ref(), second.as_ref()) {
            None => {
                let read = read(entry, first.as_ref());
                (Doubt::Wrong, format!("{part} in the cache is not what the compiler makes{place}; {read}"))
            }
            Some(part) => {
                let macros = self.macros();
                (Doubt::NotReproducible, format!("{part} comes out differently each time it is compiled; {macros}"))
            }
        };
        Err(self.suspect(entry, stored, doubt, words))
    }

    fn suspect(&self, entry: &Entry, comparable: Entry, doubt: Doubt, words: String) -> Refusal {
        let unit = self.lookup.invocation;
        let words = format!("{} ({}): {words}", unit.crate_name, unit.kind());
        Refusal::Suspect(Box::new(Suspect { entry: entry.clone(), comparable, doubt, words }))
    }

    /// Reads the blobs, whatever the memo says, and drops what is rotten. Returns what was.
    fn rotten(&self, entry: &Entry) -> Option<String> {
        let store = self.lookup.store;
        // One that is missing is a miss.
        let is_rotten = |output: &&Output| store.is_sound(&output.digest).is_ok_and(|sound| !sound);
        let rotten = entry.outputs.iter().find(is_rotten)?;
        Some(format!("{} in the cache was changed after it was stored", name(rotten)))
    }

    /// Compiles in the scratch directory; nothing comes back if the compiler failed.
    fn compile(&self, scratch: &Scratch) -> Result<Option<Entry>, Refusal> {
        let Lookup { invocation, around, request, store } = self.lookup;
        let refused = |why: &str| Refusal::Unverified(why.to_owned());
        let arguments = scratch.arguments(self.arguments, invocation, &|path| self.remapping.shown(path));
        let arguments = arguments.ok_or_else(|| refused("its outputs cannot be put elsewhere"))?;
        let Parsed::Compile(here) = invocation::parse(&arguments) else {
            return Err(refused("its outputs cannot be put elsewhere"));
        };
        let compiled = compile::run((self.command)(&arguments), self.options, Streams::Kept, &request.rewrites());
        let mut compiled = compiled.map_err(|error| Refusal::Unverified(plain(&error)))?;
        Step::VerifyCompiled.reached();
        if !compiled.observed.status.success() {
            return Ok(None);
        }
        compiled.stdout = scratch.stream(&compiled.stdout, invocation);
        compiled.stderr = scratch.stream(&compiled.stderr, invocation);
        translate_dep_info(scratch, &here).map_err(|error| Refusal::Unverified(plain(&error)))?;
        let recorder = Recorder {
            invocation: &here,
            around,
            request,
            remapping: self.remapping,
            compiled: &compiled,
            memo: store.memo(),
        };
        let recorded = recorder.record();
        let Recorded { mut entry, .. } =
            recorded.map_err(|outcome| Refusal::Unverified(outcome.reason().unwrap_or_default()))?;
        for output in &mut entry.outputs {
            let path = here.out_dir.join(os::path_from_bytes(output.name.clone()));
            *output = masked(output, &path, &here).map_err(|error| Refusal::Unverified(plain(&error)))?;
        }
        Ok(Some(entry))
    }

    /// Says where in an output the difference begins.
    fn place(&self, part: &Part, entry: &Entry, scratch: &Scratch) -> String {
        let Part::Content(wanted) = part else { return String::new() };
        let Some(output) = entry.outputs.iter().find(|output| name(output) == *wanted) else { return String::new() };
        let fresh = scratch.out_dir().join(os::path_from_bytes(output.name.clone()));
        let read = |path: &Path| read_masked(path, self.lookup.invocation).unwrap_or_default();
        let (stored, fresh) = (read(&self.lookup.store.blob_path(&output.digest)), read(&fresh));
        let at = stored.iter().zip(&fresh).position(|(one, two)| one != two);
        let at = at.unwrap_or(stored.len().min(fresh.len()));
        format!(" (from byte {at} on; {} bytes stored, {} fresh)", stored.len(), fresh.len())
    }

    /// Names what usually makes a compile come out differently.
    fn macros(&self) -> String {
        let unit = self.lookup.invocation;
        let is_macro = |path: &Path| path.to_str().is_some_and(|path| path.ends_with(std::env::consts::DLL_SUFFIX));
        let crate_name = |name: &str| name.rsplit(':').next().unwrap_or(name).to_owned();
        let macros = unit.externs.iter().filter(|external| is_macro(&external.path));
        let macros: Vec<String> = macros.map(|external| crate_name(&external.name)).collect();
        match macros.is_empty() {
            true => "it uses no proc macro, so the compiler or a linker does this".to_owned(),
            false => format!("look at its proc macros: {}", macros.join(", ")),
        }
    }
}

fn translate_dep_info(scratch: &Scratch, invocation: &Invocation) -> io::Result<()> {
    let path = invocation.dep_info();
    fs::write(&path, scratch.dep_info(&fs::read(&path)?))
}

/// Returns the first part in which two results differ; a failed compile is none.
fn parts(one: Option<&Entry>, two: Option<&Entry>) -> Option<Part> {
    match (one, two) {
        (Some(one), Some(two)) => difference(one, two),
        (None, None) => None,
        _ => Some(Part::Status),
    }
}

/// Returns an entry of the store with what can be compared: the digests of outputs do without what rustc makes up anew each time.
pub fn comparable(entry: &Entry, invocation: &Invocation, store: &Store) -> io::Result<Entry> {
    let mut comparable = entry.clone();
    for output in &mut comparable.outputs {
        *output = masked(output, &store.blob_path(&output.digest), invocation)?;
    }
    Ok(comparable)
}

/// Returns an output with the digest of what can be compared of the file at `path`.
fn masked(output: &Output, path: &Path, invocation: &Invocation) -> io::Result<Output> {
    let digest = match invocation.incremental {
        Some(_) => Digest::of(&read_masked(path, invocation)?),
        None => output.digest,
    };
    Ok(Output { digest, ..output.clone() })
}

fn read_masked(path: &Path, invocation: &Invocation) -> io::Result<Vec<u8>> {
    let mut bytes = fs::read(path)?;
    if invocation.incremental.is_some() {
        mask(&mut bytes);
    }
    Ok(bytes)
}

/// Says what a fresh compile read that the entry does not name: a result that depends on more than it says is found so.
fn read(stored: &Entry, fresh: Option<&Entry>) -> String {
    let Some(fresh) = fresh else { return "the compiler's own messages follow".to_owned() };
    let more: Vec<String> =
        fresh.inputs.iter().filter(|input| !stored.inputs.contains(input)).filter_map(shown).collect();
    match more.len() {
        0 => format!(
            "it read the same {} inputs as then, so what was stored was not what they give",
            stored.inputs.len()
        ),
        1..=NAMED => format!("it also read {}", more.join(", ")),
        all => format!("it also read {} and {} more", more[..NAMED].join(", "), all - NAMED),
    }
}

fn shown(input: &Input) -> Option<String> {
    match input {
        Input::File(path, _)
        | Input::Absent(path)
        | Input::Listing(path, _)
        | Input::Directory(path)
        | Input::Link(path, _) => Some(readable(path)),
        Input::Metadata(path, ..) => Some(format!("metadata of {}", readable(path))),
        Input::Machine(fact, _) => Some(fact.name().to_owned()),
        Input::Program(name, _) => Some(format!("program {}", String::from_utf8_lossy(name))),
        Input::Variable(name, _) => Some(format!("variable {}", String::from_utf8_lossy(name))),
        Input::NoOtherVariables(..) | Input::RootPath(..) | Input::Placeholder(..) | Input::Display(_) => None,
    }
}

fn name(output: &Output) -> String {
    String::from_utf8_lossy(&output.name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_fresh_compile_read_is_named() {
        let entry = |names: &[&str]| Entry {
            inputs: names.iter().map(|name| Input::File(name.as_bytes().to_vec(), Digest::of(b""))).collect(),
            ..Entry::default()
        };
        assert!(read(&entry(&["a", "b"]), Some(&entry(&["b", "a"]))).contains("the same 2 inputs"));
        assert_eq!(read(&entry(&["a"]), Some(&entry(&["a", "b"]))), "it also read b");
        assert_eq!(read(&entry(&[]), Some(&entry(&["a", "b", "c", "d", "e"]))), "it also read a, b, c and 2 more");
    }
}
