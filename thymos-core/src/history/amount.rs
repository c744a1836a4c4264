//! Amounts as people read them: every figure with its unit.
//!
//! Invariant: pure, and one form for one kind of amount wherever it is shown. `bytesize` shows sizes with one decimal always,
//! and `humantime` shows spans to the nanosecond, so both only read what people write.

/// Returns a number of bytes: `1.2 GB`.
pub fn bytes(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.95 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// Returns a time span, given in milliseconds: `12.3 s`, `4 min 05 s`.
pub fn time(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 if ms > 0 && ms < 100 => format!("{ms} ms"),
        0..60 => format!("{}.{} s", seconds, ms % 1000 / 100),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Returns a time in the past, given in milliseconds before now: `2 hours ago`.
pub fn ago(ms: u64) -> String {
    let minutes = ms / 60_000;
    let (count, unit) = match minutes {
        0 => return "just now".to_owned(),
        1..60 => (minutes, "minute"),
        60..2880 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{} ago", counted(count, unit))
}

/// Returns a number of things: `1 unit`, `40 units`.
pub fn counted(count: u64, thing: &str) -> String {
    let plural = match thing {
        _ if count == 1 => return format!("1 {thing}"),
        "entry" => "entries".to_owned(),
        _ => format!("{thing}s"),
    };
    format!("{} {plural}", number(count))
}

/// Returns a number whose thousands are set apart: `100 000`.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && digits.len() > 4 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Returns a share: `97.7 %`. What is not all never shows as 100 %, and what is not nothing never as 0 %.
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let tenths = (part as f64 / whole as f64 * 1000.0).round() as u64;
    let tenths = match tenths {
        1000.. if part < whole => 999,
        0 if part > 0 => 1,
        tenths => tenths,
    };
    if tenths == 1000 { "100 %".to_owned() } else { format!("{}.{} %", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        for (amount, text) in
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (123_456_789, "123 MB"), (10_000_000_000, "10.0 GB")]
        {
            assert_eq!(bytes(amount), text);
        }
        for (amount, text) in
            [(0, "0.0 s"), (40, "40 ms"), (1_250, "1.2 s"), (61_000, "1 min 01 s"), (7_260_000, "2 h 01 min")]
        {
            assert_eq!(time(amount), text);
        }
        for (amount, text) in [(59_000, "just now"), (60_000, "1 minute ago"), (7_300_000, "2 hours ago")] {
            assert_eq!(ago(amount), text);
        }
        assert_eq!(ago(3 * 86_400_000), "3 days ago");
        for (amount, text) in [(0, "0"), (1_234, "1234"), (12_345, "12 345"), (1_000_000, "1 000 000")] {
            assert_eq!(number(amount), text);
        }
    }

    #[test]
    fn a_share_is_rounded_but_never_to_all_or_nothing() {
        for (part, whole, text) in [
            (43, 44, "97.7 %"),
            (0, 4, "0.0 %"),
            (4, 4, "100 %"),
            (99_999, 100_000, "99.9 %"),
            (1, 100_000, "0.1 %"),
            (0, 0, ""),
        ] {
            assert_eq!(share(part, whole), text);
        }
    }

    #[test]
    fn one_thing_is_singular() {
        assert_eq!(
            [counted(1, "unit"), counted(0, "unit"), counted(2, "entry")],
            ["1 unit", "0 units", "2 entries"].map(str::to_owned)
        );
    }
}
