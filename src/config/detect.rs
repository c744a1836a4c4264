//! Gathers the facts of a plan, in the order in which each one may spare the next.

use std::path::Path;

use super::Config;
use crate::{
    Choice, Env, Plan, Platform, System, Toolchain,
    machine::{compiler, env::var, memo::Memo, package, tools::Tools, wrapper::Caching},
    plan::{
        chosen::{Chosen, in_config, in_rustflags},
        facts::{By, Depth, Facts, Request},
        rule::Rule,
        why::Why,
    },
    probe::{bench::Job, survey::Survey},
};

impl Config {
    pub(super) fn plan(&self, depth: Depth) -> Plan {
        let env = self.env.clone().unwrap_or_else(Env::from_process);
        let tools = Tools { env: &env };
        let memo = Memo::new(&env);
        let mut facts = facts(&tools, &memo, request(&env, &self.request));
        let measured = Rule::of(&facts.platform) == Rule::Measure;
        if facts.stands_back().is_none() || depth == Depth::Everything && measured {
            probe(&mut facts, &tools, (&memo, depth));
        }
        if depth == Depth::Everything {
            facts.caching = Caching::detect(&tools);
            facts.c_compiler = compiler::find(&env, &facts.platform);
        }
        Plan::decide(facts)
    }
}

/// Returns what was asked for, with the person's word over the script's.
fn request(env: &Env, script: &Request) -> Request {
    let mut request = script.clone();
    if let Some(name) = env.get(var::THYMOS_LINKER) {
        request.choice = Choice::from(name);
        request.by = By::Person;
    }
    request
}

fn facts(tools: &Tools<'_>, memo: &Memo, request: Request) -> Facts {
    let env = tools.env;
    let told = Platform::from_env(env);
    // Where a table decides, no compiler has to be asked.
    let toolchain = match &told {
        Some(platform) if Rule::of(platform) != Rule::Measure => Err("it was not looked for".to_owned()),
        _ => Toolchain::detect(tools, memo),
    };
    let platform = told.unwrap_or_else(|| native(tools, toolchain.as_ref().ok()));
    let excuse = excuse(env, &request);
    let chosen = chosen(env, &platform);
    let gcc_lto = gcc_lto(env, &platform);
    Facts {
        request,
        system: System::detect(env),
        chosen,
        excuse,
        gcc_lto,
        default: None,
        candidates: Vec::new(),
        caching: Caching::default(),
        c_compiler: None,
        toolchain,
        platform,
    }
}

/// Returns the platform outside of a build script: the compiler's own, or the one that this library was built for.
fn native(tools: &Tools<'_>, toolchain: Option<&Toolchain>) -> Platform {
    let Some(toolchain) = toolchain else { return Platform::built_for() };
    let target = tools.env.get(var::TARGET).unwrap_or(&toolchain.host);
    match toolchain.cfg(tools, target) {
        Ok(cfg) => Platform::from_cfg(&toolchain.host, target, &cfg),
        Err(_) => Platform::from_triple(&toolchain.host, target),
    }
}

fn excuse(env: &Env, request: &Request) -> Option<Why> {
    if env.get(var::DOCS_RS).is_some() {
        return Some(Why::DocsRs);
    }
    let directory = env.path(var::CARGO_MANIFEST_DIR)?;
    (!package::has(directory, request.scope)).then_some(Why::NoSuchTarget { scope: request.scope })
}

/// Returns the linker that the person chose, wherever that may be written.
fn chosen(env: &Env, platform: &Platform) -> Option<Chosen> {
    let upper = platform.target_underscored().to_ascii_uppercase();
    let linker = linker(env, platform).map(|(name, linker)| Chosen::linker(linker, &name));
    let flags = || {
        let encoded = env.has(var::CARGO_ENCODED_RUSTFLAGS);
        // Inside of a build script Cargo has joined the four sources; the others must not be read a second time.
        if encoded || env.is_build_script() {
            return in_rustflags(&rustflags(env), var::CARGO_ENCODED_RUSTFLAGS);
        }
        let names =
            [var::RUSTFLAGS.to_owned(), format!("CARGO_TARGET_{upper}_RUSTFLAGS"), "CARGO_BUILD_RUSTFLAGS".into()];
        let set = names.iter().filter_map(|name| Some((name, env.get(name)?)));
        let mut found = set.filter_map(|(name, flags)| in_rustflags(&words(flags), name));
        found.next().or_else(|| in_config_files(env, platform))
    };
    linker.or_else(flags)
}

/// Returns the linker that the person configured, with the variable that says so.
fn linker<'a>(env: &'a Env, platform: &Platform) -> Option<(String, &'a str)> {
    let upper = platform.target_underscored().to_ascii_uppercase();
    let names = [var::RUSTC_LINKER.to_owned(), format!("CARGO_TARGET_{upper}_LINKER")];
    names.into_iter().find_map(|name| env.get(&name).map(|linker| (name, linker)))
}

/// Returns the flags that rustc gets, as far as the environment tells.
fn rustflags(env: &Env) -> Vec<String> {
    match env.get(var::CARGO_ENCODED_RUSTFLAGS) {
        Some(encoded) => encoded.split('\u{1f}').map(str::to_owned).collect(),
        None if env.is_build_script() => Vec::new(),
        None => words(env.get(var::RUSTFLAGS).unwrap_or_default()),
    }
}

fn words(flags: &str) -> Vec<String> {
    flags.split_whitespace().map(str::to_owned).collect()
}

/// Reads the configuration files that Cargo would, from the working directory up, and the user's own last.
fn in_config_files(env: &Env, platform: &Platform) -> Option<Chosen> {
    let cargo_home = env.path(var::CARGO_HOME).map(Path::to_owned);
    let cargo_home = cargo_home.or_else(|| Some(env.path(var::HOME)?.join(".cargo")));
    let directories = env.cwd().ancestors().map(|directory| directory.join(".cargo")).chain(cargo_home);
    directories
        .filter_map(|directory| {
            // Cargo takes the name without an extension where both exist.
            let path =
                ["config", "config.toml"].into_iter().map(|name| directory.join(name)).find(|path| path.is_file())?;
            in_config(&std::fs::read_to_string(&path).ok()?, &platform.target, &path.display().to_string())
        })
        .next()
}

/// Returns the variable that makes gcc write objects which only its own plugin can link.
fn gcc_lto(env: &Env, platform: &Platform) -> Option<String> {
    let names = [var::CFLAGS.to_owned(), format!("{}_{}", var::CFLAGS, platform.target_underscored())];
    let lto = |flags: &str| flags.split_whitespace().any(|flag| flag == "-flto" || flag.starts_with("-flto="));
    names.into_iter().find(|name| env.get(name).is_some_and(lto))
}

fn probe(facts: &mut Facts, tools: &Tools<'_>, (memo, depth): (&Memo, Depth)) {
    let Ok(toolchain) = &facts.toolchain else { return };
    let linker = linker(tools.env, &facts.platform).map(|(_, linker)| linker.to_owned());
    let job = Job { tools: *tools, toolchain, platform: &facts.platform, rustflags: rustflags(tools.env), linker };
    let survey = Survey::new(&job, memo);
    let default = survey.default();
    let wants = facts.wants(&default, depth);
    let (default, candidates) = if wants.is_empty() { (default, Vec::new()) } else { survey.take(&wants) };
    facts.default = Some(default);
    facts.candidates = candidates;
}
