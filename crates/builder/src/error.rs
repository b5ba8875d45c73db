//! What can keep an image from being built, whose business it is, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::base::debian_error::DebianError;
use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{ContentError, ReadError, TreeError, WriteError};
use shipwheel_oci::{ConfigError, Platform};
use shipwheel_plan::{DeriveError, PlanError, SpecError};
use shipwheel_python::install::{InstallError, OverlapError};
use shipwheel_python::lock::LockError;
use shipwheel_python::requirements::RequirementsError;
use shipwheel_python::select::CoverageError;
use shipwheel_python::wheel::WheelError;
use shipwheel_store::{ErrorKind, StoreError};

/// Why an image was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The image.toml has problems.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// There is no such definition.
    #[error("no image definition for {wanted} in {}; found {}", .images.display(), list(.known))]
    NoDefinition {
        /// What was asked for.
        wanted: String,
        /// Where it was looked for.
        images: PathBuf,
        /// The names there are.
        known: Vec<String>,
    },
    /// A folder has no definition, and none can be derived.
    #[error("{}: {cause}", .folder.display())]
    Derive {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        cause: DeriveError,
    },
    /// A file is there already, and must not be lost.
    #[error("{} is there already", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Blobs could not be fetched, kept or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The facts do not allow what the definition asks for.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A local file.
    #[error("failed to {action} {}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// The application's files cannot be collected.
    #[error("failed to take {}: {reason}", .path.display())]
    Walk {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Two files of the application want one path.
    #[error("two files want `{path}` in the image: {one} and {other}")]
    SamePath {
        /// The path in the image.
        path: String,
        /// One file.
        one: String,
        /// The other.
        other: String,
    },
    /// No base of the definition can be tried on this machine.
    #[error("no base can be tried on this machine: {}", .reasons.join("; "))]
    NoBase {
        /// Why not, one for each base.
        reasons: Vec<String>,
    },
    /// A base assembled from Debian's packages failed.
    #[error("failed to assemble the base from Debian {suite} for {platform}")]
    Debian {
        /// The suite.
        suite: String,
        /// The platform.
        platform: Platform,
        /// The cause.
        #[source]
        cause: Box<DebianError>,
    },
    /// A base image's config is broken.
    #[error("the config of {name} cannot be used")]
    Config {
        /// The base.
        name: String,
        /// The cause.
        #[source]
        cause: ConfigError,
    },
    /// A base image is for another platform than its index says, or has layers of an unknown kind.
    #[error("the base {name} {reason}")]
    Base {
        /// The base.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A base's layer cannot be read.
    #[error("a layer of the base cannot be used")]
    BaseLayer(#[from] ReadError),
    /// An interpreter in a base cannot be used.
    #[error("the interpreter {path} of the base cannot be used: {reason}")]
    Interpreter {
        /// Its path in the image.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The base's interpreter does not run on this machine.
    #[error("the base's interpreter cannot be run on this machine: {reason}")]
    InterpreterProcess {
        /// Why not.
        reason: String,
    },
    /// No interpreter of the version that will run can compile here.
    #[error("no Python {version} can compile bytecode on this machine: {}", .reasons.join("; "))]
    NoInterpreter {
        /// The full version of the image's interpreter.
        version: PythonVersion,
        /// Where it was looked for, and what was found there.
        reasons: Vec<String>,
    },
    /// The interpreter that compiles is not of the version that will run.
    #[error("bytecode for Python {expected} cannot be compiled by Python {found}")]
    InterpreterVersion {
        /// The version of the image.
        expected: PythonVersion,
        /// The version at hand.
        found: PythonVersion,
    },
    /// There is no such interpreter on this machine.
    #[error("`{python}` is no CPython that runs on this machine")]
    NoPythonHere {
        /// What was asked for.
        python: String,
    },
    /// Sources that do not compile, where all had to.
    #[error("{count} {} not compile", if *.count == 1 { "source does" } else { "sources do" })]
    Uncompiled {
        /// How many.
        count: usize,
    },
    /// The interpreter that compiles writes bytecode that the image's does not load.
    #[error("the interpreter that compiles has the magic number {}, the image's {}", hex::encode(.found), hex::encode(.expected))]
    MagicNumber {
        /// The image's.
        expected: [u8; 4],
        /// That of the interpreter at hand.
        found: [u8; 4],
    },
    /// The lock file cannot be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The requirements cannot be read.
    #[error(transparent)]
    Requirements(#[from] RequirementsError),
    /// The lock file is of a form that is not supported.
    #[error("{}: {reason}", .path.display())]
    LockForm {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Hashes of the converted lock are not in the user's file.
    #[error("{}: {}", .path.display(), .problems.join("; "))]
    LockHashes {
        /// The file.
        path: PathBuf,
        /// One for each distribution.
        problems: Vec<String>,
    },
    /// A lock was made from other requirements than there are now.
    #[error("{} is out of date{}", .lock.display(), lines(.differences))]
    StaleLock {
        /// The lock.
        lock: PathBuf,
        /// What differs, one for each requirement; empty where the tool does not say.
        differences: Vec<String>,
        /// What makes it anew.
        command: &'static str,
    },
    /// A lock can be read by its own tool alone, and that is not here.
    #[error("{} is read by {tool} and its exporter, and they are not on PATH", .lock.display())]
    LockTool {
        /// The lock.
        lock: PathBuf,
        /// The tool.
        tool: &'static str,
    },
    /// There is nothing that a lock could be made from.
    #[error("{} {reason}", .path.display())]
    NothingToLock {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A folder that is named as a project cannot be built or read.
    #[error("the project {} cannot be used: {reason}", .folder.display())]
    Project {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A project asks for what the lock does not have.
    #[error("{} is out of date: {} asks for more: {}", .lock.display(), .asked_by.display(), .problems.join("; "))]
    OldLock {
        /// The lock.
        lock: PathBuf,
        /// The pyproject.toml, or the wheel that was made of it.
        asked_by: PathBuf,
        /// One for each dependency that is not met.
        problems: Vec<String>,
    },
    /// A project has dependencies, and there is no lock.
    #[error("{project} has dependencies, and `python.lock` is not set")]
    NoLock {
        /// The project's name.
        project: String,
    },
    /// Distributions have no wheel that fits.
    #[error(transparent)]
    Coverage(#[from] CoverageError),
    /// A file of the lock cannot be had.
    #[error(transparent)]
    Fetch(StoreError),
    /// A variable makes no sense.
    #[error("{name} cannot be used: {reason}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong; its value may be a secret.
        reason: &'static str,
    },
    /// A source distribution cannot be built.
    #[error("the source distribution of {name} cannot be used: {reason}")]
    Sdist {
        /// The distribution.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A source distribution is not pure Python.
    #[error("the source distribution of {name} is native: its build gave {wheel}, which fits this machine alone")]
    NativeSdist {
        /// The distribution.
        name: String,
        /// The wheel's file name.
        wheel: String,
    },
    /// A wheel cannot be used.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A wheel cannot be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Something is needed from the network, and it may not be asked.
    #[error("{what} is not in the cache, and `--offline` forbids to fetch it")]
    Offline {
        /// What is needed.
        what: String,
    },
    /// A wheel that the lock gives no address for.
    #[error("the lock has no address for {wheel}")]
    NoAddress {
        /// Its file name.
        wheel: String,
    },
    /// Two wheels have different files at one path.
    #[error(transparent)]
    Overlap(#[from] OverlapError),
    /// An image cannot be started.
    #[error("the image {reason}")]
    Image {
        /// Why not.
        reason: String,
    },
    /// Wheels for one platform hold code for another processor.
    #[error("wheels hold code for another processor: {}", .files.join("; "))]
    Machine {
        /// Wheel, file, processor and platforms, one for each file.
        files: Vec<String>,
    },
    /// An image is not what it should be; `verify` lists what is wrong.
    #[error("{}", unsound(*.problems, *.warnings))]
    Unsound {
        /// How many problems there are.
        problems: usize,
        /// How many warnings count as well.
        warnings: usize,
    },
    /// A program of the machine failed.
    #[error("{program} failed: {output}")]
    Program {
        /// What was run.
        program: String,
        /// The end of what it said.
        output: String,
    },
    /// A layer cannot be written.
    #[error("failed to write the layer `{title}`")]
    Layer {
        /// The layer.
        title: String,
        /// The cause.
        #[source]
        cause: WriteError,
    },
    /// A tree cannot be made.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A content cannot be read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Something that cannot happen did.
    #[error("internal error: {0}")]
    Internal(String),
}

fn lines(texts: &[String]) -> String {
    let lines: String = texts.iter().map(|text| format!("\n  {text}")).collect();
    if lines.is_empty() { lines } else { format!(":{lines}") }
}

fn tool_hint(tool: &str) -> String {
    match tool {
        "poetry" => {
            "install Poetry with its plugin (`pipx install poetry`, `pipx inject poetry poetry-plugin-export`), \
                     or run `poetry export -f pylock.toml -o pylock.toml` where it is, and name pylock.toml as \
                     `python.lock`"
                .to_owned()
        }
        _ => format!(
            "install it (`pipx install {tool}`), or run `{tool} export -f pylock -o pylock.toml` where it is, and name \
             pylock.toml as `python.lock`"
        ),
    }
}

/// Indexes are no registries: one logs in elsewhere.
fn fetch_hint(error: &StoreError) -> Option<String> {
    match error.status() {
        Some(401 | 403) => Some(
            "set UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD for an index named in UV_INDEX, add a line \
             `machine HOST login USER password PASSWORD` to ~/.netrc, or set UV_KEYRING_PROVIDER=subprocess"
                .to_owned(),
        ),
        Some(404) => Some("the file is gone from the index, or a mirror lacks it: see `python.mirrors`".to_owned()),
        _ => error.hint(),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn unsound(problems: usize, warnings: usize) -> String {
    match warnings {
        0 => format!("it has {problems} problems"),
        _ => format!("it has {problems} problems and {warnings} warnings"),
    }
}

impl BuildError {
    /// For `map_err` on file operations.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::File { action, path, cause }
    }

    /// Whose business it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) | Self::Fetch(error) => error.kind(),
            Self::Debian { cause, .. } if cause.is_verification() => ErrorKind::Verification,
            Self::Debian { cause, .. } if cause.is_configuration() => ErrorKind::Configuration,
            Self::Unsound { .. }
            | Self::Machine { .. }
            | Self::LockHashes { .. }
            | Self::Content(ContentError::Digest { .. }) => ErrorKind::Verification,
            Self::Layer { cause: WriteError::Content { cause: ContentError::Digest { .. }, .. }, .. } => {
                ErrorKind::Verification
            }
            Self::Layer { cause: WriteError::Write(_), .. } => ErrorKind::Output,
            Self::File { action, .. } if *action == "write" || *action == "create" => ErrorKind::Output,
            Self::Internal(_) | Self::Tree(_) => ErrorKind::Internal,
            Self::Debian { .. }
            | Self::Program { .. }
            | Self::BaseLayer(_)
            | Self::InterpreterProcess { .. }
            | Self::NoInterpreter { .. } => ErrorKind::Outside,
            _ => ErrorKind::Configuration,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Fetch(error) => fetch_hint(error),
            Self::Coverage(error) => error.hint(),
            Self::StaleLock { command, .. } => Some(format!("lock again: run `{command}`, or `shipwheel lock`")),
            Self::LockTool { tool, .. } => Some(tool_hint(tool)),
            Self::NothingToLock { .. } => Some(
                "name what it is made from as `python.lock` (requirements.in, uv.lock), or lock with the tool that made it"
                    .to_owned(),
            ),
            Self::NativeSdist { name, .. } => Some(format!(
                "take {name} out of `allow-build`; lock a version with wheels, or build wheels for each platform and \
                 `accept` them"
            )),
            Self::Debian { cause, .. } => cause.hint(),
            Self::NoDefinition { .. } => Some("name a folder in images/, or a path to an image.toml".to_owned()),
            Self::Derive { cause, .. } => Some(cause.hint()),
            Self::Exists { .. } => Some("write over it with `--force`".to_owned()),
            Self::NoBase { .. } => Some(
                "set SHIPWHEEL_DEBIAN_MIRROR or `mirror` in image.toml, or name an `image` or a `layout` as a base"
                    .to_owned(),
            ),
            Self::InterpreterVersion { .. } | Self::MagicNumber { .. } => {
                Some("give the platforms bases of one version, or build with `--no-bytecode`".to_owned())
            }
            Self::NoInterpreter { version, .. } => Some(format!(
                "install it (`uv python install {version}`), or install qemu-user-static and add `--bytecode-interpreter qemu`, or build with `--no-bytecode`"
            )),
            Self::NoPythonHere { .. } => Some("name one with `--python`, by its path or its name on PATH".to_owned()),
            Self::InterpreterProcess { .. } => Some("build with `--no-bytecode` to leave bytecode out".to_owned()),
            Self::Machine { .. } => Some(
                "such a wheel was built for another platform and renamed: lock another version, or report it"
                    .to_owned(),
            ),
            Self::Unsound { .. } => {
                Some("`verify` lists them, and docs/verify.md says what each kind of finding means".to_owned())
            }
            Self::OldLock { lock, .. } => Some(format!("lock again: {} is what is installed", lock.display())),
            Self::NoLock { .. } => Some("lock them (`uv lock`) and name the lock as `python.lock`".to_owned()),
            Self::LockHashes { .. } => Some("lock again, with `--generate-hashes`".to_owned()),
            Self::Plan(PlanError::NoPython { .. }) => {
                Some("choose a base with Python, or leave `python` out and set `bytecode.enabled = false`".to_owned())
            }
            Self::Plan(PlanError::CachePrefix { .. }) => {
                Some("leave PYTHONPYCACHEPREFIX out, or build with `--no-bytecode`".to_owned())
            }
            Self::Plan(PlanError::Layers { .. }) => {
                Some("lower `most-heavy` in `[layers.wheels]` of image.toml, or take a base of fewer layers".to_owned())
            }
            Self::Plan(PlanError::Level { .. }) => {
                Some("leave PYTHONOPTIMIZE out: it is set to the level of the bytecode".to_owned())
            }
            _ => None,
        }
    }
}
