//! `thymos plan`: the linker and the cache that this machine should use, and why.

use std::process::ExitCode;

use thymos_build::{Env, Plan, env::var};

const EXAMPLES: &str = "\
Examples:
  thymos plan
  thymos plan --target aarch64-unknown-linux-gnu
  thymos plan --json | jq .decision    for scripts";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Explain the plan for this target instead of the machine's own
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<ExitCode, String> {
    let environment = Env::from_process();
    let plan = match &args.target {
        Some(target) if !is_triple(target) => {
            return Err(format!("{target:?} is no target triple; `rustc --print target-list` names them"));
        }
        Some(target) => thymos_build::configure().env(environment.with(var::TARGET, target)).detect(),
        None => thymos_build::configure().env(environment).detect(),
    };
    if args.json {
        let text = serde_json::to_string_pretty(&plan).map_err(|error| format!("failed to print the plan: {error}"))?;
        println!("{text}");
    } else {
        print!("{}", explained(&plan));
    }
    Ok(ExitCode::SUCCESS)
}

fn explained(plan: &Plan) -> String {
    let config = plan.cargo_config();
    let keys: Vec<&str> = config.lines().skip(1).collect();
    let mut text = plan.explain();
    if keys.iter().all(|line| line.trim().is_empty()) {
        text.push_str("\nThe toolchain's default is the right choice: there is nothing to write.\n");
    } else {
        text.push_str(
            "\nFor the whole workspace, .cargo/config.toml would hold this; `thymos setup` measures and writes it:\n",
        );
        keys.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Returns whether a text looks like a triple: what is not one would be an option to the tools that get it.
fn is_triple(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    text.contains('-') && text.split('-').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triple_is_told_from_other_words() {
        for text in ["x86_64-unknown-linux-gnu", "thumbv8m.main-none-eabi", "wasm32-wasip1"] {
            assert!(is_triple(text), "{text}");
        }
        for text in ["", "--version", "linux", "a--b", "x86_64-unknown linux"] {
            assert!(!is_triple(text), "{text}");
        }
    }
}
