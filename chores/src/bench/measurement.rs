//! What every part of a measurement is given, and what it finds out.

use std::path::PathBuf;

use tempfile::TempDir;
use xshell::Shell;

use super::timing::{Case, Samples};
use crate::test::is_installed;
use crate::workspace::Outcome;

/// How often everything is measured; the median counts.
const ROUNDS: usize = 5;

/// What the parts share.
pub struct Bench<'b> {
    /// Where commands are run.
    pub shell: &'b Shell,
    /// The program that is measured.
    pub shipwheel: PathBuf,
    /// For files that are gone after it.
    pub scratch: TempDir,
    /// Each once and small: only whether it works.
    pub smoke: bool,
}

/// What a part found out.
pub struct Findings {
    /// What is compared, and what each side is given: a paragraph of Markdown.
    pub about: String,
    /// The times.
    pub cases: Vec<Case>,
    /// A table of other figures, in Markdown.
    pub table: String,
}

impl Bench<'_> {
    /// How often everything is measured.
    pub fn rounds(&self) -> usize {
        self.pick(1, ROUNDS)
    }

    /// One of two sizes.
    pub fn pick<T>(&self, smoke: T, full: T) -> T {
        if self.smoke { smoke } else { full }
    }

    /// What is measured beside has to be there: a missing peer is no result.
    ///
    /// # Errors
    /// The first that is not installed.
    pub fn need(&self, programs: &[&str]) -> Outcome {
        match programs.iter().find(|program| !is_installed(program)) {
            None => Ok(()),
            Some(missing) => {
                Err(format!("{missing} is not installed here: run `apt-get install {missing}` as root").into())
            }
        }
    }
}

/// Cases with their names.
pub fn cases<N: Into<String>>(found: impl IntoIterator<Item = (N, Vec<Samples>)>) -> Vec<Case> {
    found.into_iter().map(|(what, tools)| Case { what: what.into(), tools }).collect()
}
