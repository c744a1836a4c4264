//! What rustc itself makes up anew in each incremental compile.
//!
//! An incremental compile names its object files after a random number, `<crate>.<unit>.<number>.rcgu.o`
//! (<https://github.com/rust-lang/rust/pull/139453>), and an `.rlib` holds these names. They say nothing about the code, and no
//! incremental library would ever be confirmed with them.
//!
//! Invariant: pure, and nothing but these numbers is masked.

use memchr::memmem;

/// The number has seven digits in base 36.
const DIGITS: usize = 7;

/// Replaces the random part of every name of an object file.
pub fn mask(bytes: &mut [u8]) {
    let found: Vec<usize> = memmem::find_iter(bytes, b".rcgu.").collect();
    for at in found {
        let Some(number) = at.checked_sub(DIGITS).and_then(|from| bytes.get(from..at)) else { continue };
        let is_number = number.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        if is_number && at > DIGITS && bytes[at - DIGITS - 1] == b'.' {
            bytes[at - DIGITS..at].fill(b'0');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_random_number_is_masked() {
        for (name, masked) in [
            ("a.5twi261152o1284gnxf49sa65.1chzvnl.rcgu.o", "a.5twi261152o1284gnxf49sa65.0000000.rcgu.o"),
            ("a.5twi261152o1284gnxf49sa65-cgu.0.rcgu.o", "a.5twi261152o1284gnxf49sa65-cgu.0.rcgu.o"),
            ("a.1CHzvnl.rcgu.o", "a.1CHzvnl.rcgu.o"),
            ("1chzvnl.rcgu.o", "1chzvnl.rcgu.o"),
            (".1chzvnl.rcgu.dwo x.1chzvnl.rcgu.o", ".0000000.rcgu.dwo x.0000000.rcgu.o"),
            ("vnl.rcgu.o", "vnl.rcgu.o"),
        ] {
            let mut bytes = name.as_bytes().to_vec();
            mask(&mut bytes);
            assert_eq!(bytes, masked.as_bytes());
        }
    }
}
