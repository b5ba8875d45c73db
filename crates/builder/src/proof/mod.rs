//! Proof that native code fits the image and that what it starts finds its imports, before anything is published.

mod causes;
pub(crate) mod import_error;
mod judge;
pub(crate) mod missing;
pub(crate) mod needs;
mod pkg_resources;
mod programs;
pub(crate) mod prove;
pub(crate) mod prove_imports;
pub(crate) mod sources;
pub(crate) mod start_error;
mod startable;
mod started;
mod wheel_modules;
