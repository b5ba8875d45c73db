//! pdm.lock: its distributions, what is chosen of them, and whether it is of a project.

mod content_hash;
mod locked;
mod parse;
mod sources;

pub use locked::PdmLock;

#[cfg(test)]
mod tests;
