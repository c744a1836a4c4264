//! Single values in a TOML document.
//!
//! Invariant: pure, and a value that is replaced keeps the spaces and comments around it.

use toml_edit::{DocumentMut, Item, TomlError, Value};

/// Reads a [plain](super::lines::plain) text.
///
/// # Errors
/// If the text is not TOML, in one line.
pub fn parse(plain: &str) -> Result<DocumentMut, String> {
    plain.parse().map_err(|error: TomlError| {
        let text = error.to_string();
        let place = text.lines().next().unwrap_or_default().trim_start_matches("TOML parse error ").to_owned();
        format!("{}, {place}", error.message().lines().collect::<Vec<_>>().join(", "))
    })
}

/// Returns the text that stands at a key.
pub fn text_at(document: &DocumentMut, way: &[&str]) -> Option<String> {
    item_at(document, way)?.as_str().map(str::to_owned)
}

/// Returns what stands at a key.
pub fn item_at<'a>(document: &'a DocumentMut, way: &[&str]) -> Option<&'a Item> {
    way.iter().try_fold(document.as_item(), |item, key| item.as_table_like()?.get(key))
}

/// Replaces a value and keeps the spaces and comments around it.
pub fn replace(item: &mut Item, mut new: Value) {
    if let Some(old) = item.as_value_mut() {
        *new.decor_mut() = old.decor().clone();
        *old = new;
    }
}
