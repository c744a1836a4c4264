//! The timeline of a page: one bar per unit, in lanes, drawn as SVG in shares of its width so that it fits any screen.
//!
//! Invariant: what a bar means is told by its pattern and its label as well as by its colour.

use std::fmt::Write;

use super::escape::Text;
use super::figure::{span, tick};
use super::{Report, Unit};
use crate::outcome::OutcomeKind;

/// Height of a lane and of a bar in it, in pixels.
const LANE: usize = 26;
const BAR: usize = 20;
/// Height of the axis.
const AXIS: usize = 22;
/// A bar is never narrower than this share of the timeline, in percent, so that it can be seen and pointed at.
const LEAST: f64 = 0.25;

/// What the bars are filled with: hits plain, misses solid, bypasses hatched, cache errors dotted.
const PATTERNS: &str = "<defs>\
<pattern id=\"bypass-fill\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
<rect class=\"ground\" width=\"6\" height=\"6\"/><rect class=\"mark\" width=\"2\" height=\"6\"/></pattern>\
<pattern id=\"degraded-fill\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
<rect class=\"ground\" width=\"6\" height=\"6\"/><circle class=\"mark\" cx=\"3\" cy=\"3\" r=\"1.6\"/></pattern></defs>";

/// Returns the drawing.
pub fn render(report: &Report) -> String {
    let height = AXIS + LANE * report.lanes.max(1);
    let mut html = format!(
        "<svg id=\"timeline\" role=\"listbox\" aria-label=\"Timeline: {} units in {}. Arrow keys go from unit to unit, Enter goes to its row.\" \
         width=\"100%\" height=\"{height}\">{PATTERNS}\n",
        report.units.len(),
        span(report.took_us)
    );
    axis(report, height, &mut html);
    for (index, unit) in report.units.iter().enumerate() {
        bar(report, (index, unit), &mut html);
    }
    html.push_str("</svg>");
    html
}

fn percent(part: u64, report: &Report) -> f64 {
    100.0 * part as f64 / report.took_us.max(1) as f64
}

fn axis(report: &Report, height: usize, html: &mut String) {
    let end = report.took_us.max(1);
    for at in (0..=end).step_by(usize::try_from(tick(end)).unwrap_or(usize::MAX)) {
        let x = percent(at, report);
        // The last label would run out of the drawing.
        let label = if x < 94.0 { span(at) } else { String::new() };
        let _ = writeln!(
            html,
            "<line class=\"tick\" aria-hidden=\"true\" x1=\"{x:.3}%\" x2=\"{x:.3}%\" y1=\"0\" y2=\"{height}\"/>\
             <svg x=\"{x:.3}%\" y=\"0\" aria-hidden=\"true\"><text class=\"at\" x=\"4\" y=\"14\">{label}</text></svg>"
        );
    }
}

fn bar(report: &Report, (index, unit): (usize, &Unit), html: &mut String) {
    let width = percent(unit.end_us.saturating_sub(unit.start_us), report).max(LEAST);
    let x = percent(unit.start_us, report).min(100.0 - width);
    let path = if unit.on_path { " path" } else { "" };
    let (outcome, y) = (unit.outcome, AXIS + unit.lane * LANE + (LANE - BAR) / 2);
    let _ = write!(
        html,
        "<svg class=\"bar {outcome}{path}\" role=\"option\" aria-selected=\"false\" tabindex=\"{}\" data-unit=\"{index}\" aria-label=\"{}\" \
         x=\"{x:.3}%\" y=\"{y}\" width=\"{width:.3}%\" height=\"{BAR}\"><rect class=\"fill\" width=\"100%\" height=\"100%\"/>",
        if index == 0 { 0 } else { -1 },
        Text(&label(unit))
    );
    let took = unit.end_us.saturating_sub(unit.start_us);
    if unit.meta_us > 0 && unit.meta_us < took {
        let at = 100.0 * unit.meta_us as f64 / took as f64;
        let _ = write!(html, "<rect class=\"code\" x=\"{at:.2}%\" width=\"100%\" height=\"100%\"/>");
    }
    if unit.on_path {
        html.push_str("<rect class=\"on-path\" y=\"16\" width=\"100%\" height=\"4\"/>");
    }
    if width > 2.0 {
        let _ = write!(html, "<text x=\"5\" y=\"14\">{}</text>", Text(unit.name()));
    }
    html.push_str("</svg>\n");
}

/// Returns a unit in one line: what a bar is called, and what is shown when it is pointed at.
fn label(unit: &Unit) -> String {
    let mut label = format!("{} {}", unit.name(), unit.version).trim_end().to_owned();
    let took = if unit.timed { span(unit.end_us.saturating_sub(unit.start_us)) } else { "not timed".to_owned() };
    let _ = write!(label, ", {}: {}, {took}", unit.kind, unit.outcome);
    if unit.outcome == OutcomeKind::Hit {
        let _ = write!(label, " instead of {}", span(unit.compile_us));
    }
    if unit.meta_us > 0 && unit.outcome != OutcomeKind::Hit {
        let _ = write!(label, ", metadata after {}", span(unit.meta_us));
    }
    if unit.on_path {
        label.push_str(", on the critical path");
    }
    if !unit.why.is_empty() {
        let _ = write!(label, "; {}", unit.why);
    }
    label
}
