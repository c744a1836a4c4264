//! Settings: environment over `thymos.toml` in the workspace over `thymos.toml` in the user's config directory.
//!
//! Invariant: settings never fail a build. What cannot be read is left at its default and becomes a complaint, one line that
//! says what is accepted.

pub(crate) mod amounts;
pub mod environment;
pub(crate) mod rate;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::settings::amounts::Size;
use crate::settings::environment::Environment;
use crate::settings::rate::Rate;

/// The size limit when nothing is set: 10 GB.
pub(crate) const DEFAULT_SIZE: u64 = 10_000_000_000;

/// What the cache does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Looks up and stores.
    #[default]
    On,
    /// Looks up and stores nothing.
    ReadOnly,
    /// Compiles everything and stores it anew.
    Refresh,
    /// Gets out of the way.
    Off,
}

/// Whether paths of the workspace are remapped in artifacts, so that another checkout can use them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remap {
    /// The workspace and the target directory are remapped to placeholders, which libraries keep. Whoever looks at a program or at a
    /// message sees the paths of the place that it is in.
    #[default]
    Workspace,
    /// Cargo's home is remapped to `/cargo` as well, so that crates from registries are the same under another `CARGO_HOME`.
    /// A debugger finds their sources after `set substitute-path /cargo <CARGO_HOME>`.
    All,
    /// Artifacts hold the paths that plain rustc writes, and hit in their own checkout only.
    Off,
}

/// How often a build script runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuildScripts {
    /// Once for everything that it reads; then its result is restored.
    Once,
    /// Whenever Cargo says so.
    #[default]
    Always,
}

/// Who may use a store besides the user who made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shared {
    /// Nobody. A store that others can write to is not used.
    #[default]
    No,
    /// The group that its directory belongs to. Each member then trusts every other with what their builds put out.
    Group,
}

impl Shared {
    /// Returns the word that settings use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Group => "group",
        }
    }
}

impl Remap {
    /// Returns the word that settings use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::All => "all",
            Self::Off => "off",
        }
    }
}

impl FromStr for Mode {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self::On),
            "read-only" => Ok(Self::ReadOnly),
            "refresh" => Ok(Self::Refresh),
            "off" => Ok(Self::Off),
            _ => Err("on, read-only, refresh or off"),
        }
    }
}

impl FromStr for Remap {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "workspace" => Ok(Self::Workspace),
            "all" => Ok(Self::All),
            "off" => Ok(Self::Off),
            _ => Err("workspace, all or off"),
        }
    }
}

impl FromStr for BuildScripts {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "once" => Ok(Self::Once),
            "always" => Ok(Self::Always),
            _ => Err("once or always"),
        }
    }
}

impl FromStr for Shared {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "no" => Ok(Self::No),
            "group" => Ok(Self::Group),
            _ => Err("no or group"),
        }
    }
}

/// What is in force for one invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The store's directory; `None` when there is no home to put it in.
    pub dir: Option<PathBuf>,
    /// The store's size limit in bytes.
    pub cache_size: u64,
    /// What the cache does.
    pub mode: Mode,
    /// What is remapped.
    pub remap: Remap,
    /// Which hits are compiled again and compared.
    pub verify: Rate,
    /// Who may use the store.
    pub shared: Shared,
    /// How often build scripts run.
    pub build_scripts: BuildScripts,
    /// What could not be read, one line each.
    pub complaints: Vec<String>,
}

impl Settings {
    /// Gathers the settings in force for a compile whose workspace may be at one of `workspaces`.
    #[must_use]
    pub fn gather<'a>(environment: &Environment, workspaces: impl IntoIterator<Item = &'a Path>) -> Self {
        let dir = cache_dir(environment);
        let mut settings = Self {
            dir,
            cache_size: DEFAULT_SIZE,
            mode: Mode::default(),
            remap: Remap::default(),
            shared: Shared::default(),
            build_scripts: BuildScripts::default(),
            verify: Rate::default(),
            complaints: Vec::new(),
        };
        if let Some(file) = config_dir(environment).map(|dir| dir.join("thymos.toml")) {
            settings.file(&file);
        }
        let in_workspace = |dir: &Path| dir.join("Cargo.toml").is_file() && dir.join("thymos.toml").is_file();
        if let Some(dir) = workspaces.into_iter().find(|dir| in_workspace(dir)) {
            settings.file(&dir.join("thymos.toml"));
        }
        settings.sccache(environment);
        for (name, key) in [
            (environment::DIR, "dir"),
            (environment::CACHE_SIZE, "cache-size"),
            (environment::MODE, "mode"),
            (environment::REMAP, "remap"),
            (environment::VERIFY, "verify"),
            (environment::SHARED, "shared"),
            (environment::BUILD_SCRIPTS, "build-scripts"),
        ] {
            if let Some(value) = environment.filled(name) {
                settings.set(name, key, value.to_str().unwrap_or("\u{fffd}"));
            }
        }
        settings
    }

    /// Takes the settings of sccache's that have a counterpart. Its sizes are powers of two.
    fn sccache(&mut self, environment: &Environment) {
        let filled = |name| environment.sccache(name).filter(|value| !value.is_empty()).map(OsStr::to_string_lossy);
        if let Some(dir) = filled(environment::SCCACHE_DIR) {
            self.set(environment::SCCACHE_DIR, "dir", &dir);
        }
        if let Some(size) = filled(environment::SCCACHE_CACHE_SIZE) {
            let unit = if size.ends_with(|last: char| last.is_ascii_alphabetic()) { "iB" } else { "" };
            self.set(environment::SCCACHE_CACHE_SIZE, "cache-size", &format!("{size}{unit}"));
        }
        if environment.sccache(environment::SCCACHE_RECACHE).is_some() {
            self.mode = Mode::Refresh;
        }
    }

    fn file(&mut self, path: &Path) {
        let Ok(text) = std::fs::read_to_string(path) else { return };
        let shown = path.display().to_string();
        let table = match text.parse::<toml_edit::DocumentMut>() {
            Ok(table) => table,
            Err(error) => {
                let line = error.to_string().lines().next().unwrap_or_default().to_owned();
                self.complaints.push(format!("{shown} is not read: {line}"));
                return;
            }
        };
        for (key, item) in table.iter() {
            let number = || item.as_integer().map(|number| number.to_string());
            let fraction = || item.as_float().map(|number| number.to_string());
            let value = item.as_str().map(str::to_owned).or_else(number).or_else(fraction).unwrap_or_default();
            let relative = key == "dir" && Path::new(&value).is_relative();
            let base = path.parent().unwrap_or(Path::new(""));
            let value = if relative { base.join(&value).display().to_string() } else { value };
            self.set(&shown, key, &value);
        }
    }

    fn set(&mut self, source: &str, key: &str, value: &str) {
        let complaint = match key {
            "dir" if Path::new(value).is_absolute() => {
                self.dir = Some(PathBuf::from(value));
                None
            }
            "dir" => Some("an absolute path"),
            "cache-size" => take(value, |Size(size)| self.cache_size = size),
            "mode" => take(value, |mode| self.mode = mode),
            "remap" => take(value, |remap| self.remap = remap),
            "shared" => take(value, |shared| self.shared = shared),
            "build-scripts" => take(value, |scripts| self.build_scripts = scripts),
            "verify" => take(value, |rate| self.verify = rate),
            _ => {
                self.complaints.push(format!(
                    "{source}: unknown key {key}; there are dir, cache-size, mode, remap, shared, verify and build-scripts"
                ));
                None
            }
        };
        if let Some(accepted) = complaint {
            self.complaints.push(format!("{source}: {value:?} is not {accepted}; the default is used"));
        }
    }
}

fn take<T: FromStr<Err = &'static str>>(value: &str, set: impl FnOnce(T)) -> Option<&'static str> {
    value.parse().map(set).err()
}

fn home(environment: &Environment) -> Option<PathBuf> {
    environment.path("HOME").or_else(|| environment.path("USERPROFILE")).filter(|home| home.is_absolute())
}

/// Returns the store's default directory: `thymos` in the platform's cache directory.
pub(crate) fn cache_dir(environment: &Environment) -> Option<PathBuf> {
    let base = if cfg!(windows) {
        environment.path("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home(environment).map(|home| home.join("Library/Caches"))
    } else {
        let set = environment.path("XDG_CACHE_HOME").filter(|dir| dir.is_absolute());
        set.or_else(|| home(environment).map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("thymos"))
}

/// Returns the directory of the user's `thymos.toml`.
pub(crate) fn config_dir(environment: &Environment) -> Option<PathBuf> {
    let base = if cfg!(windows) {
        environment.path("APPDATA")
    } else if cfg!(target_os = "macos") {
        home(environment).map(|home| home.join("Library/Application Support"))
    } else {
        let set = environment.path("XDG_CONFIG_HOME").filter(|dir| dir.is_absolute());
        set.or_else(|| home(environment).map(|home| home.join(".config")))
    };
    base.map(|base| base.join("thymos"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    #[cfg(unix)]
    fn environment_wins_over_workspace_and_workspace_over_user() {
        let dir = tempfile::tempdir().unwrap();
        let (user, workspace) = (dir.path().join("config/thymos"), dir.path().join("ws"));
        std::fs::create_dir_all(&user).unwrap();
        std::fs::create_dir_all(&workspace).unwrap();
        std::fs::write(user.join("thymos.toml"), "mode = 'off'\ncache-size = '1G'\nremap = 'all'\nshared = 'group'\n")
            .unwrap();
        std::fs::write(workspace.join("thymos.toml"), "mode = 'read-only'\ncache-size = '2G'\ndir = 'here'\n").unwrap();
        std::fs::write(workspace.join("Cargo.toml"), "").unwrap();
        let config = dir.path().join("config").display().to_string();
        let environment: Environment =
            [("XDG_CONFIG_HOME".to_owned(), config), ("THYMOS_CACHE_SIZE".to_owned(), "3G".to_owned())]
                .into_iter()
                .collect();
        let settings = Settings::gather(&environment, [workspace.as_path()]);
        assert_eq!((settings.mode, settings.remap, settings.cache_size), (Mode::ReadOnly, Remap::All, 3_000_000_000));
        assert_eq!(settings.shared, Shared::Group);
        assert_eq!(settings.dir, Some(workspace.join("here")));
        assert!(settings.complaints.is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn settings_of_sccaches_count_under_its_name_where_none_of_our_own_is_set() {
        let set = |extra: &[(&str, &str)]| -> Environment {
            let sccache = [("SCCACHE_DIR", "/old"), ("SCCACHE_CACHE_SIZE", "20G"), ("SCCACHE_RECACHE", "")];
            sccache.iter().chain(extra).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let gather = |environment: Environment| Settings::gather(&environment, []);
        let under_its_name = gather(set(&[]).called(environment::Name::Sccache));
        assert_eq!(under_its_name.dir, Some(PathBuf::from("/old")));
        assert_eq!((under_its_name.cache_size, under_its_name.mode), (20 << 30, Mode::Refresh));
        let ours = gather(set(&[("THYMOS_DIR", "/new"), ("THYMOS_MODE", "on")]).called(environment::Name::Sccache));
        assert_eq!((ours.dir, ours.mode), (Some(PathBuf::from("/new")), Mode::On));
        let under_our_name = gather(set(&[]));
        assert_eq!((under_our_name.dir, under_our_name.cache_size), (None, DEFAULT_SIZE));
    }

    #[test]
    fn a_file_that_is_no_toml_is_one_line_and_no_panic() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("Cargo.toml"), "").unwrap();
        for text in ["==.\n[. \0\0\0=", "[a.=", "[[", "a.b.=", "\u{feff}=", "[.a]\n[.a.b]"] {
            std::fs::write(dir.path().join("thymos.toml"), text).unwrap();
            let settings = Settings::gather(&Environment::default(), [dir.path()]);
            assert_eq!(settings.complaints.len(), 1, "{text:?}: {:?}", settings.complaints);
        }
    }

    #[test]
    fn what_cannot_be_read_is_one_line_that_says_what_is_accepted() {
        let environment: Environment =
            [("THYMOS_CACHE_SIZE".to_owned(), "banana".to_owned()), ("THYMOS_MODE".to_owned(), "loud".to_owned())]
                .into_iter()
                .collect();
        let settings = Settings::gather(&environment, []);
        assert_eq!(settings.cache_size, DEFAULT_SIZE);
        assert_eq!(settings.mode, Mode::On);
        assert_eq!(settings.complaints.len(), 2);
        assert!(settings.complaints[0].contains("10G") && settings.complaints[1].contains("refresh"));
    }
}
