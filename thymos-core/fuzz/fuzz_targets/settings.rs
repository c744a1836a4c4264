//! `thymos.toml` and the environment: a setting is read or is a complaint of one line, and the build goes on.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use thymos_core::settings::Settings;
use thymos_core::settings::environment::Environment;

thread_local! {
    static DIRECTORY: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    DIRECTORY.with(|directory| {
        let directory = directory.get_or_init(|| {
            let directory = tempfile::tempdir().expect("the temporary directory is writable");
            std::fs::write(directory.path().join("Cargo.toml"), "").expect("the directory is writable");
            directory
        });
        std::fs::write(directory.path().join("thymos.toml"), bytes).expect("the directory is writable");
        let text = String::from_utf8_lossy(bytes).into_owned();
        let names =
            ["THYMOS_DIR", "THYMOS_CACHE_SIZE", "THYMOS_MODE", "THYMOS_REMAP", "THYMOS_VERIFY", "THYMOS_SHARED"];
        let environment: Environment = names.iter().map(|name| ((*name).to_owned(), text.clone())).collect();
        for environment in [Environment::default(), environment] {
            let settings = Settings::gather(&environment, [directory.path()]);
            assert!(settings.complaints.iter().all(|line| !line.contains('\n')), "{:?}", settings.complaints);
            assert!(settings.dir.is_none_or(|dir| dir.is_absolute()));
        }
    });
});
