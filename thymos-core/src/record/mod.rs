//! Turns a finished compile into an entry of a manifest.
//!
//! Invariant: an entry names everything that the result depends on, as it was when the compile read it. What changed
//! meanwhile, what cannot be accounted for and what is no plain file gives no entry.

mod checks;
mod compressed;
pub mod context;
mod expanded;
mod files;
pub mod path_dependencies;
mod shown;
pub mod sites;
mod unobserved;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::action::manifest::{Entry, Input, Output};
use crate::action::roots::Root;
use crate::compile::Compiled;
use crate::compile::observe::AccessKind;
use crate::inputs::Candidate;
use crate::inputs::depinfo;
use crate::inputs::state::display;
use crate::invocation::Invocation;
use crate::outcome::event;
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::request::remapping::Remapping;
use crate::request::{Context, Request};
use crate::store::Made;
use crate::store::blobs::sharing;
use crate::store::memo::Memo;
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::files::list;
use crate::system::guard::Guard;
use crate::system::os;
use crate::system::stamp::{self, Stamp};

/// An entry, and where the content of its outputs lies.
#[derive(Debug)]
pub struct Recorded {
    /// What the manifest will hold.
    pub entry: Entry,
    /// Output files with their digests.
    pub files: Vec<Made>,
    /// The roots that the result is bound to, and by what, to be read after "because".
    pub path_dependencies: Vec<(Root, String)>,
}

/// Roots whose path was found, and where first.
pub(crate) type Found = BTreeMap<Root, String>;

/// A finished compile and everything known about it.
#[derive(Debug)]
pub struct Recorder<'a> {
    /// What was asked.
    pub invocation: &'a Invocation,
    /// Where.
    pub around: &'a Context<'a>,
    /// As what.
    pub request: &'a Request,
    /// What paths are shown as.
    pub remapping: &'a Remapping,
    /// What happened.
    pub compiled: &'a Compiled,
    /// The memo of digests.
    pub memo: &'a Memo,
}

impl Recorder<'_> {
    /// Gathers the entry.
    ///
    /// # Errors
    /// The outcome to count when the result cannot be stored.
    pub fn record(&self) -> Result<Recorded, Outcome> {
        let text = fs::read(self.invocation.dep_info()).map_err(|error| gather(&error))?;
        self.check_clock()?;
        let info = depinfo::parse(&text);
        self.check_writes().map_err(Outcome::Bypass)?;
        self.check_session().map_err(Outcome::Bypass)?;
        self.check_keyed()?;
        self.check_compiler()?;
        let mut inputs = self.files(&info)?;
        inputs.extend(self.variables(&info)?);
        let (mut outputs, files, mut found) = self.outputs()?;
        inputs.extend(self.placeholders(&mut outputs));
        self.hidden(&files, &mut found);
        self.shown(&info, &mut found);
        let entry = self.entry(&text, inputs, outputs, &mut found);
        let path_dependencies = self.path_dependencies(&info, &entry, &found);
        Ok(Recorded { entry, files, path_dependencies })
    }

    fn entry(&self, dep_info: &[u8], mut inputs: Vec<Input>, outputs: Vec<Output>, found: &mut Found) -> Entry {
        let roots = &self.request.roots;
        let Compiled { stdout, stderr, took, .. } = self.compiled;
        let streams = self.invocation.stream_roots(roots);
        let rooted = [depinfo::rooted(dep_info, roots), streams.rooted_text(stdout), streams.rooted_text(stderr)];
        if Guard::BindSearch.on() {
            for (text, name) in rooted.iter().zip(["the dep-info", "its standard output", "its standard error"]) {
                for root in roots.found_in(text) {
                    found.entry(root).or_insert_with(|| name.to_owned());
                }
            }
            inputs.extend(found.keys().map(|root| Input::RootPath(*root, roots.value(*root))));
        }
        if Guard::InputDisplay.on() && (shows_something(stdout) || shows_something(stderr)) {
            inputs.push(Input::Display(display(self.invocation)));
        }
        let [dep_info, stdout, stderr] = rooted;
        let compile_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        Entry { inputs, outputs, dep_info: Some(dep_info), stdout, stderr, compile_us, stored_ms: event::now_ms() }
    }

    fn is_output(&self, path: &Path) -> bool {
        path.parent().is_some_and(|parent| parent == self.around.directory.join(&self.invocation.out_dir))
            && path.file_name().is_some_and(|name| self.invocation.owns(name))
    }

    /// Returns the digest of an output, and the roots whose paths it holds.
    fn read(&self, path: &Path) -> io::Result<(Digest, Vec<Root>)> {
        let mut file = self.request.roots.watch(File::open(path)?);
        Ok((Digest::of_reader(&mut file)?, file.found()))
    }

    fn outputs(&self) -> Result<(Vec<Output>, Vec<Made>, Found), Outcome> {
        let unit = self.invocation;
        let writes = self.compiled.observed.accesses.iter().filter(|access| access.kind == AccessKind::Write);
        let written: HashSet<&OsStr> =
            writes.filter(|access| self.is_output(&access.path)).filter_map(|access| access.path.file_name()).collect();
        let (mut outputs, mut files, mut found) = (Vec::new(), Vec::new(), Found::new());
        for entry in list(&unit.out_dir).map_err(|error| gather(&error))? {
            let name = entry.file_name();
            if !unit.owns(&name) || entry.path() == unit.dep_info() {
                continue;
            }
            let metadata = entry.metadata().map_err(|error| gather(&error))?;
            // What an earlier compile left. The clock that stamps files may lag behind ours by a tick, and may have been put back
            // since the compile began; what was seen to be written is an output in any case.
            let is_old = Stamp::from(&metadata).changed < self.compiled.began - stamp::TICKS;
            if is_old && !written.contains(name.as_os_str()) {
                continue;
            }
            if !metadata.is_file() {
                return Err(Outcome::Bypass(Bypass::StrangeOutput(name.display().to_string())));
            }
            let (digest, roots) = self.read(&entry.path()).map_err(|error| gather(&error))?;
            let stamp = Stamp::from(&metadata);
            let sites = sites::of(&entry.path()).map_err(|error| gather(&error))?;
            // What is about to be written to may bear the same stamp then.
            if sites.is_empty() || sites::stay_in(unit, name.as_encoded_bytes()) {
                self.memo.remember(&stamp, &digest);
            }
            for root in roots {
                found.entry(root).or_insert_with(|| name.display().to_string());
            }
            let name = name.as_encoded_bytes().to_vec();
            files.push(Made { path: entry.path(), digest, stamp, sharing: sharing(&name) });
            outputs.push(Output { name, digest, size: metadata.len(), mode: os::mode(&metadata), sites });
        }
        outputs.sort_by(|one, two| one.name.cmp(&two.name));
        Ok((outputs, files, found))
    }
}

/// Returns whether a stream holds more than notifications of artifacts.
fn shows_something(stream: &[u8]) -> bool {
    let notification = br#"{"$message_type":"artifact","#;
    stream.split(|byte| *byte == b'\n').any(|line| !line.is_empty() && !line.starts_with(notification))
}

fn file(candidate: &Candidate) -> Option<&PathBuf> {
    match candidate {
        Candidate::File(path, _) => Some(path),
        _ => None,
    }
}

fn changed(path: &Path) -> Outcome {
    Outcome::Bypass(Bypass::InputChangedMeanwhile(path.display().to_string()))
}

fn gather(error: &io::Error) -> Outcome {
    Outcome::Degraded(Degraded::Gather(plain(error)))
}
