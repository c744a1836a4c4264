//! Every awkward shape that a configuration file can have, through the edit and back.

use super::change::{Left, Want};
use super::edit::{Edited, edit};
use super::undo;
use crate::cli::cargo_config::lines;

const TARGET: &str = "x86_64-unknown-linux-gnu";

fn way(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn wrapper() -> Want {
    Want::Key { way: way(&["build", "rustc-wrapper"]), value: "/bin/thymos".into(), replaces: vec!["thymos"] }
}

fn mold() -> Want {
    Want::Flags { way: way(&["target", TARGET, "rustflags"]), flags: vec!["-Clink-arg=-fuse-ld=mold".into()] }
}

fn include() -> Want {
    Want::Include("thymos.local.toml".into())
}

/// The edit gives this text, a second one changes nothing, and what was done can be taken back even when the text was edited
/// meanwhile.
fn check(text: &str, want: Want, expected: &str) {
    let wants = [want];
    let Edited { text: edited, changes, left } = edit(text, &wants).expect("it is edited");
    assert_eq!(left, [], "{text:?}");
    assert_eq!(edited, expected, "{text:?}");
    assert_eq!(edit(&edited, &wants).expect("it is edited").changes, [], "a second edit of {text:?}");
    let plain = lines::plain(&edited);
    plain.parse::<toml_edit::DocumentMut>().expect("the result is TOML");
    let touched = format!("{plain}\n[added.by.hand]\nx = 1\n");
    let (without, left) = undo::remove(&touched, &changes).expect("it is edited");
    assert_eq!(left, [], "{text:?}");
    assert!(without.contains("[added.by.hand]"), "{without}");
    assert!(!without.contains("thymos") && !without.contains("mold"), "{without}");
}

/// The edit leaves this text alone, for a reason in which these words stand.
fn stays(text: &str, want: Want, why: &str) {
    let Edited { text: edited, changes, left } = edit(text, &[want]).expect("it is no error");
    assert_eq!((edited.as_str(), changes), (text, vec![]));
    let [Left { why: told, .. }] = &left[..] else { panic!("one reason: {left:?}") };
    assert!(told.contains(why), "{told}");
}

#[test]
fn a_wrapper_goes_to_the_end_of_its_table() {
    check("", wrapper(), "[build]\nrustc-wrapper = \"/bin/thymos\"\n");
    check("[build]\njobs = 4\n", wrapper(), "[build]\njobs = 4\nrustc-wrapper = \"/bin/thymos\"\n");
    check("[env]\nA = \"1\"\n", wrapper(), "[env]\nA = \"1\"\n\n[build]\nrustc-wrapper = \"/bin/thymos\"\n");
    check(
        "[build] # mine\njobs = 4 # two\n\n[env]\nA = '1'\n",
        wrapper(),
        "[build] # mine\njobs = 4 # two\nrustc-wrapper = \"/bin/thymos\"\n\n[env]\nA = '1'\n",
    );
    check("['build']\n", wrapper(), "['build']\nrustc-wrapper = \"/bin/thymos\"\n");
    check("build.jobs = 4\n[env]\n", wrapper(), "build.jobs = 4\nbuild.rustc-wrapper = \"/bin/thymos\"\n[env]\n");
    check("build = { jobs = 4 }\n", wrapper(), "build = { jobs = 4, rustc-wrapper = \"/bin/thymos\" }\n");
    check("build = {}\n", wrapper(), "build = { rustc-wrapper = \"/bin/thymos\" }\n");
    check(
        "[build.warnings]\nx = 1\n",
        wrapper(),
        "[build]\nrustc-wrapper = \"/bin/thymos\"\n[build.warnings]\nx = 1\n",
    );
}

#[test]
fn comments_and_ends_stay_where_they_are() {
    check("# top\n", wrapper(), "# top\n\n[build]\nrustc-wrapper = \"/bin/thymos\"\n");
    check("[env]\nA = '1'\n\n# end", wrapper(), "[env]\nA = '1'\n\n# end\n\n[build]\nrustc-wrapper = \"/bin/thymos\"");
    check(
        "\u{feff}[build]\r\njobs = 4\r\n# last\r\n",
        wrapper(),
        "\u{feff}[build]\r\njobs = 4\r\nrustc-wrapper = \"/bin/thymos\"\r\n# last\r\n",
    );
    check("[build]\r\njobs = 4\n[env]", wrapper(), "[build]\r\njobs = 4\nrustc-wrapper = \"/bin/thymos\"\n[env]");
    check(
        "[build]\njobs   =   4\n\tx=[1,\n2 ]\n",
        wrapper(),
        "[build]\njobs   =   4\n\tx=[1,\n2 ]\nrustc-wrapper = \"/bin/thymos\"\n",
    );
}

#[test]
fn flags_join_those_that_are_there() {
    let flag = "-Clink-arg=-fuse-ld=mold";
    let table = format!("[target.{TARGET}]\n");
    check("", mold(), &format!("{table}rustflags = [\"{flag}\"]\n"));
    check(&format!("{table}rustflags = \"-O\" # x\n"), mold(), &format!("{table}rustflags = \"-O {flag}\" # x\n"));
    check(&format!("{table}rustflags = [\"-O\"]\n"), mold(), &format!("{table}rustflags = [\"-O\", \"{flag}\"]\n"));
    check(&format!("{table}rustflags = []\n"), mold(), &format!("{table}rustflags = [\"{flag}\"]\n"));
    check(
        &format!("{table}rustflags = [\n    \"-O\", # why\n    # because\n    \"-g\",\n]\n"),
        mold(),
        &format!("{table}rustflags = [\n    \"-O\", # why\n    # because\n    \"-g\",\n    \"{flag}\",\n]\n"),
    );
    check(
        &format!("{table}rustflags = [\n  \"-O\",\n  \"-g\"\n]\n"),
        mold(),
        &format!("{table}rustflags = [\n  \"-O\",\n  \"-g\",\n  \"{flag}\"\n]\n"),
    );
    check(
        "[target.'cfg(unix)']\nrustflags = ['-g']\n",
        mold(),
        &format!("[target.'cfg(unix)']\nrustflags = ['-g']\n\n{table}rustflags = [\"{flag}\"]\n"),
    );
    check(
        &format!("target.{TARGET}.runner = 'x'\n"),
        mold(),
        &format!("target.{TARGET}.runner = 'x'\ntarget.{TARGET}.rustflags = [\"{flag}\"]\n"),
    );
    check(
        "target.a.runner = 'x'\n",
        mold(),
        &format!("target.a.runner = 'x'\ntarget.{TARGET}.rustflags = [\"{flag}\"]\n"),
    );
    check(
        "[target]\na.runner = 'x'\n",
        mold(),
        &format!("[target]\na.runner = 'x'\n\n{table}rustflags = [\"{flag}\"]\n"),
    );
    check(
        "[target]\n\"a\" = { runner = 'x' }\n",
        mold(),
        &format!("[target]\n\"a\" = {{ runner = 'x' }}\n\n{table}rustflags = [\"{flag}\"]\n"),
    );
    check(
        "target = { a = { runner = 'x' } }\n",
        mold(),
        &format!("target = {{ a = {{ runner = 'x' }}, {TARGET} = {{ rustflags = [\"{flag}\"] }} }}\n"),
    );
}

#[test]
fn somebody_elses_choice_stays() {
    let table = format!("[target.{TARGET}]\n");
    stays("[build]\nrustc-wrapper = \"sccache\"\n", wrapper(), "\"sccache\" already");
    stays("[build]\nrustc-wrapper = ''\n", wrapper(), "already");
    stays("build = 1\n", wrapper(), "no table");
    stays("[build]\nrustc-wrapper = 1\n", wrapper(), "no string");
    stays(&format!("{table}rustflags = ['-C', 'link-arg=-fuse-ld=lld']\n"), mold(), "chooses a linker");
    stays(&format!("{table}rustflags = '-Clink-arg=--ld-path=/x'\n"), mold(), "chooses a linker");
    stays(&format!("{table}rustflags = 1\n"), mold(), "no list");
    stays("[build]\nrustflags = ['-O']\n", mold(), "would ignore build.rustflags");
    stays("include = 'a.toml'\n", include(), "no array");
    let rpath = format!("{table}rustflags = ['-Clink-arg=-Wl,-rpath,/x']\n");
    assert_eq!(edit(&rpath, &[mold()]).expect("it is edited").changes.len(), 1, "a run path is no choice");
}

#[test]
fn an_older_place_of_the_wrapper_is_replaced_and_comes_back() {
    let text = "[build]\nrustc-wrapper = '/old/thymos' # x\n";
    let Edited { text: edited, changes, .. } = edit(text, &[wrapper()]).expect("it is edited");
    assert_eq!(edited, "[build]\nrustc-wrapper = \"/bin/thymos\" # x\n");
    let (without, _) = undo::remove(&edited, &changes).expect("it is edited");
    assert_eq!(without, "[build]\nrustc-wrapper = \"/old/thymos\" # x\n");
}

#[test]
fn an_include_joins_the_others() {
    let entry = "{ path = \"thymos.local.toml\", optional = true }";
    check("", include(), &format!("include = [{entry}]\n"));
    check("# top\n[build]\njobs = 1\n", include(), &format!("include = [{entry}]\n# top\n[build]\njobs = 1\n"));
    check("include = [\"a.toml\"]\n", include(), &format!("include = [\"a.toml\", {entry}]\n"));
    check(
        "include = [\n  { path = 'a.toml' },\n]\n",
        include(),
        &format!("include = [\n  {{ path = 'a.toml' }},\n  {entry},\n]\n"),
    );
    check(
        "[[include]]\npath = 'a.toml'\n",
        include(),
        "[[include]]\npath = 'a.toml'\n\n[[include]]\npath = \"thymos.local.toml\"\noptional = true\n",
    );
}

#[test]
fn what_is_no_toml_is_not_edited() {
    for text in ["[build", "a = \n", "[build]\n[build]\n", "a = 1\ra = 2\n", "=\n"] {
        let error = edit(text, &[wrapper()]).expect_err("it does not parse");
        assert!(error.contains("line 1") || error.contains("line 2"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn what_somebody_changed_since_is_theirs() {
    let Edited { text, changes, .. } = edit("[build]\njobs = 1\n", &[wrapper(), mold()]).expect("it is edited");
    let touched = text.replace("/bin/thymos", "/bin/sccache").replace("-Clink-arg=-fuse-ld=mold", "-g");
    let (without, left) = undo::remove(&touched, &changes).expect("it is edited");
    assert_eq!(without, touched);
    assert_eq!(left.len(), 2);
}
