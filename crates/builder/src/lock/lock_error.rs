//! A lock that cannot be read, does not fit what it was made from, or does not cover a platform.

use std::collections::BTreeSet;
use std::path::PathBuf;

use shipwheel_python::index::PageError;
use shipwheel_python::lock::{Difference, LockForm, LockTool, UvConflict};
use shipwheel_python::pyproject::PyprojectError;
use shipwheel_python::requirements::{HashProblem, RequirementsError};
use shipwheel_python::select::CoverageError;
use shipwheel_python::{DistributionName, Unmet};

use super::placed_error::PlacedError;
use shipwheel_store::{ErrorKind, StoreError};

use crate::wheel::wheel_set_error::fetch_hint;

/// Why a lock cannot be used or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The lock is broken.
    #[error(transparent)]
    Parse(#[from] shipwheel_python::lock::LockError),
    /// The requirements are broken.
    #[error(transparent)]
    Requirements(#[from] RequirementsError),
    /// Lines of requirements that cannot be locked without running code.
    #[error(transparent)]
    NotLockable(RequirementsError),
    /// A requirement whose place is of no use.
    #[error(transparent)]
    Placed(#[from] PlacedError),
    /// Something could be locked only by running its code.
    #[error("{} cannot be locked without running code that nothing allows: {output}", .path.display())]
    NeedsBuild {
        /// The file that is locked.
        path: PathBuf,
        /// What uv says.
        output: String,
    },
    /// What is asked for does not fit the Python of the base.
    #[error("{} cannot be locked for the base's Python: {output}", .path.display())]
    OtherPython {
        /// The file that is locked.
        path: PathBuf,
        /// What uv says.
        output: String,
    },
    /// An address with a password in it, which the lock would have, too.
    #[error("{} cannot be locked: the lock would keep the password or token in the address of `{name}`", .path.display())]
    Secret {
        /// The file that is locked.
        path: PathBuf,
        /// The distribution.
        name: String,
    },
    /// Settings of uv that have code run, whatever its command says.
    #[error("{} sets `no-binary`, which runs the setup code of source distributions", .path.display())]
    ForcesBuilds {
        /// The file with the settings.
        path: PathBuf,
    },
    /// The file's name is not one of a lock form.
    #[error("{} is not a lock of a known form", .path.display())]
    UnknownForm {
        /// The file.
        path: PathBuf,
    },
    /// The lock can be read only beside its pyproject.toml.
    #[error("{} needs the pyproject.toml that it was made from beside it, and there is none", .lock.display())]
    NoPyproject {
        /// The lock.
        lock: PathBuf,
    },
    /// Some requirements have hashes and others do not.
    #[error("{} has hashes for some requirements, and not for others", .path.display())]
    PartialHashes {
        /// The file.
        path: PathBuf,
    },
    /// Requirements that include a file that is not there.
    #[error("{}:{line} includes `{named}`, which does not exist", .file.display())]
    NoInclude {
        /// The file that includes it.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The path as it is written.
        named: String,
    },
    /// Requirements that include each other in a circle.
    #[error("{} includes files that include others more than {limit} levels deep", .path.display())]
    Includes {
        /// The file at the last level.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A pyproject.toml that the lock was made from is broken.
    #[error("{} cannot be read", .path.display())]
    Pyproject {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: PyprojectError,
    },
    /// Hashes of the converted lock are not in the user's file.
    #[error("{}", joined(.0, "; "))]
    Hashes(Vec<HashProblem>),
    /// The lock was made from other requirements than pyproject.toml has now.
    #[error("{} is out of date{}", .lock.display(), lines(.differences))]
    Stale {
        /// The lock.
        lock: PathBuf,
        /// What differs; empty where the tool does not say.
        differences: Vec<Difference>,
        /// The tool that makes it again.
        tool: LockTool,
    },
    /// What is wanted of the lock must not be installed together.
    #[error("{} cannot be installed as it is asked for: {cause}", .lock.display())]
    Conflict {
        /// The lock.
        lock: PathBuf,
        /// What conflicts.
        cause: UvConflict,
    },
    /// A Pipfile.lock was made from another Pipfile than there is now.
    #[error("{} is out of date: it was made from another Pipfile than the one beside it", .lock.display())]
    StalePipfile {
        /// The lock.
        lock: PathBuf,
    },
    /// The lock has no extra or group of a name.
    #[error("{} has no {kind} `{name}`", .lock.display())]
    NotInLock {
        /// The lock.
        lock: PathBuf,
        /// `extra` or `group`.
        kind: &'static str,
        /// The name that is asked for.
        name: String,
        /// The names that there are.
        known: BTreeSet<String>,
    },
    /// Only the lock's own tool can make it again, and that tool is not on PATH.
    #[error("making {} again needs {} on PATH", .lock.display(), .tool.name())]
    NoTool {
        /// The lock.
        lock: PathBuf,
        /// The tool.
        tool: LockTool,
    },
    /// The definition names no lock.
    #[error("{file} names no lock: it has no `[python]`")]
    NotNamed {
        /// The definition.
        file: String,
    },
    /// The lock does not record what it was made from.
    #[error("{} does not record what it was locked from", .path.display())]
    NoInputs {
        /// The lock.
        path: PathBuf,
    },
    /// A project asks for what the lock does not have.
    #[error("{} is out of date: {} asks for more: {}", .lock.display(), .asked_by.display(), joined(.unmet, "; "))]
    Outdated {
        /// The lock.
        lock: PathBuf,
        /// The pyproject.toml, or the wheel that was built from it.
        asked_by: PathBuf,
        /// The dependencies that are not met.
        unmet: Vec<Unmet>,
    },
    /// A project has dependencies, and the definition names no lock.
    #[error("{project} has dependencies, and `python.lock` is not set")]
    NoLock {
        /// The project's name.
        project: String,
    },
    /// An index cannot be asked for the files of a distribution.
    #[error(transparent)]
    Index(StoreError),
    /// What an index answered is no page of it.
    #[error("{url} cannot be read")]
    IndexPage {
        /// The page's address.
        url: String,
        /// The cause.
        #[source]
        cause: PageError,
    },
    /// Distributions do not have a wheel that fits.
    #[error(transparent)]
    Coverage(#[from] CoverageError),
}

fn lines(differences: &[Difference]) -> String {
    let lines: String = differences.iter().map(|difference| format!("\n  {difference}")).collect();
    if lines.is_empty() { lines } else { format!(":{lines}") }
}

/// The distributions that uv says it may not build, in quotes.
fn not_built(output: &str) -> Vec<String> {
    let words = output.split_whitespace().collect::<Vec<_>>().join(" ");
    let named = words.split("Wheels are required for `").skip(1).filter_map(|rest| rest.split('`').next());
    let names: BTreeSet<DistributionName> = named.filter_map(|name| name.parse().ok()).collect();
    names.iter().map(|name| format!("\"{name}\"")).collect()
}

fn joined(items: &[impl ToString], separator: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

impl LockError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Index(error) => error.kind(),
            Self::Hashes(_) => ErrorKind::Verification,
            Self::IndexPage { .. } => ErrorKind::Outside,
            Self::Placed(error) => error.kind(),
            Self::Parse(_)
            | Self::Requirements(_)
            | Self::NotLockable(_)
            | Self::NeedsBuild { .. }
            | Self::OtherPython { .. }
            | Self::Secret { .. }
            | Self::ForcesBuilds { .. }
            | Self::UnknownForm { .. }
            | Self::NoPyproject { .. }
            | Self::PartialHashes { .. }
            | Self::NoInclude { .. }
            | Self::Includes { .. }
            | Self::Pyproject { .. }
            | Self::Stale { .. }
            | Self::Conflict { .. }
            | Self::StalePipfile { .. }
            | Self::NotInLock { .. }
            | Self::NoTool { .. }
            | Self::NotNamed { .. }
            | Self::NoInputs { .. }
            | Self::Outdated { .. }
            | Self::NoLock { .. }
            | Self::Coverage(_) => ErrorKind::Configuration,
        }
    }

    /// Whether it is no error of a command that locks other things too: there are no dependencies to lock from.
    pub fn has_nothing_to_lock(&self) -> bool {
        matches!(self, Self::NotNamed { .. } | Self::NoInputs { .. })
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Coverage(error) => return error.hint(),
            Self::Placed(error) => return error.hint(),
            Self::Index(error) => return Some(index_hint(error)),
            Self::IndexPage { .. } => INDEX_HINT,
            Self::Stale { tool, .. } => {
                return Some(format!("lock again: run `{}`, or `shipwheel lock`", tool.lock_command()));
            }
            Self::NotInLock { known, .. } if known.is_empty() => "it has none",
            Self::NotInLock { known, .. } => {
                return Some(format!("it has {}", joined(&known.iter().collect::<Vec<_>>(), ", ")));
            }
            Self::Conflict { .. } => "name fewer `extras` and `groups` in `[python]` of image.toml",
            Self::StalePipfile { .. } => "lock again: run `pipenv lock`",
            Self::NoTool { tool, .. } => {
                return Some(format!(
                    "install it (`{}`), or run `{}` where it is installed",
                    tool.install_command(),
                    tool.lock_command()
                ));
            }
            Self::Outdated { lock, .. } => {
                return Some(format!("lock again: shipwheel installs what {} has", lock.display()));
            }
            Self::UnknownForm { .. } => {
                return Some(format!("name one of {}", LockForm::ALL.map(LockForm::file_name).join(", ")));
            }
            Self::NotLockable(_) => {
                "install a folder with `project` in `[app]`; name what may be built from source in `allow-build` of \
                 `[python]` in image.toml, or by `--allow-build`"
            }
            Self::NeedsBuild { output, .. } if !not_built(output).is_empty() => {
                return Some(format!(
                    "ask for versions that have wheels; or, if they are pure Python, add `allow-build = [{}]` to `[python]` \
                     in image.toml, or pass `--allow-build` with each name",
                    not_built(output).join(", ")
                ));
            }
            Self::NeedsBuild { .. } => {
                "ask for versions that have wheels, or name what may be built on this machine in `allow-build` of \
                 `[python]` in image.toml; a project with dynamic dependencies needs a lock of its own (`uv lock`)"
            }
            Self::OtherPython { .. } => {
                "take a base with a Python that all of it fits (docs/start.md), or ask for other versions"
            }
            Self::Secret { .. } => {
                "leave it out of the address, and put it into netrc, a keyring or `UV_INDEX_<NAME>_PASSWORD` \
                 (docs/dependencies.md)"
            }
            Self::ForcesBuilds { .. } => "lock with `uv lock` yourself, or remove the setting",
            Self::PartialHashes { .. } => "lock it again, or remove all hashes",
            Self::NotNamed { .. } => "set `lock` in `[python]` of image.toml",
            Self::NoInputs { .. } => {
                "set `python.lock` to its input (requirements.in, uv.lock), or lock with the tool that made it"
            }
            Self::NoLock { .. } => "lock them (`uv lock`) and set `python.lock` to the lock",
            Self::Hashes(_) => "lock again, with `--generate-hashes`",
            Self::NoPyproject { .. } => "copy the pyproject.toml beside the lock, or export a pylock.toml",
            Self::Parse(_)
            | Self::Requirements(_)
            | Self::NoInclude { .. }
            | Self::Includes { .. }
            | Self::Pyproject { .. } => return None,
        };
        Some(text.to_owned())
    }
}

/// Which indexes are asked is no part of a lock with hashes alone.
const INDEX_HINT: &str = "set `UV_DEFAULT_INDEX` to the address of a package index, the one that ends in `/simple`; docs/dependencies.md \
                          lists where it is looked for";

fn index_hint(error: &StoreError) -> String {
    let refused = error.status().filter(|status| matches!(status, 401 | 403));
    refused.and_then(|_| fetch_hint(error)).unwrap_or_else(|| INDEX_HINT.to_owned())
}
