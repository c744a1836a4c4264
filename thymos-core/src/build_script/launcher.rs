//! The program that Cargo starts in a build script's place.
//!
//! A script's executable moves aside, in its own directory, and a copy of the launcher takes its name. Cargo then links, starts
//! and judges the launcher as it would the script: only names and times count for it, and both are what a compile leaves.
//!
//! Invariant: at every moment the executable's name stands for the script or for a launcher that finds it, and a program that
//! only happens to be called like a build script is left alone.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::invocation::Invocation;
use crate::settings::environment::Environment;
use crate::system::os;

/// The launcher for this machine, or nothing.
const IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/launcher"));
/// What the note begins with, as in `launcher.c`.
const MAGIC: &[u8] = b"thymos launcher\x01";
const PATH_ROOM: usize = 4096;
const NAME_ROOM: usize = 256;

/// What the script's name begins with where a launcher stands in its place. No unit's outputs are named like this.
const ASIDE: &str = "script-of-";

/// Puts a launcher in the place of the build script that this invocation compiled or restored.
///
/// # Errors
/// Whatever the file system gives. Then the script stands where rustc has put it, and Cargo starts it itself.
pub fn lay(invocation: &Invocation, directory: &Path, environment: &Environment) -> io::Result<()> {
    if IMAGE.is_empty() || !is_build_script(invocation, environment) {
        return Ok(());
    }
    let executable = directory.join(&invocation.out_dir).join(invocation.stem());
    if !is_program(&executable)? {
        return Ok(());
    }
    let aside = aside(&executable);
    let Some(image) = image(&std::env::current_exe()?, &aside) else { return Ok(()) };
    let mut launcher = tempfile::Builder::new().prefix(".launcher-").tempfile_in(executable.with_file_name(""))?;
    launcher.write_all(&image)?;
    os::set_mode(launcher.path(), os::mode(&fs::metadata(&executable)?))?;
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::hard_link(&executable, &aside)?,
    }
    // A file that is open for writing cannot be started.
    let path = launcher.into_temp_path();
    path.persist(&executable).map_err(|error| error.error)
}

/// Returns the script that a launcher has this process run.
pub(super) fn script(arguments: &[OsString]) -> Option<PathBuf> {
    let [script] = arguments else { return None };
    let path = PathBuf::from(script);
    path.file_name()?.to_str()?.starts_with(ASIDE).then_some(path)
}

/// Returns what the outputs of the unit are named after that compiled this script.
pub(super) fn unit(script: &Path) -> Option<String> {
    script.file_name()?.to_str()?.strip_prefix(ASIDE).map(str::to_owned)
}

fn aside(executable: &Path) -> PathBuf {
    let name = executable.file_name().unwrap_or_default().to_string_lossy();
    executable.with_file_name(format!("{ASIDE}{name}"))
}

/// Cargo compiles scripts into directories of their own. It names programs and examples to the compiler, and scripts not.
fn is_build_script(invocation: &Invocation, environment: &Environment) -> bool {
    let named = |name: &str| environment.get(name).is_some();
    invocation.crate_name.starts_with("build_script_")
        && invocation.crate_types == ["bin"]
        && invocation.links()
        && !invocation.test
        && named("CARGO_MANIFEST_DIR")
        && !named("CARGO_BIN_NAME")
        && !named("OUT_DIR")
        && invocation.is_in_own_directory()
}

/// A program of another machine's is started by something else, which may not know the launcher; a launcher before a launcher
/// would find itself.
fn is_program(path: &Path) -> io::Result<bool> {
    let (mut file, mut head) = (File::open(path)?, [0; 20]);
    let size = file.metadata()?.len();
    let read = file.read_exact(&mut head);
    Ok(read.is_ok() && head[..6] == IMAGE[..6] && head[18..] == IMAGE[18..20] && size != IMAGE.len() as u64)
}

/// Returns a launcher that asks the program `thymos` for the runs of this script.
fn image(thymos: &Path, script: &Path) -> Option<Vec<u8>> {
    let mut image = IMAGE.to_vec();
    let at = memchr::memmem::find(&image, MAGIC)? + MAGIC.len();
    let mut fill = |at: usize, text: &[u8], room: usize| {
        let fits = text.len() < room && !text.contains(&0);
        fits.then(|| image[at..at + text.len()].copy_from_slice(text))
    };
    fill(at, thymos.as_os_str().as_encoded_bytes(), PATH_ROOM)?;
    fill(at + PATH_ROOM, script.file_name()?.as_encoded_bytes(), NAME_ROOM)?;
    Some(image)
}
