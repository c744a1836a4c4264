//! A pipeline for GitLab CI/CD.
//!
//! One cache holds the pack and the program itself. GitLab replaces a cache under its key, so the key need not roll; the default
//! branch alone pushes.

use super::{MOST, Project, VERSION, indented};

/// Makes the program and the store ready.
const PREPARE: &str = r#"cache="$CI_PROJECT_DIR/.thymos-cache"
mkdir -p "$cache"
if [ "$("$cache/bin/thymos" --version 2>/dev/null)" != "thymos $THYMOS_VERSION" ]; then
  cargo install thymos-core --version "$THYMOS_VERSION" --locked --root "$cache"
fi
export RUSTC_WRAPPER="$cache/bin/thymos"
if [ -e "$cache/cache.pack" ]; then
  "$RUSTC_WRAPPER" unpack "$cache/cache.pack" || echo "the restored compile cache was not used as a whole"
fi"#;

/// Shows what the cache did and, on the default branch, packs what this build used.
const FINISH: &str = r#"thymos="$CI_PROJECT_DIR/.thymos-cache/bin/thymos"
[ -x "$thymos" ] || exit 0
"$thymos" stats
if [ "${CI_COMMIT_BRANCH:-}" = "$CI_DEFAULT_BRANCH" ]; then
  "$thymos" pack --max-size "$THYMOS_PACK_SIZE" "$CI_PROJECT_DIR/.thymos-cache/cache.pack"
fi"#;

/// Returns the pipeline.
pub fn pipeline(project: &Project) -> String {
    let locked = project.locked;
    let (prepare, finish) = (indented(PREPARE, 6), indented(FINISH, 6));
    format!(
        r#"# Written by `thymos ci gitlab`. `thymos ci gitlab --check` tells whether it is up to date.
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH

build:
  image: rust:1
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      variables:
        THYMOS_CACHE_POLICY: pull-push
    - when: on_success
  variables:
    CARGO_INCREMENTAL: "0"
    THYMOS_CACHE_POLICY: pull
    THYMOS_DIR: /tmp/thymos
    THYMOS_PACK_SIZE: "{MOST}"
    THYMOS_VERSION: "{VERSION}"
  cache:
    key: thymos-$CI_JOB_NAME_SLUG
    paths:
      - .thymos-cache/
    policy: $THYMOS_CACHE_POLICY
    when: always
    # GitLab keeps caches of protected branches to themselves. `unprotect: true` lets all branches read this one; who can push
    # a branch can then write it too.
  before_script:
    - |
{prepare}  script:
    - cargo build --workspace --all-targets{locked}
    - cargo test --workspace{locked}
  after_script:
    - |
{finish}"#
    )
}
