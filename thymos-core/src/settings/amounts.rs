//! Sizes and ages as people write them.

use std::str::FromStr;
use std::time::Duration;

/// No disk is as large, and sums of sizes stay in their type.
const MOST: u64 = 1_000_000_000_000_000_000;

/// A size in bytes, read as `10G`, `500M`, `1.5 GiB` or a plain number: powers of ten but for `KiB`, `MiB`, `GiB` and `TiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let size = text.trim().parse::<bytesize::ByteSize>().ok().map(|size| size.as_u64());
        size.filter(|size| *size < MOST).map(Self).ok_or("a size such as 10G, 500M or 20GiB")
    }
}

/// A time span, read as `90s`, `30m`, `12h`, `7d` or `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub Duration);

impl FromStr for Age {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        humantime::parse_duration(text).map(Self).map_err(|_| "a time span such as 30m, 12h, 7d or 2w")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let check = |text: &str, bytes: u64| assert_eq!(text.parse::<Size>().unwrap(), Size(bytes), "{text}");
        check("20G", 20_000_000_000);
        check("500M", 500_000_000);
        check("500 mb", 500_000_000);
        check("1.5GiB", 1_610_612_736);
        check("1024", 1024);
        check("0", 0);
        for text in ["banana", "", "G", "10X", "-5G", "1e9", "10GG", "99999999T"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn ages_are_read_with_their_unit() {
        let check = |text: &str, seconds: u64| assert_eq!(text.parse::<Age>().unwrap().0.as_secs(), seconds, "{text}");
        check("30m", 1_800);
        check("2w", 1_209_600);
        for text in ["", "7", "d", "-1d", "1x", "99999999999999999999d", "9999999999999999999w"] {
            assert!(text.parse::<Age>().is_err(), "{text}");
        }
    }
}
