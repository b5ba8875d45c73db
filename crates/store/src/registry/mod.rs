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
pub(crate) use client::manifest_type;
pub use destination::RegistryDestination;
pub use mirrors::Mirrors;
pub use probe::{ProbeFinding, ProbeReport};
pub(crate) use referrers::{entries, next_page};
pub use source::RegistrySource;
pub(crate) use upload::{closing, received, secure_location};

#[cfg(test)]
mod tests;
