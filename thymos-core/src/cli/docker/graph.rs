//! The crates that a program is built from, out of Cargo's graph.
//!
//! Invariant: pure.

use std::collections::{BTreeMap, BTreeSet};

use super::packages::{Crate, Place};
use crate::cli::metadata::{Metadata, Node};

/// Returns the crates that a package's programs are built from, the package itself included.
pub fn crates_of(metadata: &Metadata, package: &str) -> Vec<Crate> {
    let nodes: BTreeMap<&str, &Node> =
        metadata.resolve.iter().flat_map(|it| &it.nodes).map(|node| (node.id.as_str(), node)).collect();
    let program = reached(&nodes, package, |kind| kind.is_none());
    let all = reached(&nodes, package, |kind| kind != Some("dev"));
    let found = metadata.packages.iter().filter(|it| all.contains(it.id.as_str()));
    let found = found.map(|it| Crate {
        name: it.name.clone(),
        features: nodes.get(it.id.as_str()).map(|node| node.features.clone()).unwrap_or_default(),
        place: if program.contains(it.id.as_str()) { Place::Program } else { Place::Build },
    });
    found.collect()
}

/// Returns the packages that are reached over dependencies of some kinds.
fn reached<'a>(
    nodes: &BTreeMap<&'a str, &'a Node>,
    from: &'a str,
    follow: impl Fn(Option<&str>) -> bool,
) -> BTreeSet<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let wanted = dependencies.filter(|it| it.dep_kinds.iter().any(|kind| follow(kind.kind.as_deref())));
        open.extend(wanted.map(|it| it.pkg.as_str()));
    }
    seen
}
