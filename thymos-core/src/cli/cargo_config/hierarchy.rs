//! Cargo's configuration as Cargo sees it: files from the working directory up, the user's own last, includes below the
//! file that names them.
//!
//! Invariant: nothing is merged. Every value keeps the file that it stands in, for a person wants to know where.
//! Source: the Cargo book, "Configuration", "Hierarchical structure" and "Including extra configuration files".

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Value};

use super::flags::{self, Flags};
use super::toml::{item_at, parse, text_at};
use super::{file, lines};
use crate::settings::environment::Environment;

/// How deep includes may be nested before they count as going in circles.
const DEEPEST: usize = 8;

/// One file.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub document: DocumentMut,
}

/// The files that are in force in a directory, the strongest first.
#[derive(Clone, Debug, Default)]
pub struct Hierarchy {
    /// The files.
    pub layers: Vec<Layer>,
    /// Files that Cargo would fail on, one line each.
    pub broken: Vec<String>,
}

impl Hierarchy {
    /// Reads the files in force in a directory.
    pub fn read(environment: &Environment, directory: &Path) -> Self {
        let mut places: Vec<PathBuf> = directory.ancestors().map(|directory| directory.join(".cargo")).collect();
        places.extend(environment.cargo_home().filter(|home| !places.contains(home)));
        let mut hierarchy = Self::default();
        places
            .iter()
            .map(|place| file::of_directory(place))
            .filter(|path| path.is_file())
            .for_each(|path| hierarchy.add(&path, 0));
        hierarchy
    }

    fn add(&mut self, path: &Path, depth: usize) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                return self.broken.push(format!("{}: {}", path.display(), crate::system::error::plain(&error)));
            }
        };
        let document = match parse(&lines::plain(&text)) {
            Ok(document) => document,
            Err(cause) => return self.broken.push(format!("{}: {cause}", path.display())),
        };
        let includes = includes(&document);
        self.layers.push(Layer { path: path.to_owned(), document });
        let directory = path.parent().unwrap_or(Path::new(""));
        // A later include wins over an earlier one.
        for include in includes.iter().rev().map(|include| directory.join(include)) {
            if depth < DEEPEST && include.is_file() {
                self.add(&include, depth + 1);
            }
        }
    }

    /// Returns every text that stands at a key, the one in force first, each with its file.
    pub fn texts(&self, way: &[&str]) -> Vec<(String, String)> {
        let found = self
            .layers
            .iter()
            .filter_map(|layer| Some((text_at(&layer.document, way)?, layer.path.display().to_string())));
        found.collect()
    }

    /// Returns the flags for rustc by source, the source in force first. Of `cfg()` tables all count.
    pub fn rustflags(&self, environment: &Environment, target: &str) -> Vec<Vec<Flags>> {
        let variable = |name: &str, by: char| {
            let flags = environment
                .get(name)?
                .to_string_lossy()
                .split(by)
                .filter(|flag| !flag.is_empty())
                .map(str::to_owned)
                .collect();
            Some(Flags { place: name.to_owned(), flags })
        };
        let upper = target.replace(['-', '.'], "_").to_ascii_uppercase();
        let of_target =
            variable(&format!("CARGO_TARGET_{upper}_RUSTFLAGS"), ' ').into_iter().chain(self.of_target(target));
        let of_build = variable("CARGO_BUILD_RUSTFLAGS", ' ').into_iter().chain(self.of_build());
        let sources: [Vec<Flags>; 4] = [
            variable("CARGO_ENCODED_RUSTFLAGS", '\u{1f}').into_iter().collect(),
            variable("RUSTFLAGS", ' ').into_iter().collect(),
            of_target.collect(),
            of_build.collect(),
        ];
        sources.into_iter().filter(|source| !source.is_empty()).collect()
    }

    fn of_target(&self, target: &str) -> Vec<Flags> {
        let mut found = Vec::new();
        for layer in &self.layers {
            let Some(targets) = layer.document.get("target").and_then(Item::as_table_like) else { continue };
            for (name, item) in targets.iter().filter(|(name, _)| *name == target || name.starts_with("cfg(")) {
                let list = item.as_table_like().and_then(|table| flags::list(table.get("rustflags")?));
                found.extend(
                    list.map(|flags| Flags { place: format!("target.{name} in {}", layer.path.display()), flags }),
                );
            }
        }
        found
    }

    fn of_build(&self) -> Vec<Flags> {
        let lists = self
            .layers
            .iter()
            .filter_map(|layer| Some((layer, flags::list(item_at(&layer.document, &["build", "rustflags"])?)?)));
        lists.map(|(layer, flags)| Flags { place: format!("build in {}", layer.path.display()), flags }).collect()
    }
}

fn includes(document: &DocumentMut) -> Vec<String> {
    match document.get("include") {
        Some(Item::ArrayOfTables(tables)) => {
            tables.iter().filter_map(|table| table.get("path")?.as_str().map(str::to_owned)).collect()
        }
        Some(item) => {
            let path = |value: &Value| {
                let inner = || value.as_inline_table()?.get("path")?.as_str();
                value.as_str().or_else(inner).map(str::to_owned)
            };
            item.as_array().map(|array| array.iter().filter_map(path).collect()).unwrap_or_default()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const TARGET: &str = "x86_64-unknown-linux-gnu";

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn layer(path: &str, text: &str) -> Layer {
        Layer { path: path.into(), document: text.parse().unwrap() }
    }

    #[test]
    fn the_nearest_file_wins_and_an_include_comes_below_its_file() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "a/.cargo/config.toml",
            "include = ['x.toml', { path = 'y.toml', optional = true }, { path = 'gone.toml', optional = true }]\n",
        );
        write("a/.cargo/x.toml", "[build]\nrustc-wrapper = 'x'\n");
        write("a/.cargo/y.toml", "include = ['y.toml']\n[build]\nrustc-wrapper = 'y'\n");
        write(".cargo/config.toml", "[build]\nrustc-wrapper = 'above'\n");
        write("home/config.toml", "[build\n");
        let home = root.path().join("home").display().to_string();
        let hierarchy = Hierarchy::read(&environment(&[("CARGO_HOME", &home)]), &root.path().join("a"));
        let texts: Vec<String> =
            hierarchy.texts(&["build", "rustc-wrapper"]).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts.first().map(String::as_str), Some("y"));
        assert_eq!(texts.iter().rev().take(2).collect::<Vec<_>>(), ["above", "x"]);
        assert_eq!(hierarchy.broken.len(), 1, "{:?}", hierarchy.broken);
    }

    #[test]
    fn the_first_source_of_flags_silences_the_others() {
        let text = format!(
            "[build]\nrustflags = '-a'\n[target.'cfg(unix)']\nrustflags = ['-b']\n[target.{TARGET}]\nrustflags = '-c'\n[target.other]\nrustflags = '-d'\n"
        );
        let hierarchy = Hierarchy { layers: vec![layer("f", &text)], broken: Vec::new() };
        let sources = |pairs: &[(&str, &str)]| {
            let sources = hierarchy.rustflags(&environment(pairs), TARGET);
            sources
                .iter()
                .map(|source| source.iter().flat_map(|it| it.flags.clone()).collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        assert_eq!(sources(&[]), ["-b -c", "-a"]);
        assert_eq!(sources(&[("RUSTFLAGS", "-x -y")]), ["-x -y", "-b -c", "-a"]);
        assert_eq!(sources(&[("RUSTFLAGS", "")]), ["", "-b -c", "-a"], "an empty variable silences the files too");
        assert_eq!(sources(&[("CARGO_ENCODED_RUSTFLAGS", "-e\u{1f}-f g")]), ["-e -f g", "-b -c", "-a"]);
    }
}
