//! Parsed sources of one package, with their unit tests left out.

use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, ItemFn, ItemMod, ItemUse, UseTree, spanned::Spanned};

/// One source file.
pub struct Source {
    /// Where it lies below `src`: `store/blobs.rs`.
    pub path: PathBuf,
    /// Its module: `["store", "blobs"]`.
    pub module: Vec<String>,
    /// How many lines it has without unit tests.
    pub lines: usize,
    /// Every path that it names: those of `use` declarations and those that stand in code and macros.
    pub paths: Vec<Vec<String>>,
    /// What it re-exports: a name of its own, and what that stands for.
    pub exports: Vec<(String, Vec<String>)>,
    /// Its functions.
    pub functions: Vec<Function>,
}

/// One function.
pub struct Function {
    /// Its name.
    pub name: String,
    /// How many lines it has, from its signature to its last brace.
    pub lines: usize,
}

/// Reads the sources of the package whose directory is `package`.
pub fn read(package: &str) -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join(package).join("src");
    let mut paths = Vec::new();
    gather(&src, &mut paths);
    paths.sort();
    paths.iter().map(|path| parse(&src, path)).collect()
}

fn gather(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the sources are there") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            gather(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            paths.push(path);
        }
    }
}

fn parse(src: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source is text");
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let relative = path.strip_prefix(src).expect("it lies there").to_owned();
    let parts = relative.with_extension("");
    let mut module: Vec<String> = parts.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    module.pop_if(|last| ["mod", "lib", "main"].contains(&last.as_str()));
    let mut reader =
        Reader { module: &module, tests: 0, paths: Vec::new(), exports: Vec::new(), functions: Vec::new() };
    reader.visit_file(&file);
    let Reader { tests, paths, exports, functions, .. } = reader;
    Source { path: relative, lines: text.lines().count() - tests, paths, exports, functions, module }
}

struct Reader<'a> {
    module: &'a [String],
    tests: usize,
    paths: Vec<Vec<String>>,
    exports: Vec<(String, Vec<String>)>,
    functions: Vec<Function>,
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        list.path.is_ident("cfg") && list.tokens.to_string() == "test"
    })
}

fn lines(spanned: &impl Spanned) -> usize {
    let span = spanned.span();
    span.end().line - span.start().line + 1
}

impl Reader<'_> {
    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (from, to) = (signature.span().start().line, block.span().end().line);
        self.functions.push(Function { name: signature.ident.to_string(), lines: to - from + 1 });
    }

    /// Makes a path that begins with `self` or `super` begin with `crate`.
    fn absolute(&self, path: Vec<String>) -> Vec<String> {
        let above = path.iter().take_while(|part| *part == "super").count();
        let skipped = above + usize::from(path.first().is_some_and(|part| part == "self"));
        if skipped == 0 {
            return path;
        }
        let base = &self.module[..self.module.len().saturating_sub(above)];
        let rest = path.into_iter().skip(skipped);
        std::iter::once("crate".to_owned()).chain(base.iter().cloned()).chain(rest).collect()
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if is_test(&item.attrs) {
            self.tests += lines(item);
        } else {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if is_test(&item.attrs) {
            self.tests += lines(item);
            return;
        }
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut leaves = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut leaves);
        let is_private = matches!(item.vis, syn::Visibility::Inherited);
        for (path, name) in leaves {
            let path = self.absolute(path);
            if !is_private {
                self.exports.push((name, path.clone()));
            }
            self.paths.push(path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let absolute = self.absolute(parts);
        self.paths.push(absolute);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        // Arguments of macros are mere tokens: `crate :: room :: item` among them is a path all the same.
        let text = called.tokens.to_string().replace(' ', "");
        for (at, _) in text.match_indices("crate::") {
            let path = text[at..].split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':'));
            let path = path.into_iter().next().unwrap_or_default();
            self.paths.push(path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect());
        }
        visit::visit_macro(self, called);
    }
}

/// Writes a tree of imports out as paths, each with the name that it gets.
fn flatten(tree: &UseTree, before: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
    let leaf = |last: String| before.iter().cloned().chain([last]).collect();
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, leaves);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => {
            leaves.push((before.clone(), before.last().cloned().unwrap_or_default()));
        }
        UseTree::Name(name) => leaves.push((leaf(name.ident.to_string()), name.ident.to_string())),
        UseTree::Rename(rename) => leaves.push((leaf(rename.ident.to_string()), rename.rename.to_string())),
        UseTree::Glob(_) => leaves.push((before.clone(), "*".to_owned())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, leaves)),
    }
}
