//! Which variables that a compile read are inputs of its result.
//!
//! The compiler reads its own variables: those that shape the result are in the key, and the ones that `env!` names are in
//! the dep-info. Code that was loaded while it ran, a proc macro, may read anything, and everything it asks for is an input.
//!
//! Invariant: a variable that a proc macro read is compared literally, so a value that holds a path binds the result to it.
//! Where nothing tells what was read, one that was not set then is an input as well.

use std::ffi::{OsStr, OsString};

use crate::action::manifest::Input;
use crate::action::scope::Scope;
use crate::settings::environment::Environment;
use crate::system::digest::Digest;

/// What is known about the variables that loaded code read.
#[derive(Clone, Copy, Debug)]
pub enum Reads<'a> {
    /// These.
    Named(&'a [OsString]),
    /// Possibly all of these.
    All(Scope),
}

/// Returns the inputs that the reads make.
pub fn inputs(reads: Reads<'_>, environment: &Environment) -> Vec<Input> {
    let one = |name: &OsStr| {
        let value = environment.get(name).map(|value| Digest::of(value.as_encoded_bytes()));
        Input::Variable(name.as_encoded_bytes().to_vec(), value)
    };
    match reads {
        Reads::Named(names) => names.iter().map(|name| one(name)).collect(),
        Reads::All(scope) => {
            let names = scope.names(environment).map(|name| name.as_encoded_bytes().to_vec()).collect();
            scope.names(environment).map(one).chain([Input::NoOtherVariables(scope, names)]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment() -> Environment {
        [("DATABASE_URL", "x"), ("PWD", "/ws"), ("EMPTY", "")]
            .map(|(name, value)| (name.into(), value.into()))
            .into_iter()
            .collect()
    }

    #[test]
    fn what_a_macro_asked_for_is_an_input_and_unset_differs_from_empty() {
        let names = ["DATABASE_URL", "EMPTY", "UNSET"].map(OsString::from);
        let inputs = inputs(Reads::Named(&names), &environment());
        let variable = |name: &str, value: Option<&[u8]>| Input::Variable(name.into(), value.map(Digest::of));
        assert_eq!(
            inputs,
            [variable("DATABASE_URL", Some(b"x")), variable("EMPTY", Some(b"")), variable("UNSET", None)]
        );
    }

    #[test]
    fn where_everything_may_have_been_read_nothing_is_left_out() {
        let inputs = inputs(Reads::All(Scope::Everything), &environment());
        let names = ["DATABASE_URL", "EMPTY", "PWD"].map(|name| name.as_bytes().to_vec());
        assert_eq!(inputs[3..], [Input::NoOtherVariables(Scope::Everything, names.to_vec())]);
        assert!(inputs.contains(&Input::Variable("PWD".into(), Some(Digest::of(b"/ws")))));
    }

    #[test]
    fn of_a_shell_only_what_it_reads_by_itself_counts() {
        let told = [("BASH_ENV", "x"), ("ENV", "y"), ("FLAGS", "z")];
        let environment: Environment = told.map(|(name, value)| (name.into(), value.into())).into_iter().collect();
        let variable = |name: &str, value: &[u8]| Input::Variable(name.into(), Some(Digest::of(value)));
        let names = Input::NoOtherVariables(Scope::Shell, vec!["BASH_ENV".into(), "ENV".into()]);
        assert_eq!(
            inputs(Reads::All(Scope::Shell), &environment),
            [variable("BASH_ENV", b"x"), variable("ENV", b"y"), names]
        );
    }

    #[test]
    fn a_variable_that_was_not_set_is_another_one() {
        let other = |names: &[&str]| {
            let names: Vec<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
            Scope::Everything.other(&names, &environment()).map(OsStr::to_owned)
        };
        assert_eq!(other(&["DATABASE_URL", "PWD"]), Some("EMPTY".into()));
        assert_eq!(other(&["DATABASE_URL", "EMPTY", "GONE", "PWD"]), None);
    }
}
