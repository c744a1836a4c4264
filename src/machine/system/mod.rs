//! The machine that is built on, as far as it matters for installing and trusting tools.
//!
//! Invariant: [`System::parse`] is pure, and what cannot be read is not claimed. Without the feature `os_info` it is read from a
//! handful of files and variables, and no program is started; with it, the crate of that name looks first, and may ask
//! `lsb_release` and `getconf`. A derivative that the crate does not know is told by its `ID_LIKE`.

mod install;
#[cfg(feature = "os_info")]
mod known;
#[cfg(not(feature = "os_info"))]
#[path = "unknown.rs"]
mod known;

use std::path::Path;

use crate::machine::env::{Env, var};

pub use install::Packager;

/// What the crate `os_info` says of a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The name with the version: `Mac OS 15.1`.
    pub(crate) name: String,
    /// Which program installs packages there.
    pub(crate) packager: Option<Packager>,
}

/// The operating system, its distribution, and the circumstances that change advice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct System {
    /// The name a person would use: `Debian GNU/Linux 12 (bookworm)`.
    pub name: String,
    /// Which program installs packages here.
    pub packager: Packager,
    /// What is special here.
    pub circumstances: Vec<Circumstance>,
}

/// Something about a machine that changes advice or choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Circumstance {
    /// This is a container.
    Container,
    /// This is the Windows Subsystem for Linux.
    Wsl,
    /// The linker is a wrapper that sets run paths and must not be bypassed.
    Nix,
    /// This is a continuous integration job.
    Ci,
}

impl Circumstance {
    fn name(self) -> &'static str {
        match self {
            Circumstance::Container => "container",
            Circumstance::Wsl => "WSL",
            Circumstance::Nix => "Nix",
            Circumstance::Ci => "CI",
        }
    }
}

/// What the files of a machine say: the input of [`System::parse`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Signs {
    /// The text of `/etc/os-release`.
    pub(crate) os_release: String,
    /// The text of `/proc/sys/kernel/osrelease`.
    pub(crate) kernel: String,
    /// The marker files that exist.
    pub(crate) markers: Vec<&'static str>,
    /// What `os_info` says, if it was asked and knows the system.
    pub(crate) known: Option<Known>,
}

const MARKERS: [&str; 3] = ["/.dockerenv", "/run/.containerenv", "/etc/NIXOS"];

impl Signs {
    /// Returns a value of the os-release file; empty for none.
    fn field(&self, name: &str) -> &str {
        let values = self.os_release.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        values.map(|value| value.trim().trim_matches(['"', '\''])).next().unwrap_or("")
    }
}

impl System {
    /// Returns the machine that this process runs on.
    pub fn detect(env: &Env) -> System {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let os_release = [read("/etc/os-release"), read("/usr/lib/os-release")];
        let signs = Signs {
            os_release: os_release.into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
            kernel: read("/proc/sys/kernel/osrelease"),
            markers: MARKERS.into_iter().filter(|path| Path::new(path).exists()).collect(),
            known: known::look(),
        };
        System::parse(&signs, env)
    }

    /// Returns the machine that these signs and variables describe.
    pub(crate) fn parse(signs: &Signs, env: &Env) -> System {
        let known = signs.known.clone().unwrap_or_default();
        let ids = ["ID", "ID_LIKE"].map(|name| signs.field(name));
        let packager = known.packager.or_else(|| Packager::of_ids(ids));
        let packager = packager.unwrap_or_else(|| Packager::of_os(std::env::consts::OS));
        // A distribution's own words come first: a version such as 24.04 is more than two numbers.
        let names = [signs.field("PRETTY_NAME"), &known.name, signs.field("NAME"), std::env::consts::OS];
        let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or("unknown").to_owned();
        System { name, packager, circumstances: circumstances(signs, env, packager) }
    }

    /// Returns whether something is so here.
    pub fn is(&self, circumstance: Circumstance) -> bool {
        self.circumstances.contains(&circumstance)
    }

    /// Returns the command that installs a tool here.
    ///
    /// The tools it knows are the linkers and wrappers that a plan looks for.
    pub fn install_command(&self, tool: &str) -> String {
        // A container usually runs as root and has no sudo.
        let prefix = if self.is(Circumstance::Container) { "" } else { "sudo " };
        self.packager.command(tool, prefix)
    }
}

impl std::fmt::Display for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        self.circumstances.iter().try_for_each(|circumstance| write!(f, ", {}", circumstance.name()))
    }
}

fn circumstances(signs: &Signs, env: &Env, packager: Packager) -> Vec<Circumstance> {
    let marked = |path: &str| signs.markers.contains(&path);
    let kernel = signs.kernel.to_ascii_lowercase();
    let container = marked("/.dockerenv")
        || marked("/run/.containerenv")
        || env.get(var::CONTAINER).is_some()
        || env.get(var::KUBERNETES_SERVICE_HOST).is_some();
    let wsl = kernel.contains("microsoft") || env.get(var::WSL_DISTRO_NAME).is_some();
    let nix = marked("/etc/NIXOS") || env.get(var::NIX_CC).is_some() || packager == Packager::Nix;
    let ci = env.get(var::CI).is_some_and(|value| value != "false");
    [(container, Circumstance::Container), (wsl, Circumstance::Wsl), (nix, Circumstance::Nix), (ci, Circumstance::Ci)]
        .into_iter()
        .filter_map(|(holds, circumstance)| holds.then_some(circumstance))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(os_release: &str, pairs: &[(&str, &str)]) -> System {
        let signs = Signs { os_release: os_release.into(), ..Signs::default() };
        System::parse(&signs, &Env::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn distributions_and_their_children_name_the_right_command() {
        let cases = [
            ("ID=debian\n", "sudo apt-get install mold"),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "sudo apt-get install mold"),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "sudo dnf install mold"),
            ("ID=fedora\n", "sudo dnf install mold"),
            ("ID=arch\n", "sudo pacman -S mold"),
            ("ID=alpine\n", "sudo apk add mold"),
            ("ID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n", "sudo zypper install mold"),
            ("ID=nixos\n", "nix profile install nixpkgs#mold"),
        ];
        for (os_release, command) in cases {
            assert_eq!(parse(os_release, &[]).install_command("mold"), command, "{os_release}");
        }
    }

    #[test]
    fn a_container_needs_no_sudo() {
        let system = parse("ID=debian\n", &[("container", "podman")]);
        assert_eq!(system.install_command("lld"), "apt-get install lld");
    }

    #[test]
    fn circumstances_are_read_from_files_and_variables() {
        let signs = Signs { kernel: "5.15.1-microsoft-standard-WSL2".into(), ..Signs::default() };
        let system = System::parse(&signs, &Env::from_pairs([("CI", "true"), ("NIX_CC", "/nix/store/x")]));
        assert_eq!(system.circumstances, [Circumstance::Wsl, Circumstance::Nix, Circumstance::Ci]);
        assert!(!parse("", &[("CI", "false")]).is(Circumstance::Ci));
    }

    #[test]
    fn what_os_info_knows_comes_first_and_a_derivative_is_told_by_its_likes() {
        let parse = |known: Option<Known>, os_release: &str| {
            let signs = Signs { os_release: os_release.into(), known, ..Signs::default() };
            let system = System::parse(&signs, &Env::from_pairs([("HOME", "/")]));
            (system.name, system.packager)
        };
        let known = |name: &str, packager| Some(Known { name: name.into(), packager });
        let text = |name: &str, packager| (name.to_owned(), packager);
        assert_eq!(parse(known("Mac OS 15.1", Some(Packager::Brew)), ""), text("Mac OS 15.1", Packager::Brew));
        let ubuntu = "ID=ubuntu\nPRETTY_NAME=\"Ubuntu 24.04 LTS\"\n";
        assert_eq!(parse(known("Ubuntu 24.4.0", Some(Packager::Apt)), ubuntu), text("Ubuntu 24.04 LTS", Packager::Apt));
        let child = "ID=child\nID_LIKE=\"arch\"\nNAME=Child\n";
        assert_eq!(parse(known("", None), child), text("Child", Packager::Pacman));
        assert_eq!(parse(None, child), text("Child", Packager::Pacman));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_gets_the_same_command_with_and_without_os_info() {
        let detected = System::detect(&Env::from_process());
        let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let read = System::parse(&Signs { os_release: text, ..Signs::default() }, &Env::from_process());
        if read.packager != Packager::Unknown {
            assert_eq!((detected.packager, detected.name), (read.packager, read.name));
        }
    }

    #[test]
    fn garbage_is_a_system_without_claims() {
        assert!(parse("\u{0}=\n=====\nPRETTY_NAME=\n", &[]).circumstances.is_empty());
    }
}
