//! Figures of a page: time spans from microseconds to hours, and dates.
//!
//! Invariant: pure, and every figure has its unit.

/// Returns a time span, given in microseconds: `850 µs`, `1.5 ms`, `12.3 s`, `4 min 05 s`.
pub fn span(us: u64) -> String {
    let seconds = us / 1_000_000;
    match us {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..10_000_000 => format!("{}.{:02} s", seconds, us % 1_000_000 / 10_000),
        10_000_000..60_000_000 => format!("{}.{} s", seconds, us % 1_000_000 / 100_000),
        60_000_000..3_600_000_000 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Returns a moment, given in milliseconds since the epoch, in universal time: `2026-11-26 09:05`.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
pub fn date(ms: u64) -> String {
    let (days, minutes) = (ms / 86_400_000, ms / 60_000 % 1440);
    // Counted from 1 March of the year 0, so that a leap day is the last day of its year.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

/// Returns the distance between the marks of an axis that ends at `end` microseconds: 1, 2 or 5 of a power of ten, so that
/// there are between four and ten.
pub fn tick(end: u64) -> u64 {
    let mut tick = 1;
    for factor in [2, 5, 2].into_iter().cycle() {
        if end / tick <= 9 {
            return tick;
        }
        tick = if factor == 5 { tick / 2 * 5 } else { tick * 2 };
    }
    tick
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units_and_three_digits_at_most() {
        for (us, text) in [
            (0, "0 s"),
            (850, "850 µs"),
            (1_540, "1.5 ms"),
            (40_900, "40 ms"),
            (1_254_000, "1.25 s"),
            (12_340_000, "12.3 s"),
            (245_000_000, "4 min 05 s"),
            (7_260_000_000, "2 h 01 min"),
        ] {
            assert_eq!(span(us), text);
        }
    }

    #[test]
    fn dates_are_civil() {
        for (ms, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_400_000, "2000-02-29 00:00"),
            (1_772_323_199_000, "2026-02-28 23:59"),
            (1_795_653_900_000, "2026-11-26 00:45"),
        ] {
            assert_eq!(date(ms), text);
        }
    }

    #[test]
    fn marks_are_round_and_few() {
        for (end, distance) in
            [(1, 1), (9, 1), (10, 2), (45, 5), (50, 10), (1_000_000, 200_000), (44_000_000, 5_000_000)]
        {
            assert_eq!(tick(end), distance, "{end}");
            assert!(end / distance <= 9);
        }
    }
}
