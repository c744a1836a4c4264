//! A workflow for GitHub Actions.
//!
//! One cache entry holds the pack and the program itself. Entries cannot be changed, so each has a key of its own, and a new one is
//! saved only by the default branch and only after something was compiled; pull requests read what the default branch saved.

use super::{MOST, Project, VERSION, indented, quoted};

/// actions/checkout v7.0.1.
const CHECKOUT: &str = "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1";
/// actions/cache v5.0.5.
const CACHE: &str = "27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5";

/// Makes the program and the store ready.
const PREPARE: &str = r#"cache="$RUNNER_TEMP/thymos-cache"
mkdir -p "$cache"
if [[ "$("$cache/bin/thymos" --version 2>/dev/null)" != "thymos $THYMOS_VERSION" ]]; then
  cargo install thymos-core --version "$THYMOS_VERSION" --locked --root "$cache"
fi
{
  echo "THYMOS_DIR=$RUNNER_TEMP/thymos"
  echo "RUSTC_WRAPPER=$cache/bin/thymos"
  echo "CARGO_INCREMENTAL=0"
} >> "$GITHUB_ENV"
if [[ -e "$cache/cache.pack" ]]; then
  THYMOS_DIR="$RUNNER_TEMP/thymos" "$cache/bin/thymos" unpack "$cache/cache.pack" ||
    echo "::warning::the restored compile cache was not used as a whole"
fi"#;

/// Packs what this build used, if it compiled anything.
const PACK: &str = r#"cache="$RUNNER_TEMP/thymos-cache"
if "$RUSTC_WRAPPER" stats --json | grep -E '"misses": [1-9]' >/dev/null; then
  "$RUSTC_WRAPPER" pack --max-size "$THYMOS_PACK_SIZE" "$cache/cache.pack"
  echo "new=true" >> "$GITHUB_OUTPUT"
fi"#;

/// Shows what the cache did.
const SUMMARY: &str = r#"[[ -n "${RUSTC_WRAPPER:-}" ]] || exit 0
{
  echo '### Compile cache'
  echo '```'
  "$RUSTC_WRAPPER" stats
  echo '```'
} | tee -a "$GITHUB_STEP_SUMMARY""#;

/// Returns the workflow.
pub fn workflow(project: &Project) -> String {
    let branch = quoted(&project.branch);
    let locked = project.locked;
    let (prepare, pack, summary) = (indented(PREPARE, 10), indented(PACK, 10), indented(SUMMARY, 10));
    format!(
        r#"# Written by `thymos ci github`. `thymos ci github --check` tells whether it is up to date.
name: Build with Thymos

on:
  push:
    branches: [{branch}]
  pull_request:

permissions: {{}}

concurrency:
  group: ${{{{ github.workflow }}}}-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

jobs:
  build:
    name: Build and test
    runs-on: ubuntu-latest
    permissions:
      contents: read # to check out
    env:
      THYMOS_VERSION: "{VERSION}"
      THYMOS_PACK_SIZE: "{MOST}"
    defaults:
      run:
        shell: bash
    steps:
      - name: Check out
        uses: actions/checkout@{CHECKOUT}
        with:
          persist-credentials: false

      - name: Restore the compile cache
        uses: actions/cache/restore@{CACHE}
        with:
          path: ${{{{ runner.temp }}}}/thymos-cache
          key: thymos-${{{{ runner.os }}}}-${{{{ runner.arch }}}}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          restore-keys: thymos-${{{{ runner.os }}}}-${{{{ runner.arch }}}}-

      - name: Prepare the compile cache
        run: |
{prepare}
      - name: Build
        run: cargo build --workspace --all-targets{locked}

      - name: Test
        run: cargo test --workspace{locked}

      - name: Pack the compile cache
        id: pack
        if: ${{{{ !cancelled() && github.event_name == 'push' && github.ref_name == github.event.repository.default_branch }}}}
        run: |
{pack}
      - name: Save the compile cache
        if: ${{{{ !cancelled() && steps.pack.outputs.new == 'true' }}}}
        uses: actions/cache/save@{CACHE}
        with:
          path: ${{{{ runner.temp }}}}/thymos-cache
          key: thymos-${{{{ runner.os }}}}-${{{{ runner.arch }}}}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}

      - name: Show what the compile cache did
        if: ${{{{ !cancelled() }}}}
        run: |
{summary}"#
    )
}
