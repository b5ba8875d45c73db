//! Key files of this machine. Neither the key nor its password is ever part of a message.

use std::path::Path;

use shipwheel_attest::{KeyError, Password, PublicKey, SigningKey};
use shipwheel_store::{FileAction, read_small};

use super::attest_error::AttestError;
use crate::error::BuildError;

/// The longest key file; those of P-256 have less than 1 KiB.
const MAX_KEY: u64 = 64 << 10;

fn bytes(path: &Path) -> Result<Vec<u8>, BuildError> {
    read_small(path, MAX_KEY).map_err(BuildError::file(FileAction::Read, path))
}

fn unusable(path: &Path) -> impl FnOnce(KeyError) -> BuildError + '_ {
    move |cause| AttestError::Key { path: path.to_owned(), cause }.into()
}

/// Reads a private key, with the password of `COSIGN_PASSWORD` where it has one.
///
/// # Errors
/// When the file cannot be read, is not such a key, or the password does not open it.
pub fn read_signing_key(path: &Path, password: Option<&Password>) -> Result<SigningKey, BuildError> {
    SigningKey::read(&bytes(path)?, password).map_err(unusable(path))
}

/// Reads a public key.
///
/// # Errors
/// When the file cannot be read, or is not such a key.
pub fn read_public_key(path: &Path) -> Result<PublicKey, BuildError> {
    PublicKey::read(&bytes(path)?).map_err(unusable(path))
}
