//! The system as the crate `os_info` sees it.
//!
//! Invariant: a system that the crate names and this table does not has no packager, so that its `ID_LIKE` decides.

use os_info::{Info, Type, Version};

use super::{Known, Packager};

/// Returns the system that this process runs on, if the crate knows it.
pub(super) fn look() -> Option<Known> {
    let info = os_info::get();
    let known = !matches!(info.os_type(), Type::Unknown | Type::Linux);
    known.then(|| Known { name: name(&info), packager: packager(info.os_type()) })
}

fn name(info: &Info) -> String {
    let name = info.edition().map_or_else(|| info.os_type().to_string(), str::to_owned);
    match info.version() {
        Version::Unknown => name,
        version => format!("{name} {version}"),
    }
}

/// Returns the program that installs packages on a system.
fn packager(system: Type) -> Option<Packager> {
    match system {
        Type::Debian
        | Type::Elementary
        | Type::KDENeon
        | Type::Kali
        | Type::Mint
        | Type::PikaOS
        | Type::Pop
        | Type::Raspbian
        | Type::Ubuntu
        | Type::Uos
        | Type::Zorin => Some(Packager::Apt),
        Type::AlmaLinux
        | Type::Amazon
        | Type::CentOS
        | Type::Fedora
        | Type::Nobara
        | Type::OpenCloudOS
        | Type::OracleLinux
        | Type::RedHatEnterprise
        | Type::Redhat
        | Type::RockyLinux
        | Type::Ultramarine
        | Type::openEuler => Some(Packager::Dnf),
        Type::Arch
        | Type::Artix
        | Type::CachyOS
        | Type::EndeavourOS
        | Type::Garuda
        | Type::InstantOS
        | Type::Mabox
        | Type::Manjaro => Some(Packager::Pacman),
        Type::Alpaquita | Type::Alpine => Some(Packager::Apk),
        Type::SUSE | Type::openSUSE => Some(Packager::Zypper),
        Type::Gentoo => Some(Packager::Emerge),
        Type::Void => Some(Packager::Xbps),
        Type::NixOS => Some(Packager::Nix),
        Type::Macos => Some(Packager::Brew),
        Type::Windows => Some(Packager::Winget),
        Type::DragonFly | Type::FreeBSD | Type::HardenedBSD | Type::MidnightBSD | Type::NetBSD | Type::OpenBSD => {
            Some(Packager::Pkg)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_the_table_does_not_name_is_left_to_its_likes() {
        assert_eq!(packager(Type::Ubuntu), Some(Packager::Apt));
        assert_eq!(packager(Type::Solus), None);
        assert_eq!(packager(Type::Linux), None);
    }

    #[test]
    fn a_name_holds_the_version_that_is_known() {
        assert_eq!(name(&Info::with_type(Type::Arch)), "Arch Linux");
    }
}
