//! What explains the command line: the help, the manual and completions, all from one set of definitions.

use std::process::{Command, Stdio};

use crate::support::{Run, World, require_tool};

/// Runs `thymos` as in a terminal that is 80 columns wide.
fn thymos(words: &str) -> String {
    let world = World::cached();
    world.env("COLUMNS", "80");
    world.thymos(words).ok().stdout
}

/// Returns the commands that bash is told about.
fn commands() -> Vec<String> {
    let script = thymos("completions bash");
    let begin = "opts=\"-h -V --help --version ";
    let options = script.lines().find_map(|line| line.trim().strip_prefix(begin)).expect("it lists what there is");
    let words = options.trim_end_matches('"').split_whitespace().filter(|word| !word.starts_with('-'));
    words.filter(|word| word.len() > 1 && *word != "help").map(str::to_owned).collect()
}

#[test]
fn the_help_fits_a_terminal_and_names_every_command() {
    let help = thymos("--help");
    let wide: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    let words: Vec<_> = help.split_whitespace().collect();
    for command in commands.iter().filter(|command| *command != "cargo") {
        assert!(words.contains(&command.as_str()), "{command}:\n{help}");
    }
}

#[test]
fn the_help_of_every_command_shows_an_example_and_fits() {
    for command in commands() {
        let help = thymos(&format!("help {command}"));
        assert!(help.contains("Example") && help.contains("\n  thymos "), "{command}:\n{help}");
        let wide: Vec<_> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{command}: {wide:#?}");
        // Lines that stay as they are in the manual are cut where a terminal ends, and ragged where the help is wrapped.
        let manual = thymos(&format!("man {command}")).replace('\\', "");
        let notes = manual.lines().skip_while(|line| !line.starts_with(".SH NOTES"));
        let wide: Vec<_> = notes.filter(|line| line.trim_start_matches('&').len() > 80).collect();
        assert!(wide.is_empty(), "{command}: {wide:#?}");
    }
}

#[test]
fn what_why_means_is_told_in_full_to_those_who_ask_for_it() {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = "No setting is needed before the build";
    for words in ["why --help", "help why", "man why"] {
        assert!(line(&thymos(words)).contains(rest), "{words}");
    }
    assert!(
        !thymos("why -h").contains(rest) && !thymos("--help").contains(rest),
        "a line is enough where there are many"
    );
}

#[test]
fn the_manual_renders_without_a_warning() {
    let man = |words: &[&str]| {
        let output = Command::new("groff").args(words).arg("--version").stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !man(&[]) {
        eprintln!("groff is not installed: the pages are read as text only");
    }
    for page in ["", "setup", "bench", "build", "cargo", "why"] {
        let text = thymos(&format!("man {page}"));
        let name = if page.is_empty() { "thymos".to_owned() } else { format!("thymos-{page}") };
        assert!(text.contains(&format!(".TH {name} 1 ")) && text.is_ascii(), "{text}");
        let world = World::cached();
        let file = world.at("man").write("page.1", &text).path("page.1");
        if man(&[]) {
            let run = Run::of(Command::new("groff").args(["-ww", "-man", "-Tutf8", "-P-cbou"]).arg(file)).ok();
            assert_eq!(run.stderr, "", "{page}");
            assert!(run.stdout.contains("EXAMPLES"), "{page}: {}", run.stdout);
        }
    }
    let run = World::cached().thymos("man nothing");
    assert_eq!((run.status.code(), run.stderr.contains("no command nothing")), (Some(2), true), "{run:#?}");
}

#[test]
#[cfg(unix)]
fn bash_completes_commands_and_options() {
    if !require_tool("bash") {
        return;
    }
    let world = World::cached();
    let script = world.at("bash").write("thymos", thymos("completions bash")).path("thymos");
    let complete = |words: &str| {
        let code = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _thymos thymos \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        Run::of(Command::new("bash").args(["--norc", "-ec", &code])).ok().stdout
    };
    assert_eq!(complete("thymos se").trim_end(), "setup");
    assert_eq!(complete("thymos setup --sccache").trim_end(), "--sccache-alias");
    assert!(complete("thymos completions ''").contains("fish"));
}

#[test]
fn every_shell_gets_something_to_load() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(thymos(&format!("completions {shell}")).contains("sccache-alias"), "{shell}");
    }
}

#[test]
#[cfg(unix)]
fn a_reader_that_leaves_early_is_no_trouble() {
    use std::os::unix::process::ExitStatusExt;
    let world = World::cached();
    for words in ["stats", "stats --json", "--show-stats", "plan", "completions bash", "man"] {
        let (reader, writer) = std::io::pipe().expect("the system has pipes");
        drop(reader);
        let mut command = world.at("").command(env!("CARGO_BIN_EXE_thymos").as_ref());
        let output =
            command.args(words.split(' ')).stdout(writer).stderr(Stdio::piped()).spawn().expect("thymos starts");
        let output = output.wait_with_output().expect("thymos ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words}");
        // Signal 13 is SIGPIPE.
        assert_eq!(output.status.signal(), Some(13), "{words}: {}", output.status);
    }
}
