//! Text as a JSON string spells it.
//!
//! Invariant: it is how `serde_json`, which rustc writes its messages with, spells it, without the quotes.

/// Returns `text` as it stands inside a JSON string.
pub fn escaped(text: &[u8]) -> Vec<u8> {
    let quoted = serde_json::to_string(&String::from_utf8_lossy(text)).unwrap_or_default();
    quoted.as_bytes().get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_spelled_without_its_quotes() {
        let check = |text: &str, spelled: &str| assert_eq!(escaped(text.as_bytes()), spelled.as_bytes(), "{text}");
        check("/a b", "/a b");
        check("C:\\a \"b\"", "C:\\\\a \\\"b\\\"");
        check("", "");
    }
}
