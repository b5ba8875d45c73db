//! The interpreter that the user forces to compile.

use std::path::PathBuf;
use std::str::FromStr;

/// What `--bytecode-interpreter` forces; without it, the first interpreter of the full version compiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterpreterChoice {
    /// `base`: that of the base's variant for this machine's processor.
    Base,
    /// `host`: one that is installed on this machine.
    Host,
    /// `qemu`: the target's own, under user emulation.
    Emulated,
    /// A path: this one.
    Path(PathBuf),
}

impl FromStr for InterpreterChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "base" => Ok(Self::Base),
            "host" => Ok(Self::Host),
            "qemu" => Ok(Self::Emulated),
            path if path.contains('/') => Ok(Self::Path(path.into())),
            _ => Err("expected `base`, `host`, `qemu` or a path to an interpreter, such as ./python3.13".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_a_word_or_a_path() {
        for (text, expected) in [
            ("base", Some(InterpreterChoice::Base)),
            ("host", Some(InterpreterChoice::Host)),
            ("qemu", Some(InterpreterChoice::Emulated)),
            ("./python3", Some(InterpreterChoice::Path("./python3".into()))),
            ("python3", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }
}
