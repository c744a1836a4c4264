//! The page as a browser shows it, after its script ran. The page is put into frames of a page of ours, whose script works it
//! as a person would and writes down what it then finds.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{World, require_tool};

/// Which units the log holds: 40 of each outcome, named so that their order by name is not that of their times.
fn events() -> String {
    let event = |index: u64| {
        let outcome = ["hit", "miss", "bypass", "degraded"][(index % 4) as usize];
        let hostile =
            "</td></table><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>";
        json!({
            "schema": 2, "at_ms": 1_795_653_900_000_u64 + index * 20, "outcome": outcome, "build": "0123456789abcdef",
            "crate": if index == 7 { hostile.to_owned() } else { format!("crate_{:03}", index * 7 % 160) },
            "kind": "lib", "version": "1.0.0", "unit": format!("unit-{index}"), "workspace": "/somewhere/my workspace",
            "deps": if index == 0 { vec![] } else { vec![format!("unit-{}", index - 1)] },
            "took_us": 15_000 + index, "compile_us": if outcome == "bypass" { 0 } else { 10_000 + index * 97 % 160 }, "bytes": 5_000,
            "reason": if outcome == "hit" { Value::Null } else { format!("reason {}", index % 3).into() },
        })
    };
    (0..160).map(|index| format!("{}\n", event(index))).collect()
}

/// The script that works the page.
const WORK: &str = include_str!("work.js");

/// Returns what was found in frames of 360 and 1000 pixels.
fn look(page: &str, directory: &Path) -> Value {
    // Within a script, no markup of the page may end the script.
    let page = serde_json::to_string(page).expect("text is JSON").replace('<', "\\u003c");
    let harness = format!(
        "<!doctype html><meta charset=utf-8><body><pre id=result></pre><script>{WORK}\nconst all = [];\n\
         for (const width of [360, 1000]) {{ const frame = document.createElement('iframe'); frame.width = width; frame.height = 800; \
         frame.onload = () => {{ all.push(work(frame)); if (all.length === 2) document.getElementById('result').textContent = JSON.stringify(all); }}; \
         frame.srcdoc = {page}; document.body.append(frame); }}</script></body>"
    );
    let path = directory.join("harness.html");
    std::fs::write(&path, harness).expect("the world is writable");
    let mut chromium = Command::new("chromium");
    chromium.args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]);
    chromium.arg(format!("--user-data-dir={}", directory.join("profile").display()));
    chromium.arg(format!("file://{}", path.display())).stdin(Stdio::null());
    let output = chromium.output().expect("chromium starts");
    let dom = String::from_utf8_lossy(&output.stdout);
    let result =
        dom.split("<pre id=\"result\">").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap_or_default();
    let text = result.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: the page was worked: {result:?}\n{}", String::from_utf8_lossy(&output.stderr))
    })
}

#[test]
fn the_page_is_shown_sorted_searched_and_walked_through_on_any_screen() {
    if !require_tool("chromium") {
        return;
    }
    let world = World::cached();
    let here = world.at("here");
    std::fs::write(world.store().join("v1/events/20783.jsonl"), events()).expect("the store is writable");
    here.thymos("report -o report.html").ok();
    let all = look(&here.read("report.html"), world.root());
    for found in all.as_array().expect("two frames") {
        let expected = json!({
            "width": found["width"],
            "title": "my workspace: build report",
            "foreign": 0, "rows": 160, "bars": 160, "overflow": 0, "hostile": true,
            "byName": ["ascending", true], "byNameBack": ["descending", true], "byTime": ["descending", true], "sorted": 1,
            "searched": [found["searched"][0], true, format!("{} of 160 units", found["searched"][0])],
            "dimmed": 160 - found["searched"][0].as_u64().expect("a number"),
            "withoutHits": 120, "all": 160,
            "stops": 1, "walked": 2, "said": found["said"], "end": 159, "row": "u159",
            "nameless": 0, "ids": true,
        });
        assert_eq!(found, &expected, "{found:#}");
        assert!(found["searched"][0].as_u64().is_some_and(|count| (1..40).contains(&count)), "{found:#}");
        assert!(
            found["said"].as_str().is_some_and(|said| said.starts_with("crate_014 1.0.0, lib: bypass, not timed")),
            "{found:#}"
        );
    }
}
