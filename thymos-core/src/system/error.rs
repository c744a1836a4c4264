//! I/O errors in words.

/// Returns the part of an I/O error that is the same on every path: `No space left on device`.
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
