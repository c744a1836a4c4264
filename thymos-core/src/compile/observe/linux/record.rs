//! Collects accesses, each (kind, path, program) once.
//!
//! The invariant: the first sight of a path wins, because only that one can be older than the compile's own writes.
//! This module reads nothing; the caller says what was seen.

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::compile::observe::report::{
    Access, AccessKind, Aspect, Incomplete, Named, Program, Question, Rename, Seen, Tells, Told,
};

/// A path as bytes, what is done with it, and by whom: the identity of an access.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessKey {
    /// The absolute path.
    pub path: Vec<u8>,
    /// What is done.
    pub kind: AccessKind,
    /// By whom, as an index that the caller keeps.
    pub program: u32,
}

/// Accesses in the order in which they were first seen.
#[derive(Debug, Default)]
pub struct Record {
    known: HashSet<AccessKey>,
    entries: Vec<(AccessKey, Seen)>,
    renames: Vec<Rename>,
    told: Vec<Told>,
    told_already: HashSet<(Vec<u8>, Aspect, Named, u32)>,
    questions: Vec<(String, Tells, u32)>,
    escaped: Option<Incomplete>,
}

/// The public form of a record.
#[derive(Debug)]
pub struct Recorded {
    pub accesses: Vec<Access>,
    pub renames: Vec<Rename>,
    pub told: Vec<Told>,
    pub questions: Vec<Question>,
    pub complete: Result<(), Incomplete>,
}

impl Record {
    /// Returns whether this access is already recorded, so that nobody needs to look at the path again.
    pub fn knows(&self, key: &AccessKey) -> bool {
        self.known.contains(key)
    }

    /// Adds an access unless it is already there.
    pub fn add(&mut self, key: AccessKey, seen: Seen) {
        if self.known.insert(key.clone()) {
            self.entries.push((key, seen));
        }
    }

    /// Returns whether somebody was told this already; from now on they were.
    pub fn tells_again(&mut self, path: &[u8], aspect: Aspect, of: Named, program: u32) -> bool {
        !self.told_already.insert((path.to_vec(), aspect, of, program))
    }

    /// Adds what somebody was told.
    pub fn add_told(&mut self, told: Told) {
        self.told.push(told);
    }

    /// Adds a question unless it is already there.
    pub fn add_question(&mut self, call: impl Into<String>, tells: Tells, program: u32) {
        let question = (call.into(), tells, program);
        if !self.questions.contains(&question) {
            self.questions.push(question);
        }
    }

    /// Adds a rename.
    pub fn add_rename(&mut self, from: Vec<u8>, to: Vec<u8>) {
        self.renames.push(Rename { from: path(from), to: path(to) });
    }

    /// Notes that something escaped; the first reason is kept.
    pub fn escape(&mut self, reason: Incomplete) {
        self.escaped.get_or_insert(reason);
    }

    /// Turns the record into its public form; `programs` maps the indices.
    pub fn finish(self, programs: &[Program]) -> Recorded {
        let program = |index: u32| programs.get(index as usize).cloned().unwrap_or(Program::Loaded);
        let accesses = self.entries.into_iter().map(|(key, seen)| Access {
            path: path(key.path),
            kind: key.kind,
            seen,
            program: program(key.program),
        });
        let questions = self.questions.into_iter();
        let questions = questions.map(|(call, tells, by)| Question { call, tells, program: program(by) });
        Recorded {
            accesses: accesses.collect(),
            renames: self.renames,
            told: self.told,
            questions: questions.collect(),
            complete: self.escaped.map_or(Ok(()), Err),
        }
    }
}

/// Turns bytes into a path.
pub fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str, kind: AccessKind) -> AccessKey {
        AccessKey { path: path.into(), kind, program: 0 }
    }

    #[test]
    fn the_first_sight_of_a_path_wins() {
        let mut record = Record::default();
        record.add(key("/a", AccessKind::Open), Seen::Absent);
        record.add(key("/a", AccessKind::Open), Seen::Directory);
        record.add(key("/a", AccessKind::Stat), Seen::Directory);
        let Recorded { accesses, complete, .. } = record.finish(&[Program::Root]);
        let seen: Vec<_> = accesses.iter().map(|a| (a.kind, a.seen)).collect();
        assert_eq!(seen, [(AccessKind::Open, Seen::Absent), (AccessKind::Stat, Seen::Directory)]);
        assert_eq!(complete, Ok(()));
    }

    #[test]
    fn the_first_escape_is_the_one_reported() {
        let mut record = Record::default();
        record.escape(Incomplete::IoUring);
        record.escape(Incomplete::Connected);
        assert_eq!(record.finish(&[]).complete, Err(Incomplete::IoUring));
    }
}
