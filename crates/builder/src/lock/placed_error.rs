//! A requirement whose place has nothing that can be installed, or something that may be different tomorrow.

use std::fmt;
use std::path::{Path, PathBuf};

use shipwheel_oci::Digest;
use shipwheel_python::requirements::Placed;
use shipwheel_python::wheel::WheelNameError;
use shipwheel_python::{DistributionName, Repository};
use shipwheel_store::ErrorKind;

use crate::wheel::project_error::ProjectError;

/// A requirement that cannot be installed from its place.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: `{named}` {kind}", .file.display())]
pub struct PlacedError {
    /// The file that names it.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The place as it is written.
    pub named: String,
    /// Why not.
    pub kind: PlacedErrorKind,
}

/// Why a place is of no use.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlacedErrorKind {
    /// Nothing is there.
    Nowhere {
        /// Where shipwheel looked first.
        looked: PathBuf,
    },
    /// A file that is no wheel and no source distribution.
    NotInstallable,
    /// A file that is named like a wheel, and not as a wheel must be.
    WheelName(WheelNameError),
    /// The line does not say what distribution is there, and the place does not either.
    Unnamed,
    /// A branch, a tag, or whatever a repository has now.
    Moves(Repository),
    /// A file of another machine without a hash.
    NoHash,
    /// The file has none of the hashes of the line.
    Hash(Digest),
    /// Only a build tells what it requires, and nothing allows one.
    NeedsBuild(DistributionName),
    /// A project that cannot be read or built.
    Project(Box<ProjectError>),
}

impl PlacedErrorKind {
    /// The error of a line in a file.
    pub(crate) fn of(self, file: &Path, placed: &Placed) -> PlacedError {
        let (file, line, named) = (file.to_owned(), placed.line, placed.place.to_string());
        PlacedError { file, line, named, kind: self }
    }
}

impl fmt::Display for PlacedErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere { .. } => f.write_str("is not there"),
            Self::NotInstallable => {
                f.write_str("is no wheel and no source distribution: expected .whl, .tar.gz or .zip")
            }
            Self::WheelName(cause) => write!(f, "is not named as a wheel: {cause}"),
            Self::Unnamed => f.write_str("does not say which distribution it is"),
            Self::Moves(Repository { revision: Some(revision), .. }) => {
                write!(f, "is whatever `{revision}` is at the time: a branch or a tag may move")
            }
            Self::Moves(Repository { revision: None, .. }) => f.write_str("is whatever the repository has at the time"),
            Self::NoHash => f.write_str("has no hash: another file may be there tomorrow"),
            Self::Hash(found) => write!(f, "has the hash {found}, which the line does not list"),
            Self::NeedsBuild(_) => {
                f.write_str("has to be built to know what it requires, and its own code would run on this machine")
            }
            Self::Project(cause) => write!(f, "cannot be installed: {cause}"),
        }
    }
}

impl PlacedError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match &self.kind {
            PlacedErrorKind::Hash(_) => ErrorKind::Verification,
            PlacedErrorKind::Project(cause) => cause.kind(),
            PlacedErrorKind::Nowhere { .. }
            | PlacedErrorKind::NotInstallable
            | PlacedErrorKind::WheelName(_)
            | PlacedErrorKind::Unnamed
            | PlacedErrorKind::Moves(_)
            | PlacedErrorKind::NoHash
            | PlacedErrorKind::NeedsBuild(_) => ErrorKind::Configuration,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match &self.kind {
            PlacedErrorKind::Nowhere { looked } => format!(
                "shipwheel looked for {}: as with pip, paths are relative to the application's folder, whatever file names \
                 them",
                looked.display()
            ),
            PlacedErrorKind::Unnamed => format!("name it: `NAME @ {}`", self.named),
            PlacedErrorKind::Moves(repository) => {
                let revision = repository.revision.as_deref().unwrap_or("HEAD");
                format!(
                    "name the commit in place of it: `@COMMIT` with all 40 digits, as `git ls-remote {} {revision}` prints \
                     it; or keep the branch in pyproject.toml and lock with `uv lock`",
                    repository.url
                )
            }
            PlacedErrorKind::NoHash => "add ` --hash=sha256:DIGITS` to the line".to_owned(),
            PlacedErrorKind::Hash(_) => "if the file is the right one, lock again with hashes".to_owned(),
            PlacedErrorKind::NeedsBuild(name) => format!(
                "if you trust its code, and it is pure Python, add `allow-build = [\"{name}\"]` to `[python]` in image.toml, \
                 or pass `--allow-build {name}`"
            ),
            PlacedErrorKind::Project(cause) => return cause.hint(),
            PlacedErrorKind::NotInstallable | PlacedErrorKind::WheelName(_) => return None,
        };
        Some(text)
    }
}
