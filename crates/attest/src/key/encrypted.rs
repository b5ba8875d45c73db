//! PKCS#8 that is encrypted with a password (PBES2, RFC 8018), as openssl writes it.

use pkcs8::EncryptedPrivateKeyInfo;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;

use super::key_error::KeyError;
use super::password::Password;
use super::sealed::check_cost;

/// The most rounds of PBKDF2; openssl takes 2,048, and guides ask for 600,000.
const MAX_ROUNDS: u64 = 4_000_000;

/// Older forms, and what cannot be read as any.
const OTHER: KeyError = KeyError::Encryption { what: "something else than PBES2" };

/// The PKCS#8 inside.
pub(super) fn open(der: &[u8], password: &Password) -> Result<Vec<u8>, KeyError> {
    let sealed = EncryptedPrivateKeyInfo::try_from(der).map_err(|_| OTHER)?;
    let EncryptionScheme::Pbes2(parameters) = &sealed.encryption_algorithm else {
        return Err(OTHER);
    };
    match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => {
            let found = u64::from(pbkdf2.iteration_count);
            if found > MAX_ROUNDS {
                return Err(KeyError::Cost { what: "rounds of PBKDF2:", found, limit: MAX_ROUNDS });
            }
        }
        Kdf::Scrypt(scrypt) => {
            check_cost(scrypt.cost_parameter, scrypt.block_size.into(), scrypt.parallelization.into())?;
        }
        _ => return Err(KeyError::Encryption { what: "an unknown derivation" }),
    }
    let opened = sealed.decrypt(password.bytes()).map_err(|_| KeyError::Password)?;
    Ok(opened.as_bytes().to_vec())
}
