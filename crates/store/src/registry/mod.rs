//! Registries: reading and writing by the OCI distribution specification, with what individual registries do differently.

mod client;
mod destination;
mod mirrors;
mod probe;
mod put;
mod quirks;
mod referrers;
mod source;
mod upload;

pub use client::Registry;
pub use destination::RegistryDestination;
pub use mirrors::Mirrors;
pub use probe::{ProbeFinding, ProbeReport};
pub use source::RegistrySource;

#[cfg(test)]
mod tests;
