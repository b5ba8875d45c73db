//! uv.lock: what it records, which of its distributions a project needs, and whether it was made from a project.

mod choice;
mod conflict;
mod files;
mod parse;
mod stale;
mod value;
mod walk;

#[cfg(test)]
mod tests;

pub use choice::{UvChoice, UvOffer};
pub use conflict::UvConflict;
pub use stale::{Difference, StaleError, differences};
pub use value::{UvDependency, UvFolder, UvLock, UvPackage, UvRequirement, UvRequirements};
