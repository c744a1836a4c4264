//! The compose file.
//!
//! Invariant: pure. It is read by docker-compose 1.27 and later, and by `docker compose`.

use super::project::{Project, Wrapper};

/// Renders the file. The volume of the cache has a name of its own, so that other projects' containers share it.
pub fn render(project: &Project) -> String {
    let Project { image, names, .. } = project;
    let (file, dockerfile) = (&names.compose, &names.dockerfile);
    let (build, run) = (&project.bases.build, &project.bases.run);
    let wrapper = match &project.wrapper {
        Wrapper::Image(image) => format!("        THYMOS_IMAGE: ${{THYMOS_IMAGE:-{image}}}\n"),
        Wrapper::Workspace => String::new(),
    };
    let service = image.rsplit('/').next().unwrap_or(image);
    format!(
        "# Written by `thymos docker`, which also updates it; `thymos docker --check` tells whether it is up to date.
#
#   docker-compose -f {file} build                  the image
#   docker-compose -f {file} run --rm dev           cargo build in this checkout
#   docker-compose -f {file} run --rm test          cargo test in this checkout, from the same cache
#   docker-compose -f {file} --profile release up   the image, locked down
#
# docker-compose 1 wants DOCKER_BUILDKIT=1 in the environment.
services:
  {service}:
    image: {image}:latest
    build: &build
      context: .
      dockerfile: {dockerfile}
      args:
        RUST_IMAGE: ${{RUST_IMAGE:-{build}}}
        RUNTIME_IMAGE: ${{RUNTIME_IMAGE:-{run}}}
{wrapper}
  release:
    profiles: [release]
    image: {image}:latest
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: [\"no-new-privileges:true\"]

  dev: &dev
    profiles: [dev]
    image: {image}-dev:latest
    build:
      <<: *build
      target: toolchain
    command: cargo build
    environment:
      CARGO_TARGET_DIR: /target
    volumes:
      - .:/src
      - thymos:/sccache
      - registry:/usr/local/cargo/registry
      - dev-target:/target

  test:
    <<: *dev
    command: cargo test
    volumes:
      - .:/src
      - thymos:/sccache
      - registry:/usr/local/cargo/registry
      - test-target:/target

volumes:
  # Named alike in every project, so all their containers share one cache.
  thymos:
    name: thymos-cache
  registry:
    name: thymos-cargo-registry
  dev-target:
  test-target:
"
    )
}
