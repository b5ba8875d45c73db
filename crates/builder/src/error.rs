//! What can keep an image from being built: one arm for each area, each error with its kind and hint beside it.

use std::io;
use std::path::Path;

use shipwheel_layer::{ContentError, ReadError, TreeError};
use shipwheel_plan::PlanError;
use shipwheel_plan::spec::SpecError;
use shipwheel_python::install::{InstallError, OverlapError};
use shipwheel_python::requirements::RequirementsError;
use shipwheel_python::select::CoverageError;
use shipwheel_python::wheel::WheelError;
use shipwheel_store::{ErrorKind, FileAction, StoreError};

use crate::attestation::attest_error::AttestError;
use crate::base::base_error::BaseError;
use crate::bundled::bundle_error::BundleError;
use crate::confine::run_error::RunError;
use crate::disk::file_error::{FileError, file_error};
use crate::inspect::image_error::ImageError;
use crate::interpreter::interpreter_error::InterpreterError;
use crate::layer::layer_error::LayerError;
use crate::lock::image_lock_error::ImageLockError;
use crate::lock::lock_error::LockError;
use crate::lock::placed_error::PlacedError;
use crate::machine::machine_error::MachineError;
use crate::offline::OfflineError;
use crate::prepare::prepare_error::PrepareError;
use crate::program::load_error::LoadError;
use crate::program::program_error::ProgramError;
use crate::project::application_error::ApplicationError;
use crate::project::definition_error::DefinitionError;
use crate::proof::import_error::ImportError;
use crate::proof::start_error::StartError;
use crate::rebased::rebase_error::RebaseError;
use crate::wheel::project_error::ProjectError;
use crate::wheel::wheel_set_error::WheelSetError;

/// Why an image was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The image.toml has problems.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A definition cannot be found, derived or written.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// The application's files cannot be collected.
    #[error(transparent)]
    Application(#[from] ApplicationError),
    /// A step of `[[app.prepare]]` makes nothing that can be used.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The definition has no usable base.
    #[error(transparent)]
    Base(#[from] BaseError),
    /// An image cannot be read, extended, started or trusted.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// An image is not signed, or a key cannot be used.
    #[error(transparent)]
    Attest(#[from] AttestError),
    /// A lock cannot be used or made.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The image is not what image.lock has.
    #[error(transparent)]
    ImageLock(#[from] ImageLockError),
    /// Wheels cannot be obtained, read or installed together.
    #[error(transparent)]
    Wheels(#[from] WheelSetError),
    /// A project or a source distribution cannot be built.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// An interpreter cannot be described, run, or trusted to compile.
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    /// What the image starts would not find its imports.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The kernel would not start the image's command.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An image does not run on this machine.
    #[error(transparent)]
    Run(#[from] RunError),
    /// No runtime of this machine takes an image.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A layer cannot be made.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The facts do not allow what the definition asks for.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A program of this machine failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A file of this machine cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Blobs could not be fetched, kept or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An image is not put on another base.
    #[error(transparent)]
    Rebase(#[from] RebaseError),
    /// A bundle cannot be made or used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Something is needed from the network, and `--offline` forbids asking it.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// A plain build is impossible on this machine.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// Something that cannot happen did.
    #[error("internal error: {0}")]
    Internal(String),
}

impl BuildError {
    /// For `map_err` on file operations.
    pub(crate) fn file(action: FileAction, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let error = file_error(action, path);
        move |cause| error(cause).into()
    }

    /// For `map_err` on errors that only a bug can cause.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Spec(_) | Self::Plan(_) => ErrorKind::Configuration,
            Self::Definition(error) => error.kind(),
            Self::Application(error) => error.kind(),
            Self::Prepare(error) => error.kind(),
            Self::Base(error) => error.kind(),
            Self::Image(error) => error.kind(),
            Self::Attest(error) => error.kind(),
            Self::Lock(error) => error.kind(),
            Self::ImageLock(error) => error.kind(),
            Self::Wheels(error) => error.kind(),
            Self::Project(error) => error.kind(),
            Self::Interpreter(error) => error.kind(),
            Self::Import(error) => error.kind(),
            Self::Start(error) => error.kind(),
            Self::Run(error) => error.kind(),
            Self::Load(error) => error.kind(),
            Self::Layer(error) => error.kind(),
            Self::Program(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Rebase(error) => error.kind(),
            Self::Bundle(error) => error.kind(),
            Self::Offline(error) => error.kind(),
            Self::Machine(error) => error.kind(),
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Definition(error) => Some(error.hint()),
            Self::Application(error) => error.hint(),
            Self::Prepare(error) => error.hint(),
            Self::Base(error) => error.hint(),
            Self::Image(error) => error.hint(),
            Self::Attest(error) => Some(error.hint()),
            Self::Lock(error) => error.hint(),
            Self::ImageLock(error) => Some(error.hint()),
            Self::Wheels(error) => error.hint(),
            Self::Project(error) => error.hint(),
            Self::Interpreter(error) => error.hint(),
            Self::Import(error) => Some(error.hint()),
            Self::Start(error) => Some(error.hint()),
            Self::Run(error) => Some(error.hint()),
            Self::Load(error) => Some(error.hint()),
            Self::Plan(error) => plan_hint(error),
            Self::Store(error) => error.hint(),
            Self::Rebase(error) => Some(error.hint()),
            Self::Bundle(error) => Some(error.hint()),
            Self::Offline(error) => Some(error.hint()),
            Self::Machine(error) => Some(error.hint()),
            // Each problem of a definition has a hint of its own, beside its line.
            Self::Program(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Spec(_) | Self::Layer(_) => None,
            Self::Internal(_) => Some("report it, with the command line and the output".to_owned()),
        }
    }
}

/// The flags and keys that change what a plan is refused for.
fn plan_hint(error: &PlanError) -> Option<String> {
    let text = match error {
        PlanError::NoPython { .. } => {
            "choose a base with Python, or leave `python` out and set `bytecode.enabled = false`"
        }
        PlanError::CachePrefix { .. } => "remove PYTHONPYCACHEPREFIX from `config.env`, or build with `--no-bytecode`",
        PlanError::Layers { .. } => {
            "lower `most-heavy` in `[layers.wheels]` of image.toml, or take a base of fewer layers"
        }
        PlanError::Level { .. } => {
            "remove PYTHONOPTIMIZE from `config.env`: shipwheel sets it to the level of the bytecode"
        }
        PlanError::UnknownUser { .. } => "write `config.user` as a number, such as \"1000:1000\"",
        PlanError::WritableFile { .. } => "name the folder around the file in `app.writable`",
        PlanError::NoFacts { .. } | PlanError::Pattern(_) | PlanError::ThroughLink { .. } => return None,
    };
    Some(text.to_owned())
}

/// Errors of the pure crates belong to the area that uses those crates.
macro_rules! by_area {
    ($($error:ty => $area:ident),* $(,)?) => {
        $(impl From<$error> for BuildError {
            fn from(error: $error) -> Self {
                $area::from(error).into()
            }
        })*
    };
}

by_area! {
    ContentError => LayerError,
    TreeError => LayerError,
    ReadError => ImageError,
    CoverageError => LockError,
    PlacedError => LockError,
    RequirementsError => LockError,
    shipwheel_python::lock::LockError => LockError,
    WheelError => WheelSetError,
    InstallError => WheelSetError,
    OverlapError => WheelSetError,
}

#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod tests;
