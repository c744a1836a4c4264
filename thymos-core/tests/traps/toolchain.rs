//! Which compiler it is, and the files that its codegen options name.
#![cfg(unix)]

use crate::shapes::{built_with, traps};
use crate::support::{Checkout, Compiler, Mode, Moment, Run, Toolchain, World, package, real_rustc, require_tool};
use crate::trap::{Stage, compared_with_cargo, guarded_by};

/// A compiler whose behaviour is in its content and not in its version text.
fn compiler(here: &Checkout<'_>, path: &str, extra: &str) -> String {
    here.executable(path, &format!("#!/bin/sh\nexec '{}' \"$@\" {extra}\n", real_rustc().display()))
}

fn prints_its_compiler() -> crate::support::Files {
    package("app")
        .file("src/main.rs", "fn main() { println!(\"{} {}\", cfg!(first), cfg!(second)) }")
        .append("Cargo.toml", "[lints.rust]\nunexpected_cfgs = \"allow\"")
}

traps! {
    a_toolchain_updated_behind_its_path_compiles_anew: guarded_by("key-compiler"),
        built_with(prints_its_compiler(), ["--cfg first", "--cfg second"], |here, cargo, extra| {
            cargo.env("RUSTC", compiler(here, "toolchain/bin/rustc", extra))
        });
}

#[test]
fn a_toolchain_chosen_by_rustup_is_the_one_that_answers() {
    let rustup = std::process::Command::new("rustup").arg("--version").output().is_ok();
    if !rustup && !require_tool("rustup") {
        return;
    }
    guarded_by("key-compiler,input-observed,input-env").tell(|stage| {
        let here = stage.checkout("here", &prints_its_compiler());
        for name in ["first", "second"] {
            compiler(&here, &format!("rustup/toolchains/{name}/bin/rustc"), &format!("--cfg {name}"));
            here.write(&format!("rustup/toolchains/{name}/lib/none"), "");
        }
        here.write("rustup/settings.toml", "version = \"12\"\nprofile = \"minimal\"\n");
        let build = || here.cargo("build").env("RUSTUP_HOME", here.path("rustup"));
        for toolchain in ["first", "second"] {
            here.clean();
            stage.sees(build().env("RUSTUP_TOOLCHAIN", toolchain).run());
            stage.sees(here.program("app"));
        }
        for toolchain in ["first", "second"] {
            here.write("rust-toolchain.toml", format!("[toolchain]\nchannel = \"{toolchain}\"\n")).clean();
            stage.sees(build().env_remove("RUSTUP_TOOLCHAIN").run());
            stage.sees(here.program("app"));
        }
        // What a linked directory holds is built again, and its name stays.
        compiler(&here, "rustup/toolchains/first/bin/rustc", "--cfg second");
        here.clean();
        stage.sees(build().env("RUSTUP_TOOLCHAIN", "first").run());
        stage.sees(here.program("app"));
    });
}

/// Words of the library `core`, and of the compiler, that anybody gets to see.
const CORES: [&str; 2] = ["called `Option::unwrap()` on a `None` value", "CALLED `Option::unwrap()` on a `None` value"];
const COMPILERS: [&str; 2] = ["unused variable: ", "UNUSED variable: "];

/// A program that shows what `core` says, and whose compile shows what the compiler says.
fn shows_its_toolchain() -> crate::support::Files {
    let hook = "std::panic::set_hook(Box::new(|info| println!(\"{}\", info.payload().downcast_ref::<String>().map(String::as_str).or(info.payload().downcast_ref::<&str>().copied()).unwrap())))";
    package("app").file("src/main.rs", format!("fn main() {{ let unneeded = 1; {hook}; None::<u8>.unwrap(); }}"))
}

/// Builds with one compiler, into which these words are written behind the back of every time stamp but the last.
fn words_change_in(library: &'static str, words: [&'static str; 2]) -> impl Fn(&mut Stage<'_>) {
    words_change_after(library, words, Vec::new())
}

/// The same, where the first build has these variables.
fn words_change_after(
    library: &'static str,
    words: [&'static str; 2],
    first: Vec<(&'static str, String)>,
) -> impl Fn(&mut Stage<'_>) {
    move |stage| {
        let toolchain = Toolchain::at(stage.world().root().join("toolchain"), library);
        let here = stage.checkout("here", &shows_its_toolchain());
        for (build, word) in [words[0], words[1], words[0]].into_iter().enumerate() {
            toolchain.says(&words, word);
            here.clean();
            let cargo = here.cargo("build").env("RUSTC", toolchain.rustc());
            let first = if build == 0 { &first[..] } else { &[] };
            let cargo = first.iter().fold(cargo, |cargo, (name, value)| cargo.env(name, value));
            let run = stage.sees(cargo.run());
            let run = format!("{}{}", run.stderr, stage.sees(here.program("app")).stdout);
            stage.notes("says so", run.contains(word).to_string());
        }
    }
}

traps! {
    a_standard_library_that_changes_behind_its_stamp_is_another_compiler: guarded_by("key-compiler").where_there(Toolchain::is_there),
        words_change_in("libcore-", CORES);

    a_compiler_that_changes_behind_an_unchanged_executable_is_another_compiler: guarded_by("key-compiler").where_there(Toolchain::is_there),
        words_change_in("librustc_driver", COMPILERS);

    // Where the compile is watched, a file that the identity lacks is an input.
    a_toolchain_that_could_be_listed_only_in_part_is_not_remembered:
        guarded_by("listing-errors,input-observed").where_there(Toolchain::is_there),
        words_change_after("libcore-", CORES, vec![("THYMOS_TEST_TORN_LISTING", format!("lib/rustlib/{}/lib", crate::support::host()))]);
}

#[test]
fn a_toolchain_that_changes_while_it_compiles_answers_for_nothing() {
    if !Toolchain::is_there() {
        return;
    }
    // Plain cargo has no store, so this trap has no oracle, only a control.
    let shown_afterwards = |mode: Mode| {
        let world = World::new(mode);
        let toolchain = Toolchain::at(world.root().join("toolchain"), "libcore-");
        let here = world.checkout("here", &shows_its_toolchain());
        let mut updates = Some(Toolchain::at(world.root().join("toolchain"), "libcore-"));
        let compiler = Compiler::in_front_of(&toolchain.rustc(), &here.path("compiler/rustc"), move |moment, name| {
            if moment == Moment::Before
                && name == "app"
                && let Some(toolchain) = updates.take()
            {
                toolchain.says(&CORES, CORES[1]);
            }
            String::new()
        });
        let shown = || {
            here.clean();
            here.cargo("build").env("RUSTC", compiler.program()).ok();
            here.program("app").stdout
        };
        assert_eq!(shown().trim_end(), CORES[1], "the update came before the link:\n{}", world.events_text());
        toolchain.says(&CORES, CORES[0]);
        let then = shown();
        (then, world.events_text())
    };
    let (shown, events) = shown_afterwards(Mode::Cached);
    assert_eq!(shown.trim_end(), CORES[0], "{events}");
    if cfg!(debug_assertions) {
        // A script in the compiler's place is told the job server's descriptors, which are others in some runs.
        let (shown, events) = shown_afterwards(Mode::Without("publish-changed-input,input-scripts"));
        assert_eq!(shown.trim_end(), CORES[1], "the control:\n{events}");
    }
}

#[test]
fn a_toolchain_named_on_cargos_command_line_is_the_one_that_answers() {
    if !Toolchain::is_there() || !require_tool("rustup") {
        return;
    }
    guarded_by("key-compiler,input-way").tell(|stage| {
        let here = stage.checkout("here", &shows_its_toolchain());
        // Both say that they are the same version.
        let toolchains = CORES.map(|words| {
            let place = if words == CORES[0] { "one" } else { "two" };
            let toolchain = Toolchain::at(stage.world().root().join("toolchains").join(place), "libcore-");
            toolchain.says(&CORES, words);
            toolchain
        });
        let called = |program: &str| {
            let mut command = here.command(program.as_ref());
            command.env("RUSTUP_HOME", here.path("rustup")).env_remove("RUSTUP_TOOLCHAIN");
            command
        };
        let link = |name: &str, toolchain: &Toolchain| {
            let run = Run::of(called("rustup").args(["toolchain", "link", name]).arg(toolchain.root()));
            assert!(run.status.success(), "{run:#?}");
        };
        link("first", &toolchains[0]);
        link("second", &toolchains[1]);
        let builds = |stage: &mut Stage<'_>, name: &str, by_variable: bool| {
            here.clean();
            let mut cargo = called("cargo");
            match by_variable {
                true => cargo.env("RUSTUP_TOOLCHAIN", name),
                false => cargo.arg(format!("+{name}")),
            };
            stage.sees(Run::of(cargo.args(["build", "--quiet", "--offline"])));
            stage.sees(here.program("app"));
        };
        builds(stage, "first", false);
        builds(stage, "second", false);
        builds(stage, "first", true);
        builds(stage, "second", true);
        // What the name stands for is another directory now, and its version text is the same.
        link("first", &toolchains[1]);
        builds(stage, "first", false);
    });
}

/// Compiles without cargo, with each content of a file that the arguments name.
fn compiled_with<T: AsRef<[u8]>>(
    source: &str,
    (file, contents): (&str, [T; 3]),
    arguments: &str,
) -> impl Fn(&mut Stage<'_>) {
    let files = package("app").file("src/lib.rs", source);
    move |stage| {
        let here = stage.checkout("here", &files);
        for content in &contents {
            here.write(file, content);
            let rustc = here.compile("--crate-type lib src/lib.rs").arg_list(arguments);
            stage.sees(rustc.env("RUSTC_BOOTSTRAP", "1").run());
        }
    }
}

/// Describes a target.
fn target(os: &str) -> String {
    format!(
        "{{\"llvm-target\": \"x86_64-unknown-none\", \"arch\": \"x86_64\", \"target-pointer-width\": 64, \"os\": \"{os}\", \"data-layout\": \
         \"e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128\"}}"
    )
}

const WITHOUT_CORE: &str = "#![feature(no_core)]\n#![no_core]\n#![allow(internal_features)]\n#[cfg(target_os = \"second\")] compile_error!(\"the second\");";
const DIVIDES: &str = "pub fn f(n: u32) -> u32 { n / 3 }";
const SAMPLES: &str = "f:100:10\n 1: 10\n";
const LISTED: &str = "fun:f=uninstrumented\n";

traps! {
    a_target_description_is_its_content: guarded_by("key-arguments,input-observed"), compiled_with(
        WITHOUT_CORE,
        ("board.json", ["first", "second", "first"].map(target)),
        "--target board.json -Zunstable-options --emit=dep-info,metadata",
    );

    // Nobody has classified the unstable flags that name these files, so nothing is cached here yet.
    a_profile_is_its_content: compared_with_cargo().without_hits(),
        compiled_with(DIVIDES, ("app.prof", [SAMPLES, "this is no profile\n", SAMPLES]), "-O -g -Zprofile-sample-use=app.prof");

    a_list_of_what_a_sanitizer_leaves_out_is_its_content: compared_with_cargo().without_hits(), compiled_with(
        DIVIDES,
        ("list.txt", [LISTED, "[unfinished\n", LISTED]),
        "-Zsanitizer=dataflow -Cunsafe-allow-abi-mismatch=sanitizer -Zsanitizer-dataflow-abilist=list.txt",
    );
}

#[test]
fn a_profile_that_a_run_left_is_its_content() {
    guarded_by("key-arguments,input-observed,input-sources").with_tools(&["llvm-profdata"]).tell(|stage| {
        let here = stage.checkout("here", &package("app").file("src/lib.rs", "pub fn f(n: u32) -> u32 { n / 3 }"));
        here.write("counts.txt", ":ir\nf\n1\n1\n7\n");
        let merged =
            here.command("llvm-profdata".as_ref()).args(["merge", "counts.txt", "-o", "whole.profdata"]).status();
        assert!(merged.unwrap().success());
        for profile in [here.bytes("whole.profdata"), b"this is no profile".to_vec(), here.bytes("whole.profdata")] {
            here.write("app.profdata", profile);
            stage.sees(here.compile("--crate-type lib src/lib.rs -O -Cprofile-use=app.profdata").run());
        }
    });
}

#[test]
fn a_codegen_backend_that_cannot_be_loaded_fails_as_it_does_without_a_cache() {
    compared_with_cargo().tell(|stage| {
        let here = stage
            .checkout("here", &package("app").file("src/lib.rs", "pub fn f() {}").file("backend.so", "no library"));
        let compile = || here.compile("--crate-type lib src/lib.rs").env("RUSTC_BOOTSTRAP", "1");
        stage.sees(compile().ok());
        stage.sees(compile().ok());
        stage.notes("with it", compile().arg("-Zcodegen-backend=./backend.so").run().status.to_string());
        stage.notes("again", compile().arg("-Zcodegen-backend=./backend.so").run().status.to_string());
    });
}

#[test]
fn an_argument_file_is_its_content() {
    guarded_by("key-arguments,input-observed").tell(|stage| {
        let here = stage.checkout("here", &prints_its_compiler());
        for flag in ["first", "second", "first"] {
            here.write("arguments.txt", format!("--cfg\n{flag}\n-A\nunexpected-cfgs\n"));
            stage.sees(here.compile("--crate-type bin src/main.rs @arguments.txt").run());
            stage.sees(here.run("target/debug/deps/app"));
        }
    });
}

/// Lets every program that loads it and whose environment says so find a processor without AVX, by answering for the
/// instruction with which programs ask (arch_prctl(2), `ARCH_SET_CPUID`). What the kernel tells stays as it is.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
const OTHER_PROCESSOR: &str = r#"
#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

typedef int (*set_action)(int, const struct sigaction *, struct sigaction *);

static long answered_by_us(int yes) { return syscall(SYS_arch_prctl, 0x1012, !yes); }

static void answer(int signal, siginfo_t *info, void *context) {
    greg_t *now = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *code = (const unsigned char *)now[REG_RIP];
    unsigned leaf = now[REG_RAX], a, b, c, d;
    if (code[0] != 0x0f || code[1] != 0xa2)
        abort();
    answered_by_us(0);
    __cpuid_count(leaf, (unsigned)now[REG_RCX], a, b, c, d);
    answered_by_us(1);
    if (leaf == 1)
        c &= ~(1u << 28);
    now[REG_RAX] = a, now[REG_RBX] = b, now[REG_RCX] = c, now[REG_RDX] = d;
    now[REG_RIP] += 2;
}

/* Nobody takes the signal from us. */
int sigaction(int signal, const struct sigaction *to, struct sigaction *from) {
    return ((set_action)dlsym(RTLD_NEXT, "sigaction"))(signal, signal == SIGSEGV ? 0 : to, from);
}

__attribute__((constructor)) static void begin(void) {
    struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (!getenv("OTHER_PROCESSOR"))
        return;
    ((set_action)dlsym(RTLD_NEXT, "sigaction"))(SIGSEGV, &action, 0);
    if (answered_by_us(1))
        _exit(77);
}
"#;

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn a_program_is_compiled_for_the_processor_that_the_compiler_finds() {
    let compile = |here: &Checkout<'_>| {
        here.write("other.c", OTHER_PROCESSOR);
        here.c_tool("cc", "-shared -fPIC -w other.c -o other.so -ldl");
        here.path("other.so")
    };
    let features = |processor: &str| {
        let world = World::new(Mode::Plain);
        let here = world.checkout("here", &package("app"));
        let rustc = here.rustc("--print cfg -Ctarget-cpu=native").env("LD_PRELOAD", compile(&here));
        if processor.is_empty() { rustc.run() } else { rustc.env("OTHER_PROCESSOR", processor).run() }
    };
    if !features("").stdout.contains("\"avx\"") || !features("1").status.success() {
        eprintln!("skipped: this processor has no AVX, or does not let others answer for it");
        return;
    }
    guarded_by("key-processor").tell(|stage| {
        let source = "fn main() { println!(\"{}\", cfg!(target_feature = \"avx\")) }";
        let here = stage.checkout("here", &package("app").file("src/main.rs", source));
        let library = compile(&here);
        for processor in [None, Some("1"), None] {
            here.clean();
            let cargo = here.cargo("build").env("RUSTFLAGS", "-Ctarget-cpu=native").env("LD_PRELOAD", &library);
            stage.sees(processor.iter().fold(cargo, |cargo, value| cargo.env("OTHER_PROCESSOR", value)).run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn what_was_compiled_for_one_processor_is_not_served_to_another() {
    // Plain cargo cannot be moved to another machine, so this trap has no oracle, only a control.
    let hits_of_another = |mode: Mode| {
        let world = World::new(mode);
        let here = world.checkout("here", &package("app").file("src/main.rs", "fn main() {}"));
        let build = |processor: &str| {
            here.clean();
            world.zero();
            let cargo = here.cargo("build").env("RUSTFLAGS", "-Ctarget-cpu=native");
            cargo.env("THYMOS_TEST_PROCESSOR", processor).ok();
            world.stats().hits
        };
        assert_eq!((build("one"), build("one")), (0, 1), "the same processor is a hit:\n{}", world.events_text());
        build("another")
    };
    if cfg!(debug_assertions) {
        assert_eq!(hits_of_another(Mode::Cached), 0);
        assert_eq!(hits_of_another(Mode::Without("key-processor")), 1, "the control");
    }
}
