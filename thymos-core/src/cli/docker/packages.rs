//! What crates want of Debian: a table from crate names to packages.
//!
//! Invariant: pure. Names are those of Debian 12; later releases still provide them under these names. A crate that brings its
//! own copy of the C library where none is installed is not in the table, for it needs nothing.

use std::collections::BTreeSet;

/// What one crate needs.
struct Row {
    /// The crate.
    name: &'static str,
    /// Features with which it brings the library itself.
    bundles: &'static [&'static str],
    /// Needed to build, without `bundles`.
    build: &'static str,
    /// Needed to run, without `bundles`.
    run: &'static str,
    /// Needed to build with one of `bundles`.
    bundled: &'static str,
}

const fn row(name: &'static str, build: &'static str, run: &'static str) -> Row {
    Row { name, bundles: &[], build, run, bundled: "" }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("alsa-sys", "libasound2-dev pkg-config", "libasound2"),
    row("aws-lc-fips-sys", "clang cmake golang-go make", ""),
    row("clang-sys", "clang libclang-dev", ""),
    row("cmake", "cmake g++ make", ""),
    row("ffmpeg-sys-next", "clang libavcodec-dev libavdevice-dev libavfilter-dev libavformat-dev libavutil-dev libclang-dev \
        libswresample-dev libswscale-dev pkg-config", "libavcodec59 libavdevice59 libavfilter8 libavformat59 libavutil57 \
        libswresample4 libswscale6"),
    row("freetype-sys", "libfreetype-dev pkg-config", "libfreetype6"),
    row("gdal-sys", "libgdal-dev pkg-config", "libgdal32"),
    row("geos-sys", "libgeos-dev pkg-config", "libgeos-c1v5"),
    row("glib-sys", "libglib2.0-dev pkg-config", "libglib2.0-0"),
    row("gmp-mpfr-sys", "m4 make", ""),
    row("gtk-sys", "libgtk-3-dev pkg-config", "libgtk-3-0"),
    row("gtk4-sys", "libgtk-4-dev pkg-config", "libgtk-4-1"),
    Row { name: "hdf5-sys", bundles: &["static"], build: "libhdf5-dev pkg-config", run: "libhdf5-103-1", bundled: "cmake make" },
    row("hidapi", "libudev-dev pkg-config", "libudev1"),
    row("libdbus-sys", "libdbus-1-dev pkg-config", "libdbus-1-3"),
    row("libgssapi-sys", "clang libclang-dev libkrb5-dev", "libgssapi-krb5-2"),
    row("librocksdb-sys", "clang g++ libclang-dev make", "libstdc++6"),
    row("libseccomp-sys", "libseccomp-dev", "libseccomp2"),
    Row { name: "libsqlite3-sys", bundles: &["bundled", "bundled-sqlcipher"], build: "libsqlite3-dev pkg-config", run: "libsqlite3-0", bundled: "" },
    row("libsystemd-sys", "libsystemd-dev pkg-config", "libsystemd0"),
    row("libudev-sys", "libudev-dev pkg-config", "libudev1"),
    Row { name: "libusb1-sys", bundles: &["vendored"], build: "libusb-1.0-0-dev pkg-config", run: "libusb-1.0-0", bundled: "" },
    row("link-cplusplus", "g++", "libstdc++6"),
    Row { name: "mysqlclient-sys", bundles: &["bundled"], build: "default-libmysqlclient-dev pkg-config", run: "libmariadb3", bundled: "cmake g++ make" },
    row("nettle-sys", "clang libclang-dev nettle-dev pkg-config", "libhogweed6 libnettle8"),
    row("odbc-sys", "unixodbc-dev", "libodbc2"),
    Row { name: "openssl-sys", bundles: &["vendored"], build: "libssl-dev pkg-config", run: "libssl3", bundled: "make perl" },
    row("pam-sys", "libpam0g-dev", "libpam0g"),
    row("pcap", "libpcap-dev", "libpcap0.8"),
    Row { name: "pq-sys", bundles: &["bundled"], build: "libpq-dev", run: "libpq5", bundled: "" },
    row("prost-build", "protobuf-compiler", ""),
    row("rdkafka-sys", "g++ make", "libstdc++6"),
    row("tikv-jemalloc-sys", "make", ""),
    row("wayland-sys", "libwayland-dev pkg-config", "libwayland-client0"),
    row("x11", "libx11-dev pkg-config", "libx11-6"),
    row("xcb", "libxcb1-dev", "libxcb1"),
    row("yeslogic-fontconfig-sys", "libfontconfig-dev pkg-config", "libfontconfig1"),
    row("zeromq-src", "cmake g++ make", "libstdc++6"),
];

/// Crates that look for the certificates of the system.
const CERTIFICATES: &[&str] =
    &["native-tls", "openssl-probe", "openssl-sys", "rustls-native-certs", "rustls-platform-verifier"];
/// Crates whose build asks git for the commit.
const GIT: &[&str] =
    &["build-info-build", "built", "git-version", "shadow-rs", "vergen", "vergen-git2", "vergen-gitcl", "vergen-gix"];

/// A crate of the build, as far as this table asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// The features that are on.
    pub features: Vec<String>,
    /// Whether the program holds it, so that it matters when the program runs.
    pub place: Place,
}

/// Where a crate ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the program.
    Program,
    /// In a build script only.
    Build,
}

/// The Debian packages of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// To build.
    pub build: BTreeSet<&'static str>,
    /// To run.
    pub run: BTreeSet<&'static str>,
    /// Whether the build asks git for the commit, so that the context must hold the repository.
    pub git: Option<String>,
}

/// Returns what crates need.
pub fn needs(crates: &[Crate]) -> Needs {
    let mut needs = Needs::default();
    for it in crates {
        if GIT.contains(&it.name.as_str()) {
            needs.git.get_or_insert_with(|| it.name.clone());
            needs.build.insert("git");
        }
        if CERTIFICATES.contains(&it.name.as_str()) && it.place == Place::Program {
            needs.run.insert("ca-certificates");
        }
        let Some(row) = TABLE.iter().find(|row| row.name == it.name) else { continue };
        let bundled = row.bundles.iter().any(|feature| it.features.iter().any(|on| on == feature));
        needs.build.extend(if bundled { row.bundled } else { row.build }.split_whitespace());
        if it.place == Place::Program && !bundled {
            needs.run.extend(row.run.split_whitespace());
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, features: &[&str], place: Place) -> (String, String) {
        let features = features.iter().map(|it| (*it).to_owned()).collect();
        let needs = needs(&[Crate { name: name.to_owned(), features, place }]);
        let list = |set: BTreeSet<&str>| set.into_iter().collect::<Vec<_>>().join(" ");
        (list(needs.build), list(needs.run))
    }

    #[test]
    fn a_crate_that_links_a_library_needs_it_twice_and_a_bundled_one_needs_what_builds_it() {
        let check = |it: (String, String), build: &str, run: &str| assert_eq!(it, (build.to_owned(), run.to_owned()));
        check(found("openssl-sys", &[], Place::Program), "libssl-dev pkg-config", "ca-certificates libssl3");
        check(found("openssl-sys", &["vendored"], Place::Program), "make perl", "ca-certificates");
        check(found("openssl-sys", &[], Place::Build), "libssl-dev pkg-config", "");
        check(found("libsqlite3-sys", &["bundled"], Place::Program), "", "");
        check(found("serde", &[], Place::Program), "", "");
    }

    #[test]
    fn a_build_that_asks_git_says_which_crate_does() {
        let vergen = Crate { name: "vergen".to_owned(), features: Vec::new(), place: Place::Build };
        assert_eq!(needs(&[vergen]).git.as_deref(), Some("vergen"));
    }

    #[test]
    fn the_table_is_sorted_and_names_are_packages() {
        assert!(TABLE.is_sorted_by_key(|row| row.name) && CERTIFICATES.is_sorted() && GIT.is_sorted());
        let package = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        for row in TABLE {
            let words = [row.build, row.run, row.bundled].map(str::split_whitespace).into_iter().flatten();
            words.for_each(|word| assert!(word.chars().all(package), "{word}"));
        }
    }
}
