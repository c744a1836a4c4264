//! Command line → [`Invocation`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::options::{self, Arity, Class, Codegen};
use super::{Argument, Extern, Invocation, Parsed};
use crate::outcome::Bypass;
use crate::system::os;

/// Parses the arguments behind the compiler; `@file` arguments have been expanded before.
pub fn parse(arguments: &[OsString]) -> Parsed {
    let mut parser = Parser { invocation: Invocation::default(), source: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let taken = parser.argument(argument.as_encoded_bytes(), &mut rest);
        match taken {
            Ok(()) => {}
            Err(Stop::Query) => return Parsed::Query,
            Err(Stop::Bypass(bypass)) => return Parsed::Bypass(bypass),
        }
    }
    parser.finish()
}

/// Reads what can be read of a command line that is no compile to cache. What it does not know it leaves out.
#[must_use]
pub fn outline(arguments: &[OsString]) -> Invocation {
    let mut parser = Parser { invocation: Invocation::default(), source: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let _ = parser.argument(argument.as_encoded_bytes(), &mut rest);
    }
    Invocation { source: parser.source.unwrap_or_default(), ..parser.invocation }
}

enum Stop {
    Query,
    Bypass(Bypass),
}

impl From<Bypass> for Stop {
    fn from(bypass: Bypass) -> Self {
        Self::Bypass(bypass)
    }
}

struct Parser {
    invocation: Invocation,
    source: Option<PathBuf>,
}

type Rest<'a> = std::slice::Iter<'a, OsString>;

impl Parser {
    fn argument(&mut self, argument: &[u8], rest: &mut Rest<'_>) -> Result<(), Stop> {
        match argument {
            b"-" => Err(Stop::Query),
            [b'-', b'-', long @ ..] => self.long(long, rest),
            [b'-', short @ ..] => self.short(short, rest),
            path => {
                if self.source.replace(os::path_from_bytes(path.to_vec())).is_some() {
                    return Err(Bypass::UnknownOption("a second source file".into()).into());
                }
                let path = self.source.clone().unwrap_or_default();
                self.invocation.arguments.push(Argument::Source(path));
                Ok(())
            }
        }
    }

    fn long(&mut self, text: &[u8], rest: &mut Rest<'_>) -> Result<(), Stop> {
        let (name, joined) = match memchr::memchr(b'=', text) {
            Some(at) => (&text[..at], Some(text[at + 1..].to_vec())),
            None => (text, None),
        };
        let shown = format!("--{}", String::from_utf8_lossy(name));
        let (arity, class) = options::long(name).ok_or_else(|| Bypass::UnknownOption(shown.clone()))?;
        let value = match arity {
            Arity::Flag => Vec::new(),
            Arity::Value => joined.or_else(|| next(rest)).ok_or_else(|| Bypass::UnknownOption(shown.clone()))?,
        };
        self.option(&shown, class, value)
    }

    fn short(&mut self, text: &[u8], rest: &mut Rest<'_>) -> Result<(), Stop> {
        let Some((letter, tail)) = text.split_first() else { return Ok(()) };
        let shown = format!("-{}", char::from(*letter));
        let (arity, class) = options::short(*letter).ok_or_else(|| Bypass::UnknownOption(shown.clone()))?;
        if arity == Arity::Flag {
            self.option(&shown, class, Vec::new())?;
            return self.short(tail, rest);
        }
        let joined = (!tail.is_empty()).then(|| tail.to_vec());
        let value = joined.or_else(|| next(rest)).ok_or_else(|| Bypass::UnknownOption(shown.clone()))?;
        self.option(&shown, class, value)
    }

    fn option(&mut self, name: &str, class: Class, value: Vec<u8>) -> Result<(), Stop> {
        let unit = &mut self.invocation;
        match class {
            Class::Query => return Err(Stop::Query),
            Class::Uncached(reason) => return Err(reason.into()),
            Class::Codegen => return self.codegen(&value),
            Class::Display => unit.display.push([name.as_bytes(), b"=", &value].concat()),
            Class::Json => self.json(&value),
            Class::Extern => self.external(name, &value),
            Class::Unstable => {
                let option = text(&value)?;
                if !options::unstable(option.split('=').next().unwrap_or_default()) {
                    return Err(Bypass::UnknownOption(format!("-Z {option}")).into());
                }
                self.keep(name, value);
            }
            Class::Text | Class::NativeLibrary => {
                if matches!(name, "-A" | "-W" | "-D" | "-F") && value == b"help" {
                    return Err(Stop::Query);
                }
                self.keep(name, value);
            }
            Class::Test => {
                unit.test = true;
                self.keep(name, value);
            }
            Class::ErrorFormat => {
                unit.json = value == b"json";
                self.keep(name, value);
            }
            Class::OutDir => {
                unit.out_dir = os::path_from_bytes(value.clone());
                self.keep(name, value);
            }
            Class::SearchPath => {
                let (kind, path) = split_kind(&value);
                unit.search_paths.push((kind, os::path_from_bytes(path.to_vec())));
                self.keep(name, value);
            }
            Class::CrateName => {
                unit.crate_name = text(&value)?;
                self.keep(name, value);
            }
            Class::CrateType => {
                unit.crate_types.extend(text(&value)?.split(',').map(str::to_owned));
                self.keep(name, value);
            }
            Class::Emit => {
                unit.emit.extend(text(&value)?.split(',').map(str::to_owned));
                self.keep(name, value);
            }
            Class::Target => {
                let target = text(&value)?;
                if Path::new(&target).extension().is_some_and(|extension| extension == "json") {
                    unit.arguments.push(Argument::File(name.to_owned(), PathBuf::from(&target)));
                }
                unit.target = Some(target);
                self.keep(name, value);
            }
            Class::Sysroot => {
                unit.sysroot = Some(os::path_from_bytes(value.clone()));
                self.keep(name, value);
            }
        }
        Ok(())
    }

    fn keep(&mut self, name: &str, value: Vec<u8>) {
        self.invocation.arguments.push(Argument::Text(name.to_owned(), value));
    }

    /// `--json=diagnostic-rendered-ansi,artifacts`: what starts with `diagnostic-` shapes the text of diagnostics.
    fn json(&mut self, value: &[u8]) {
        let shapes = |item: &&[u8]| item.starts_with(b"diagnostic-");
        let items = || value.split(|byte| *byte == b',');
        self.invocation.display.extend(items().filter(shapes).map(<[u8]>::to_vec));
        let kept: Vec<&[u8]> = items().filter(|item| !shapes(item)).collect();
        self.keep("--json", kept.join(&b','));
    }

    fn external(&mut self, name: &str, value: &[u8]) {
        match memchr::memchr(b'=', value) {
            Some(at) => self.invocation.externs.push(Extern {
                name: String::from_utf8_lossy(&value[..at]).into_owned(),
                path: os::path_from_bytes(value[at + 1..].to_vec()),
            }),
            None => self.keep(name, value.to_vec()),
        }
    }

    fn codegen(&mut self, value: &[u8]) -> Result<(), Stop> {
        let at = memchr::memchr(b'=', value);
        let option = text(&value[..at.unwrap_or(value.len())])?;
        let setting = at.map_or(&b""[..], |at| &value[at + 1..]).to_vec();
        let shown = format!("-C {option}");
        let arguments = &mut self.invocation.arguments;
        match options::codegen(&option) {
            None => return Err(Bypass::UnknownOption(shown).into()),
            Some(Codegen::Query) => return Err(Stop::Query),
            Some(Codegen::Uncached(reason)) => return Err(reason.into()),
            Some(Codegen::Text) => arguments.push(Argument::Text(shown, setting)),
            Some(Codegen::Link) => arguments.push(Argument::Link(shown, setting)),
            Some(Codegen::File) => arguments.push(Argument::File(shown, os::path_from_bytes(setting))),
            Some(Codegen::Cpu) => {
                let native = setting == b"native";
                arguments.push(Argument::Text(shown, setting));
                arguments.extend(native.then_some(Argument::NativeCpu));
            }
            Some(Codegen::Incremental) => {
                self.invocation.incremental = Some(os::path_from_bytes(setting));
                arguments.push(Argument::Incremental);
            }
            Some(Codegen::ExtraFilename) => {
                self.invocation.extra_filename = text(&setting)?;
                arguments.push(Argument::Text(shown, setting));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Parsed {
        let Some(source) = self.source else { return Parsed::Query };
        let unit = &mut self.invocation;
        unit.source = source;
        let missing = [
            (unit.crate_name.is_empty(), Bypass::NoCrateName),
            (unit.out_dir.as_os_str().is_empty(), Bypass::NoOutDir),
            (!unit.emit.iter().any(|kind| kind == "dep-info"), Bypass::NoDepInfo),
            (unit.emit.iter().any(|kind| kind.contains('=')), Bypass::EmitPath),
            (unit.incremental.as_ref().is_some_and(|path| path.as_os_str().is_empty()), Bypass::NoIncrementalPath),
        ];
        if let Some((_, reason)) = missing.into_iter().find(|(is_missing, _)| *is_missing) {
            return Parsed::Bypass(reason);
        }
        let known = ["asm", "dep-info", "link", "llvm-bc", "llvm-ir", "metadata", "mir", "obj"];
        if let Some(kind) = unit.emit.iter().find(|kind| !known.contains(&kind.as_str())) {
            return Parsed::Bypass(Bypass::UnknownOption(format!("--emit={kind}")));
        }
        if unit.crate_types.is_empty() {
            unit.crate_types.push("bin".to_owned());
        }
        // The linker's plugin asks which processor it runs on before it generates code.
        let is_plugin = |argument: &Argument| matches!(argument, Argument::Text(name, _) if name.replace('_', "-") == "-C linker-plugin-lto");
        if unit.links() && unit.arguments.iter().any(is_plugin) {
            unit.arguments.push(Argument::NativeCpu);
        }
        Parsed::Compile(Box::new(self.invocation))
    }
}

fn next(rest: &mut Rest<'_>) -> Option<Vec<u8>> {
    rest.next().map(|argument| argument.as_encoded_bytes().to_vec())
}

fn text(value: &[u8]) -> Result<String, Stop> {
    String::from_utf8(value.to_vec()).map_err(|_| Bypass::NotUtf8.into())
}

/// Splits `-L`'s `KIND=PATH`; a path may hold a `=` of its own.
fn split_kind(value: &[u8]) -> (String, &[u8]) {
    let kinds = ["dependency", "crate", "native", "framework", "all"];
    let split = memchr::memchr(b'=', value).map(|at| (&value[..at], &value[at + 1..]));
    match split {
        Some((kind, path)) if kinds.iter().any(|known| known.as_bytes() == kind) => {
            (String::from_utf8_lossy(kind).into_owned(), path)
        }
        _ => ("all".to_owned(), value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Parsed {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        parse(&arguments)
    }

    fn compile(line: &str) -> Invocation {
        match parsed(line) {
            Parsed::Compile(invocation) => *invocation,
            other => panic!("{line}: {other:?}"),
        }
    }

    const LIB: &str = "--crate-name a --edition=2021 src/lib.rs --crate-type lib --emit=dep-info,metadata,link \
                       -C metadata=1 -C extra-filename=-2 --out-dir /ws/target/debug/deps";

    #[test]
    fn what_cargo_passes_for_a_library_is_a_compile() {
        let unit =
            compile(&format!("{LIB} -Cdebuginfo=2 -L dependency=/ws/target/debug/deps --extern b=/x/libb.rmeta"));
        assert_eq!(unit.stem(), "a-2");
        assert_eq!(unit.externs, [Extern { name: "b".into(), path: "/x/libb.rmeta".into() }]);
        assert_eq!(unit.search_paths, [("dependency".to_owned(), "/ws/target/debug/deps".into())]);
        assert!(!unit.links() && !unit.test);
        assert_eq!(unit.target_dir(), Some(Path::new("/ws/target")));
        assert!(unit.arguments.contains(&Argument::Text("-C debuginfo".into(), b"2".to_vec())));
    }

    #[test]
    fn questions_are_queries() {
        for line in
            ["-vV", "--print cfg", "- --crate-name x", "--version", "-C help", "-W help", "--explain E0308", "-v"]
        {
            assert!(matches!(parsed(line), Parsed::Query), "{line}");
        }
    }

    #[test]
    fn what_is_not_known_is_a_bypass_that_names_it() {
        let check = |extra: &str, named: &str| match parsed(&format!("{LIB} {extra}")) {
            Parsed::Bypass(bypass) => assert!(bypass.to_string().contains(named), "{extra}: {bypass}"),
            other => panic!("{extra}: {other:?}"),
        };
        check("--banana", "--banana");
        check("-Zsave-analysis", "-Z save-analysis");
        check("-C banana=1", "-C banana");
        check("-q", "-q");
        check("-o out", "-o");
        check("--emit=banana", "--emit=banana");
        check("second.rs", "second");
    }

    #[test]
    fn code_that_the_linker_generates_is_generated_on_a_processor() {
        let has = |line: &str| compile(line).arguments.contains(&Argument::NativeCpu);
        let bin = LIB.replace("--crate-type lib", "--crate-type bin");
        assert!(has(&format!("{bin} -C linker-plugin-lto")) && has(&format!("{bin} -Clinker_plugin_lto=yes")));
        assert!(!has(&format!("{LIB} -C linker-plugin-lto")) && !has(&bin));
    }

    #[test]
    fn outputs_are_known_by_their_stem() {
        let unit = compile(LIB);
        for (name, owned) in [
            ("liba-2.rlib", true),
            ("liba-2.rmeta", true),
            ("a-2", true),
            ("a-2.d", true),
            ("a-2.0123.rcgu.dwo", true),
            ("a-22.d", false),
            ("liba-2-x", false),
            ("b-2.d", false),
        ] {
            assert_eq!(unit.owns(name.as_ref()), owned, "{name}");
        }
    }
}
