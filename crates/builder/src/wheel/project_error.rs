//! A project or a source distribution that cannot be built into a wheel for every platform.

use std::fmt;
use std::path::PathBuf;

use shipwheel_python::project::NotStatic;
use shipwheel_python::wheel::WheelNameError;
use shipwheel_python::{DistributionName, Version};

use crate::program::program_error::ProgramError;
use shipwheel_store::ErrorKind;

/// What a wheel is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildInput {
    /// A folder with a pyproject.toml.
    Project(PathBuf),
    /// The source distribution of a distribution.
    Sdist(DistributionName),
    /// A commit of a distribution's repository.
    Commit(DistributionName, String),
}

impl fmt::Display for BuildInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(folder) => write!(f, "the project {}", folder.display()),
            Self::Sdist(name) => write!(f, "the source distribution of {name}"),
            Self::Commit(name, commit) => write!(f, "{name} at the commit {commit}"),
        }
    }
}

/// Why a wheel cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// The folder is not a project.
    #[error("{} is not a project: it has no pyproject.toml, setup.cfg or setup.py", .folder.display())]
    NoPyproject {
        /// The folder.
        folder: PathBuf,
    },
    /// The image.toml is derived, and nobody has said that the project's code may run.
    #[error("to install the project {}, its build backend `{backend}` would run on this machine, because {why}", .folder.display())]
    NotAllowed {
        /// The project's folder.
        folder: PathBuf,
        /// What would run.
        backend: String,
        /// Why its files are not enough.
        why: NotStatic,
    },
    /// The version of a project comes from tags, and there is none.
    #[error("the version of the project {} comes from tags of git ({tool}), and there is none: {reason}", .folder.display())]
    NoVersion {
        /// The project's folder.
        folder: PathBuf,
        /// The tool that would make the version.
        tool: &'static str,
        /// What git says.
        reason: String,
    },
    /// A lock names a local project, and image.toml does not.
    #[error("the lock names the project {}, whose build backend would run on this machine, because {why}", .folder.display())]
    NotNamed {
        /// The project's folder.
        folder: PathBuf,
        /// Why its files are not enough.
        why: NotStatic,
    },
    /// The build backend failed.
    #[error("{input} cannot be built")]
    Build {
        /// What was built.
        input: BuildInput,
        /// What the backend said.
        #[source]
        cause: ProgramError,
    },
    /// The build gave no wheel, or several.
    #[error("the build of {input} made {count} wheels, expected one")]
    WheelCount {
        /// What was built.
        input: BuildInput,
        /// How many.
        count: usize,
    },
    /// The build gave a file with another name than a wheel's.
    #[error("the build of {input} gave a file with the wrong name")]
    WheelName {
        /// What was built.
        input: BuildInput,
        /// The cause.
        #[source]
        cause: WheelNameError,
    },
    /// The build gave a wheel that fits only some platforms.
    #[error("{input} is native: its build gave {wheel}, expected a wheel for every platform")]
    Native {
        /// What was built.
        input: BuildInput,
        /// The wheel's file name.
        wheel: String,
    },
    /// The build gave a wheel that is not a zip archive, or a broken one.
    #[error("the build of {input} gave {wheel}, which is broken")]
    BrokenWheel {
        /// What was built.
        input: BuildInput,
        /// The wheel's file name.
        wheel: String,
        /// The cause.
        #[source]
        cause: zip::result::ZipError,
    },
    /// The build gave a wheel of another distribution or version than the lock has.
    #[error("the build of {input} gave {wheel}, expected {name}{}", version_of(.version.as_ref()))]
    OtherDistribution {
        /// What was built.
        input: BuildInput,
        /// The distribution.
        name: DistributionName,
        /// The version that is locked, where the lock says it.
        version: Option<Version>,
        /// The wheel's file name.
        wheel: String,
    },
    /// A file of a built wheel is a pointer into a store of large files.
    #[error("the build of {input} gave a wheel in which {file} is a pointer of Git LFS in place of the file")]
    Pointer {
        /// What was built.
        input: BuildInput,
        /// The file's path in the wheel.
        file: String,
    },
    /// A commit has no project in the folder that is named.
    #[error("{input} has no pyproject.toml, setup.cfg or setup.py {}", place(.subdirectory.as_deref()))]
    NotInRepository {
        /// What was to be built.
        input: BuildInput,
        /// The folder in the repository; `None` for its top.
        subdirectory: Option<String>,
    },
    /// A repository of which no commit is named.
    #[error("{name} comes from {repository}, which is no commit in full: a branch or a tag may move")]
    NoCommit {
        /// The distribution.
        name: DistributionName,
        /// The repository, with what is named of it.
        repository: String,
    },
    /// The lock has no hash for a source distribution.
    #[error("the lock has no sha256 for the source distribution of {name}")]
    NoHash {
        /// The distribution.
        name: DistributionName,
    },
    /// A file that is not named as a source distribution is.
    #[error("`{file_name}` is not a source distribution of {name}: expected NAME-VERSION.tar.gz or .zip")]
    NotASdist {
        /// The distribution.
        name: DistributionName,
        /// The name in the lock.
        file_name: String,
    },
}

fn place(subdirectory: Option<&str>) -> String {
    subdirectory.map_or("at its top".to_owned(), |folder| format!("in {folder}"))
}

fn version_of(version: Option<&Version>) -> String {
    version.map(|version| format!(" {version}")).unwrap_or_default()
}

impl ProjectError {
    /// The project and the lock are the user's.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Native { input: BuildInput::Sdist(name) | BuildInput::Commit(name, _), .. } => Some(format!(
                "take {name} out of `allow-build`; lock a version with wheels, or build wheels for each platform and \
                 `accept` them"
            )),
            Self::Native { input: BuildInput::Project(_), .. } => {
                Some("keep native code in distributions of its own, and lock their wheels".to_owned())
            }
            Self::NotAllowed { .. } => Some(
                "if you trust its code, allow it with `--allow-project-build`, or write the image.toml with `shipwheel \
                 init`"
                    .to_owned(),
            ),
            Self::NotNamed { .. } => Some(
                "if you trust its code, set `project` in `[app]` of image.toml, name it in `allow-build` of `[python]`, or pass \
                 `--allow-build` with its name"
                    .to_owned(),
            ),
            Self::NoVersion { .. } => Some(
                "say it: `version = \"1.0\"` in `[app]` of image.toml, or SETUPTOOLS_SCM_PRETEND_VERSION=1.0 in the \
                 environment; or tag the commit with `git tag v1.0` (a shallow clone has no tags: `git fetch --tags \
                 --unshallow`)"
                    .to_owned(),
            ),
            Self::NoHash { .. } => Some("lock again with hashes".to_owned()),
            Self::NoCommit { .. } => Some("lock again: a lock names the commit".to_owned()),
            Self::NotInRepository { .. } => {
                Some("name the project's folder: `#subdirectory=FOLDER` behind the address".to_owned())
            }
            Self::Pointer { .. } => Some(
                "shipwheel fetches no large files: build the wheel where they are, and `accept` it".to_owned(),
            ),
            Self::NoPyproject { .. }
            | Self::Build { .. }
            | Self::WheelCount { .. }
            | Self::WheelName { .. }
            | Self::BrokenWheel { .. }
            | Self::OtherDistribution { .. }
            | Self::NotASdist { .. } => None,
        }
    }
}
