//! What a person wants of the files: their arguments over `[workspace.metadata.thymos.docker]` over the defaults.
//!
//! Invariant: pure. The table in Cargo.toml has the names of the options, so `thymos docker --check` needs no arguments.

use serde::Deserialize;

/// How dependencies are kept between builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// In cache mounts, which live as long as the builder
    #[default]
    Mounts,
    /// In an image layer made by cargo-chef too, for builders that are new each time and import layers
    Chef,
}

/// What may be chosen, by an argument or in Cargo.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, clap::Args)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Options {
    /// How dependencies are kept between builds; mounts by default
    #[arg(long, value_name = "PRESET")]
    pub preset: Option<Preset>,
    /// The program to put into the image; needed where there are several
    #[arg(long, value_name = "NAME")]
    pub bin: Option<String>,
    /// The image to build in, with Rust and apt-get; rust:…-slim-bookworm by default
    #[arg(long, value_name = "IMAGE")]
    pub base: Option<String>,
    /// The image to run in, with the same glibc or a later one; debian:…-slim by default
    #[arg(long, value_name = "IMAGE")]
    pub runtime_base: Option<String>,
    /// The image to copy thymos from; thymos-agent:latest by default
    #[arg(long, value_name = "IMAGE")]
    pub wrapper: Option<String>,
    /// The name of the image; that of the program by default
    #[arg(long, value_name = "NAME")]
    pub image: Option<String>,
    /// The name of the Dockerfile
    #[arg(long, value_name = "FILE")]
    pub dockerfile: Option<String>,
    /// The name of the compose file
    #[arg(long, value_name = "FILE")]
    pub compose: Option<String>,
    /// The name of the script
    #[arg(long, value_name = "FILE")]
    pub script: Option<String>,
}

impl Options {
    /// Returns the arguments, completed by what a workspace's manifest says.
    ///
    /// # Errors
    /// If the manifest's table is not understood, or a name cannot be one.
    pub fn over(self, metadata: &serde_json::Value) -> Result<Self, String> {
        const TABLE: &str = "[workspace.metadata.thymos.docker] in Cargo.toml";
        let table = metadata.pointer("/thymos/docker").cloned();
        let below: Self = serde_json::from_value(table.unwrap_or_else(|| serde_json::json!({})))
            .map_err(|error| format!("{TABLE} is not understood: {error}"))?;
        let options = Self {
            preset: self.preset.or(below.preset),
            bin: self.bin.or(below.bin),
            base: self.base.or(below.base),
            runtime_base: self.runtime_base.or(below.runtime_base),
            wrapper: self.wrapper.or(below.wrapper),
            image: self.image.or(below.image),
            dockerfile: self.dockerfile.or(below.dockerfile),
            compose: self.compose.or(below.compose),
            script: self.script.or(below.script),
        };
        options.check()?;
        Ok(options)
    }

    /// Names end up in a Dockerfile, in YAML and in a shell script, so each is held to what needs no quotes anywhere.
    fn check(&self) -> Result<(), String> {
        for (what, text) in [("an image", &self.base), ("an image", &self.runtime_base), ("an image", &self.wrapper)] {
            if let Some(text) = text.as_deref().filter(|text| !is_name(text, image)) {
                return refused(what, text);
            }
        }
        for text in [&self.dockerfile, &self.compose, &self.script].into_iter().flatten() {
            if !is_name(text, plain) {
                return refused("a file in the workspace's root", text);
            }
        }
        match self.image.as_deref().filter(|text| !is_name(text, untagged)) {
            Some(text) => refused("an image without a tag", text),
            None => Ok(()),
        }
    }
}

fn refused(what: &str, text: &str) -> Result<(), String> {
    Err(format!("{text:?} cannot be the name of {what}"))
}

fn plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._-".contains(letter)
}

fn image(letter: char) -> bool {
    plain(letter) || "/:@".contains(letter)
}

fn untagged(letter: char) -> bool {
    (plain(letter) || letter == '/') && !letter.is_ascii_uppercase()
}

fn is_name(text: &str, may: impl Fn(char) -> bool) -> bool {
    text.chars().all(may) && text.chars().any(|c| c.is_ascii_alphanumeric()) && !text.starts_with(['-', '/'])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn arguments_go_before_the_manifest() {
        let manifest = serde_json::json!({ "thymos": { "docker": { "preset": "chef", "bin": "a", "image": "x" } } });
        let options = Options { bin: Some("b".to_owned()), ..Options::default() }.over(&manifest).unwrap();
        assert_eq!((options.preset, options.bin.as_deref()), (Some(Preset::Chef), Some("b")));
        assert_eq!(options.image.as_deref(), Some("x"));
        assert_eq!(Options::default().over(&serde_json::Value::Null).unwrap(), Options::default());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let wrong = serde_json::json!({ "thymos": { "docker": { "binary": "a" } } });
        assert!(Options::default().over(&wrong).unwrap_err().contains("unknown field `binary`"));
        for base in ["x y", "-rm", "a\nRUN b", "$(b)", ""] {
            let options = Options { base: Some(base.to_owned()), ..Options::default() };
            assert!(options.over(&serde_json::Value::Null).is_err(), "{base:?}");
        }
        for image in ["App", "app:1", "a;b"] {
            let options = Options { image: Some(image.to_owned()), ..Options::default() };
            assert!(options.over(&serde_json::Value::Null).is_err(), "{image:?}");
        }
        let away = Options { dockerfile: Some("../Dockerfile".to_owned()), ..Options::default() };
        assert!(away.over(&serde_json::Value::Null).is_err());
    }
}
