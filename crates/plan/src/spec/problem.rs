//! Problems in an image definition: where in the file, what is wrong, what was meant.

use std::fmt;
use std::ops::Range;

/// One problem, at a place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Every problem of one image definition, with the text to show them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// The file's name, as the user knows it.
    pub file: String,
    /// Its whole text.
    pub text: String,
    /// The problems, in the order of the file.
    pub problems: Vec<Problem>,
}

impl SpecError {
    /// One problem.
    pub fn one(file: &str, text: &str, problem: Problem) -> Self {
        Self { file: file.to_owned(), text: text.to_owned(), problems: vec![problem] }
    }

    /// The line that a problem begins on, counted from 1.
    pub fn line(&self, problem: &Problem) -> usize {
        1 + self.text.bytes().take(problem.span.start).filter(|byte| *byte == b'\n').count()
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{}: {}", self.file, self.line(problem), problem.message)?;
            if let Some(hint) = &problem.hint {
                write!(f, " ({hint})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for SpecError {}
