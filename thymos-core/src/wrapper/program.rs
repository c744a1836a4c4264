//! The programs and arguments in front of which Thymos stands.
//!
//! Invariant: a wrapper never runs itself, under whatever name it finds itself, and what it starts sees the guard variable.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::invocation::Head;
use crate::invocation::foreign;
use crate::request::Keyed;
use crate::settings::environment::{self, Environment};
use crate::system::digest::Digest;
use crate::system::error::plain;
use crate::system::os;
use crate::system::stamp::Stamp;

/// Splits the programs from the arguments. Cargo calls `thymos clippy-driver RUSTC ARGS…` when both kinds of wrapper are set.
pub fn split(arguments: &[OsString]) -> (Head, &[OsString]) {
    let (first, rest) = arguments.split_first().expect("the command line names a compiler");
    let is_program = |argument: &OsString| {
        let path = Path::new(argument);
        let option = matches!(argument.as_encoded_bytes().first(), None | Some(b'-' | b'@'));
        let before_options = rest.get(1).is_some_and(|next| next.as_encoded_bytes().starts_with(b"-"));
        !option
            && path.extension() != Some(OsStr::new("rs"))
            && (before_options || path.file_stem() == Some(OsStr::new("rustc")))
    };
    match rest.split_first() {
        Some((second, rest)) if is_program(second) && !foreign::is_compiler(first) => {
            (Head { driver: Some(first.clone()), rustc: second.clone() }, rest)
        }
        _ => (Head { driver: None, rustc: first.clone() }, rest),
    }
}

/// Returns whether a program, as the system would find it, is this very executable under some name.
pub fn is_self(program: &OsStr, environment: &Environment) -> bool {
    let path = Path::new(program);
    let found = if path.components().count() > 1 { Some(path.to_owned()) } else { environment.program(program) };
    found.is_some_and(|path| is_own_executable(&path))
}

fn is_own_executable(path: &Path) -> bool {
    let own = std::env::current_exe().and_then(|own| Stamp::of(&own));
    matches!((Stamp::of(path), own), (Ok(one), Ok(two)) if one.is_same_file(&two))
}

/// Finds a program of that name further on in `PATH`.
pub fn other_than_self(program: &OsStr, environment: &Environment) -> Option<OsString> {
    let name = Path::new(program).file_name()?;
    let candidates = std::env::split_paths(environment.get("PATH")?).map(|dir| dir.join(name));
    candidates.into_iter().find(|path| path.is_file() && !is_own_executable(path)).map(PathBuf::into_os_string)
}

/// Arguments without `@file` ones, and the files that those named. The key holds the files by the arguments in them: Cargo
/// gives one another name, and the paths in it are those of one place.
#[derive(Default)]
pub struct Expanded {
    pub arguments: Vec<OsString>,
    pub files: Vec<Keyed>,
}

/// Replaces `@file` arguments by the lines of the file, as rustc does.
pub fn expand(arguments: &[OsString]) -> Option<Expanded> {
    let mut expanded = Expanded::default();
    for argument in arguments {
        let Some(path) = argument.as_encoded_bytes().strip_prefix(b"@") else {
            expanded.arguments.push(argument.clone());
            continue;
        };
        let path = std::env::current_dir().ok()?.join(os::path_from_bytes(path.to_vec()));
        let stamp = Stamp::of(&path).ok()?;
        let text = fs::read_to_string(&path).ok()?;
        expanded.arguments.extend(text.lines().map(OsString::from));
        expanded.files.push(Keyed { digest: Digest::of(text.as_bytes()), path, stamp });
    }
    Some(expanded)
}

/// Becomes the compiler. Where what is added makes the command line longer than the system allows, the compiler reads it from a
/// file, as Cargo has it do when its own is too long.
pub fn exec(head: &Head, arguments: &[OsString], extra: &[OsString]) -> ! {
    let command = command(head, arguments, extra);
    let program = command.get_program().to_owned();
    let mut error = os::exec(command);
    if error.kind() == ErrorKind::ArgumentListTooLong
        && let Some(file) = argument_file(extra.iter().chain(arguments))
    {
        error = os::exec(self::command(head, &[file], &[]));
    }
    let mistyped = error.kind() == ErrorKind::NotFound && Path::new(&program).components().count() == 1;
    let hint = if mistyped { "; it is no command either: thymos --help" } else { "" };
    eprintln!("thymos: failed to start {}: {}{hint}", program.display(), plain(&error));
    std::process::exit(2)
}

/// Returns the argument that stands for all of these.
fn argument_file<'a>(arguments: impl Iterator<Item = &'a OsString>) -> Option<OsString> {
    let mut lines = String::new();
    for argument in arguments {
        let line = argument.to_str().filter(|line| !line.contains('\n') && !line.starts_with('@'))?;
        lines.extend([line, "\n"]);
    }
    let mut name = OsString::from("@");
    name.push(os::memfd(lines.as_bytes()).ok()?);
    Some(name)
}

pub fn command(head: &Head, arguments: &[OsString], extra: &[OsString]) -> Command {
    let mut command = match &head.driver {
        Some(driver) => {
            let mut command = Command::new(driver);
            command.arg(&head.rustc);
            command
        }
        None => Command::new(&head.rustc),
    };
    command.args(extra).args(arguments).env(environment::ACTIVE, "1");
    command
}
