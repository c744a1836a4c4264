//! `thymos demo`: the product at its main job, in a scratch directory that is gone afterwards.
//!
//! A small workspace with well-known dependencies is built three times: plainly, through an empty cache, and again after
//! its target directory was removed. Invariant: nothing outside the scratch directory is written, but for what Cargo
//! downloads.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use super::progress::watch;
use super::scratch::Scratch;
use crate::history::stats::Stats;
use crate::settings::environment;
use crate::system::error::plain;

const FILES: [(&str, &str); 5] = [
    ("Cargo.toml", "[workspace]\nmembers = [\"greeting\", \"hello\"]\nresolver = \"2\"\n"),
    (
        "greeting/Cargo.toml",
        "[package]\nname = \"greeting\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n\
         serde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\ntoml_edit = \"0.24\"\n",
    ),
    (
        "greeting/src/lib.rs",
        "#[derive(serde::Serialize)]\npub struct Greeting {\n    pub to: String,\n}\n\nimpl Greeting {\n    \
         pub fn json(&self) -> String {\n        serde_json::to_string(self).expect(\"a greeting is plain data\")\n    }\n}\n",
    ),
    (
        "hello/Cargo.toml",
        "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n\
         greeting = { path = \"../greeting\" }\nclap = { version = \"4\", features = [\"derive\"] }\n",
    ),
    (
        "hello/src/main.rs",
        "#[derive(clap::Parser)]\nstruct Arguments {\n    #[arg(default_value = \"world\")]\n    to: String,\n}\n\nfn main() {\n    \
         let Arguments { to } = clap::Parser::parse();\n    println!(\"{}\", greeting::Greeting { to }.json());\n}\n",
    ),
];

struct Demo {
    scratch: Scratch,
    online: &'static [&'static str],
}

/// One build: what it is called, how long it took, what it printed when run.
struct Build {
    name: &'static str,
    took: Duration,
    said: String,
}

pub fn run() -> Result<ExitCode, String> {
    let mut demo = Demo { scratch: Scratch::new("demo")?, online: &["--offline"] };
    println!("Building a small workspace with serde, clap and toml_edit, three times.\n");
    demo.write()?;
    demo.resolve()?;
    let plain = demo.build("plain cargo build", None)?;
    let cold = demo.build("first build through an empty cache", Some("on"))?;
    std::fs::remove_dir_all(demo.at("target")).map_err(failed("remove the target directory"))?;
    Stats::zero(&demo.at("store")).map_err(failed("reset the counters"))?;
    let warm = demo.build("clean rebuild", Some("on"))?;
    let stats = Stats::gather(&demo.at("store"));
    report(&[plain, cold, warm], &stats)
}

fn failed(what: &'static str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("failed to {what}: {}", plain(&error))
}

impl Demo {
    fn at(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn write(&self) -> Result<(), String> {
        for (name, text) in FILES {
            let path = self.at("workspace").join(name);
            let parent = path.parent().unwrap_or(Path::new(""));
            std::fs::create_dir_all(parent)
                .and_then(|()| std::fs::write(&path, text))
                .map_err(failed("write the workspace"))?;
        }
        Ok(())
    }

    /// Resolves with what is downloaded already, and asks the registry only when that is not enough.
    fn resolve(&mut self) -> Result<(), String> {
        let fetch = |flags: &[&str]| {
            self.cargo().arg("fetch").args(flags).stdout(Stdio::null()).stderr(Stdio::piped()).output()
        };
        if fetch(self.online).map_err(failed("start cargo"))?.status.success() {
            return Ok(());
        }
        let output = fetch(&[]).map_err(failed("start cargo"))?;
        self.online = &[];
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() {
            Ok(())
        } else {
            Err(format!("cargo could not fetch the demo's dependencies:\n{said}"))
        }
    }

    fn cargo(&self) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(self.at("workspace")).env("CARGO_TERM_COLOR", "never").env("CARGO_INCREMENTAL", "0");
        for name in ["RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER", "CARGO_TARGET_DIR", environment::ACTIVE] {
            command.env_remove(name);
        }
        command
    }

    fn build(&self, name: &'static str, mode: Option<&str>) -> Result<Build, String> {
        let own = std::env::current_exe().map_err(failed("find the thymos executable"))?;
        let target = self.at(if mode.is_some() { "target" } else { "plain" });
        let mut command = self.cargo();
        command.arg("build").args(self.online).arg("--target-dir").arg(&target).env("RUSTC_WRAPPER", "");
        if let Some(mode) = mode {
            command.env("RUSTC_WRAPPER", own).env(environment::MODE, mode).env(environment::DIR, self.at("store"));
        }
        let took = watch(&mut command, name)?;
        let program = target.join("debug").join(format!("hello{}", std::env::consts::EXE_SUFFIX));
        let output = Command::new(program).output().map_err(failed("run what was built"))?;
        Ok(Build { name, took, said: String::from_utf8_lossy(&output.stdout).trim().to_owned() })
    }
}

fn report(builds: &[Build], stats: &Stats) -> Result<ExitCode, String> {
    let base = builds[0].took.as_secs_f64();
    let width = builds.iter().map(|build| build.name.len()).max().unwrap_or(0);
    println!();
    for build in builds {
        let seconds = build.took.as_secs_f64();
        let change = 100.0 * (seconds - base) / base;
        let note = if build.name == builds[0].name { String::new() } else { format!("{change:+.0} %") };
        println!("{}", format!("  {:<width$}  {seconds:>6.2} s  {note:>6}", build.name).trim_end());
    }
    let looked_up = stats.hits + stats.misses;
    println!("\n{} of {looked_up} compiler calls of the clean rebuild were hits.", stats.hits);
    if builds.iter().any(|build| build.said != builds[0].said) {
        return Err("the three builds do not behave alike; please report this".to_owned());
    }
    println!("The programs of all three builds print the same: {}", builds[0].said);
    println!("\nNext, in your own workspace: thymos build, then thymos stats; or thymos bench.");
    Ok(ExitCode::SUCCESS)
}
