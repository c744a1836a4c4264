//! What Cargo tells a script: the action of a run, and where its roots are.
//!
//! Invariant: all that selects the result before the script reads anything is in the key, from root to root. How many may run at
//! once is not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::reads;
use crate::action::Action;
use crate::action::placeholder::Places;
use crate::action::roots::{Root, Roots};
use crate::invocation::{Head, Invocation};
use crate::outcome::{Bypass, Degraded, Outcome};
use crate::request::compiler::Query;
use crate::request::remapping::Remapping;
use crate::request::{Keyed, Request};
use crate::settings::Remap;
use crate::settings::environment::Environment;
use crate::store::Store;
use crate::system::error::plain;
use crate::system::os;

/// One run, as Cargo asks for it.
#[derive(Debug)]
pub struct Asked {
    /// The script's executable.
    pub script: PathBuf,
    /// The name that Cargo starts it under.
    pub name: OsString,
    /// The environment, without what the launcher added.
    pub environment: Environment,
    /// The working directory: the package.
    pub directory: PathBuf,
    /// `OUT_DIR`.
    pub out_dir: PathBuf,
    /// The compiler that Cargo tells the script of.
    pub head: Head,
    /// Names the run among past actions, and finds the target directory.
    pub unit: Invocation,
}

impl Asked {
    /// Reads what Cargo tells; nothing where it was not Cargo that started the script.
    pub fn read(script: PathBuf, name: OsString, environment: Environment) -> Option<Self> {
        let out_dir = environment.path("OUT_DIR").filter(|path| path.is_absolute())?;
        let text = |name: &str| environment.get(name).and_then(|value| value.to_str()).map(str::to_owned);
        let unit = Invocation {
            crate_name: "build_script_run".to_owned(),
            source: PathBuf::from("OUT_DIR"),
            target: text("TARGET"),
            out_dir: out_dir.clone(),
            json: true,
            ..Invocation::default()
        };
        let head = Head { driver: None, rustc: environment.get("RUSTC")?.to_owned() };
        let directory = std::env::current_dir().ok()?;
        Some(Self { script, name, environment, directory, out_dir, head, unit })
    }

    /// Returns the directories that settings may lie in.
    pub fn workspaces(&self) -> impl Iterator<Item = &Path> {
        self.unit.target_dir().and_then(Path::parent).into_iter().chain([self.directory.as_path()])
    }

    /// Gathers the request of this run.
    pub fn request(&self, store: &Store) -> Result<Request, Outcome> {
        let query = Query { head: &self.head, target: None, sysroot: None, environment: &self.environment };
        let compiler = query.identify(store).map_err(|why| Outcome::Degraded(Degraded::Compiler(why)))?;
        let roots = self.roots(&compiler.sysroot)?;
        let (digest, stamp) =
            store.memo().digest(&self.script).map_err(|error| Outcome::Degraded(Degraded::Gather(plain(&error))))?;
        let action = Action {
            compiler: compiler.digest,
            arguments: self.arguments(&roots),
            files: vec![("build script".to_owned(), digest)],
            externs: Vec::new(),
            environment: self.told(&roots),
            directory: roots.rooted_path(&self.directory),
            processor: None,
            remap: Remap::default(),
        };
        let remapping = Remapping::of(&self.unit, (&roots, &Places::default()), Remap::Off);
        let places = Places::default();
        let keyed = vec![Keyed { path: self.script.clone(), stamp, digest }];
        Ok(Request { key: action.key(), action, compiler, roots, keyed, own_variables: Vec::new(), remapping, places })
    }

    /// What is no variable: the names that a script finds itself under, the mode of new files, and how the roots lie in one
    /// another, for a path may be made of another root's.
    fn arguments(&self, roots: &Roots) -> Vec<(String, Vec<u8>)> {
        let all = roots.all();
        let within = |(root, path): &(Root, Vec<u8>)| {
            let others = all.iter().filter(|(other, _)| other != root);
            let others = Roots::new(others.map(|(other, path)| (*other, os::path_from_bytes(path.clone()))));
            let rooted = others.rooted_prefix(path);
            (format!("place of {}", root.name()), if rooted.starts_with(b"\0") { rooted } else { Vec::new() })
        };
        let mut arguments: Vec<_> = all.iter().map(within).collect();
        arguments.sort();
        let path = |name: &str, path: &Path| (name.to_owned(), roots.rooted_path(path));
        arguments.extend([path("name", Path::new(&self.name)), path("script", &self.script)]);
        arguments.push(("mode".to_owned(), os::new_file_mode(0o777).to_string().into_bytes()));
        arguments
    }

    fn told(&self, roots: &Roots) -> Vec<(Vec<u8>, Vec<u8>)> {
        let told = self.environment.iter().filter(|(name, _)| name.to_str().is_some_and(reads::is_told));
        let told =
            told.map(|(name, value)| (name.as_encoded_bytes().to_vec(), roots.rooted_text(value.as_encoded_bytes())));
        told.chain([self.library_path(roots)]).collect()
    }

    /// What the user put into the loader's search path: Cargo adds directories of the build and the sysroot, in any order.
    fn library_path(&self, roots: &Roots) -> (Vec<u8>, Vec<u8>) {
        const NAME: &str = if cfg!(target_os = "macos") { "DYLD_FALLBACK_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
        let value = self.environment.get(NAME).unwrap_or_default();
        let rooted = std::env::split_paths(value).map(|path| roots.rooted_path(&path));
        let theirs: Vec<Vec<u8>> =
            rooted.filter(|path| !path.starts_with(b"\0T") && !path.starts_with(b"\0S") && !path.is_empty()).collect();
        (NAME.as_bytes().to_vec(), theirs.join(&b':'))
    }

    /// The workspace is where the target directory lies in, else the package, unless that is one of a registry.
    fn roots(&self, sysroot: &Path) -> Result<Roots, Outcome> {
        let unknown = || Outcome::Bypass(Bypass::Unaccounted(format!("place of {}", self.out_dir.display())));
        let target = self.unit.target_dir().ok_or_else(unknown)?;
        let home = self.environment.cargo_home();
        let around = target.parent().filter(|directory| directory.join("Cargo.toml").is_file());
        let is_published = home.as_deref().is_some_and(|home| self.directory.starts_with(home));
        let workspace = around.or_else(|| (!is_published).then_some(self.directory.as_path()));
        let found = [
            workspace.map(|path| (Root::Workspace, path.to_owned())),
            Some((Root::Target, target.to_owned())),
            home.map(|path| (Root::CargoHome, path)),
            Some((Root::Sysroot, sysroot.to_owned())),
        ];
        Ok(Roots::new(found.into_iter().flatten()))
    }
}
