//! Lock files: the one form that images are built from (pylock.toml), uv.lock, Pipfile.lock, and the table of all forms.

mod checker;
mod directories;
mod error;
mod form;
mod names;
mod parse;
mod pipfile;
mod pipfile_hash;
mod poetry;
mod pylock;
mod uv_lock;

pub use checker::name_in_url;
pub use error::{LockError, LockProblem};
pub use form::{LockForm, LockReading, LockTool, Relocking, Selectable, Staleness};
pub use pipfile::Pipfile;
pub use poetry::{PoetryLock, poetry_version};
pub use pylock::{Lock, LockedPackage, LockedSdist, LockedWheel, Origin};
pub use uv_lock::{
    Difference, StaleError, UvChoice, UvConflict, UvDependency, UvFolder, UvLock, UvManifest, UvOffer, UvPackage,
    UvRequirement, UvRequirements, differences,
};
