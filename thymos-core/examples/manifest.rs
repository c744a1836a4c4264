//! Prints the inputs and outputs that a manifest file of the store holds: `cargo run --example manifest -- FILE…`.

use thymos_core::action::manifest::{Input, Manifest};

fn main() {
    for path in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&path).expect("the file can be read");
        let Some(manifest) = Manifest::decode(&bytes) else {
            println!("{}: no manifest", path.display());
            continue;
        };
        for entry in &manifest.entries {
            println!("entry: {} ms", entry.compile_us / 1000);
            entry.inputs.iter().for_each(|input| println!("  {}", shown(input)));
            entry
                .outputs
                .iter()
                .for_each(|output| println!("  -> {} {}", String::from_utf8_lossy(&output.name), output.size));
        }
    }
}

fn shown(input: &Input) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', "%");
    match input {
        Input::File(path, digest) => format!("file {} {digest:?}", text(path)),
        Input::Absent(path) => format!("absent {}", text(path)),
        Input::Listing(path, digest) => format!("listing {} {digest:?}", text(path)),
        Input::Directory(path) => format!("directory {}", text(path)),
        Input::Link(path, target) => format!("link {} {}", text(path), text(target)),
        Input::Program(name, path) => format!("program {} {:?}", text(name), path.as_deref().map(text)),
        Input::Variable(name, value) => format!("variable {} {value:?}", text(name)),
        Input::RootPath(root, digest) => format!("place {root:?} {digest:?}"),
        Input::Placeholder(root, class) => format!("placeholder {root:?} of {class}"),
        Input::NoOtherVariables(scope, names) => {
            let names: Vec<_> = names.iter().map(|name| String::from_utf8_lossy(name)).collect();
            format!("no other variable ({scope:?}) than {}", names.join(" "))
        }
        Input::Display(digest) => format!("display {digest:?}"),
        Input::Metadata(path, named, aspect, digest) => {
            format!("metadata {} {named:?} {aspect:?} {digest:?}", text(path))
        }
        Input::Machine(fact, digest) => format!("machine {fact:?} {digest:?}"),
    }
}
