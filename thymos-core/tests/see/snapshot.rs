//! Compares text with a file that a person has read.

use std::path::PathBuf;

/// Compares `text` with `snapshots/<name>.txt`. What differs from run to run must have been replaced before.
pub fn assert_snapshot(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/see/snapshots").join(format!("{name}.txt"));
    if std::env::var_os("THYMOS_TEST_WRITE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file has a directory")).expect("the repository is writable");
        std::fs::write(&path, text).expect("the repository is writable");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == text,
        "{} differs; THYMOS_TEST_WRITE_SNAPSHOTS=1 accepts what is new\n--- expected\n{expected}--- found\n{text}",
        path.display()
    );
}

/// No line is wider than `width`, none ends in a space, and none holds an escape sequence.
pub fn assert_fits(text: &str, width: usize) {
    for line in text.lines() {
        assert!(line.chars().count() <= width, "{} columns instead of {width}: {line}\n{text}", line.chars().count());
        assert_eq!(line.trim_end(), line, "no line ends in a space:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colour in a pipe:\n{text}");
}
