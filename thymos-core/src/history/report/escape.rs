//! Text in HTML. Names of crates and paths are whatever somebody chose.
//!
//! Invariant: what is shown through [`Text`] can neither end an element or a quoted attribute nor reorder the text around it.

use std::fmt::{self, Write};

/// Text that is written so that HTML shows it, within elements and within quoted attributes.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // Marks that turn the direction of what follows could make one name look like another.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => f.write_char('\u{fffd}')?,
                _ if letter.is_control() => f.write_char('\u{fffd}')?,
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_an_element_or_an_attribute() {
        for (text, shown) in [
            ("</script><b a='\"'>&amp;", "&lt;/script&gt;&lt;b a=&#39;&quot;&#39;&gt;&amp;amp;"),
            ("größe/日本", "größe/日本"),
            ("a\u{202e}b\n\0", "a\u{fffd}b\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(Text(text).to_string(), shown);
        }
    }
}
