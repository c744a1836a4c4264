//! Scripts that only start a linker, as people write them to put a flag or two in front of the others.
//!
//! Such a script asks for nothing: no variable, no directory, no time. What it starts is judged by itself, and what its shell
//! reads of the environment is [`Scope::Shell`](crate::action::scope::Scope::Shell).
//!
//! Invariant: pure, and `true` is a proof: every word of the script is one that is known to ask for nothing.

use std::path::Path;

use super::programs::links_by_name;

/// Shells, by the names that a script's first line gives them.
const SHELLS: [&str; 4] = ["ash", "bash", "dash", "sh"];

/// Returns whether a script asks for nothing and starts linkers only.
pub(crate) fn only_links(script: &[u8]) -> bool {
    let Some(text) = std::str::from_utf8(script).ok().and_then(|text| text.strip_prefix("#!")) else { return false };
    let (shell, rest) = text.split_once('\n').unwrap_or((text, ""));
    let joined = rest.replace("\\\n", " ");
    let mut lines = joined.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    is_shell(shell) && lines.all(is_harmless)
}

/// `/bin/sh`, `/bin/bash -e`, `/usr/bin/env bash`.
fn is_shell(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let name = words.next().map(|word| word.rsplit('/').next().unwrap_or(word));
    let name = if name == Some("env") { words.next() } else { name };
    name.is_some_and(|name| SHELLS.contains(&name)) && words.all(|word| matches!(word, "-e" | "-u" | "-eu"))
}

fn is_harmless(line: &str) -> bool {
    let words: Option<Vec<String>> = line.split_ascii_whitespace().map(word).collect();
    let Some(words) = words else { return false };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["set", options @ ..] => options.iter().all(|word| matches!(*word, "-e" | "-u" | "-eu" | "-euo" | "pipefail")),
        ["exec", program, ..] | [program, ..] => links_by_name(Path::new(program)),
        [] => true,
    }
}

/// Returns a word without its quotes, where it is plain text or arguments of the script.
fn word(word: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./=,:+@%".contains(letter);
    let unquoted = ['"', '\''].iter().find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(word);
    let is_arguments = matches!(unquoted, "$@" | "${@}" | "${1+$@}") && !word.starts_with('\'');
    (is_arguments || unquoted.chars().all(is_plain)).then(|| unquoted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_only_puts_flags_before_the_others_asks_for_nothing() {
        for script in [
            "#!/bin/sh\nexec cc \"$@\"\n",
            "#!/bin/sh\nexec cc \"$@\"",
            "#!/usr/bin/env bash\nset -euo pipefail\n\n# For musl.\nexec /usr/bin/x86_64-linux-musl-gcc -static \\\n  -Wl,--as-needed \"$@\"\n",
            "#!/bin/dash -e\nclang -fuse-ld=lld \"-Wl,-O1\" $@\n",
        ] {
            assert!(only_links(script.as_bytes()), "{script}");
        }
    }

    #[test]
    fn whatever_else_a_script_says_may_ask_for_something() {
        for line in [
            "exec $CC \"$@\"",
            "exec cc $EXTRA \"$@\"",
            "exec cc \"$@\" -o \"$PWD\"",
            "exec cc \"$@\" `cat flags`",
            "exec cc \"$@\" $(pwd)",
            "exec cc \"$@\" < flags",
            "cc \"$@\"; pwd",
            "cc \"$@\" && env",
            "pwd",
            "env",
            "/usr/bin/env cc \"$@\"",
            "/opt/own-cc \"$@\"",
            "exec cc ~/lib \"$@\"",
            "exec cc *.o \"$@\"",
            "CC=1 cc \"$@\"",
            "exec 'cc' \"${0%/*}/x\"",
            ". ./flags",
            "set -x",
            "exec",
            "exec cc 'a b'",
        ] {
            assert!(!only_links(format!("#!/bin/sh\n{line}\n").as_bytes()), "{line}");
        }
        for script in
            ["", "#!/usr/bin/python3\nexec cc\n", "#!/bin/sh -x\nexec cc\n", "exec cc", "#!/usr/bin/env -S sh\ncc"]
        {
            assert!(!only_links(script.as_bytes()), "{script}");
        }
    }
}
