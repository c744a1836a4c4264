//! The Dockerfile.
//!
//! Invariant: pure, and within what Docker 20.10, current BuildKit and buildah all build: no heredoc, no `COPY --link`, no
//! `# syntax=` line that would have to be fetched, no variable in `COPY --from` or in the name of a stage.

use std::fmt::Write;

use super::linker::{BuildLinker, MOLD_FLAG};
use super::options::Preset;
use super::project::{Project, Wrapper};

/// Where the wrapper is, in the image that it comes from and in the build stage.
const WRAPPER: &str = "/usr/local/bin/thymos";
const APT_NOTE: &str = "# hadolint ignore=DL3008\n";
/// Downloads are whole or not there, but Cargo's lock lies outside of the mount; the compile cache needs no lock.
const DOWNLOADS: &str = "\
--mount=type=cache,id=cargo-registry,sharing=locked,target=/usr/local/cargo/registry \\
    --mount=type=cache,id=cargo-git,sharing=locked,target=/usr/local/cargo/git \\
    ";
const CACHE: &str = "--mount=type=cache,id=thymos-${TARGETARCH},sharing=shared,target=/sccache \\\n    ";
/// A variable of the commands that follow is part of their layers' keys. Docker's own `--no-cache` empties cache mounts too.
const REFRESH: &str = "ARG REFRESH\n";
/// The version of cargo-chef that the second preset installs; an argument of the build overrides it.
const CHEF: &str = "0.1.78";

/// Renders the file.
pub fn render(project: &Project) -> String {
    let stages = [
        head(project),
        wrapper_stage(project),
        toolchain_stage(project),
        cache_stage(),
        match project.preset {
            Preset::Mounts => build_stage(project),
            Preset::Chef => chef_stages(project),
        },
        runtime_stage(project),
    ];
    stages.join("\n")
}

fn head(project: &Project) -> String {
    let Project { image, bases, names, .. } = project;
    let wrapper = match &project.wrapper {
        Wrapper::Image(image) => format!(
            "# An image that holds {WRAPPER}; the repository of Thymos builds this one.\nARG THYMOS_IMAGE={image}\n"
        ),
        Wrapper::Workspace => {
            "# THYMOS_IMAGE=thymos-agent:latest takes the wrapper from the image of an earlier build \
             instead of compiling it first.\nARG THYMOS_IMAGE=${RUST_IMAGE}\n"
                .to_owned()
        }
    };
    format!(
        "# Written by `thymos docker`, which also updates it; `thymos docker --check` tells whether it is up to date.\n#\n\
         #   DOCKER_BUILDKIT=1 docker build -f {} -t {image}:latest .\n#\n\
         # docker build --no-cache empties the cache mounts too; --build-arg REFRESH=\"$(date +%s)\" builds every layer again and \
         keeps them.\n\n\
         ARG RUST_IMAGE={}\n\
         ARG RUNTIME_IMAGE={}\n{wrapper}",
        names.dockerfile, bases.build, bases.run
    )
}

fn wrapper_stage(project: &Project) -> String {
    if project.wrapper != Wrapper::Workspace {
        return "FROM ${THYMOS_IMAGE} AS thymos\n".to_owned();
    }
    let locked = project.locked();
    format!(
        "# The wrapper is a program of this workspace.\n\
         FROM ${{THYMOS_IMAGE}} AS thymos\n\
         WORKDIR /thymos\n\
         COPY . .\n\
         RUN {DOWNLOADS}command -v thymos \\\n \
         || {{ RUSTC_WRAPPER='' cargo build {locked}--release --package thymos-core --bin thymos --target-dir target \\\n \
         && install target/*/thymos {WRAPPER} \\\n \
         && rm -rf target; }}\n"
    )
}

fn toolchain_stage(project: &Project) -> String {
    let mut text = "FROM ${RUST_IMAGE} AS toolchain\n".to_owned();
    text.push_str(&apt(&project.needs.build));
    let _ = writeln!(text, "COPY --from=thymos {WRAPPER} {WRAPPER}");
    text.push_str(
        "# Incremental compilation has nothing to go on in a fresh layer, and keeps units out of the cache.\n\
         ENV CARGO_HOME=/usr/local/cargo \\\n    \
         CARGO_INCREMENTAL=0 \\\n    ",
    );
    if project.linker == BuildLinker::Mold {
        for triple in ["X86_64", "AARCH64"] {
            let _ = write!(text, "CARGO_TARGET_{triple}_UNKNOWN_LINUX_GNU_RUSTFLAGS={MOLD_FLAG} \\\n    ");
        }
    }
    let _ = write!(text, "RUSTC_WRAPPER={WRAPPER} \\\n    THYMOS_DIR=/sccache\nWORKDIR /src\n");
    if let Some(file) = project.pinned.file {
        let _ = write!(
            text,
            "# Where rustup is, this installs what the file names, once.\n\
             COPY {file} ./\nRUN cargo --version && rustc --version\n"
        );
    }
    text
}

/// A stage that only the script builds, to look into the cache.
fn cache_stage() -> String {
    format!(
        "# Nothing is built from this stage: with it, the script shows and empties the cache.\n\
         FROM toolchain AS cache\n\
         ARG TARGETARCH\n\
         ARG COMMAND=\"thymos stats\"\n\
         ARG NOW\n\
         RUN {CACHE}sh -c \"$COMMAND\"\n"
    )
}

fn build_stage(project: &Project) -> String {
    format!(
        "FROM toolchain AS build\n\
         COPY . .\n\
         ARG PROFILE=release\n\
         ARG TARGETARCH\n\
         {REFRESH}RUN {DOWNLOADS}{CACHE}{}",
        compile(project, " \\\n && rm -rf target")
    )
}

fn chef_stages(project: &Project) -> String {
    let (selection, locked) = (project.selection(), project.locked());
    format!(
        "FROM toolchain AS chef\n\
         ARG CHEF_VERSION={CHEF}\n\
         ARG TARGETARCH\n\
         {REFRESH}RUN {DOWNLOADS}{CACHE}cargo install --locked --root /usr/local --version \"$CHEF_VERSION\" cargo-chef\n\n\
         FROM chef AS planner\n\
         COPY . .\n\
         RUN cargo chef prepare --recipe-path /recipe.json\n\n\
         FROM chef AS build\n\
         COPY --from=planner /recipe.json /recipe.json\n\
         ARG PROFILE=release\n\
         {REFRESH}RUN {DOWNLOADS}{CACHE}cargo chef cook {locked}--profile \"$PROFILE\" {selection} --target-dir target \
         --recipe-path /recipe.json\n\
         COPY . .\n\
         RUN {DOWNLOADS}{CACHE}{}",
        compile(project, "")
    )
}

/// The command that compiles, and tells in a line what the cache did. Counters are not touched: others use the same cache.
fn compile(project: &Project, afterwards: &str) -> String {
    let (selection, locked) = (project.selection(), project.locked());
    let triple = project.target.as_ref().map(|target| format!("{target}/")).unwrap_or_default();
    format!(
        "unset REFRESH; \\\n    \
         thymos build {locked}--profile \"$PROFILE\" {selection} --target-dir target \\\n \
         && install -D -t /out target/{triple}*/{}{afterwards}\n",
        project.program.name
    )
}

fn runtime_stage(project: &Project) -> String {
    let program = &project.program.name;
    format!(
        "FROM ${{RUNTIME_IMAGE}} AS runtime\n{}{}\
         COPY --from=build /out/{program} /usr/local/bin/{program}\n\
         USER 10001:10001\n\
         ENTRYPOINT [\"/usr/local/bin/{program}\"]\n",
        labels(project),
        apt(&project.needs.run)
    )
}

fn labels(project: &Project) -> String {
    let package = &project.package;
    let pairs = [
        ("title", Some(&project.image)),
        ("description", package.description.as_ref()),
        ("licenses", package.license.as_ref()),
        ("source", package.repository.as_ref()),
    ];
    let labels = pairs.into_iter().filter_map(|(name, value)| {
        let value = value?.split_whitespace().collect::<Vec<_>>().join(" ");
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        Some(format!("org.opencontainers.image.{name}=\"{value}\""))
    });
    format!("LABEL {}\n", labels.collect::<Vec<_>>().join(" \\\n      "))
}

fn apt(packages: &std::collections::BTreeSet<&'static str>) -> String {
    if packages.is_empty() {
        return String::new();
    }
    let list = packages.iter().copied().collect::<Vec<_>>().join(" ");
    format!(
        "{REFRESH}{APT_NOTE}RUN apt-get update \\\n \
         && apt-get install --yes --no-install-recommends {list} \\\n \
         && rm -rf /var/lib/apt/lists/*\n"
    )
}
