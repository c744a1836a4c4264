//! Which Rust an image builds with, and which base images have it.
//!
//! Invariant: pure, and decided from what the workspace says, never from this machine's compiler: the files are the same
//! wherever they are written. An image with musl is refused, for neither `thymos` nor the packages would run there.

use toml_edit::DocumentMut;

/// What the workspace says about its toolchain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    /// `1.95`, `1.95.0`, `nightly-2026-01-01` …
    pub channel: Option<String>,
    /// The name of the file that says so.
    pub file: Option<&'static str>,
}

/// The images that are built and run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bases {
    /// To build in.
    pub build: String,
    /// To run in.
    pub run: String,
}

/// The release of Debian of the default images.
const DEBIAN: &str = "bookworm";

/// Reads a toolchain file: TOML, or in the old form only a channel.
pub fn parse(file: &'static str, text: &str) -> Pinned {
    let old = || text.lines().next().map(str::trim).filter(|line| !line.contains(['[', '=']) && !line.is_empty());
    let channel = match text.parse::<DocumentMut>() {
        Ok(document) => document.get("toolchain").and_then(|it| it.get("channel")?.as_str().map(str::to_owned)),
        Err(_) => old().map(str::to_owned),
    };
    Pinned { channel, file: Some(file) }
}

impl Pinned {
    /// Returns the version of a pinned release: `(1, 95)`.
    pub fn release(&self) -> Option<(u32, u32)> {
        let mut numbers = self.channel.as_deref()?.split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }

    /// Returns the tag of the official image: the pinned release, else the latest. A nightly or a beta is left to rustup,
    /// which every official image has.
    fn tag(&self) -> String {
        let release = self.release().and(self.channel.as_deref());
        format!("{}-slim-{DEBIAN}", release.unwrap_or("1"))
    }
}

/// Returns the images.
///
/// # Errors
/// If one of them cannot run what is built with glibc.
pub fn bases(pinned: &Pinned, base: Option<&str>, runtime: Option<&str>) -> Result<Bases, String> {
    let build = base.map_or_else(|| format!("rust:{}", pinned.tag()), str::to_owned);
    let run = runtime.map_or_else(|| format!("debian:{}-slim", debian_of(&build)), str::to_owned);
    for image in [&build, &run] {
        if let Some(why) = refused(image) {
            return Err(format!("{image} cannot be a base: {why}"));
        }
    }
    Ok(Bases { build, run })
}

/// Returns the release of Debian that an image's tag names.
fn debian_of(image: &str) -> &'static str {
    let known = ["bullseye", "bookworm", "trixie", "forky"];
    known.into_iter().find(|name| image.contains(name)).unwrap_or(DEBIAN)
}

fn refused(image: &str) -> Option<&'static str> {
    if image.contains("alpine") || image.contains("musl") {
        return Some(
            "it has musl, and thymos and what these files build need glibc; take a Debian image such as debian:bookworm-slim",
        );
    }
    let empty = image == "scratch" || image.contains("distroless/static") || image.contains("distroless/base-nossl");
    empty.then_some("what these files build needs glibc and libgcc; gcr.io/distroless/cc-debian12 has both")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn both_forms_of_the_file_are_read() {
        let channel = |text: &str| parse("rust-toolchain.toml", text).channel;
        assert_eq!(channel("[toolchain]\nchannel = \"1.95.0\"\n").as_deref(), Some("1.95.0"));
        assert_eq!(channel("nightly-2026-01-01\n").as_deref(), Some("nightly-2026-01-01"));
        assert_eq!(channel("[toolchain]\ncomponents = ['rustfmt']\n"), None);
        assert_eq!(channel(""), None);
    }

    #[test]
    fn a_pinned_release_names_the_image_and_nothing_else_does() {
        let images =
            |channel: &str, base| bases(&Pinned { channel: Some(channel.to_owned()), file: None }, base, None).unwrap();
        assert_eq!(images("1.95.0", None).build, "rust:1.95.0-slim-bookworm");
        assert_eq!(images("1.80", None).build, "rust:1.80-slim-bookworm");
        for channel in ["stable", "nightly-2026-01-01", "beta"] {
            assert_eq!(images(channel, None).build, "rust:1-slim-bookworm");
        }
        assert_eq!(images("stable", Some("corp/rust:trixie")).run, "debian:trixie-slim");
        assert_eq!(images("stable", Some("corp/rust:7")).run, "debian:bookworm-slim");
    }

    #[test]
    fn images_without_glibc_are_refused() {
        let run = |base, runtime| bases(&Pinned::default(), base, runtime);
        assert!(run(Some("rust:1-alpine"), None).unwrap_err().contains("musl"));
        assert!(run(None, Some("alpine:3")).unwrap_err().contains("musl"));
        assert!(run(None, Some("scratch")).unwrap_err().contains("glibc"));
        assert!(run(None, Some("gcr.io/distroless/cc-debian12")).is_ok());
    }
}
