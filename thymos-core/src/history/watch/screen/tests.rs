use unicode_width::UnicodeWidthStr;

use super::*;

fn builds() -> Vec<Shown> {
    let missed =
        |krate: &str, took: &str, why: &str| Missed { krate: krate.into(), took: took.into(), why: why.into() };
    vec![
        Shown {
            name: "ripgrep".into(),
            state: State::Running,
            took_ms: 12_300,
            counts: [40, 3, 1, 0],
            saved_us: 41_000_000,
            misses: vec![
                missed("grep_printer", "1.25 s", "dependency grep_searcher was rebuilt because src/lib.rs changed"),
                missed("größenordnung_der_dinge", "", "left to incremental compilation"),
            ],
            compiling: vec![("regex_automata".into(), 4_200), ("serde_derive".into(), 2_000)],
        },
        Shown {
            name: "a workspace with quite a long name that someone chose".into(),
            state: State::Ended(125_000),
            took_ms: 850,
            counts: [92, 0, 0, 0],
            saved_us: 61_000_000,
            ..Shown::default()
        },
    ]
}

fn text(builds: &[Shown], (width, height): (usize, usize)) -> String {
    let screen = Screen { store: "/home/somebody/.cache/thymos", builds, damaged: 0, ink: Ink::Coloured };
    let lines = screen.draw(Size { width, height });
    assert!(lines.len() <= height);
    let lines = lines.iter().map(|line| anstream::adapter::strip_str(line).to_string());
    lines
        .inspect(|line| assert!(line.width() <= width, "{line}"))
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

fn check(width: usize, expected: &str) {
    let shown = text(&builds(), (width, 16));
    assert_eq!(shown.trim_end(), expected.trim(), "{width} columns:\n{shown}");
}

#[test]
fn it_lines_up_at_60_columns() {
    check(60, include_str!("at_60.txt"));
}

#[test]
fn it_lines_up_at_80_columns() {
    check(80, include_str!("at_80.txt"));
}

#[test]
fn it_lines_up_at_120_columns() {
    check(120, include_str!("at_120.txt"));
}

#[test]
fn any_size_is_drawn() {
    for width in 0..50 {
        for height in 0..12 {
            let _ = text(&builds(), (width, height));
        }
    }
    let cut = text(&builds(), (40, 6));
    assert!(cut.contains("ripgrep") && cut.contains("more builds"), "{cut}");
}

#[test]
fn an_empty_store_names_the_next_step() {
    let shown = text(&[], (80, 10));
    assert!(shown.contains("RUSTC_WRAPPER=thymos cargo build"), "{shown}");
}

#[test]
fn nothing_is_coloured_without_colour() {
    let builds = builds();
    let size = Size { width: 80, height: 16 };
    let drawn = |ink| Screen { store: "/s", builds: &builds, damaged: 3, ink }.draw(size).concat();
    assert!(drawn(Ink::Coloured).contains("\u{1b}[32m"));
    assert!(!drawn(Ink::Plain).contains("\u{1b}[3"), "bold and dim alone");
}

#[test]
fn a_name_cannot_move_the_cursor() {
    let mut builds = builds();
    builds[0].name = "\u{1b}[2Jgone\r\n".into();
    let shown = text(&builds, (80, 16));
    assert!(!shown.contains('\u{1b}') && !shown.contains('\r'), "{shown:?}");
}
