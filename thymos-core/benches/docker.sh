#!/usr/bin/env bash
# Rebuilds an image after an edit to one source file, from the same Dockerfile without and with the compile cache, pair by
# pair in one run; then with every layer thrown away. Seconds drift from minute to minute, so each ratio is taken within its pair.
#
#   thymos-core/benches/docker.sh [--rounds N] [--profile PROFILE]
#
# It needs the base images of thymos-core/tests/docker/base.sh, or others in RUST_IMAGE and RUNTIME_IMAGE. THYMOS is the program
# to measure, if it is built already.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

package=mdbook
version=0.4.52
edited=src/utils/fs.rs # in the library, so that the library and the program are compiled again
rounds=3
profile=release
while (($#)); do
    case "$1" in
    --rounds) rounds="$2" ;;
    --profile) profile="$2" ;;
    *)
        echo "usage: $0 [--rounds N] [--profile PROFILE]" >&2
        exit 2
        ;;
    esac
    shift 2
done
rust="${RUST_IMAGE:-thymos-test/rust:bookworm}"
runtime="${RUNTIME_IMAGE:-thymos-test/debian:bookworm}"

# Prints the first docker in PATH that builds with BuildKit.
docker_with_buildkit() {
    local program
    for program in $(type -ap docker); do
        if "$program" buildx version >/dev/null 2>&1 || "$program" --version | grep -qE 'version (18|19|20)\.'; then
            echo "$program"
            return
        fi
    done
}
docker="$(docker_with_buildkit)"
[[ -n "$docker" ]] || {
    echo "there is no docker with BuildKit" >&2
    exit 2
}
export DOCKER_BUILDKIT=1

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
thymos="${THYMOS:-}"
if [[ -z "$thymos" ]]; then
    cargo build --quiet --release --locked --manifest-path "$here/Cargo.toml" -p thymos-core
    thymos="$here/target/release/thymos"
fi

# The wrapper, as an image to copy from.
mkdir "$scratch/wrapper"
cp "$thymos" "$scratch/wrapper/thymos"
printf 'FROM %s\nCOPY thymos /usr/local/bin/thymos\n' "$runtime" >"$scratch/wrapper/Dockerfile"
"$docker" build -q -t thymos-bench/wrapper:latest "$scratch/wrapper" >/dev/null

# The project, as its author published it.
mkdir -p "$scratch/puller/src"
: >"$scratch/puller/src/lib.rs"
printf '[package]\nname = "puller"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n%s = "=%s"\n' \
    "$package" "$version" >"$scratch/puller/Cargo.toml"
cargo fetch --quiet --manifest-path "$scratch/puller/Cargo.toml"
sources=("${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$package-$version")
cp -r "${sources[0]}" "$scratch/cached"
cp -r "${sources[0]}" "$scratch/plain"

# Both have the same Dockerfile and the same downloads; in one of them there is no wrapper.
for place in cached plain; do
    (cd "$scratch/$place" && "$thymos" docker --yes --image "thymos-bench-$place" --base "$rust" --runtime-base "$runtime" \
        --wrapper thymos-bench/wrapper:latest >/dev/null)
    sed -i "s/id=cargo-/id=thymos-bench-/; s/id=thymos-\${TARGETARCH}/id=thymos-bench/" \
        "$scratch/$place/Dockerfile.sccache"
done
sed -i "s|RUSTC_WRAPPER=/usr/local/bin/thymos|RUSTC_WRAPPER=''|; s|thymos build|cargo build|" "$scratch/plain/Dockerfile.sccache"

# Builds an image and sets `seconds`, and `counts` to what the cache did.
build() {
    local place="$1" log="$scratch/log" start
    shift
    start="$(date +%s%N)"
    (cd "$scratch/$place" && "$docker" build --progress=plain --network=host -f Dockerfile.sccache \
        -t "thymos-bench-$place" --build-arg "PROFILE=$profile" "$@" .) >"$log" 2>&1 || {
        tail -30 "$log" >&2
        exit 1
    }
    seconds="$(awk "BEGIN { printf \"%.1f\", ($(date +%s%N) - $start) / 1e9 }")"
    counts="$(sed -n 's/^#[0-9]* [0-9.]* thymos: //p' "$log" | tail -n 1)"
}

edit() {
    printf '\n/// An edit.\npub fn edit_%s() -> u32 {\n    %s\n}\n' "$1" "$1" >>"$scratch/cached/$edited"
    cp "$scratch/cached/$edited" "$scratch/plain/$edited"
}

units="$(cd "$scratch/plain" && cargo tree --locked -e normal,build --prefix none | sed 's/ (\*)//' | sort -u | wc -l)"
echo "$package $version, $units crates, $profile profile; $(nproc) cores; $("$docker" version --format 'Docker {{.Server.Version}}'), $(
    "$docker" info --format '{{.Driver}}'
); $(date -u +%F)"
(cd "$scratch/cached" && "$docker" build -f Dockerfile.sccache --target cache --build-arg "NOW=$(date +%s%N)" \
    --build-arg 'COMMAND=find /sccache -mindepth 1 -delete' .) >/dev/null 2>&1
build cached
printf '%-52s %7s s             %s\n' "first build, with an empty cache" "$seconds" "$counts"
ratios=()
for ((round = 1; round <= rounds; round++)); do
    edit "$round"
    build plain
    without="$seconds"
    printf '%-52s %7s s\n' "rebuild after an edit, without the cache" "$seconds"
    build cached
    ratios+=("$(awk "BEGIN { printf \"%.1f\", 100 * (1 - $seconds / $without) }")")
    printf '%-52s %7s s  %5s %% less  %s\n' "rebuild after an edit, with the cache" "$seconds" "${ratios[-1]}" "$counts"
done
build cached --build-arg "REFRESH=$(date +%s%N)"
printf '%-52s %7s s             %s\n' "rebuild of every layer, with the cache" "$seconds" "$counts"
echo "median of $rounds pairs: $(printf '%s\n' "${ratios[@]}" | sort -n | sed -n "$(((rounds + 1) / 2))p") % less time after an edit"
