//! What is signed, and how the signature is written down: cosign's two forms.

pub(crate) mod attestation_error;
pub(crate) mod bundle;
pub(crate) mod payload;
pub(crate) mod statement;
pub(crate) mod tagged;
#[cfg(test)]
mod tests;
