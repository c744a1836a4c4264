//! What paths are shown as in a result: our own remapping, and the user's `--remap-path-prefix`, which wins.
//!
//! Sources: `parse_remap_path_prefix` and `parse_remap_path_scope` in rustc's `rustc_session/src/config.rs`, and
//! `FilePathMapping::map_prefix` in `rustc_span/src/source_map.rs`: the last `=` divides a pair, and of several pairs the last
//! one counts whose first half leads to the path.
//!
//! Invariant: pure. What is shown of a root is shown without its place, or the root is named by [`Remapping::tells`], or the key
//! holds it ([`Remapping::nested`]).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::action::placeholder::{Places, Renamed};
use crate::action::roots::{Root, Roots};
use crate::invocation::{Argument, Invocation};
use crate::settings::Remap;
use crate::system::os;

/// Where Cargo's home is said to be with [`Remap::All`].
const CARGO_HOME: &str = "/cargo";

/// The pairs of a compile, in the order in which rustc is told them: ours, then the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remapping {
    pairs: Vec<Pair>,
    /// How many of them are ours.
    own: usize,
    reach: Reach,
}

/// One `--remap-path-prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    from: PathBuf,
    to: PathBuf,
}

/// What of a result shows remapped paths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reach {
    /// All that an artifact holds.
    #[default]
    Artifacts,
    /// A part of it: the user gave a `--remap-path-scope`.
    Part,
}

impl Remapping {
    /// Returns the remapping of a compile whose paths are replaced by placeholders.
    pub fn of(invocation: &Invocation, (roots, places): (&Roots, &Places), remap: Remap) -> Self {
        let mut pairs = own(roots, places, remap);
        let own = pairs.len();
        let mut reach = Reach::default();
        for argument in &invocation.arguments {
            match argument {
                Argument::Text(name, value) if name == "--remap-path-prefix" => pairs.extend(Pair::parse(value)),
                Argument::Text(name, value) if name == "--remap-path-scope" => reach = reach.narrowed(value),
                _ => {}
            }
        }
        Self { pairs, own, reach }
    }

    /// Returns the remapping where the unit itself is renamed or not. Where it is not, each path that has a placeholder is shown as it
    /// is, and rustc still reads the sources of a dependency by its placeholder (`reverse_map_prefix_heuristically`).
    #[must_use]
    pub fn applied(&self, renamed: Renamed) -> Self {
        let Self { pairs, own, reach } = self;
        let (ours, theirs) = pairs.split_at(*own);
        let to_itself = |pair: &Pair| Pair { from: pair.from.clone(), to: pair.from.clone() };
        let is_placeholder = |pair: &&Pair| pair.to != Path::new(CARGO_HOME);
        let undone: Vec<Pair> = match renamed {
            Renamed::Yes => Vec::new(),
            Renamed::No => ours.iter().filter(is_placeholder).map(to_itself).collect(),
        };
        let own = own + undone.len();
        Self { pairs: ours.iter().chain(&undone).chain(theirs).cloned().collect(), own, reach: *reach }
    }

    /// Returns our own options, to be put in front of the user's.
    pub fn options(&self) -> Vec<OsString> {
        let option = |pair: &Pair| {
            let mut option = OsString::from("--remap-path-prefix=");
            option.push(&pair.from);
            option.push("=");
            option.push(&pair.to);
            option
        };
        self.pairs[..self.own].iter().map(option).collect()
    }

    /// Returns what is shown of an absolute path.
    pub fn shown(&self, path: &Path) -> PathBuf {
        self.pair(path).map_or_else(|| path.to_owned(), |pair| pair.image(path))
    }

    /// Returns the roots whose places are told by what is shown of an absolute path, whatever may be made of it: its length, a
    /// hash.
    pub fn tells(&self, path: &Path, roots: &Roots) -> Vec<Root> {
        let mut told = Vec::new();
        let pair = self.pair(path);
        if let Some(pair) = pair {
            told.extend(roots.holding(&pair.to));
        }
        // What a pair cuts off inside of a root leaves a path that is the same wherever the root lies.
        let is_cut = pair.is_some_and(|pair| roots.holding(&pair.from).is_some());
        if !is_cut || self.reach == Reach::Part {
            told.extend(roots.holding(path));
        }
        told
    }

    /// The same of the working directory, where only the search for literal paths looks for it: it is not found where a pair of
    /// the user's leads to it from above.
    pub fn tells_in_disguise(&self, directory: &Path, roots: &Roots) -> Vec<Root> {
        if self.pair(directory).is_some() { self.tells(directory, roots) } else { Vec::new() }
    }

    /// Returns whether artifacts never show where a root lies.
    pub fn hides(&self, root: Root, roots: &Roots) -> bool {
        roots.path(root).is_some_and(|path| self.tells(&path, roots).is_empty())
    }

    /// Returns how the roots that lie in another one are shown, where a pair cuts that other one off: where the one lies in the
    /// other is no part of any path relative to a root.
    pub fn nested(&self, roots: &Roots) -> Vec<(Root, PathBuf)> {
        let image = |root: Root| {
            let path = roots.path(root)?;
            let pair = self.pair(&path)?;
            let other = roots.holding(&pair.from)?;
            let lies_below = path != pair.from && !path.eq(&roots.path(other)?);
            lies_below.then(|| (root, pair.image(&path)))
        };
        Root::ALL.into_iter().filter_map(image).collect()
    }

    fn pair(&self, path: &Path) -> Option<&Pair> {
        self.pairs.iter().rev().find(|pair| path.starts_with(&pair.from))
    }
}

impl Pair {
    fn parse(text: &[u8]) -> Option<Self> {
        let at = memchr::memrchr(b'=', text)?;
        let path = |bytes: &[u8]| os::path_from_bytes(bytes.to_vec());
        Some(Self { from: path(&text[..at]), to: path(&text[at + 1..]) })
    }

    fn image(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.from) {
            Ok(rest) if rest.as_os_str().is_empty() => self.to.clone(),
            Ok(rest) => self.to.join(rest),
            Err(_) => path.to_owned(),
        }
    }
}

impl Reach {
    /// `object` stands for all that an artifact holds, and `all` for diagnostics too, which are told apart by their paths.
    fn narrowed(self, scope: &[u8]) -> Self {
        let whole = scope.split(|byte| *byte == b',').any(|item| item == b"all" || item == b"object");
        if whole { self } else { Self::Part }
    }
}

/// Returns our pairs, the shortest first: what lies in another root comes after it, as the target directory usually lies in the
/// workspace, and Cargo's home does where a CI system keeps only the workspace.
fn own(roots: &Roots, places: &Places, remap: Remap) -> Vec<Pair> {
    let path = |bytes: &[u8]| os::path_from_bytes(bytes.to_vec());
    let mut pairs = Vec::new();
    if remap != Remap::Off {
        pairs.extend(places.names().map(|(from, name)| Pair { from: path(from), to: path(&name) }));
    }
    if remap == Remap::All {
        pairs.extend(roots.path(Root::CargoHome).map(|from| Pair { from, to: CARGO_HOME.into() }));
    }
    pairs.sort_by_key(|pair| pair.from.as_os_str().len());
    pairs
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::action::placeholder;

    fn roots(home: &str) -> Roots {
        let roots = [(Root::Workspace, "/h/ws"), (Root::Target, "/h/ws/target"), (Root::CargoHome, home)];
        Roots::new(roots.map(|(root, path)| (root, path.into())))
    }

    fn remapping(remap: Remap, home: &str, options: &[(&str, &str)]) -> Remapping {
        let argument = |(name, value): &(&str, &str)| Argument::Text((*name).into(), value.as_bytes().to_vec());
        let arguments = options.iter().map(argument).collect();
        let (roots, invocation) = (roots(home), Invocation { arguments, ..Invocation::default() });
        Remapping::of(&invocation, (&roots, &Places::new(&roots)), remap)
    }

    /// Shortens the names of placeholders.
    fn readable(text: &str) -> String {
        let name = |root: Root| String::from_utf8(placeholder::name(root, 64)).unwrap_or_default();
        text.replace(&name(Root::Workspace), "<W>").replace(&name(Root::Target), "<T>")
    }

    fn of_the_user(pair: &str) -> Remapping {
        remapping(Remap::Workspace, "/h/.cargo", &[("--remap-path-prefix", pair)])
    }

    #[test]
    fn what_lies_in_another_root_is_remapped_after_it() {
        let check = |remap: Remap, home: &str, expected: &[&str]| {
            let options = remapping(remap, home, &[]).options();
            let options: Vec<_> = options.iter().filter_map(|option| option.to_str()?.split_once('=')).collect();
            let options: Vec<String> = options.iter().map(|(_, value)| readable(value)).collect();
            assert_eq!(options, expected, "{remap:?} {home}");
        };
        check(Remap::Off, "/h/.cargo", &[]);
        check(Remap::Workspace, "/h/.cargo", &["/h/ws=<W>", "/h/ws/target=<T>"]);
        check(Remap::All, "/h/.cargo", &["/h/ws=<W>", "/h/.cargo=/cargo", "/h/ws/target=<T>"]);
        check(Remap::All, "/h/ws/.c", &["/h/ws=<W>", "/h/ws/.c=/cargo", "/h/ws/target=<T>"]);
        check(Remap::All, "/", &["/h/ws=<W>", "/h/ws/target=<T>"]);
        let undone = remapping(Remap::All, "/h/ws/.c", &[("--remap-path-prefix", "/x=/y")]).applied(Renamed::No);
        let options: Vec<String> = undone.options().iter().map(|option| readable(&option.to_string_lossy())).collect();
        let values: Vec<&str> =
            options.iter().filter_map(|option| option.split_once('=')).map(|(_, pair)| pair).collect();
        let expected = ["/h/ws=<W>", "/h/ws/.c=/cargo", "/h/ws/target=<T>", "/h/ws=/h/ws", "/h/ws/target=/h/ws/target"];
        assert_eq!(values, expected);
        assert_eq!(undone.tells(Path::new("/h/ws/x"), &roots("/h/ws/.c")), [Root::Workspace]);
    }

    #[test]
    fn a_path_is_shown_by_the_last_pair_that_leads_to_it() {
        for (path, pair, shown) in [
            ("/h/ws/target", "/none=/x", "<T>"),
            ("/h/ws/target/x", "/none=/x", "<T>/x"),
            ("/h/ws", "/none=/x", "<W>"),
            ("/v/target", "/none=/x", "/v/target"),
            ("/h/ws/target", "/h/ws=/x=y", "<T>"),
            ("/h/ws/target", "/h/ws=/other", "/other/target"),
            ("/h/ws/target", "/h/w=/other", "<T>"),
            ("/h/ws/target", "/h//./=/other", "/other/ws/target"),
        ] {
            let found = of_the_user(pair).shown(Path::new(path));
            assert_eq!(readable(&found.to_string_lossy()), shown, "{path} {pair}");
        }
    }

    #[test]
    fn a_pair_above_a_root_tells_where_the_root_lies() {
        let check = |remapping: &Remapping, path: &str, told: &[Root]| {
            assert_eq!(remapping.tells(Path::new(path), &roots("/h/.cargo")), told, "{path} {remapping:?}");
        };
        let ours = remapping(Remap::Workspace, "/h/.cargo", &[]);
        check(&ours, "/h/ws/target/made.rs", &[]);
        check(&ours, "/h/.cargo/registry/x.rs", &[Root::CargoHome]);
        check(&remapping(Remap::Off, "/h/.cargo", &[]), "/h/ws/target/made.rs", &[Root::Target]);
        for pair in ["/h=/x", "/=/x", "/h/=/x", "=/x"] {
            check(&of_the_user(pair), "/h/ws/target/made.rs", &[Root::Target]);
            check(&of_the_user(pair), "/h/ws/src/lib.rs", &[Root::Workspace]);
            check(&of_the_user(pair), "/elsewhere/lib.rs", &[]);
        }
        for pair in ["/h/ws=/x", "/h/ws/target/debug=/x", "/h/w=/x", "/h/ws=y=/x"] {
            check(&of_the_user(pair), "/h/ws/target/debug/made.rs", &[]);
        }
        check(&of_the_user("/h/ws=/h/ws/deep"), "/h/ws/src/lib.rs", &[Root::Workspace]);
        let scope = |scope| remapping(Remap::Workspace, "/h/.cargo", &[("--remap-path-scope", scope)]);
        check(&scope("diagnostics,macro"), "/h/ws/src/lib.rs", &[Root::Workspace]);
        check(&scope("object"), "/h/ws/src/lib.rs", &[]);
    }

    #[test]
    fn a_root_in_another_one_is_shown_by_where_it_lies_in_it() {
        let check = |remapping: &Remapping, home: &str, expected: &[(Root, &str)]| {
            let nested = remapping.nested(&roots(home));
            let nested: Vec<_> = nested.iter().map(|(root, path)| (*root, readable(&path.to_string_lossy()))).collect();
            let expected: Vec<_> = expected.iter().map(|(root, path)| (*root, (*path).to_owned())).collect();
            assert_eq!(nested, expected, "{remapping:?}");
        };
        check(&remapping(Remap::Workspace, "/h/.cargo", &[]), "/h/.cargo", &[]);
        check(&remapping(Remap::Workspace, "/h/ws/.c", &[]), "/h/ws/.c", &[(Root::CargoHome, "<W>/.c")]);
        check(&remapping(Remap::All, "/h/ws/.c", &[]), "/h/ws/.c", &[]);
        check(&of_the_user("/h/ws=/x"), "/h/.cargo", &[(Root::Target, "/x/target")]);
        check(&of_the_user("/h=/x"), "/h/.cargo", &[]);
    }
}
