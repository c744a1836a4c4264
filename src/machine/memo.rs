//! What tools said last time, kept in the user's cache directory.
//!
//! Invariant: an answer is believed only if its whole key, written beside it, is the key that is asked for; the file's name is
//! merely where to look. A directory that is missing or cannot be written costs time and nothing else.
//!
//! Format: `thymos-probes 1`, the number of bytes of the key, the key, the answer, a newline after each. Another first line
//! is no answer.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::machine::env::{Env, var};

const FORMAT: &str = "thymos-probes 1\n";

/// Failures may mend without any tool changing: a full disk, a library that was missing. They are believed for a day.
pub(crate) const FAILURE_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Answers on disk, if there is a place for them.
#[derive(Clone, Debug)]
pub(crate) struct Memo {
    directory: Option<PathBuf>,
}

/// An answer that was kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) answer: String,
    pub(crate) age: Duration,
}

impl Memo {
    /// Returns the memo in the user's cache directory.
    pub(crate) fn new(env: &Env) -> Memo {
        Memo { directory: cache_dir(env).map(|directory| directory.join("probes")) }
    }

    /// Returns the answer that was kept for a key.
    pub(crate) fn recall(&self, key: &str) -> Option<Kept> {
        let path = self.path(key)?;
        let text = std::fs::read_to_string(&path).ok()?;
        let (length, rest) = text.strip_prefix(FORMAT)?.split_once('\n')?;
        let (found, answer) = rest.split_at_checked(length.parse().ok()?)?;
        let age = path.metadata().and_then(|meta| meta.modified()).ok()?.elapsed().unwrap_or_default();
        let answer = answer.strip_prefix('\n')?.strip_suffix("\nend\n")?.to_owned();
        (found == key).then_some(Kept { answer, age })
    }

    /// Keeps an answer, if that is possible.
    pub(crate) fn keep(&self, key: &str, answer: &str) {
        let Some(path) = self.path(key) else { return };
        let text = format!("{FORMAT}{}\n{key}\n{answer}\nend\n", key.len());
        // Readers see the old answer or the new one, for a rename replaces the file in one step.
        let private = path.with_extension(std::process::id().to_string());
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        if written
            .and_then(|()| std::fs::write(&private, text))
            .and_then(|()| std::fs::rename(&private, &path))
            .is_err()
        {
            let _ = std::fs::remove_file(&private);
        }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        self.directory.as_ref().map(|directory| directory.join(format!("{:016x}", hasher.finish())))
    }
}

/// Returns the cache directory of Thymos: `THYMOS_DIR`, else its place among the user's caches.
fn cache_dir(env: &Env) -> Option<PathBuf> {
    let below = |variable: &str, rest: &str| {
        env.path(variable).filter(|path| path.is_absolute()).map(|path: &Path| path.join(rest))
    };
    let home = match std::env::consts::OS {
        "macos" => below(var::HOME, "Library/Caches/thymos"),
        "windows" => below(var::LOCALAPPDATA, "thymos"),
        _ => below(var::XDG_CACHE_HOME, "thymos").or_else(|| below(var::HOME, ".cache/thymos")),
    };
    below(var::THYMOS_DIR, "").or(home)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::scratch::Scratch;

    fn memo(directory: &Path) -> Memo {
        Memo::new(&Env::from_pairs([("THYMOS_DIR", directory)]))
    }

    #[test]
    fn an_answer_comes_back_for_its_own_key_only() {
        let scratch = Scratch::new(&Env::from_process()).expect("a temporary directory");
        let memo = memo(scratch.path());
        memo.keep("key\nof two lines", "answer\nof two lines");
        assert_eq!(memo.recall("key\nof two lines").expect("kept").answer, "answer\nof two lines");
        assert_eq!(memo.recall("key"), None);
    }

    #[test]
    fn a_damaged_file_is_no_answer() {
        let scratch = Scratch::new(&Env::from_process()).expect("a temporary directory");
        let memo = memo(scratch.path());
        memo.keep("key", "answer");
        let path = memo.path("key").expect("there is a directory");
        let whole = std::fs::read(&path).expect("it was written");
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).expect("write");
            assert_eq!(memo.recall("key"), None, "cut at {cut}");
        }
        std::fs::write(&path, [0xff, 0xfe]).expect("write");
        assert_eq!(memo.recall("key"), None);
    }

    #[test]
    fn no_place_to_keep_it_is_no_harm() {
        for directory in ["/proc/nowhere", "/dev/null/x"] {
            let memo = memo(Path::new(directory));
            memo.keep("key", "answer");
            assert_eq!(memo.recall("key"), None);
        }
        let nowhere = Memo::new(&Env::from_pairs([("HOME", "relative")]));
        nowhere.keep("key", "answer");
        assert_eq!(nowhere.recall("key"), None);
    }
}
