//! What became of runs, and packages whose script does one thing.

use std::cell::Cell;

use crate::support::{Checkout, Files, World, package};

/// Tells what became of the runs since it was asked last.
pub struct Watch<'w> {
    world: &'w World,
    told: Cell<usize>,
}

impl<'w> Watch<'w> {
    /// Has scripts run once in this world from now on.
    pub fn new(world: &'w World) -> Self {
        world.env("THYMOS_BUILD_SCRIPTS", "once");
        Self { world, told: Cell::new(0) }
    }

    /// Returns `package: hit`, `package: miss`, or `package: ` and why not, in order.
    pub fn runs(&self) -> Vec<String> {
        let runs: Vec<String> = self.world.events().iter().filter_map(told).collect();
        runs[self.told.replace(runs.len())..].to_vec()
    }

    /// Builds in an empty target directory, and returns what became of the one run.
    pub fn run_anew(&self, here: &Checkout<'_>) -> String {
        here.clean();
        self.run(here)
    }

    /// Builds, and returns what became of the one run.
    pub fn run(&self, here: &Checkout<'_>) -> String {
        here.cargo("build").ok();
        let runs = self.runs();
        let [run] = runs.as_slice() else { panic!("one script runs: {runs:?}") };
        run.strip_prefix("app: ").unwrap().to_owned()
    }
}

fn told(event: &serde_json::Value) -> Option<String> {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let outcome = match text("outcome").as_str() {
        word @ ("hit" | "miss") => word.to_owned(),
        _ => format!("{} ({})", text("reason"), text("trouble")),
    };
    (text("kind") == "build-script-run").then(|| format!("{}: {outcome}", text("package")))
}

/// A package whose script writes what this expression says into `OUT_DIR`, and a program that prints it.
pub fn writes(expression: &str) -> Files {
    script(&format!("let said: String = {{ {expression} }}; std::fs::write(out.join(\"said\"), said).unwrap();"))
}

/// A package whose script does this, with `out` for `OUT_DIR`, and a program that prints the file `said` in it.
pub fn script(body: &str) -> Files {
    let main = "fn main() { println!(\"{}\", include_str!(concat!(env!(\"OUT_DIR\"), \"/said\"))) }";
    package("app").file("src/main.rs", main).file(
        "build.rs",
        format!("fn main() {{ let out = std::path::PathBuf::from(std::env::var_os(\"OUT_DIR\").unwrap()); {body} }}"),
    )
}

/// Returns what the program of a checkout prints.
pub fn said(here: &Checkout<'_>) -> String {
    here.program("app").ok().stdout.trim_end().to_owned()
}
