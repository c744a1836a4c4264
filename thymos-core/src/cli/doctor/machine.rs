//! The store, the file systems around it, and Docker.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use thymos_build::{Env, Packager, System};

use super::finding::Finding;
use crate::history::amount::bytes;
use crate::history::stats::Stats;
use crate::settings::Settings;
use crate::store::Store;
use crate::system::error::plain;
use crate::system::os;

/// A daemon that does not answer within this time counts as missing.
const LIMIT: Duration = Duration::from_secs(5);

/// Names the system, and the command that installs a tool on it.
pub fn system() -> Finding {
    const CHECK: &str = "system";
    let system = System::detect(&Env::from_process());
    match system.packager {
        Packager::Unknown => Finding::note(CHECK, format!("{system}; its package manager is unknown")),
        _ => Finding::good(CHECK, format!("{system}; a tool installs with: {}", system.install_command("mold"))),
    }
}

/// Looks at the store: whether it can be used, how full it is, and what went wrong lately.
pub fn store(settings: &Settings) -> Finding {
    const CHECK: &str = "store";
    let Some(dir) = &settings.dir else {
        return Finding::attention(CHECK, "there is no home directory for it")
            .why("nothing can be kept")
            .fix("export THYMOS_DIR=/some/directory");
    };
    let place = dir.display();
    let store = match Store::open_as(dir, settings.shared) {
        Ok(store) => store,
        Err(degraded) => {
            let fix = format!(
                "chmod -R go-w {place}, or export THYMOS_DIR=/another/directory, or THYMOS_SHARED=group if you trust its group"
            );
            return Finding::attention(CHECK, format!("{place}: {degraded}")).why("nothing is cached").fix(fix);
        }
    };
    if let Err(error) = tempfile::tempfile_in(store.root()) {
        let what = format!("{place} cannot be written: {}", plain(&error));
        return Finding::attention(CHECK, what)
            .why("what is compiled is not kept")
            .fix("export THYMOS_DIR=/another/directory");
    }
    let (contents, stats) = (store.contents(), Stats::gather(dir));
    let what =
        format!("{place}: {} entries, {} of {}", contents.entries, bytes(contents.bytes), bytes(settings.cache_size));
    let degraded: u64 = stats.degraded.values().sum();
    match stats.degraded.iter().max_by_key(|(_, count)| **count) {
        Some((reason, count)) => {
            Finding::attention(CHECK, format!("{what}; {degraded} cache errors, {count} of them: {reason}"))
                .why("those compiles ran without the cache")
                .fix("thymos stats shows the causes; thymos stats --zero once they are gone")
        }
        None => Finding::good(CHECK, what),
    }
}

/// Finds out how a file of the store gets into a target directory.
pub fn file_systems(settings: &Settings, target: &Path) -> Finding {
    const CHECK: &str = "file system";
    let Some(dir) = &settings.dir else { return Finding::unknown(CHECK, "there is no store to start from") };
    let place = target.ancestors().find(|directory| directory.is_dir()).unwrap_or(target);
    match ability(dir, place) {
        Ok(Ability::Reflink) => Finding::good(CHECK, "restored files share their blocks with the store (reflink)"),
        Ok(Ability::HardLink) => Finding::good(CHECK, "restored files are hard links to those of the store"),
        Ok(Ability::Copy) => Finding::attention(
            CHECK,
            format!(
                "restored files are copies: {} and {} are on different file systems",
                dir.display(),
                place.display()
            ),
        )
        .why("each hit costs the time and space of a copy")
        .fix("set THYMOS_DIR to a directory on the file system of your target directories"),
        Err(error) => Finding::unknown(
            CHECK,
            format!("failed to write to {} and {}: {}", dir.display(), place.display(), plain(&error)),
        ),
    }
}

enum Ability {
    Reflink,
    HardLink,
    Copy,
}

fn ability(store: &Path, target: &Path) -> std::io::Result<Ability> {
    os::create_private_dir(store)?;
    let from = tempfile::Builder::new().prefix(".thymos-probe-").tempfile_in(store)?;
    std::fs::write(from.path(), "probe")?;
    let to = tempfile::Builder::new().prefix(".thymos-probe-").tempdir_in(target)?;
    let to = to.path().join("probe");
    if os::reflink(from.path(), &to).is_ok() {
        return Ok(Ability::Reflink);
    }
    let linked = std::fs::hard_link(from.path(), &to).is_ok();
    Ok(if linked { Ability::HardLink } else { Ability::Copy })
}

/// Asks Docker's daemon and BuildKit for their versions. A machine without Docker is fine.
pub fn docker() -> Finding {
    const CHECK: &str = "docker";
    let Some(server) = said("docker", &["version", "--format", "{{.Server.Version}}"]) else {
        return Finding::note(CHECK, "not installed, or its daemon does not answer; only container builds need it");
    };
    match said("docker", &["buildx", "version"]) {
        Some(buildx) => Finding::good(CHECK, format!("{server}, {buildx}")),
        None => Finding::note(CHECK, format!("{server}, without buildx: cache mounts need DOCKER_BUILDKIT=1")),
    }
}

/// Returns the first line that a program prints, if it succeeds in time.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let mut child =
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let started = Instant::now();
    while child.try_wait().ok()?.is_none() {
        if started.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output
        .status
        .success()
        .then(|| text.lines().next().unwrap_or_default().trim().to_owned())
        .filter(|line| !line.is_empty())
}
