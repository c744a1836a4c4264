#!/usr/bin/env bash
# Written by `thymos docker`, which also updates it; `thymos docker --check` tells whether it is up to date.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

dockerfile=Dockerfile.sccache
tag=thymos-agent:latest
platform=()
extra=()
layers=reuse
task=build

usage() {
    cat <<END
Builds the image $tag with the compile cache of Thymos, and tells the time and the hit rate.

usage: $0 [OPTION]... [-- ARGUMENT_OF_BUILD...]

  --no-cache           builds every layer again; the compile cache stays
  --stats              shows what builds got from the cache, and builds nothing
  --clean              empties the compile cache, and builds nothing
  --tag NAME           names the image; $tag if not given
  --platform PLATFORM  builds for this platform, such as linux/arm64
  --help               shows this
END
}

fail() {
    echo "$(basename "$0"): $1" >&2
    exit 2
}

while (($#)); do
    case "$1" in
    --no-cache) layers=refresh ;;
    --stats | --clean) task="${1#--}" ;;
    --tag | --platform)
        [[ -n "${2:-}" ]] || fail "$1 wants a value"
        if [[ "$1" == --tag ]]; then tag="$2"; else platform=(--platform "$2"); fi
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    --)
        shift
        extra=("$@")
        break
        ;;
    *) fail "unknown option $1; --help lists them" ;;
    esac
    shift
done

# Prints the first docker in PATH that can build with BuildKit: one with buildx, or one from before 23.0, which has it built in.
docker_with_buildkit() {
    local program version
    while read -r program; do
        version="$("$program" --version 2>/dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/')" || continue
        if "$program" buildx version >/dev/null 2>&1 || ((${version:-0} > 17 && ${version:-0} < 23)); then
            echo "$program"
            return
        fi
    done < <(type -ap docker)
}

if command -v docker >/dev/null; then
    [[ "${DOCKER_BUILDKIT:-1}" != 0 ]] ||
        fail "BuildKit is switched off by DOCKER_BUILDKIT=0, and without it there are no cache mounts; export DOCKER_BUILDKIT=1"
    program="$(docker_with_buildkit)"
    [[ -n "$program" ]] ||
        fail "this docker needs its buildx plugin for BuildKit; install docker-buildx-plugin (Docker's packages) or docker-buildx (Debian's)"
    "$program" info >/dev/null 2>&1 ||
        fail "the Docker daemon does not answer; start it (sudo systemctl start docker), and see that you may talk to it (groups)"
    export DOCKER_BUILDKIT=1
    builder=("$program" build --progress=plain)
elif command -v podman >/dev/null; then
    builder=(podman build)
elif command -v buildah >/dev/null; then
    builder=(buildah build)
else
    fail "there is no docker, podman or buildah in PATH; install one of them"
fi

# Builds, showing the output and keeping it in $log.
build() {
    "${builder[@]}" -f "$dockerfile" ${platform[@]+"${platform[@]}"} ${extra[@]+"${extra[@]}"} "$@" . 2>&1 | tee "$log"
}

# Runs a command where the cache is mounted, and prints what it printed.
in_cache() {
    build --target cache --build-arg "COMMAND=$1" --build-arg "NOW=$(date +%s%N)" >/dev/null || {
        cat "$log" >&2
        fail "the cache could not be reached"
    }
    bare | sed -n '/^thymos-begin$/,/^thymos-end$/p' | sed '1d;$d'
}

# Prints the log without what BuildKit writes before each line of a command: a step and the seconds since its start.
bare() {
    sed 's/^#[0-9]* [0-9][0-9.]* //' "$log"
}

log="$(mktemp)"
trap 'rm -f "$log"' EXIT

case "$task" in
stats) in_cache 'echo thymos-begin; thymos stats; echo thymos-end' ;;
clean)
    in_cache 'find /sccache -mindepth 1 -delete && echo thymos-begin; echo; echo thymos-end' >/dev/null
    echo "The compile cache is empty."
    ;;
build)
    SECONDS=0
    again=()
    if [[ "$layers" == refresh ]]; then
        # Docker's own --no-cache would empty the cache mounts; for podman and buildah it is what is meant.
        again=(--build-arg "REFRESH=$(date +%s%N)")
        [[ "${builder[0]}" == */docker ]] || again+=(--no-cache)
    fi
    build -t "$tag" ${again[@]+"${again[@]}"} || fail "the image was not built; the reason is above"
    line="$(bare | sed -n 's/^thymos: \([0-9].* from the cache.*\)/\1/p' | tail -n 1)"
    echo
    echo "$tag: built in $SECONDS s; ${line:-nothing compiled: every layer was there}"
    ;;
esac
