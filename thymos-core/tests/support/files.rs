//! The files of a small project, as data.

use std::fs;
use std::path::Path;

/// Relative paths with their contents, written in this order. A path given twice keeps its last contents.
#[derive(Clone, Default)]
pub struct Files(Vec<(String, Vec<u8>)>);

/// Returns a package with a manifest and no sources. It is its own workspace root and has no dependencies.
pub fn package(name: &str) -> Files {
    Files::default().file("Cargo.toml", format!("{}\n[workspace]\n", package_table(name)))
}

/// Returns a workspace root with these members, which have a manifest each and no sources.
pub fn workspace(members: &[&str]) -> Files {
    let list = members.iter().map(|member| format!("{member:?}")).collect::<Vec<_>>().join(", ");
    let root = Files::default().file("Cargo.toml", format!("[workspace]\nresolver = \"3\"\nmembers = [{list}]\n"));
    members.iter().fold(root, |files, member| files.file(&format!("{member}/Cargo.toml"), package_table(member)))
}

/// Returns a package with a library and a program that prints what the library says.
pub fn library_and_program(text: &str) -> Files {
    package("app")
        .file("src/lib.rs", format!("pub fn text() -> String {{ \"{text}\".to_owned() }}"))
        .file("src/main.rs", "fn main() { println!(\"{}\", app::text()) }")
}

impl Files {
    pub fn file(mut self, path: &str, contents: impl AsRef<[u8]>) -> Files {
        self.0.retain(|(known, _)| known != path);
        self.0.push((path.to_owned(), contents.as_ref().to_vec()));
        self
    }

    /// Adds lines to the end of a file that is already there, usually a manifest.
    pub fn append(mut self, path: &str, lines: &str) -> Files {
        let (_, contents) = self.0.iter_mut().find(|(known, _)| known == path).expect("the file is there already");
        contents.extend_from_slice(lines.as_bytes());
        contents.push(b'\n');
        self
    }

    pub fn write_to(&self, root: &Path) {
        for (path, contents) in &self.0 {
            write(&root.join(path), contents);
        }
    }
}

/// Writes a file and the directories above it.
pub fn write(path: &Path, contents: &[u8]) {
    let directory = path.parent().expect("a file has a directory");
    fs::create_dir_all(directory).unwrap_or_else(|error| panic!("create `{}`: {error}", directory.display()));
    fs::write(path, contents).unwrap_or_else(|error| panic!("write `{}`: {error}", path.display()));
}

/// Writes a script that can be started.
#[cfg(unix)]
pub fn write_executable(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let _writing = super::run::EXECUTABLES.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    write(path, script.as_bytes());
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its owner may do so");
}

fn package_table(name: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
}
