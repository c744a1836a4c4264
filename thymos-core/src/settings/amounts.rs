//! Sizes and ages as people write them.

use std::str::FromStr;
use std::time::Duration;

/// A size in bytes, read as `10G`, `500M`, `1.5 GiB` or a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = &'static str;
    /// Powers of ten for `K M G T` and their `B`, powers of two for `KiB MiB GiB TiB`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ACCEPTED: &str = "a size such as 10G, 500M or 20GiB";
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let number: f64 = text[..digits].parse().map_err(|_| ACCEPTED)?;
        let unit = text[digits..].trim().to_ascii_lowercase();
        let (base, letter): (f64, &str) = match unit.strip_suffix("ib") {
            Some(letter) => (1024.0, letter),
            None => (1000.0, unit.strip_suffix('b').unwrap_or(&unit)),
        };
        let power = ["", "k", "m", "g", "t"].iter().position(|known| *known == letter).ok_or(ACCEPTED)?;
        let bytes = number * base.powi(i32::try_from(power).unwrap_or(0));
        if bytes.is_finite() && bytes < 1e18 { Ok(Self(bytes as u64)) } else { Err(ACCEPTED) }
    }
}

/// A time span, read as `90s`, `30m`, `12h`, `7d` or `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub Duration);

impl FromStr for Age {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ACCEPTED: &str = "a time span such as 30m, 12h, 7d or 2w";
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or(ACCEPTED)?);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            "w" => 7 * 24 * 60 * 60,
            _ => return Err(ACCEPTED),
        };
        let number: u64 = number.parse().map_err(|_| ACCEPTED)?;
        number.checked_mul(seconds).map(|seconds| Self(Duration::from_secs(seconds))).ok_or(ACCEPTED)
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
        for text in ["", "7", "d", "7 d", "-1d", "1y", "99999999999999999999d", "9999999999999999999w"] {
            assert!(text.parse::<Age>().is_err(), "{text}");
        }
    }
}
