//! Lock files: the one form that images are built from (pylock.toml), those of uv, Poetry, PDM and Pipenv, and the table of
//! all forms.

mod checker;
mod chosen;
mod directories;
mod error;
mod form;
mod graph;
mod names;
mod parse;
mod pdm;
mod pipfile;
mod pipfile_hash;
mod poetry;
mod pylock;
mod python_json;
mod tool_file;
mod uv_lock;

pub use checker::name_in_url;
pub use chosen::Chosen;
pub use error::{LockError, LockProblem};
pub use form::{LockForm, LockReading, LockTool, Relocking, Selectable, Staleness};
pub use pdm::PdmLock;
pub use pipfile::PipfileLock;
pub use poetry::PoetryLock;
pub use pylock::{Lock, LockedPackage, LockedSdist, LockedWheel, Origin};
pub use uv_lock::{
    Difference, StaleError, UvChoice, UvConflict, UvDependency, UvFolder, UvLock, UvManifest, UvOffer, UvPackage,
    UvRequirement, UvRequirements, differences,
};
