#!/usr/bin/env bash
# Makes the two base images that the tests and the bench of `thymos docker` build on, where no registry can be asked:
# thymos-test/debian:bookworm from debootstrap, and thymos-test/rust:bookworm, which is the same with the Rust toolchain of
# this machine, laid out like the official image. Needs root, debootstrap and docker. Does nothing if both are there.
set -euo pipefail

debian=thymos-test/debian:bookworm
rust=thymos-test/rust:bookworm
if docker image inspect "$debian" "$rust" >/dev/null 2>&1; then
    exit 0
fi

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
root="$scratch/root"
debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev,pkg-config bookworm "$root" >"$scratch/log" 2>&1 || {
    tail -20 "$scratch/log" >&2
    exit 1
}
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
# Where a proxy with a certificate of its own stands between here and the registries, the images must know it too.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
tar -C "$root" -c . | docker import --change 'CMD ["bash"]' - "$debian" >/dev/null

sysroot="$(rustc --print sysroot)"
toolchain=/usr/local/rustup/toolchains/stable
mkdir -p "$root$toolchain/bin" "$root/usr/local/cargo/bin"
cp -a "$sysroot/lib" "$root$toolchain/"
for program in cargo rustc rustdoc; do
    cp -a "$sysroot/bin/$program" "$root$toolchain/bin/"
    ln -s "$toolchain/bin/$program" "$root/usr/local/cargo/bin/"
done
tar -C "$root" -c . | docker import --change 'ENV CARGO_HOME=/usr/local/cargo' --change 'ENV RUSTUP_HOME=/usr/local/rustup' \
    --change 'ENV PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'CMD ["bash"]' - "$rust" >/dev/null
