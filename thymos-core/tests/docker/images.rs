//! Images, built by the script: cold, after an edit, without layers, from another project; and how they run.

use crate::engine::{Built, Counts, DEBIAN, RUST, docker, ready};
use crate::support::{Run, World};

#[test]
fn a_rebuild_compiles_what_was_edited_and_takes_the_rest_from_the_cache() {
    if !ready() {
        return;
    }
    let world = World::cached();
    let app = Built::new(&world, "app", "images");
    app.run("./docker-sccache-build.sh", &["--clean"]).ok();
    let cold = app.build(&[]);
    let stats = Counts::of(&app.run("./docker-sccache-build.sh", &["--stats"]).ok().stdout);
    assert_eq!((cold.hits, stats.degraded), (0, 0), "every compile was watched: {stats:?}");
    assert!(cold.misses >= 4, "the program, the library, its build script and the proc macro: {cold:?}");
    assert_eq!(app.output(&[]), "40 2\n");

    app.here.edit("app/src/main.rs", "{} {}", "{}+{}");
    let edited = app.build(&[]);
    assert_eq!((edited.misses, edited.hits), (1, cold.misses - 1), "one crate was edited");
    assert_eq!(app.output(&[]), "40+2\n");

    let without_layers = app.build(&["--no-cache"]);
    assert_eq!((without_layers.misses, without_layers.hits), (0, cold.misses), "the mount outlives the layers");

    let other = Built::new(&world, "other", "images");
    let second = other.build(&["--tag", "thymos-test-other:latest"]);
    assert_eq!((second.misses, second.hits), (1, cold.misses - 1), "two projects, one cache");
    assert_eq!(other.output(&[]), "40 2\n");

    let again = app.run("./docker-sccache-build.sh", &[]).ok().stdout;
    assert!(again.contains("nothing compiled: every layer was there"), "{again}");
    assert!(app.run("./docker-sccache-build.sh", &["--stats"]).ok().stdout.contains("Cache location  /sccache"));
    app.run("./docker-sccache-build.sh", &["--clean"]).ok();
    let emptied = app.run("./docker-sccache-build.sh", &["--stats"]).ok().stdout;
    assert_eq!(Counts::of(&emptied), Counts { hits: 0, misses: 0, degraded: 0 });

    runs_locked_down(&app);
}

fn runs_locked_down(app: &Built<'_>) {
    let locked = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none"];
    assert_eq!(app.output(&locked), "40+2\n");
    let user =
        app.run("docker", &["image", "inspect", "--format", "{{.Config.User}} {{.Config.Entrypoint}}", &app.tag]);
    assert_eq!(user.ok().stdout, "10001:10001 [/usr/local/bin/app]\n");
}

#[test]
fn without_buildkit_the_script_says_how_to_switch_it_on() {
    if !ready() {
        return;
    }
    let world = World::cached();
    let app = Built::new(&world, "plain", "plain");
    let run = Run::of(app.command("./docker-sccache-build.sh").env("DOCKER_BUILDKIT", "0"));
    assert_eq!(run.status.code(), Some(2), "{run:#?}");
    assert!(run.stderr.contains("export DOCKER_BUILDKIT=1"), "{run:#?}");
    // What Docker itself says, where it still has a builder without BuildKit.
    let build = ["build", "-f", "Dockerfile.sccache", "."];
    let run = Run::of(app.command("docker").args(build).env("DOCKER_BUILDKIT", "0"));
    assert!(!run.status.success() && (run.stderr.clone() + &run.stdout).contains("BuildKit"), "{run:#?}");
}

#[test]
fn the_script_says_what_it_misses() {
    if !ready() {
        return;
    }
    let world = World::cached();
    let app = Built::new(&world, "missing", "missing");
    let tools = app.here.path("bin");
    std::fs::create_dir_all(&tools).expect("the world is writable");
    for program in ["bash", "dirname", "basename", "cat", "sed"] {
        let from =
            ["/usr/bin", "/bin"].map(|it| std::path::Path::new(it).join(program)).into_iter().find(|it| it.exists());
        std::os::unix::fs::symlink(from.expect("every system has it"), tools.join(program))
            .expect("the world is writable");
    }
    let script =
        |arguments: &[&str]| Run::of(app.command("./docker-sccache-build.sh").args(arguments).env("PATH", &tools));
    assert!(script(&[]).stderr.contains("there is no docker, podman or buildah"), "{:#?}", script(&[]));
    assert!(script(&["--help"]).ok().stdout.contains("--no-cache"));
    assert_eq!(script(&["--nonsense"]).status.code(), Some(2));
    app.here.executable(
        "bin/docker",
        "#!/bin/sh\ncase $1 in --version) echo 'Docker version 28.2.2, build 1';; *) exit 1;; esac\n",
    );
    assert!(script(&[]).stderr.contains("buildx"), "{:#?}", script(&[]));
}

#[test]
fn the_image_of_this_repository_is_described_by_its_own_file() {
    if !ready() || std::env::var_os("THYMOS_TEST_REAL").is_none_or(|list| list != "all") {
        eprintln!("skipped: THYMOS_TEST_REAL=all builds thymos-agent:latest, which takes minutes");
        return;
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above");
    let mut build = std::process::Command::new(docker().expect("Docker is ready"));
    build.env("DOCKER_BUILDKIT", "1").current_dir(root).args(["build", "--network=host", "-f", "Dockerfile.sccache"]);
    build.args(["-t", "thymos-agent:latest", "--build-arg", &format!("RUST_IMAGE={RUST}")]);
    Run::of(build.args(["--build-arg", &format!("RUNTIME_IMAGE={DEBIAN}"), "."])).ok();
    let mut version = std::process::Command::new(docker().expect("Docker is ready"));
    let run = Run::of(version.args(["run", "--rm", "--read-only", "thymos-agent:latest", "--version"])).ok();
    assert!(run.stdout.starts_with("thymos "), "{run:#?}");
}
