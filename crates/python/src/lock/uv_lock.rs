//! uv.lock: what it records, which of its distributions a project needs, and whether it was made from a project.

mod choice;
mod conflict;
mod difference;
mod files;
mod grid;
mod parse;
mod section;
mod stale;
mod value;
mod walk;

#[cfg(test)]
mod tests;

pub use choice::{UvChoice, UvOffer};
pub use conflict::UvConflict;
pub use difference::Difference;
pub use stale::{StaleError, differences};
pub use value::{UvDependency, UvFolder, UvLock, UvManifest, UvPackage, UvRequirement, UvRequirements};
