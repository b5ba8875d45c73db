//! What is said about images beside their bytes: errors, and what was found of signatures.

pub(crate) mod attach;
pub(crate) mod attached_sbom;
pub(crate) mod attest_error;
pub(crate) mod bill;
pub(crate) mod key_file;
pub(crate) mod refused;
