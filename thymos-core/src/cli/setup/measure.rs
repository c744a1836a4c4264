//! Real links of a real program with every linker that works, timed against each other.
//!
//! The program has a few hundred functions over collections of their own types and full debug information, about what a binary crate of
//! some thousand lines links in its dev profile. It is compiled once; its link is then repeated with each linker in turn, round by
//! round, so that whatever else the machine does meets all of them. A linker's time is its best round.
//!
//! Invariant: a linker that failed once, or did not leave its mark, has no time.

use std::fmt::Write as _;
use std::time::Duration;

use thymos_build::bench::{Bench, Job, Program};
use thymos_build::{Env, Linker, Mark, Plan, Probe, Verdict};

const ROUNDS: usize = 6;
const FUNCTIONS: usize = 200;
/// What a dev profile has, as far as it changes the link.
const FLAGS: [&str; 4] = ["--edition=2021", "-g", "-Ccodegen-units=16", "--cap-lints=allow"];
/// A link or a compile that takes this long is ended.
const LIMIT: Duration = Duration::from_secs(60);
/// A gain below a tenth is noise.
const CLEARLY: (u32, u32) = (9, 10);

/// A linker with its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// The linker.
    pub linker: Linker,
    /// The arguments for the C compiler that ask for it; none for the default.
    pub args: Vec<String>,
    /// The mark that it leaves in what it links, if it leaves one.
    pub mark: Option<Mark>,
    /// The time of each round; none if it failed.
    pub times: Vec<Duration>,
}

/// The times of all linkers, the default first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured(pub Vec<Runner>);

impl Runner {
    /// Returns the best time.
    pub fn best(&self) -> Option<Duration> {
        self.times.iter().min().copied()
    }
}

impl Measured {
    /// Returns the fastest linker if it clearly beats the default.
    pub fn winner(&self) -> Option<&Runner> {
        let (default, others) = self.0.split_first()?;
        let limit = default.best()? * CLEARLY.0 / CLEARLY.1;
        others.iter().filter(|it| it.best().is_some_and(|best| best <= limit)).min_by_key(|it| it.best())
    }

    /// Returns the table that people read.
    pub fn table(&self) -> String {
        let mut text = String::from("linker     best      median\n");
        let default = self.0.first().and_then(Runner::best);
        for (at, runner) in self.0.iter().enumerate() {
            let name = runner.linker.to_string();
            let Some(best) = runner.best() else {
                let _ = writeln!(text, "{name:<9}  failed");
                continue;
            };
            let mut times = runner.times.clone();
            times.sort();
            let note = match default {
                _ if at == 0 => "the default".to_owned(),
                Some(default) => format!("{:+.0} %", (best.as_secs_f64() / default.as_secs_f64() - 1.0) * 100.0),
                None => String::new(),
            };
            let _ = writeln!(text, "{name:<9}  {:>6}  {:>6}  {note}", millis(best), millis(times[times.len() / 2]));
        }
        text
    }
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

/// Times the default and every linker of the plan that works; nothing if no other one does.
///
/// # Errors
/// If the program cannot be compiled, or the default does not link it.
pub fn measure(plan: &Plan, progress: &dyn Fn(&str)) -> Result<Option<Measured>, String> {
    let mut runners = runners(plan);
    if runners.len() < 2 {
        return Ok(None);
    }
    progress("compiling a program to link");
    let toolchain = plan.toolchain.as_ref().map_err(|cause| format!("there is no rustc: {cause}"))?;
    let env = Env::from_process();
    let job = Job::new(&env, toolchain, &plan.platform);
    let (source, flags) = (program(), FLAGS);
    let bench = Bench::set_up(&job, &Program { source: &source, flags: &flags, limit: LIMIT });
    let bench = bench.map_err(|probe| format!("failed to compile the program that is timed: {}", cause(&probe)))?;
    let mut failed = vec![false; runners.len()];
    for round in 0..ROUNDS {
        for (runner, failed) in runners.iter_mut().zip(&mut failed).filter(|(_, failed)| !**failed) {
            progress(&format!("round {} of {ROUNDS}: {}", round + 1, runner.linker));
            match bench.time_once(&runner.args, runner.mark.as_ref()) {
                // The first round pays for cold caches, so it counts only as a trial.
                Ok(time) if round > 0 => runner.times.push(time),
                Ok(_) => {}
                Err(_) => (*failed, runner.times) = (true, Vec::new()),
            }
        }
    }
    Ok(Some(Measured(runners)))
}

fn runners(plan: &Plan) -> Vec<Runner> {
    let Some(default) = &plan.default else { return Vec::new() };
    let Some(first) = runner(&default.linker, &default.probe) else { return Vec::new() };
    let others = plan
        .candidates
        .iter()
        .filter(|(it, verdict)| it.linker != default.linker && !matches!(verdict, Verdict::Barred { .. }))
        .filter_map(|(it, _)| runner(&it.linker, &it.probe))
        .filter(|runner| !runner.args.is_empty());
    std::iter::once(first).chain(others).collect()
}

/// Returns a linker to time, if it linked the plan's probe.
fn runner(linker: &Linker, probe: &Probe) -> Option<Runner> {
    let linked = probe.linked()?;
    let (args, mark) = (linked.args.clone(), linked.mark.clone());
    Some(Runner { linker: linker.clone(), args, mark, times: Vec::new() })
}

fn cause(probe: &Probe) -> String {
    match probe {
        Probe::Failed { cause } => cause.clone(),
        _ => format!("rustc did not end within {} s", LIMIT.as_secs()),
    }
}

/// Returns the source of the program: functions over types of their own, so that each brings its own code.
fn program() -> String {
    let mut text = String::from("use std::fmt::Write;\n");
    for number in 0..FUNCTIONS {
        let _ = writeln!(
            text,
            "#[derive(Clone, Debug)] struct T{number}([u8; {number} % 16 + 1], String);\n\
             #[inline(never)] fn f{number}(n: usize) -> String {{\n\
             let mut all: Vec<T{number}> = Vec::new();\n\
             for i in 0..n {{ all.push(T{number}([i as u8; {number} % 16 + 1], i.to_string())); }}\n\
             let mut text = String::new();\n\
             for one in all.clone().iter().rev() {{ let _ = write!(text, \"{{one:?}}\"); }}\n\
             text }}"
        );
    }
    text.push_str("fn main() { let n = std::env::args().count(); let mut sum = 0;\n");
    (0..FUNCTIONS).for_each(|number| text.push_str(&format!("sum += f{number}(n).len();\n")));
    // It prints what every program of the bench prints.
    text.push_str("std::hint::black_box(sum); println!(\"thymos\"); }\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(linker: Linker, millis: &[u64]) -> Runner {
        Runner {
            linker,
            args: Vec::new(),
            mark: None,
            times: millis.iter().map(|ms| Duration::from_millis(*ms)).collect(),
        }
    }

    fn check(times: &[(Linker, &[u64])], winner: Option<Linker>) {
        let measured = Measured(times.iter().map(|(linker, times)| runner(linker.clone(), times)).collect());
        assert_eq!(measured.winner().map(|it| it.linker.clone()), winner, "{times:?}");
    }

    #[test]
    fn only_what_clearly_beats_the_default_wins() {
        check(
            &[(Linker::System, &[1179, 1200]), (Linker::Mold, &[900, 455]), (Linker::Lld, &[366])],
            Some(Linker::Lld),
        );
        check(&[(Linker::RustLld, &[335]), (Linker::Mold, &[455]), (Linker::Lld, &[320])], None);
        check(&[(Linker::System, &[100]), (Linker::Mold, &[])], None);
        check(&[(Linker::System, &[]), (Linker::Mold, &[1])], None);
        check(&[], None);
    }
}
