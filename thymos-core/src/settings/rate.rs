//! Which hits are compiled again.
//!
//! Invariant: pure. Whether a hit is taken depends on its key and a seed that the caller gives, so every hit has the same chance,
//! and over many builds every one has its turn.

use std::str::FromStr;

use crate::system::digest::{Digest, FieldHasher};

/// The share of hits that are compiled again, in parts of 2⁶⁴ - 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate(u64);

impl Rate {
    /// Returns whether the hit of this action is taken.
    pub fn takes(self, key: &Digest, seed: u64) -> bool {
        match self.0 {
            0 => false,
            u64::MAX => true,
            share => {
                let mut hasher = FieldHasher::new("verified sample");
                hasher.digest(key);
                hasher.bytes(&seed.to_le_bytes());
                let digest = hasher.finish();
                let (number, _) = digest.0.split_first_chunk::<8>().expect("a digest has 32 bytes");
                u64::from_le_bytes(*number) < share
            }
        }
    }
}

impl FromStr for Rate {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self((share * u64::MAX as f64) as u64)),
            _ => Err("a share of hits from 0 to 1, such as 0.05"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    #[test]
    fn about_the_asked_share_is_taken() {
        for (text, least, most) in [
            ("0", 0, 0),
            ("0.0", 0, 0),
            ("0.01", 60, 140),
            ("0.05", 400, 600),
            ("0.5", 4_800, 5_200),
            ("1", 10_000, 10_000),
            (" 1.0 ", 10_000, 10_000),
        ] {
            let rate: Rate = text.parse().unwrap_or_else(|accepted| panic!("{text}: {accepted}"));
            for seed in [0, 1, u64::MAX] {
                let taken = (0..10_000).filter(|number| rate.takes(&key(*number), seed)).count();
                assert!((least..=most).contains(&taken), "{text}, seed {seed}: {taken} of 10,000");
            }
        }
    }

    #[test]
    fn another_seed_takes_other_hits_and_the_same_one_the_same() {
        let rate: Rate = "0.5".parse().unwrap_or_default();
        let taken = |seed: u64| (0..64).map(|number| rate.takes(&key(number), seed)).collect::<Vec<_>>();
        assert_eq!(taken(7), taken(7));
        assert_ne!(taken(7), taken(8));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["", "yes", "5%", "1.1", "-0.1", "NaN", "inf", "1e999"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
