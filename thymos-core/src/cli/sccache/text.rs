//! Statistics in sccache's rows.
//!
//! ```text
//! <name, padded>  <value, right-aligned; the unit of a time or a share stands beyond the column>
//! ```
//! Invariant: pure; names, order and columns are sccache's, for scripts take them apart with awk.

use std::time::Duration;

use super::figures::{Counts, Report};

/// What the rows are broken down by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// By language.
    Language,
    /// By compiler.
    Compiler,
}

/// One row: a name, a value, and how many characters of it are a unit.
type Row = (String, String, usize);

/// Returns the text.
pub fn render(report: &Report, detail: Detail) -> String {
    let rows = rows(report, detail);
    let width = |length: fn(&Row) -> usize| rows.iter().map(length).max().unwrap_or(0);
    let (names, values) = (width(|row| row.0.len()), width(|row| row.1.len()));
    let mut text = String::new();
    for (name, value, unit) in &rows {
        text.push_str(&format!("{name:<names$} {value:>width$}\n", width = values + unit));
    }
    let mut reasons: Vec<_> = report.stats.not_cached.iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(**count), *reason));
    if !reasons.is_empty() {
        text.push_str("\nNon-cacheable reasons:\n");
        text.extend(reasons.iter().map(|(reason, count)| format!("{reason:<names$} {count:>values$}\n")));
        text.push('\n');
    }
    for (name, value) in [
        ("Cache location", report.cache_location.as_str()),
        ("Base directories", "(none)"),
        ("Use direct/preprocessor mode?", if report.use_preprocessor_cache_mode { "yes" } else { "no" }),
        ("Version (client)", report.version),
    ] {
        text.push_str(&format!("{name:<names$} {value}\n"));
    }
    for (name, bytes) in [("Cache size", report.cache_size), ("Max cache size", report.max_cache_size)] {
        let (number, unit) = binary(bytes);
        text.push_str(&format!("{name:<names$} {number:>values$} {unit}\n"));
    }
    text
}

fn rows(report: &Report, detail: Detail) -> Vec<Row> {
    let stats = &report.stats;
    let count = |name: &str, value: u64| (name.to_owned(), value.to_string(), 0);
    let mut rows = vec![
        count("Compile requests", stats.compile_requests),
        count("Compile requests executed", stats.requests_executed),
    ];
    rows.extend(broken_down("Cache hits", &stats.cache_hits, detail));
    rows.extend(broken_down("Cache misses", &stats.cache_misses, detail));
    rows.extend(rates(&stats.cache_hits, &stats.cache_misses, detail));
    rows.extend([
        count("Cache timeouts", stats.cache_timeouts),
        count("Cache read errors", stats.cache_read_errors),
        count("Forced recaches", stats.forced_recaches),
        count("Cache write errors", stats.cache_write_errors),
    ]);
    rows.extend(broken_down("Cache errors", &stats.cache_errors, detail));
    rows.extend([
        count("Compilations", stats.compilations),
        count("Compilation failures", stats.compile_fails),
        count("Non-cacheable compilations", stats.non_cacheable_compilations),
        count("Non-cacheable calls", stats.requests_not_cacheable),
        count("Non-compilation calls", stats.requests_not_compile),
        count("Unsupported compiler calls", stats.requests_unsupported_compiler),
        average("Average cache write", stats.cache_write_duration, stats.cache_writes),
        average("Average compiler", stats.compiler_write_duration, stats.compilations),
        average("Average cache read hit", stats.cache_read_hit_duration, stats.cache_hits.all()),
        count("Failed distributed compilations", stats.dist_errors),
    ]);
    rows
}

fn parts(counts: &Counts, detail: Detail) -> impl Iterator<Item = (&'static str, u64)> {
    let parts = if detail == Detail::Language { &counts.counts } else { &counts.adv_counts };
    parts.iter().map(|(name, count)| (*name, *count))
}

fn broken_down(name: &str, counts: &Counts, detail: Detail) -> Vec<Row> {
    let all = (name.to_owned(), counts.all().to_string(), 0);
    let parts = parts(counts, detail).map(|(part, count)| (format!("{name} ({part})"), count.to_string(), 0));
    std::iter::once(all).chain(parts).collect()
}

fn rates(hits: &Counts, misses: &Counts, detail: Detail) -> Vec<Row> {
    let mut names: Vec<&str> = parts(hits, detail).chain(parts(misses, detail)).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let of = |counts: &Counts, name: &str| {
        parts(counts, detail).find(|(part, _)| *part == name).map_or(0, |(_, count)| count)
    };
    let all = rate("Cache hits rate".to_owned(), hits.all(), misses.all());
    let each = names.iter().map(|name| rate(format!("Cache hits rate ({name})"), of(hits, name), of(misses, name)));
    std::iter::once(all).chain(each).collect()
}

fn rate(name: String, hits: u64, misses: u64) -> Row {
    match hits + misses {
        0 => (name, "-".to_owned(), 0),
        all => (name, format!("{:.2} %", hits as f64 / all as f64 * 100.0), 2),
    }
}

fn average(name: &str, sum: Duration, count: u64) -> Row {
    let each = sum / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    (name.to_owned(), format!("{}.{:03} s", each.as_secs(), each.subsec_millis()), 2)
}

/// Returns a number of bytes as sccache writes it: in powers of 1024, without a fraction.
fn binary(bytes: u64) -> (String, &'static str) {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    (format!("{value:.0}"), units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use crate::outcome::cause::Cause;
    use crate::outcome::event::Event;

    fn report() -> Report {
        let event =
            |outcome, compile_us| Event { outcome, compile_us, took_us: compile_us + 4_000, ..Event::default() };
        let mut events = vec![event(Outcome::Hit, 0); 120];
        events.push(event(Outcome::Miss(Cause::NeverSeen), 1_500_000));
        events.push(event(Outcome::Incremental(Cause::NeverSeen), 0));
        Report {
            stats: super::super::figures::sum(&events),
            cache_location: "Local disk: \"/home/me/.cache/thymos\"".into(),
            cache_size: 300 << 20,
            max_cache_size: 10 << 30,
            version: "0.17.0 (thymos 0.1.0)",
            ..Report::default()
        }
    }

    #[test]
    fn rows_and_columns_are_those_that_people_know() {
        let text = render(&report(), Detail::Language);
        let expected = "\
Compile requests                    122
Compile requests executed           121
Cache hits                          120
Cache hits (Rust)                   120
Cache misses                          1
Cache misses (Rust)                   1
Cache hits rate                   99.17 %
Cache hits rate (Rust)            99.17 %
Cache timeouts                        0
Cache read errors                     0
Forced recaches                       0
Cache write errors                    0
Cache errors                          0
Compilations                          1
Compilation failures                  0
Non-cacheable compilations            0
Non-cacheable calls                   1
Non-compilation calls                 0
Unsupported compiler calls            0
Average cache write               0.004 s
Average compiler                  1.500 s
Average cache read hit            0.004 s
Failed distributed compilations       0

Non-cacheable reasons:
left to incremental compilation       1

Cache location                  Local disk: \"/home/me/.cache/thymos\"
Base directories                (none)
Use direct/preprocessor mode?   no
Version (client)                0.17.0 (thymos 0.1.0)
Cache size                          300 MiB
Max cache size                       10 GiB
";
        assert_eq!(text, expected);
        let advanced = render(&report(), Detail::Compiler);
        assert!(advanced.contains("\nCache hits (rust) ") && !advanced.contains("(Rust)"), "{advanced}");
    }

    #[test]
    fn an_empty_cache_has_no_rate_and_no_reasons() {
        let text = render(&Report::default(), Detail::Language);
        assert!(text.contains("\nCache hits rate                       -\n"), "{text}");
        assert!(
            !text.contains("reasons") && text.ends_with("\nMax cache size                        0 bytes\n"),
            "{text}"
        );
    }
}
