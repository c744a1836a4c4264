//! A build as one page of HTML that needs nothing else: no network, no other file, no script but its own.
//!
//! Everything is there without the script, which only sorts, searches and moves the focus. The page's own policy forbids every
//! load, and every script and style that does not carry the page's mark.
//!
//! Invariant: every text of the build is written through `Text`.

use std::fmt::Write;

use super::escape::Text;
use super::figure::{date, span};
use super::{Cost, Report, Step, Unit, timeline};
use crate::history::amount::{bytes, counted, share};
use crate::history::builds::path::Then;
use crate::outcome::OutcomeKind;
use crate::system::digest::Digest;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How many crates a reason names before it only counts them.
const NAMED: usize = 6;

/// Steps of the critical path that take less than this part of the build are only counted.
const SHORT: u64 = 200;
/// Idle time that is worth a word: 20 ms.
const NOTED_US: u64 = 20_000;

/// Returns the page.
pub(crate) fn render(report: &Report) -> String {
    let mut html = head(report);
    html.push_str(&summary(report));
    let _ = write!(
        html,
        "<section aria-labelledby=\"h-timeline\"><h2 id=\"h-timeline\">Timeline</h2>\n{}\
         <div class=\"scroll\" id=\"lanes\">{}</div>\n<p id=\"detail\" role=\"status\"></p></section>\n",
        legend(report),
        timeline::render(report)
    );
    html.push_str(&costs(report));
    html.push_str(&path(report));
    html.push_str(&units(report));
    let _ = write!(
        html,
        "</main>\n<footer>Written by Thymos {}. Times of units overlap where they ran side by side.</footer>\n\
         <script nonce=\"{}\">\n{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        mark(report)
    );
    html
}

/// Returns what the page's own script and style carry. A crate's name is in what it is a digest of, so none can name it.
fn mark(report: &Report) -> String {
    let bytes = serde_json::to_vec(report).unwrap_or_default();
    Digest::of(&bytes).hex()[..32].to_owned()
}

fn head(report: &Report) -> String {
    let (name, mark) = (Text(report.name()), mark(report));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'nonce-{mark}'; script-src 'nonce-{mark}'; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{name}: build report</title>\n<style nonce=\"{mark}\">\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{name}</h1><p>Build of <time id=\"when\" datetime=\"{0}Z\" data-ms=\"{1}\">{2} UTC</time></p></header>\n<main>\n",
        date(report.start_ms).replace(' ', "T"),
        report.start_ms,
        date(report.start_ms)
    )
}

fn summary(report: &Report) -> String {
    let looked_up = report.hits + report.misses;
    let rate = if looked_up == 0 { "–".to_owned() } else { share(report.hits as u64, looked_up as u64) };
    let missed: u64 = report.costs.iter().map(|cost| cost.compile_us).sum();
    let on_path: u64 = report.path.iter().map(|step| step.busy_us).sum();
    let tiles = [
        ("Build", span(report.took_us), format!("{} units, up to {} at once", report.units.len(), report.lanes)),
        ("Hits", rate, format!("{} of {looked_up} look-ups", report.hits)),
        ("Saved", span(report.saved_us), "of compile time, by hits".to_owned()),
        ("Compiled", span(missed), format!("{} units by the compiler", report.units.len() - report.hits)),
        ("Critical path", counted(report.path.len() as u64, "unit"), format!("{} of their work", span(on_path))),
    ];
    let mut html = "<dl class=\"tiles\">".to_owned();
    for (name, figure, note) in tiles {
        let _ = write!(html, "<div><dt>{name}</dt><dd><b>{figure}</b> <span>{note}</span></dd></div>");
    }
    html.push_str("</dl>\n");
    html
}

fn legend(report: &Report) -> String {
    let outcomes = [
        (OutcomeKind::Hit, report.hits, "from the cache"),
        (OutcomeKind::Miss, report.misses, "compiled and stored"),
        (OutcomeKind::Bypass, report.bypassed, "not cached"),
        (OutcomeKind::Degraded, report.degraded, "cache error; compiled without the cache"),
    ];
    let mut html = "<fieldset class=\"legend\"><legend>Show</legend>".to_owned();
    for (outcome, count, meaning) in outcomes {
        let _ = write!(
            html,
            "<label><input type=\"checkbox\" name=\"outcome\" value=\"{outcome}\" checked>{} {outcome} <b>{count}</b> <span>{meaning}</span></label>",
            swatch(outcome)
        );
    }
    html.push_str(
        "<span class=\"key\"><svg class=\"swatch path\" aria-hidden=\"true\"><rect class=\"on-path\" y=\"8\" width=\"100%\" height=\"4\"/></svg> critical path</span>\
         <span class=\"key\"><svg class=\"swatch miss\" aria-hidden=\"true\"><rect class=\"fill\" width=\"100%\" height=\"100%\"/>\
         <rect class=\"code\" x=\"50%\" width=\"50%\" height=\"100%\"/></svg> after its metadata, when dependents may start</span></fieldset>\n",
    );
    html
}

fn swatch(outcome: OutcomeKind) -> String {
    format!(
        "<svg class=\"swatch {outcome}\" aria-hidden=\"true\"><rect class=\"fill\" width=\"100%\" height=\"100%\"/></svg>"
    )
}

fn costs(report: &Report) -> String {
    let mut html =
        "<section aria-labelledby=\"h-costs\"><h2 id=\"h-costs\">Misses and other compiles, by reason</h2>\n"
            .to_owned();
    if report.costs.is_empty() {
        html.push_str("<p>Every unit came from the cache.</p></section>\n");
        return html;
    }
    html.push_str(
        "<div class=\"scroll\"><table class=\"costs\"><thead><tr><th scope=\"col\">Reason</th><th scope=\"col\" class=\"n\">Units</th>\
         <th scope=\"col\" class=\"n\">Compile time</th><th scope=\"col\">Crates</th></tr></thead><tbody>\n",
    );
    for cost in &report.costs {
        let advice =
            cost.advice.as_ref().map(|advice| format!("<br><small>{}</small>", Text(advice))).unwrap_or_default();
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{} {} <span class=\"tag\">{}</span>{advice}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            swatch(cost.outcome),
            Text(&cost.why),
            cost.outcome,
            cost.units.len(),
            if cost.compile_us == 0 { "not timed".to_owned() } else { span(cost.compile_us) },
            crates(report, cost)
        );
    }
    html.push_str("</tbody></table></div></section>\n");
    html
}

/// Names the crates of a reason, those that took longest first.
fn crates(report: &Report, cost: &Cost) -> String {
    let mut units = cost.units.clone();
    units.sort_by_key(|unit| std::cmp::Reverse(report.units[*unit].compile_us));
    let named: Vec<String> = units.iter().take(NAMED).map(|unit| link(report, *unit)).collect();
    let more = units.len().saturating_sub(NAMED);
    if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
}

fn link(report: &Report, unit: usize) -> String {
    format!("<a href=\"#u{unit}\">{}</a>", Text(report.units[unit].name()))
}

fn path(report: &Report) -> String {
    let mut html = "<section aria-labelledby=\"h-path\"><h2 id=\"h-path\">Critical path</h2>\n\
         <p>What the build waited for, from its beginning to its end. Each unit held up the next, which needs it, or got the processor \
         that it left. A build gets shorter when one of these does.</p>\n<ol class=\"steps\">\n"
        .to_owned();
    let longest = report.path.iter().map(|step| step.busy_us).max().unwrap_or(0).max(1);
    let (mut short, mut short_us) = (0, 0);
    for step in &report.path {
        if step.busy_us + step.idle_us < report.took_us / SHORT {
            short += 1;
            short_us += step.busy_us + step.idle_us;
            continue;
        }
        html.push_str(&shorter(&mut short, &mut short_us));
        html.push_str(&held(report, step, longest));
    }
    html.push_str(&shorter(&mut short, &mut short_us));
    html.push_str("</ol></section>\n");
    html
}

/// Tells of the steps that are left out, if there are any, and begins to count anew.
fn shorter(count: &mut u64, us: &mut u64) -> String {
    let (count, us) = (std::mem::take(count), std::mem::take(us));
    if count == 0 {
        return String::new();
    }
    format!("<li class=\"more\"><small>{}, {}</small></li>\n", counted(count, "shorter step"), span(us))
}

fn held(report: &Report, step: &Step, longest: u64) -> String {
    let unit = &report.units[step.unit];
    let idle = span(step.idle_us);
    let then = match step.then {
        Then::BuildScript => format!("then {idle} until its build script had run"),
        Then::Processor => "then the next got its processor".to_owned(),
        Then::Dependency if step.idle_us >= NOTED_US => format!("then {idle} idle"),
        Then::Dependency | Then::End => String::new(),
    };
    format!(
        "<li><span class=\"who\">{} {} <small>{}</small></span> <span class=\"n\">{}</span> \
         <svg class=\"share {}\" aria-hidden=\"true\"><rect class=\"fill\" width=\"{:.1}%\" height=\"100%\"/></svg> <small>{then}</small></li>\n",
        link(report, step.unit),
        Text(&unit.version),
        Text(&format!("{} {}", unit.kind, unit.outcome)),
        span(step.busy_us),
        unit.outcome,
        (100.0 * step.busy_us as f64 / longest as f64).max(0.5)
    )
}

/// The columns of the table of units: the name, and whether it holds figures.
const COLUMNS: [(&str, &str); 8] = [
    ("Crate", ""),
    ("Kind", "kind"),
    ("Outcome", ""),
    ("Began", "n began"),
    ("Took", "n"),
    ("Compile time", "n"),
    ("Size", "n size"),
    ("Why", "why"),
];

fn units(report: &Report) -> String {
    let mut html = format!(
        "<section aria-labelledby=\"h-units\"><h2 id=\"h-units\">Units</h2>\n\
         <p class=\"find\"><label for=\"search\">Search</label> <input type=\"search\" id=\"search\" aria-controls=\"units\" autocomplete=\"off\" \
         placeholder=\"crate, kind, reason …\"> <output id=\"found\" for=\"search\">{} units</output></p>\n\
         <div class=\"scroll\" role=\"region\" aria-labelledby=\"h-units\" tabindex=\"0\"><table id=\"units\"><thead><tr>",
        report.units.len()
    );
    for (name, class) in COLUMNS {
        let sorted = if name == "Began" { "ascending" } else { "none" };
        let _ = write!(
            html,
            "<th scope=\"col\" class=\"{class}\" aria-sort=\"{sorted}\"><button type=\"button\">{name}</button></th>"
        );
    }
    html.push_str("</tr></thead><tbody>\n");
    for (index, unit) in report.units.iter().enumerate() {
        row(index, unit, &mut html);
    }
    html.push_str("</tbody></table></div></section>\n");
    html
}

fn row(index: usize, unit: &Unit, html: &mut String) {
    let took = unit.end_us.saturating_sub(unit.start_us);
    let path = if unit.on_path { " <span class=\"tag\" title=\"on the critical path\">path</span>" } else { "" };
    let _ = write!(
        html,
        "<tr id=\"u{index}\" tabindex=\"-1\" data-outcome=\"{}\"><th scope=\"row\">{} <small>{}</small>{path}</th><td class=\"kind\">{}</td><td>{} {}</td>",
        unit.outcome,
        Text(unit.name()),
        Text(&unit.version),
        Text(&unit.kind),
        swatch(unit.outcome),
        unit.outcome
    );
    let timed = |us: u64| if unit.timed { span(us) } else { "not timed".to_owned() };
    let figures = [
        ("n began", unit.start_us, span(unit.start_us)),
        ("n", if unit.timed { took } else { 0 }, timed(took)),
        ("n", unit.compile_us, if unit.compile_us == 0 { "–".to_owned() } else { span(unit.compile_us) }),
        ("n size", unit.bytes, if unit.bytes == 0 { "–".to_owned() } else { bytes(unit.bytes) }),
    ];
    for (class, value, shown) in figures {
        let _ = write!(html, "<td class=\"{class}\" data-v=\"{value}\">{shown}</td>");
    }
    let _ = writeln!(html, "<td class=\"why\">{}</td></tr>", Text(&unit.why));
}
