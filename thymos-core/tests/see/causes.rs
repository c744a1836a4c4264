//! The cause of a miss, as events hold it.

use serde_json::Value;

use crate::support::{Checkout, Files, World, package, workspace};

fn app() -> Files {
    workspace(&["app", "part", "leaf"])
        .append("app/Cargo.toml", "[dependencies]\npart = { path = \"../part\" }")
        .append("part/Cargo.toml", "[features]\nextra = []\n[dependencies]\nleaf = { path = \"../leaf\" }")
        .file("app/src/main.rs", "fn main() { println!(\"{}\", part::text()) }")
        .file("part/src/lib.rs", "pub fn text() -> &'static str { leaf::text() }")
        .file("leaf/src/lib.rs", "pub fn text() -> &'static str { \"leaf\" }")
}

/// Builds from an empty target directory, and returns the cause of each crate that was a miss.
fn causes(here: &Checkout<'_>, words: &str) -> Vec<(String, Value)> {
    causes_of(here, words, &[])
}

fn causes_of(here: &Checkout<'_>, words: &str, variables: &[(&str, &str)]) -> Vec<(String, Value)> {
    let before = here.world().events().len();
    here.clean();
    variables.iter().fold(here.cargo(words), |cargo, (name, value)| cargo.env(name, value)).ok();
    let events = here.world().events();
    let missed = events[before..].iter().filter(|event| event["outcome"] == "miss");
    let mut found: Vec<_> = missed
        .map(|event| (event["crate"].as_str().expect("a crate has a name").to_owned(), event["cause"].clone()))
        .collect();
    found.sort_by(|one, two| one.0.cmp(&two.0));
    found
}

fn cause_of(found: &[(String, Value)], name: &str) -> Value {
    let cause = found.iter().find(|(known, _)| known == name).map(|(_, cause)| cause.clone());
    cause.unwrap_or_else(|| panic!("{name} was a miss: {found:#?}"))
}

#[test]
fn a_change_is_told_with_its_cascade() {
    let world = World::cached();
    let here = world.checkout("here", &app());
    for (_, cause) in causes(&here, "build") {
        assert_eq!(cause["kind"], "never-seen");
    }
    here.edit("leaf/src/lib.rs", "\"leaf\"", "\"changed\"");
    let found = causes(&here, "build");
    assert_eq!(cause_of(&found, "leaf"), serde_json::json!({ "kind": "input", "path": "leaf/src/lib.rs" }));
    for (name, dependency) in [("part", "leaf"), ("app", "part")] {
        let cause = cause_of(&found, name);
        assert_eq!((&cause["kind"], &cause["crate"]), (&"dependency".into(), &dependency.into()), "{found:#?}");
    }
    assert_eq!(causes(&here, "build"), []);
}

#[test]
fn flags_and_features_and_variables_are_told_from_what_was_asked_before() {
    let world = World::cached();
    let here = world.checkout("here", &app());
    causes(&here, "build");
    let release = causes(&here, "build --release");
    let expected = serde_json::json!({ "kind": "profile", "from": "dev", "to": "release" });
    assert_eq!(cause_of(&release, "leaf"), expected, "{release:#?}");

    let featured = causes(&here, "build -p part --features part/extra");
    let expected = serde_json::json!({ "kind": "feature", "name": "extra", "change": "added" });
    assert_eq!(cause_of(&featured, "part"), expected, "{featured:#?}");

    let flagged = causes_of(&here, "build", &[("RUSTFLAGS", "--cfg seen")]);
    let expected = serde_json::json!({ "kind": "flags", "variable": "RUSTFLAGS", "from": "", "to": "--cfg seen" });
    assert_eq!(cause_of(&flagged, "leaf"), expected, "{flagged:#?}");

    here.edit("leaf/src/lib.rs", "\"leaf\"", "match option_env!(\"TOKEN\") { Some(_) => \"leaf\", None => \"\" }");
    causes(&here, "build");
    let told = causes_of(&here, "build", &[("TOKEN", "very_secret")]);
    assert_eq!(cause_of(&told, "leaf"), serde_json::json!({ "kind": "variable", "name": "TOKEN" }));
    assert!(!world.events_text().contains("very_secret"), "values of variables are never written down");

    here.edit("leaf/Cargo.toml", "version = \"0.1.0\"", "version = \"0.1.1\"");
    let versioned = causes(&here, "build");
    let expected = serde_json::json!({ "kind": "version", "package": "leaf", "from": "0.1.0", "to": "0.1.1" });
    assert_eq!(cause_of(&versioned, "leaf"), expected, "{versioned:#?}");
}

#[test]
fn a_result_that_holds_its_path_is_told_with_the_place_and_what_binds_it() {
    let world = World::cached();
    let files = package("app").file("src/main.rs", "fn main() { println!(env!(\"CARGO_MANIFEST_DIR\")) }");
    let here = world.checkout("here", &files);
    causes(&here, "build");
    let found = causes(&world.checkout("there", &files), "build");
    let cause = cause_of(&found, "app");
    assert_eq!((&cause["kind"], &cause["root"]), (&"root-path".into(), &"checkout".into()), "{cause:#}");
    assert_eq!(cause["place"], here.root().display().to_string());
    assert_eq!(cause["by"], "env!(\"CARGO_MANIFEST_DIR\") in src/main.rs");
    // The other checkout's result does not hide what changed in this one.
    here.edit("src/main.rs", "println!(", "print!(");
    let found = causes(&here, "build");
    assert_eq!(cause_of(&found, "app"), serde_json::json!({ "kind": "input", "path": "src/main.rs" }));
}

#[test]
fn whoever_removed_an_entry_is_named() {
    let world = World::cached();
    let here = world.checkout("here", &app());
    causes(&here, "build");
    let store = world.at("store/v1");
    for (words, limit, kind, by) in [
        ("gc", "1", "evicted", None),
        ("gc --max-size 1", "10G", "removed", Some("gc")),
        ("clear --yes", "10G", "removed", Some("clear")),
        ("verify store", "10G", "removed", Some("verify")),
    ] {
        if by == Some("verify") {
            for path in store.files_below("blobs") {
                store.write(&path, "damaged");
            }
        }
        let mut command = here.command(env!("CARGO_BIN_EXE_thymos").as_ref());
        crate::support::Run::of(command.args(words.split(' ')).env("THYMOS_CACHE_SIZE", limit));
        let found = causes(&here, "build");
        assert_eq!(found.len(), 3, "{words}: {found:#?}");
        for (_, cause) in &found {
            assert_eq!((cause["kind"].as_str(), cause["by"].as_str()), (Some(kind), by), "{words}: {found:#?}");
            assert!(cause["at_ms"].as_u64().is_some_and(|at| at > 1_500_000_000_000), "{found:#?}");
        }
    }
}

#[test]
fn the_earlier_compile_that_differs_least_is_the_one_to_compare_with() {
    let world = World::cached();
    let files = package("app")
        .file("src/main.rs", "mod a;\nmod b;\nfn main() { println!(\"{}{}\", a::TEXT, b::TEXT) }")
        .file("src/a.rs", "pub const TEXT: &str = \"1\";")
        .file("src/b.rs", "pub const TEXT: &str = \"1\";");
    let here = world.checkout("here", &files);
    causes(&here, "build");
    here.edit("src/a.rs", "1", "2").edit("src/b.rs", "1", "2");
    causes(&here, "build");
    // Against the newest both differ, against the one before it only the second.
    here.edit("src/a.rs", "2", "1").edit("src/b.rs", "2", "3");
    let found = causes(&here, "build");
    assert_eq!(cause_of(&found, "app"), serde_json::json!({ "kind": "input", "path": "src/b.rs" }));
}

#[test]
fn what_is_left_to_incremental_compilation_has_a_cause_too() {
    let world = World::cached();
    let here = world.checkout("here", &app());
    let build = || here.cargo("build").env("CARGO_INCREMENTAL", "1").ok();
    build();
    here.edit("leaf/src/lib.rs", "\"leaf\"", "\"edited\"");
    build();
    let before = world.events().len();
    here.edit("leaf/src/lib.rs", "\"edited\"", "\"edited again\"");
    build();
    let events = world.events();
    let of = |name: &str| events[before..].iter().find(|event| event["crate"] == name).expect("it was compiled");
    for event in &events[before..] {
        assert_eq!(event["reason"], "left to incremental compilation", "{event:#}");
    }
    assert_eq!(of("leaf")["cause"], serde_json::json!({ "kind": "input", "path": "leaf/src/lib.rs" }));
    assert_eq!((&of("part")["cause"]["kind"], &of("part")["cause"]["crate"]), (&"dependency".into(), &"leaf".into()));
    let text = here.thymos("why").ok().stdout;
    assert!(text.contains("leaf/src/lib.rs changed (left to incremental"), "{text}");
}

#[test]
fn another_version_of_a_dependency_is_told_with_both() {
    let world = World::cached();
    let leaf =
        world.checkout("leaf", &package("leaf").file("src/lib.rs", "pub fn text() -> &'static str { \"leaf\" }"));
    let app = package("app")
        .append("Cargo.toml", "[dependencies]\nleaf = { path = \"../leaf\" }")
        .file("src/main.rs", "fn main() { println!(\"{}\", leaf::text()) }");
    let here = world.checkout("here", &app);
    causes(&here, "build");
    leaf.edit("Cargo.toml", "version = \"0.1.0\"", "version = \"0.1.7\"");
    let found = causes(&here, "build");
    let expected = serde_json::json!({ "kind": "version", "package": "leaf", "from": "0.1.0", "to": "0.1.7" });
    assert_eq!(cause_of(&found, "leaf"), expected);
    assert_eq!(cause_of(&found, "app")["kind"], "dependency");
    let text = here.thymos("why").ok().stdout;
    assert!(text.contains("leaf 0.1.0 → 0.1.7\n"), "{text}");
}

#[test]
fn a_failing_probe_of_a_build_script_is_expected() {
    let world = World::cached();
    let script = r#"
        use std::process::{Command, Stdio};
        fn main() {
            let var = |name| std::env::var_os(name).unwrap();
            let out = std::path::PathBuf::from(var("OUT_DIR"));
            std::fs::write(out.join("probe.rs"), "fn probe() { nonsense }").unwrap();
            let mut command = Command::new(var("RUSTC_WRAPPER"));
            command.arg(var("RUSTC")).args(["--crate-name=probe", "--crate-type=lib", "--emit=dep-info,metadata"]);
            command.arg("--error-format=json").arg("--out-dir").arg(&out).arg(out.join("probe.rs"));
            let status = command.stderr(Stdio::null()).status().unwrap();
            assert!(!status.success());
        }
    "#;
    let here = world.checkout("here", &package("app").file("src/lib.rs", "").file("build.rs", script));
    here.cargo("build").ok();
    let probe = world.events().into_iter().find(|event| event["crate"] == "probe").expect("it is recorded");
    assert_eq!((&probe["outcome"], &probe["reason"]), (&"bypass".into(), &"failed probe of a build script".into()));
    let text = here.thymos("why").ok().stdout;
    assert!(text.contains("Expected: a build script tried what the compiler can do\n"), "{text}");
    assert!(!text.contains("Bypassed") && !text.contains("compile failed"), "{text}");
}

#[test]
fn a_damaged_record_costs_only_the_words() {
    let world = World::cached();
    let here = world.checkout("here", &app());
    causes(&here, "build");
    let store = world.at("store");
    let records = store.files_below("v1/units");
    assert_eq!(records.len(), 3, "each unit has one record");
    for path in &records {
        let mut bytes = store.bytes(path);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        store.write(path, bytes);
    }
    let release = causes(&here, "build --release");
    assert_eq!(release.len(), 3);
    for (_, cause) in release {
        assert_eq!(cause["kind"], "never-seen");
    }
    assert_eq!(causes(&here, "build --release"), []);
}

#[test]
fn when_dependents_could_start_is_written_down() {
    let world = World::cached();
    let here = world.checkout("here", &app());
    here.cargo("build").ok();
    for event in world.events() {
        let announced = event["meta_us"].as_u64();
        match event["crate"].as_str() {
            Some("app") => assert_eq!(announced, None, "{event:#}"),
            _ => assert!(announced.is_some_and(|at| at < event["took_us"].as_u64().unwrap_or(0)), "{event:#}"),
        }
    }
}
