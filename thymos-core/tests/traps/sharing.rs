//! Paths: what one checkout stored must be right in another.

#[cfg(unix)]
use crate::native::archive;
use crate::support::{Files, Run, package, workspace};
use crate::trap::{Stage, compared_with_cargo, guarded_by};

/// Builds the same files in two checkouts whose paths have different lengths, and comes back to the first.
fn in_two_checkouts(stage: &mut Stage<'_>, files: &Files) {
    let here = stage.checkout("here", files);
    stage.sees_app(&here);
    let there = stage.checkout("there/and/deeper", files);
    stage.sees_app(&there);
    stage.sees_app_anew(&here);
}

fn printing(expression: &str) -> Files {
    package("app").file("src/main.rs", format!("fn main() {{ println!(\"{{}}\", {expression}) }}"))
}

#[test]
fn a_manifest_directory_baked_into_a_program_is_this_checkouts() {
    guarded_by("bind-search,bind-env,input-env,key-environment")
        .tell(|stage| in_two_checkouts(stage, &printing("env!(\"CARGO_MANIFEST_DIR\")")));
}

#[test]
fn the_length_of_a_path_is_this_checkouts() {
    guarded_by("bind-env,input-env,key-environment").tell(|stage| {
        let files = package("app").file(
            "src/main.rs",
            "const N: usize = env!(\"CARGO_MANIFEST_DIR\").len(); fn main() { println!(\"{}\", [0u8; N].len()) }",
        );
        in_two_checkouts(stage, &files);
    });
}

#[test]
fn a_hash_of_a_path_and_a_path_in_another_case_are_this_checkouts() {
    guarded_by("bind-env,input-env,key-environment").tell(|stage| {
        let main = "const fn hash(text: &[u8]) -> u64 { let mut h = 7u64; let mut i = 0; while i < text.len() { h = h.wrapping_mul(31).wrapping_add(text[i] as u64); i += 1 } h }\n\
                    const H: u64 = hash(env!(\"CARGO_MANIFEST_DIR\").as_bytes());\n\
                    const U: [u8; 12] = { let text = env!(\"CARGO_MANIFEST_DIR\").as_bytes(); let mut u = [0; 12]; let mut i = 0; \
                    while i < 12 { u[i] = text[text.len() - 1 - i].to_ascii_uppercase(); i += 1 } u };\n\
                    fn main() { println!(\"{H} {}\", String::from_utf8_lossy(&U)) }";
        in_two_checkouts(stage, &package("app").file("src/main.rs", main));
    });
}

#[test]
fn a_program_named_in_a_test_is_this_checkouts() {
    guarded_by("bind-search,bind-env,input-env,key-environment").tell(|stage| {
        let test = "#[test] fn says() { let p = env!(\"CARGO_BIN_EXE_app\"); panic!(\"{p} {}\", env!(\"CARGO_TARGET_TMPDIR\")) }";
        let files = printing("1").file("tests/says.rs", test);
        for place in ["here", "there/and/deeper"] {
            let checkout = stage.checkout(place, &files);
            let run = checkout.cargo("test --test says").run();
            let panic = run.stdout.lines().find(|line| line.contains("CARGO") || line.contains("target")).unwrap_or("none").to_owned();
            stage.notes("test", format!("{} {panic}", run.status));
        }
    });
}

#[test]
fn dep_info_names_the_files_of_this_checkout() {
    guarded_by("dep-info-paths").tell(|stage| {
        let script = "fn main() { println!(\"cargo:rerun-if-changed=build.rs\"); \
                      std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", \"const MADE: u8 = 1;\").unwrap(); }";
        let main = "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); fn main() { println!(\"{MADE} {}\", include_str!(\"../text.txt\")) }";
        let files = package("app").file("build.rs", script).file("src/main.rs", main).file("text.txt", "text");
        let here = stage.checkout("here", &files);
        stage.sees_app(&here);
        here.remove("text.txt").remove("target");
        let there = stage.checkout("there/and/deeper", &files);
        stage.sees_app(&there);
        stage.sees_freshness(&there);
        there.write("text.txt", "changed");
        stage.sees_app(&there);
        for file in there.files_below("target/debug/deps").into_iter().filter(|path| path.ends_with(".d")) {
            stage.notes("dep-info", there.read(&file));
        }
    });
}

#[test]
fn a_path_dependency_outside_the_workspace_is_this_checkouts() {
    // The key holds where it lies, as every path that is in no root.
    compared_with_cargo().tell(|stage| {
        for place in ["here", "there/and/deeper"] {
            let files = Files::default()
                .file("aside/Cargo.toml", "[package]\nname = \"aside\"\nedition = \"2024\"\n[workspace]\n")
                .file("aside/src/lib.rs", "pub fn place() -> &'static str { let unused = 1; file!() }");
            stage.checkout(place, &files);
            let app =
                printing("aside::place()").append("Cargo.toml", "[dependencies]\naside = { path = \"../aside\" }");
            let app = stage.checkout(&format!("{place}/app"), &app);
            stage.sees_app(&app);
            stage.sees_app_anew(&app);
        }
    });
}

#[test]
fn a_panic_names_the_file_that_plain_cargo_would_name() {
    compared_with_cargo().tell(|stage| {
        let files = workspace(&["app", "part"])
            .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
            .file("app/src/main.rs", "fn main() { part::fails() }")
            .file("part/src/lib.rs", "pub fn fails() { panic!(\"in {}\", file!()) }");
        let files = &files;
        for place in ["here", "there"] {
            let checkout = stage.checkout(place, files);
            stage.sees(checkout.cargo("build").run());
            let run = checkout.program("app");
            let stable =
                run.stderr.lines().filter(|line| !line.contains("thread 'main'")).collect::<Vec<_>>().join("\n");
            stage.notes("panic", format!("{} {stable} {}", run.status, run.stderr.contains("part/src/lib.rs:1:18")));
        }
    });
}

#[test]
fn a_workspace_whose_path_begins_anothers_is_told_apart() {
    guarded_by("bind-search,bind-env,input-env,key-environment").tell(|stage| {
        let files =
            printing("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/x \", env!(\"CARGO_MANIFEST_DIR\"), \"-two/x\")");
        for place in ["here", "here-two", "here"] {
            let checkout = stage.checkout(place, &files);
            stage.sees_app_anew(&checkout);
            stage.sees_freshness(&checkout);
        }
    });
}

#[test]
#[cfg(unix)]
fn a_library_in_a_directory_whose_name_begins_with_the_workspaces_is_the_one_that_was_named() {
    compared_with_cargo().tell(|stage| {
        // What people and tools call a second copy of a directory.
        for suffix in ["@2", " (copy)"] {
            let script = format!(
                "fn main() {{ println!(\"cargo:rustc-link-search=native={{}}{suffix}/native\", env!(\"CARGO_MANIFEST_DIR\")); \
                 println!(\"cargo:rustc-link-lib=static=part\") }}"
            );
            let source =
                "unsafe extern \"C\" { fn number() -> i32; } fn main() { println!(\"{}\", unsafe { number() }) }";
            let files = package("app").file("build.rs", script).file("src/main.rs", source);
            for (place, number) in [("here", 1), ("there", 2)] {
                let beside = stage.checkout(&format!("{place}{suffix}"), &Files::default());
                archive(&beside, "native/libpart.a", &format!("int number(void) {{ return {number}; }}"));
                stage.sees_app_anew(&stage.checkout(place, &files));
            }
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_path_in_compressed_debug_information_is_this_checkouts() {
    if !crate::support::require_tool("readelf") {
        return;
    }
    guarded_by("bind-search").tell(|stage| {
        for kind in ["zlib", "zlib-gnu"] {
            let flags = format!("-Clink-arg=-fuse-ld=bfd -Clink-arg=-Wl,--compress-debug-sections={kind}");
            for place in ["here", "there"] {
                let here = stage.checkout(place, &printing("1"));
                here.clean();
                stage.sees(
                    here.cargo("build")
                        .env("RUSTFLAGS", &flags)
                        .env("THYMOS_REMAP", "off")
                        .env("CARGO_PROFILE_DEV_DEBUG", "1")
                        .run(),
                );
                stage.notes("compiled in", compiled_in(&here));
            }
        }
    });
}

/// Returns where the units of a program say that they were compiled, but for those of the standard library.
#[cfg(target_os = "linux")]
fn compiled_in(here: &crate::support::Checkout<'_>) -> String {
    let info = Run::of(here.command("readelf".as_ref()).args(["--debug-dump=info", "target/debug/app"]));
    let own = info.stdout.lines().filter(|line| line.contains("DW_AT_comp_dir") && !line.contains("/rustc/"));
    format!("{:?}", own.filter_map(|line| line.split_whitespace().last()).collect::<Vec<_>>())
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_that_another_checkout_shares_names_this_ones_directory() {
    if !crate::support::require_tool("readelf") {
        return;
    }
    guarded_by("put-paths").that_says("/thymos.5d0c9f7e.").tell(|stage| {
        for place in ["here", "there/and/deeper"] {
            let here = stage.checkout(place, &printing("1"));
            here.clean();
            stage.sees(here.cargo("build").env("CARGO_PROFILE_DEV_DEBUG", "1").run());
            stage.notes("compiled in", compiled_in(&here));
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_whose_placeholders_are_too_short_for_this_checkout_is_compiled_here() {
    if !crate::support::require_tool("readelf") {
        return;
    }
    guarded_by("bind-placeholder").that_says("/thymos.5d0c9f7e.").tell(|stage| {
        for place in ["here", &format!("there/{}", "deep/".repeat(12))] {
            let here = stage.checkout(place, &printing("1"));
            here.clean();
            stage.sees(here.cargo("build").env("CARGO_PROFILE_DEV_DEBUG", "1").run());
            stage.notes("compiled in", compiled_in(&here));
        }
    });
}

#[test]
fn the_users_own_remapping_is_kept() {
    guarded_by("key-arguments").tell(|stage| {
        let files = package("app").file(
            "src/main.rs",
            "include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/part.rs\")); fn main() { println!(\"{}\", place()) }",
        );
        let here = stage.checkout("here", &files.file("part.rs", "fn place() -> &'static str { file!() }"));
        for name in ["/first", "/second"] {
            here.clean();
            let flags = format!("--remap-path-prefix={}={name}", here.root().display());
            stage.sees(here.cargo("build").env("RUSTFLAGS", flags).run());
            stage.sees(here.program("app"));
        }
        // Plain cargo's own spelling of a file that is included by its absolute path is what stays without remapping.
        here.clean();
        stage.sees(here.cargo("build").env("THYMOS_REMAP", "off").run());
        stage.sees(here.program("app"));
    });
}

#[test]
fn another_home_and_another_cargo_home_are_not_in_the_result() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &printing("concat!(env!(\"CARGO_PKG_NAME\"), \" \", file!())"));
        for home in ["home-one", "home-two"] {
            here.clean();
            stage.sees(
                here.cargo("build")
                    .env("HOME", here.path(home))
                    .env("CARGO_HOME", here.path(&format!("{home}/cargo")))
                    .run(),
            );
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn a_crate_below_another_cargo_home_lies_there() {
    guarded_by("bind-search").tell(|stage| {
        let app = printing("place::place()").append("Cargo.toml", "[dependencies]\nplace = \"0.1\"");
        for home in ["home-one", "a/longer/home-two", "home-one"] {
            let krate = Files::default()
                .file(
                    "registry/place/Cargo.toml",
                    "[package]\nname = \"place\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
                )
                .file("registry/place/.cargo-checksum.json", "{\"files\":{}}")
                .file("registry/place/src/lib.rs", "pub fn place() -> &'static str { file!() }");
            let home = stage.checkout(home, &krate);
            let source = format!(
                "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\ndirectory = {:?}\n",
                home.path("registry")
            );
            home.write("config.toml", source);
            let here = stage.checkout("here", &app);
            here.clean();
            stage.sees(here.cargo("build").env("CARGO_HOME", home.root()).run());
            stage.sees(here.program("app"));
        }
    });
}

/// Target directories as people have them. Each is given as arguments, environment and the place of the program.
#[test]
#[cfg(unix)]
fn a_target_directory_may_be_anywhere() {
    compared_with_cargo().tell(|stage| {
        let here = stage.checkout("here", &printing("file!()").file("src/lib.rs", "pub fn f() {}"));
        let outside = here.root().with_file_name("outside-target");
        std::fs::create_dir_all(here.path("real-target")).unwrap();
        std::os::unix::fs::symlink(here.path("real-target"), here.path("linked-target")).unwrap();
        let host = crate::support::host();
        let cases = [
            ("CARGO_TARGET_DIR", outside.display().to_string(), String::new(), outside.join("debug/app")),
            ("CARGO_TARGET_DIR", "linked-target".to_owned(), String::new(), here.path("linked-target/debug/app")),
            ("CARGO_BUILD_BUILD_DIR", "intermediate".to_owned(), String::new(), here.path("target/debug/app")),
            ("UNUSED", String::new(), format!("--target {host}"), here.path(&format!("target/{host}/debug/app"))),
        ];
        for (name, value, arguments, program) in cases {
            here.clean();
            for _ in 0..2 {
                stage.sees(here.cargo("build").arg_list(&arguments).env(name, &value).run());
                stage.sees(Run::of(&mut here.command(&program)));
            }
            let again = here.cargo("build").arg_list(&arguments).env(name, &value).verbose().run();
            stage.notes(
                "fresh",
                again
                    .stderr
                    .lines()
                    .filter(|line| line.contains("Compiling") || line.contains("Dirty"))
                    .collect::<String>(),
            );
        }
    });
}

#[test]
fn a_workspace_in_a_directory_that_is_called_like_one_of_cargos_is_a_workspace() {
    compared_with_cargo().tell(|stage| {
        for name in ["build", "deps", "examples", "debug", "target"] {
            let aside = Files::default()
                .file("aside/Cargo.toml", "[package]\nname = \"aside\"\nedition = \"2024\"\n[workspace]\n")
                .file("aside/src/lib.rs", "pub fn place() -> &'static str { file!() }");
            stage.checkout("beside", &aside);
            let files = printing("aside::place()")
                .append("Cargo.toml", "[dependencies]\naside = { path = \"../aside\" }")
                .file("build.rs", "fn main() {}");
            let here = stage.checkout(&format!("beside/{name}"), &files);
            stage.sees_app(&here);
            stage.sees_app_anew(&here);
        }
    });
}

#[test]
fn a_build_started_below_the_workspace_root_is_the_same_build() {
    compared_with_cargo().tell(|stage| {
        let files = workspace(&["app", "part"])
            .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
            .file("app/src/main.rs", "fn main() { println!(\"{} {}\", part::place(), file!()) }")
            .file("part/src/lib.rs", "pub fn place() -> &'static str { file!() }");
        let here = stage.checkout("here", &files);
        for directory in ["app", "app/src", "part", ""] {
            here.clean();
            stage.sees(here.cargo("build --workspace").current_dir(here.path(directory)).run());
            stage.sees(here.program("app"));
        }
    });
}

#[test]
fn a_compile_started_in_another_directory_finds_its_own_files() {
    guarded_by("input-pairs,input-sources,input-observed").tell(|stage| {
        let here = stage.checkout(
            "here",
            &Files::default()
                .file("one/lib.rs", "#[deprecated] pub fn f() {} pub fn g() { f() }")
                .file("two/lib.rs", "pub fn g() {}"),
        );
        for directory in ["one", "two", "one"] {
            let rustc = here.compile("--crate-type lib lib.rs -C metadata=x");
            stage.sees(rustc.current_dir(here.path(directory)).run());
            stage.sees_bytes(&here, &format!("{directory}/libapp.rlib"));
        }
    });
}
