//! Decisions over facts that are written down.

use super::*;
use crate::{
    Choice, Chosen, Mark, Probe,
    machine::{
        env::Env,
        system::{Signs, System},
    },
    plan::{
        chosen::Binding,
        facts::{By, Depth},
    },
};

/// Facts in a few chained calls.
#[derive(Clone)]
pub(crate) struct Given(Facts);

/// Returns facts of a Debian machine whose toolchain links with GNU ld in 100 ms.
pub(crate) fn given() -> Given {
    let platform = Platform::from_triple("x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu");
    let signs = Signs { os_release: "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n".into(), ..Signs::default() };
    let toolchain = Toolchain {
        rustc: "/rust/bin/rustc".into(),
        sysroot: "/rust".into(),
        version: "1.95.0".into(),
        host: platform.host.clone(),
    };
    let facts = Facts {
        request: Request::default(),
        platform,
        system: System::parse(&signs, &Env::from_pairs([("", "")])),
        toolchain: Ok(toolchain),
        chosen: None,
        excuse: None,
        gcc_lto: None,
        default: None,
        candidates: Vec::new(),
        caching: Caching::default(),
        c_compiler: None,
    };
    Given(facts).default(Linker::System, 100)
}

pub(crate) fn linked(linker: &Linker, millis: u64, args: &[&str]) -> Probe {
    let mark = match linker {
        Linker::RustLld => Mark::parse("LLD 22.1.2"),
        Linker::Lld => Mark::parse("LLD 14.0.6"),
        Linker::Mold => Mark::parse("mold 1.10.1"),
        Linker::Wild => Mark::parse("Wild version 0.6.0"),
        Linker::System | Linker::Path(_) => None,
    };
    let args = args.iter().map(|arg| (*arg).to_owned()).collect();
    Probe::Linked(Linked { args, mark, time: Duration::from_millis(millis), executed: true })
}

impl Given {
    pub(crate) fn default(mut self, linker: Linker, millis: u64) -> Given {
        let probe = linked(&linker, millis, &[]);
        self.0.default = Some(DefaultLink { linker, driver: "cc".into(), probe });
        self
    }

    pub(crate) fn works(self, linker: Linker, millis: u64) -> Given {
        let flag = format!("-fuse-ld={linker}");
        let probe = linked(&linker, millis, &[&flag]);
        self.candidate(linker, probe)
    }

    pub(crate) fn candidate(mut self, linker: Linker, probe: Probe) -> Given {
        let path = Some(format!("/usr/bin/{linker}").into());
        self.0.candidates.push(Candidate { linker, path, version: None, probe });
        self
    }

    pub(crate) fn missing(mut self, linker: Linker) -> Given {
        self.0.candidates.push(Candidate { linker, path: None, version: None, probe: Probe::NotTried });
        self
    }

    pub(crate) fn asked(mut self, by: By, choice: &str) -> Given {
        self.0.request.by = by;
        self.0.request.choice = Choice::from(choice);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Facts)) -> Given {
        change(&mut self.0);
        self
    }

    pub(crate) fn target(self, triple: &str) -> Given {
        self.with(|facts| facts.platform = Platform::from_triple("x86_64-unknown-linux-gnu", triple))
    }

    pub(crate) fn plan(self) -> Plan {
        Plan::decide(self.0)
    }

    #[track_caller]
    fn uses(self, linker: Linker, because: Because) -> Plan {
        let plan = self.plan();
        match &plan.decision {
            Decision::Use { linker: used, because: reason, .. } => assert_eq!((used, *reason), (&linker, because)),
            Decision::Default(why) => panic!("expected {linker}, and the default stays: {why:?}"),
        }
        plan
    }

    #[track_caller]
    fn keeps(self) -> Why {
        match self.plan().decision {
            Decision::Default(why) => why,
            Decision::Use { linker, .. } => panic!("expected the default, and {linker} is used"),
        }
    }
}

#[test]
fn a_default_that_is_fast_stays_whatever_is_installed() {
    for linker in [Linker::RustLld, Linker::Lld, Linker::Mold, Linker::Wild] {
        assert_eq!(given().default(linker, 100).works(Linker::System, 1).keeps(), Why::AlreadyFast);
    }
}

#[test]
fn the_fastest_is_chosen_by_time_and_not_by_name() {
    given().works(Linker::Lld, 80).works(Linker::Mold, 40).uses(Linker::Mold, Because::Fastest);
    given().works(Linker::Lld, 40).works(Linker::Mold, 80).uses(Linker::Lld, Because::Fastest);
    given().works(Linker::Wild, 20).works(Linker::Mold, 80).uses(Linker::Wild, Because::Fastest);
}

#[test]
fn lld_comes_first_among_equals() {
    given().works(Linker::Mold, 40).works(Linker::Lld, 43).uses(Linker::Lld, Because::Fastest);
    given().works(Linker::Mold, 40).works(Linker::Lld, 50).uses(Linker::Mold, Because::Fastest);
}

#[test]
fn a_gain_that_is_noise_changes_nothing() {
    assert_eq!(given().works(Linker::Mold, 95).keeps(), Why::NothingFaster);
    assert_eq!(given().missing(Linker::Mold).keeps(), Why::NothingFaster);
    assert_eq!(given().candidate(Linker::Mold, Probe::failed("x")).keeps(), Why::NothingFaster);
}

#[test]
fn an_order_of_preference_comes_before_speed() {
    let prefer = |order: &[Linker]| {
        let order = order.to_vec();
        given().works(Linker::Mold, 40).works(Linker::Lld, 90).with(|facts| facts.request.prefer = order)
    };
    prefer(&[Linker::Lld, Linker::Mold]).uses(Linker::Lld, Because::Preferred);
    prefer(&[Linker::Wild, Linker::Lld]).uses(Linker::Lld, Because::Preferred);
    prefer(&[Linker::Wild]).uses(Linker::Mold, Because::Fastest);
    assert_eq!(prefer(&[Linker::Lld]).default(Linker::RustLld, 50).keeps(), Why::AlreadyAsked);
}

#[test]
fn what_was_asked_for_is_used_even_if_it_is_slower() {
    given().works(Linker::Mold, 500).asked(By::Script, "mold").uses(Linker::Mold, Because::Asked);
}

#[test]
fn lld_means_no_flag_where_it_is_the_default() {
    for by in [By::Script, By::Person] {
        assert_eq!(given().default(Linker::RustLld, 50).asked(by, "lld").keeps(), Why::AlreadyAsked);
    }
}

#[test]
fn a_missing_tool_comes_with_the_command_that_installs_it() {
    let why = given().missing(Linker::Mold).asked(By::Person, "mold").keeps();
    let Why::Unusable { asked, cause, install } = why else { panic!("expected it to be unusable: {why:?}") };
    assert_eq!((asked.as_str(), cause.as_str()), ("mold", "it is not installed"));
    assert_eq!(install.as_deref(), Some("sudo apt-get install mold"));
}

#[test]
fn a_broken_tool_comes_with_what_it_said() {
    let why = given().candidate(Linker::Mold, Probe::failed("no such flag")).asked(By::Person, "mold").keeps();
    assert!(matches!(why, Why::Unusable { ref cause, install: None, .. } if cause == "no such flag"), "{why:?}");
}

fn chosen_in_rustflags(binding: Binding) -> Chosen {
    Chosen { what: "-fuse-ld=mold".into(), place: "RUSTFLAGS".into(), binding }
}

#[test]
fn a_choice_of_the_persons_is_left_alone_unless_they_insist() {
    let given = given().works(Linker::Lld, 10).with(|facts| facts.chosen = Some(chosen_in_rustflags(Binding::Choice)));
    assert!(matches!(given.clone().keeps(), Why::Chosen(_)));
    assert!(matches!(given.clone().asked(By::Script, "lld").keeps(), Why::Chosen(_)));
    given.asked(By::Person, "lld").uses(Linker::Lld, Because::Asked);
}

#[test]
fn a_requirement_is_never_overridden() {
    let chosen = chosen_in_rustflags(Binding::Requirement);
    let given = given().works(Linker::Mold, 10).with(|facts| facts.chosen = Some(chosen));
    assert!(matches!(given.asked(By::Person, "mold").keeps(), Why::Chosen(_)));
}

#[test]
fn gcc_lto_rules_out_lld() {
    let given = given().works(Linker::RustLld, 10).works(Linker::Mold, 50);
    let plan = given.with(|facts| facts.gcc_lto = Some("CFLAGS".into())).uses(Linker::Mold, Because::Fastest);
    assert_eq!(plan.candidates[0].1, Verdict::Barred { by: "CFLAGS".into() });
}

#[test]
fn nix_is_left_alone_unless_asked() {
    let nix = |given: Given| given.with(|facts| facts.system.circumstances.push(crate::Circumstance::Nix));
    assert_eq!(nix(given().works(Linker::Mold, 10)).keeps(), Why::Nix);
    nix(given().works(Linker::Mold, 10).asked(By::Script, "mold")).uses(Linker::Mold, Because::Asked);
}

#[test]
fn targets_that_are_right_keep_their_linker() {
    for triple in ["x86_64-unknown-linux-musl", "wasm32-unknown-unknown", "aarch64-apple-darwin", "thumbv7em-none-eabi"]
    {
        assert!(matches!(given().target(triple).works(Linker::Mold, 1).keeps(), Why::Rule { .. }), "{triple}");
        let asked = given().target(triple).asked(By::Script, "mold").keeps();
        assert!(matches!(asked, Why::Rule { .. }), "a script is built for many targets: {asked:?}");
        assert!(matches!(given().target(triple).asked(By::Person, "mold").keeps(), Why::Unusable { .. }), "{triple}");
    }
    assert_eq!(given().target("x86_64-pc-windows-msvc").keeps(), Why::Configuration { linker: "rust-lld" });
}

#[test]
fn a_default_that_does_not_link_is_left_alone() {
    let why = given().works(Linker::Mold, 1).with(|facts| {
        facts.default.as_mut().expect("there is one").probe = Probe::failed("cannot find crti.o");
    });
    assert_eq!(why.keeps(), Why::NoLink { cause: "cannot find crti.o".into() });
}

#[test]
fn no_toolchain_is_no_reason_to_fail() {
    let why = given().with(|facts| facts.toolchain = Err("there is no `rustc`".into())).keeps();
    assert!(matches!(why, Why::NoToolchain { .. }));
}

fn wants(given: Given, depth: Depth) -> Vec<String> {
    let default = given.0.default.as_ref().expect("there is one");
    given.0.wants(default, depth).iter().map(ToString::to_string).collect()
}

#[test]
fn a_build_script_probes_only_what_its_decision_depends_on() {
    let fast = || given().default(Linker::RustLld, 50);
    assert_eq!(wants(fast(), Depth::Needed), [""; 0]);
    assert_eq!(wants(fast().asked(By::Script, "lld"), Depth::Needed), [""; 0]);
    assert_eq!(wants(fast().asked(By::Script, "mold"), Depth::Needed), ["mold"]);
    assert_eq!(wants(given().asked(By::Script, "lld"), Depth::Needed), ["rust-lld", "lld"]);
    assert_eq!(wants(given(), Depth::Needed), ["rust-lld", "lld", "mold", "wild", "system"]);
    assert_eq!(wants(fast().asked(By::Person, "/x/ld"), Depth::Everything).len(), 6);
}
