//! The list: which projects, and what is known about each.
//!
//! Every entry is here for something that breaks caches; what is asked of all of them is in `oracle.rs`.

use crate::support::{Checkout, Files, World, published, workspace};

/// One project.
pub struct Project {
    /// Where its files come from.
    pub source: Source,
    /// The programs that a build leaves, without a suffix.
    pub programs: &'static [&'static str],
    /// What is done with its own tests.
    pub tests: Tests,
    /// Crates that belong to one place, each with the reason why no other place may use them.
    pub bound: &'static [(&'static str, &'static str)],
    /// Why the programs show that the target directory is remapped, where they do.
    pub remapped: Option<&'static str>,
}

/// Where a project's files come from.
pub enum Source {
    /// The registry: `name@version`.
    Published(&'static str),
    /// Written here, under this name.
    Written(&'static str, fn() -> Files),
}

/// What is done with a package's own tests.
pub enum Tests {
    /// They run under plain cargo and from the cache, with these words behind `cargo test`.
    Compared(&'static str),
    /// They do not run, for this reason.
    Left(&'static str),
}

use Source::{Published, Written};
use Tests::{Compared, Left};

const fn project(source: Source, programs: &'static [&'static str], tests: Tests) -> Project {
    Project { source, programs, tests, bound: &[], remapped: None }
}

pub const PROJECTS: [Project; 13] = [
    // A workspace in one package, build scripts, a C library where the system has none.
    project(Published("ripgrep@15.2.0"), &["rg"], Compared("")),
    // C and assembly by cc, clap's derive.
    project(Published("b3sum@1.8.7"), &["b3sum"], Compared("")),
    // Fat LTO, jemalloc's configure and make.
    project(Published("fd-find@10.5.0"), &["fd"], Compared("")),
    // A build script that writes completions and a manual page.
    project(Published("hyperfine@1.20.0"), &["hyperfine"], Compared("--bins")),
    // Many proc macros: derive_more, snafu, strum, serde.
    project(Published("just@1.59.0"), &["just"], Compared("--lib")),
    project(Published("sd@1.0.0"), &["sd"], Compared("")),
    // A build script that renders a template into code.
    Project {
        remapped: Some("file!() of the generated code that it includes stands in its panics"),
        ..project(Published("tokei@12.1.2"), &["tokei"], Compared(""))
    },
    // A proc macro that reads templates, and a build script that writes completions.
    Project {
        bound: &[("zoxide", "askama asks for CARGO_MANIFEST_DIR, whose value is a path")],
        ..project(Published("zoxide@0.10.0"), &["zoxide"], Compared("--bins"))
    },
    // libgit2 and oniguruma from source, code generated from syntax definitions, binary assets.
    Project {
        bound: &[
            ("git_version", "its macro can start programs, which see every variable, paths among them"),
            ("bugreport", "it uses that macro"),
            ("bat", "env! takes paths below OUT_DIR from the build script's variables"),
        ],
        ..project(Published("bat@0.26.1"), &["bat"], Compared("--lib"))
    },
    project(Published("pastel@0.12.0"), &["pastel"], Compared("")),
    project(Published("hexyl@0.17.0"), &["hexyl"], Compared("")),
    project(Published("grex@1.4.6"), &["grex"], Left("its property tests draw at random")),
    project(Written("serde-clap-tokio", serde_clap_tokio), &["app"], Compared("")),
];

impl Project {
    /// Returns the package's name.
    pub fn name(&self) -> &'static str {
        match self.source {
            Published(pin) => pin.split('@').next().unwrap(),
            Written(name, _) => name,
        }
    }

    /// Lays the project at `place`.
    pub fn lay<'w>(&self, world: &'w World, place: &str) -> Checkout<'w> {
        match self.source {
            Published(pin) => published(world, pin, place),
            Written(_, files) => world.checkout(place, &files()),
        }
    }
}

/// A workspace with the three names that most others have, as `cargo add` writes them.
fn serde_clap_tokio() -> Files {
    let model = "use serde::{Deserialize, Serialize};\n#[derive(Debug, Serialize, Deserialize)]\n#[serde(rename_all = \"kebab-case\")]\n\
                 pub struct Job { pub first_name: String, pub count: u32 }\n\
                 #[test] fn round() { let job: Job = serde_json::from_str(r#\"{\"first-name\":\"a\",\"count\":2}\"#).unwrap(); assert_eq!(job.count, 2) }\n";
    let app = "use clap::Parser;\n#[derive(Parser)]\n#[command(version)]\nstruct Args { #[arg(long, default_value = \"world\")] name: String }\n\
               #[tokio::main]\nasync fn main() {\n    let args = Args::parse();\n    let job = model::Job { first_name: args.name, count: 1 };\n    \
               let text = tokio::spawn(async move { serde_json::to_string(&job).unwrap() }).await.unwrap();\n    println!(\"{text}\");\n}\n\
               #[test] fn parses() { assert_eq!(Args::parse_from([\"app\", \"--name\", \"x\"]).name, \"x\") }\n";
    workspace(&["app", "model"])
        .append(
            "app/Cargo.toml",
            "[dependencies]\nclap = { version = \"4\", features = [\"derive\"] }\ntokio = { version = \"1\", features = [\"full\"] }\n\
             serde_json = \"1\"\nmodel = { path = \"../model\" }",
        )
        .append(
            "model/Cargo.toml",
            "[dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\n[dev-dependencies]\nserde_json = \"1\"",
        )
        .file("app/src/main.rs", app)
        .file("model/src/lib.rs", model)
}
