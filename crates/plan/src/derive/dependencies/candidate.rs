//! A file that may be what decides which distributions are installed.

use shipwheel_python::lock::LockForm;

use super::purpose::{Purpose, purpose};

/// A file that may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: String,
    pub(super) form: LockForm,
    purpose: Purpose,
    /// Whether it lies in a folder of the application, not at the top or in a folder of requirements.
    is_below: bool,
    is_locked: bool,
}

impl Candidate {
    /// What a path says; `None` for a file of another kind.
    pub(super) fn of(path: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_below = purpose(&format!("{folder}.txt")).is_none() && !folder.is_empty();
        let form = LockForm::of(name)?;
        let (purpose, is_locked) = match form {
            LockForm::Requirements if folder.matches('/').count() < if is_below { 1 } else { 2 } => purpose(path)?,
            LockForm::Pylock if folder.is_empty() => purpose(name)?,
            LockForm::Uv | LockForm::Poetry | LockForm::Pdm | LockForm::Pipfile if folder.is_empty() => {
                (Purpose::Plain, true)
            }
            LockForm::Pylock | LockForm::Uv | LockForm::Poetry | LockForm::Pdm | LockForm::Pipfile => return None,
            LockForm::Requirements | LockForm::Project => return None,
        };
        Some(Self { path: path.to_owned(), form, purpose, is_below, is_locked })
    }

    /// Whether nobody takes it unless it is named: it is for those who write the application.
    pub(super) fn is_for_development(&self) -> bool {
        self.purpose == Purpose::Development
    }

    /// Whether it is the only file of a folder by its name.
    pub(super) fn is_plain(&self) -> bool {
        self.purpose == Purpose::Plain && !self.is_below
    }

    /// What decides between candidates of one form: the smallest is taken.
    pub(super) fn rank(&self) -> (bool, Purpose, bool) {
        (self.is_below, self.purpose, !self.is_locked)
    }

    /// Whether another file is what this one was compiled from: `base.in` beside `base.txt`.
    pub(super) fn is_input_of(&self, other: &Self) -> bool {
        let stem = self.path.strip_suffix(".in");
        stem.is_some_and(|stem| [".txt", ".lock"].iter().any(|end| other.path.strip_suffix(end) == Some(stem)))
    }
}
