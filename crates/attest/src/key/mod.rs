//! Key files: cosign's own, PKCS#8 with and without a password, and public keys.

mod encrypted;
pub(crate) mod key_error;
pub(crate) mod password;
mod pem;
pub(crate) mod public_key;
mod sealed;
pub(crate) mod signing_key;
#[cfg(test)]
pub(crate) mod tests;
