//! Lock files that cannot be used.

/// A lock file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It is not TOML, or a required key is missing or has another type.
    #[error("{file}:{line}: {reason}")]
    Syntax {
        /// The file's name.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What the TOML reader says.
        reason: String,
    },
    /// Values in it cannot be used: all of them.
    #[error("{file} has {}:{}", count(.problems), lines(.problems))]
    Values {
        /// The file's name.
        file: String,
        /// What is wrong, in the order of the file.
        problems: Vec<LockProblem>,
    },
}

impl LockError {
    /// An error of the TOML reader, with its line.
    pub(super) fn syntax(text: &str, file: &str, error: &toml::de::Error) -> Self {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        Self::Syntax { file: file.to_owned(), line, reason: error.message().to_owned() }
    }
}

/// The line of a byte, counted from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// A value in a lock file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockProblem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

fn count(problems: &[LockProblem]) -> String {
    if problems.len() == 1 { "an invalid value".to_owned() } else { format!("{} invalid values", problems.len()) }
}

fn lines(problems: &[LockProblem]) -> String {
    problems.iter().map(|problem| format!("\n  line {}: {}", problem.line, problem.reason)).collect()
}
