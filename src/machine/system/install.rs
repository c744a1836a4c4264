//! How a missing tool is installed: one table per question.
//!
//! Invariant: a command is printed only for packages that exist under that name; otherwise the project's page is named.

/// A program that installs packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Packager {
    /// Debian, Ubuntu and their children.
    Apt,
    /// Fedora, RHEL and their children.
    Dnf,
    /// Arch and its children.
    Pacman,
    /// Alpine.
    Apk,
    /// SUSE.
    Zypper,
    /// Gentoo.
    Emerge,
    /// Void.
    Xbps,
    /// NixOS.
    Nix,
    /// macOS.
    Brew,
    /// Windows.
    Winget,
    /// The BSDs.
    Pkg,
    /// Nobody knows.
    #[default]
    Unknown,
}

const BY_ID: &[(&str, Packager)] = &[
    ("debian", Packager::Apt),
    ("ubuntu", Packager::Apt),
    ("fedora", Packager::Dnf),
    ("rhel", Packager::Dnf),
    ("centos", Packager::Dnf),
    ("amzn", Packager::Dnf),
    ("arch", Packager::Pacman),
    ("alpine", Packager::Apk),
    ("suse", Packager::Zypper),
    ("opensuse", Packager::Zypper),
    ("gentoo", Packager::Emerge),
    ("void", Packager::Xbps),
    ("nixos", Packager::Nix),
];

impl Packager {
    /// Returns the packager of a Linux distribution by the `ID` and `ID_LIKE` of its os-release file.
    pub(crate) fn of_ids(ids: [&str; 2]) -> Option<Packager> {
        let words = ids.into_iter().flat_map(str::split_whitespace);
        words.filter_map(|id| BY_ID.iter().find(|(name, _)| *name == id)).map(|(_, packager)| *packager).next()
    }

    /// Returns the packager of an operating system that has only one.
    pub(crate) fn of_os(os: &str) -> Packager {
        match os {
            "macos" => Packager::Brew,
            "windows" => Packager::Winget,
            "freebsd" | "openbsd" | "netbsd" | "dragonfly" => Packager::Pkg,
            _ => Packager::Unknown,
        }
    }

    /// Returns the command that installs a tool, with `sudo ` or nothing before it where root is needed.
    pub(crate) fn command(self, tool: &str, sudo: &str) -> String {
        if let Some(command) = through_cargo(tool) {
            return command.to_owned();
        }
        let package = self.package(tool);
        match self {
            Packager::Apt => format!("{sudo}apt-get install {package}"),
            Packager::Dnf => format!("{sudo}dnf install {package}"),
            Packager::Pacman => format!("{sudo}pacman -S {package}"),
            Packager::Apk => format!("{sudo}apk add {package}"),
            Packager::Zypper => format!("{sudo}zypper install {package}"),
            Packager::Emerge => format!("{sudo}emerge {package}"),
            Packager::Xbps => format!("{sudo}xbps-install -S {package}"),
            Packager::Nix => format!("nix profile install nixpkgs#{package}"),
            Packager::Brew => format!("brew install {package}"),
            Packager::Winget => format!("winget install {package}"),
            Packager::Pkg => format!("{sudo}pkg install {package}"),
            Packager::Unknown => format!("install the package `{package}`"),
        }
    }

    fn package(self, tool: &str) -> &str {
        match (self, tool) {
            (Packager::Emerge, "mold") => "sys-devel/mold",
            (Packager::Emerge, "lld") => "llvm-core/lld",
            (Packager::Nix, "lld") => "llvmPackages.lld",
            (Packager::Winget, "lld") => "LLVM.LLVM",
            (Packager::Pkg, "lld") => "llvm",
            (_, "system" | "ld") => "binutils",
            (_, tool) => tool,
        }
    }
}

/// Tools that come through Cargo or rustup on every system.
fn through_cargo(tool: &str) -> Option<&'static str> {
    match tool {
        "wild" => Some("cargo install --locked wild-linker"),
        "rust-lld" => Some("rustup update stable"),
        "thymos" => Some("cargo install --locked thymos-core"),
        "sccache" => Some("cargo install --locked sccache"),
        _ => None,
    }
}
