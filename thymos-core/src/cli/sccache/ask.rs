//! What a command line of sccache's asks for.
//!
//! Invariant: pure. An option is answered, or named with what to use instead; none is skipped.

use std::ffi::{OsStr, OsString};

use super::text::Detail;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Statistics.
    Show(Format),
    /// A server.
    Start,
    /// No server, and its statistics.
    Stop,
    /// Counters at zero.
    Zero,
    /// The help.
    Help,
    /// The version.
    Version,
    /// A compile: the compiler and its arguments.
    Compile(Vec<OsString>),
}

/// The form of statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Rows.
    Text(Detail),
    /// JSON.
    Json,
}

/// What is not answered, and what to use instead.
const ELSEWHERE: [(&str, &str); 4] = [
    ("--dist-auth", "compiles run on this machine only, so there is nobody to log in to"),
    ("--dist-status", "compiles run on this machine only; `thymos doctor` looks whether the cache works"),
    ("--package-toolchain", "compiles run on this machine only, so no toolchain is sent anywhere"),
    ("--debug-preprocessor-cache", "C and C++ are not cached; `thymos why` explains what was compiled"),
];

/// Returns whether an argument is one of sccache's own options, those for help and version left out.
pub(crate) fn is_option(argument: &OsStr) -> bool {
    let Some(text) = argument.to_str() else { return false };
    let name = text.split('=').next().unwrap_or(text);
    ["-s", "-z", "--stats-format"].contains(&name)
        || asked(name).is_some_and(|ask| !matches!(ask, Ask::Help | Ask::Version))
        || ELSEWHERE.iter().any(|(known, _)| *known == name)
}

fn asked(option: &str) -> Option<Ask> {
    Some(match option {
        "-s" | "--show-stats" => Ask::Show(Format::Text(Detail::Language)),
        "--show-adv-stats" => Ask::Show(Format::Text(Detail::Compiler)),
        "-z" | "--zero-stats" => Ask::Zero,
        "--start-server" => Ask::Start,
        "--stop-server" => Ask::Stop,
        "-h" | "--help" => Ask::Help,
        "-V" | "--version" => Ask::Version,
        _ => return None,
    })
}

impl Ask {
    /// Reads the arguments behind the program's name, and the variable by which a server was started.
    ///
    /// # Errors
    /// In a sentence for the user.
    pub(crate) fn parse(arguments: &[OsString], server: Option<&OsStr>) -> Result<Self, String> {
        let (mut found, mut json) = (None, false);
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let text = argument.to_str().unwrap_or("\u{fffd}");
            let ask = match text.split_once('=').unwrap_or((text, "")) {
                ("--", "") => Ask::Compile(rest.as_slice().to_vec()),
                ("--stats-format", value) => {
                    let next =
                        if text.contains('=') { Some(value) } else { rest.next().and_then(|next| next.to_str()) };
                    json = is_json(next)?;
                    continue;
                }
                _ if !text.starts_with('-') => {
                    Ask::Compile(std::iter::once(argument).chain(rest.as_slice()).cloned().collect())
                }
                (name, "") => asked(name).ok_or_else(|| refused(name))?,
                (name, _) => return Err(refused(name)),
            };
            match ask {
                Ask::Help | Ask::Version => return Ok(ask),
                _ if found.is_some() => return Err("only one thing can be asked for at a time; see --help".to_owned()),
                Ask::Compile(command) if command.is_empty() => break,
                Ask::Compile(_) => return Ok(ask),
                _ => found = Some(ask),
            }
        }
        match found {
            Some(Ask::Show(_)) if json => Ok(Self::Show(Format::Json)),
            Some(ask) => Ok(ask),
            None if server == Some(OsStr::new("1")) => Ok(Self::Start),
            None => Err("nothing is asked for: name a compiler, or an option of --help".to_owned()),
        }
    }
}

fn is_json(format: Option<&str>) -> Result<bool, String> {
    match format {
        Some("json") => Ok(true),
        Some("text") => Ok(false),
        _ => Err("--stats-format is text or json".to_owned()),
    }
}

fn refused(option: &str) -> String {
    match ELSEWHERE.iter().find(|(known, _)| *known == option) {
        Some((name, instead)) => format!("{name} is not answered: {instead}"),
        None => format!("unknown option {option}; see --help"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Ask, String> {
        Ask::parse(&words.split_whitespace().map(OsString::from).collect::<Vec<_>>(), None)
    }

    #[test]
    fn options_are_read_as_sccache_reads_them() {
        let text = Ask::Show(Format::Text(Detail::Language));
        for (words, ask) in [
            ("-s", text.clone()),
            ("--show-stats", text.clone()),
            ("--show-stats --stats-format text", text),
            ("--show-adv-stats", Ask::Show(Format::Text(Detail::Compiler))),
            ("--show-stats --stats-format=json", Ask::Show(Format::Json)),
            ("--stats-format json -s", Ask::Show(Format::Json)),
            ("-z", Ask::Zero),
            ("--start-server", Ask::Start),
            ("--stop-server", Ask::Stop),
            ("-V", Ask::Version),
            ("--help", Ask::Help),
        ] {
            assert_eq!(parse(words), Ok(ask), "{words}");
        }
    }

    #[test]
    fn what_follows_a_compiler_is_the_compilers() {
        let compile = |words: &str| Ok(Ask::Compile(words.split_whitespace().map(OsString::from).collect()));
        assert_eq!(parse("rustc --version -s"), compile("rustc --version -s"));
        assert_eq!(parse("cc -c a=b.c"), compile("cc -c a=b.c"));
        assert_eq!(parse("-- gcc -s"), compile("gcc -s"));
    }

    #[test]
    fn what_is_not_answered_is_named() {
        for (words, part) in [
            ("--dist-auth", "nobody to log in to"),
            ("--dist-status", "thymos doctor"),
            ("--package-toolchain a b", "no toolchain is sent"),
            ("--debug-preprocessor-cache", "thymos why"),
            ("--shiny", "unknown option --shiny"),
            ("-s -z", "one thing"),
            ("-s rustc", "one thing"),
            ("--stats-format xml", "text or json"),
            ("--", "nothing is asked for"),
            ("", "nothing is asked for"),
        ] {
            assert!(parse(words).is_err_and(|message| message.contains(part)), "{words}: {:?}", parse(words));
        }
        assert_eq!(Ask::parse(&[], Some("1".as_ref())), Ok(Ask::Start));
    }

    #[test]
    fn help_and_version_stay_the_programs_own() {
        assert!(
            is_option("-s".as_ref()) && is_option("--stats-format=json".as_ref()) && is_option("--dist-auth".as_ref())
        );
        assert!(!is_option("--help".as_ref()) && !is_option("-V".as_ref()) && !is_option("rustc".as_ref()));
    }
}
