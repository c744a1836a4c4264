//! What a directory listing, a link and the options of diagnostics were, as inputs hold them.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use crate::action::roots::Roots;
use crate::invocation::Invocation;
use crate::settings::environment::Environment;
use crate::system::digest::Digest;
use crate::system::guard::Guard;
use crate::system::os;

/// Returns the digest of the names in a directory, and of what each stands for: a file, a directory or a link. Whoever lists a
/// directory is told both.
pub fn listing(path: &Path) -> io::Result<Digest> {
    let told = |entry: io::Result<fs::DirEntry>| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)));
    let mut entries = fs::read_dir(path)?.map(told).collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|(one, _), (two, _)| one.cmp(two));
    let mut hasher = crate::system::digest::FieldHasher::new("listing with kinds");
    for (name, kind) in entries {
        hasher.bytes(name.as_encoded_bytes());
        hasher.bytes(&[u8::from(kind.is_file()), u8::from(kind.is_dir()), u8::from(kind.is_symlink())]);
    }
    Ok(hasher.finish())
}

/// Returns what a symbolic link says, letter by letter: who asks for it can measure it.
pub fn link_target(path: &Path, roots: &Roots) -> io::Result<Vec<u8>> {
    let target = fs::read_link(path)?;
    let literal = Guard::InputLinkTarget.on();
    Ok(if literal { target.into_os_string().into_encoded_bytes() } else { roots.rooted_path(&target) })
}

/// Returns what a search of `PATH` finds by a name: everything of that name in its directories, in order, up to the first file
/// that can be executed. `None` where there is no such thing.
#[must_use]
pub fn search(environment: &Environment, name: &OsStr, roots: &Roots) -> Option<Vec<u8>> {
    let mut found = Vec::new();
    for directory in std::env::split_paths(environment.get("PATH")?) {
        let path = directory.join(name);
        let Ok(metadata) = fs::metadata(&path) else { continue };
        found.push(roots.rooted_path(&path));
        if metadata.is_file() && (cfg!(not(unix)) || os::mode(&metadata) & 0o111 != 0) {
            break;
        }
    }
    (!found.is_empty()).then(|| found.join(&b':'))
}

/// Returns the digest of the options that shape diagnostics.
pub fn display(invocation: &Invocation) -> Digest {
    let mut hasher = crate::system::digest::FieldHasher::new("display");
    invocation.display.iter().for_each(|option| hasher.bytes(option));
    hasher.finish()
}
