//! Lines of a requirements file that cannot be used.

use std::fmt;

/// A requirements file that cannot be used: every line of it that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", text(.file, .problems))]
pub struct RequirementsError {
    /// The file's name.
    pub file: String,
    /// What is wrong, in the order of the file.
    pub problems: Vec<RequirementProblem>,
}

fn text(file: &str, problems: &[RequirementProblem]) -> String {
    let lines: Vec<_> = problems.iter().map(|problem| format!("{file}:{}: {}", problem.line, problem.kind)).collect();
    lines.join("\n")
}

/// A line of a requirements file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementProblem {
    /// The line where the requirement begins, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: RequirementProblemKind,
}

/// What may be wrong with a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementProblemKind {
    /// `-r` or `-c`: a file on another machine.
    OtherFile(String),
    /// A place that nothing can be installed from, and why.
    Place(String, &'static str),
    /// An option that is not known.
    Option(String),
    /// Not `NAME==VERSION`.
    NotPinned(String),
    /// The marker cannot be read.
    Marker(String),
    /// A `--hash` that is not `ALGORITHM:DIGITS`.
    Hash(String),
    /// Nothing but a hash of an algorithm that pip does not take.
    WeakHash(String),
    /// An option that has source distributions built.
    Builds(String),
    /// Not a name with versions.
    Unreadable(String),
    /// A control character, which tools take for different things.
    Control(String),
}

impl fmt::Display for RequirementProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherFile(option) => {
                write!(f, "`{option}` includes a file of another machine: copy it into the folder")
            }
            Self::Place(text, why) => write!(f, "`{text}` {why}"),
            Self::Option(text) => write!(f, "the option `{text}` is not known"),
            Self::NotPinned(text) => write!(f, "`{text}` is not pinned: expected NAME==VERSION"),
            Self::Marker(text) => f.write_str(text),
            Self::Hash(text) => {
                write!(f, "`{text}` is not a hash: expected sha256: and 64 hex digits, or sha384: or sha512:")
            }
            Self::WeakHash(algorithm) => {
                write!(
                    f,
                    "has only a hash of {algorithm}, which pip does not take either: sha256, sha384 or sha512 are needed"
                )
            }
            Self::Builds(text) => write!(f, "`--no-binary {text}` runs setup code that `allow-build` does not name"),
            Self::Unreadable(text) => f.write_str(text),
            Self::Control(text) => write!(f, "`{text}` contains a control character"),
        }
    }
}
