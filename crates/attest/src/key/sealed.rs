//! cosign's own key files: scrypt and NaCl's secretbox around PKCS#8, as go-securesystemslib writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305};
use serde::Deserialize;

use super::key_error::KeyError;
use super::password::Password;

/// The most that scrypt may cost, as N·r·p: what cosign's strongest parameters cost (N 2^17, r 8, p 1), which is
/// 128 MiB of memory.
pub(super) const MAX_SCRYPT: u64 = (1 << 17) * 8;

#[derive(Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Kdf {
    name: String,
    params: Parameters,
    salt: String,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "N")]
    n: u64,
    r: u64,
    p: u64,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// The PKCS#8 in the body of cosign's PEM.
pub(super) fn open(body: &[u8], password: &Password) -> Result<Vec<u8>, KeyError> {
    let sealed: Sealed = serde_json::from_slice(body).map_err(|_| KeyError::Malformed { what: "its JSON" })?;
    if sealed.kdf.name != "scrypt" || sealed.cipher.name != "nacl/secretbox" {
        return Err(KeyError::Encryption { what: "something else than scrypt and nacl/secretbox" });
    }
    let decode = |text: &str, what| STANDARD.decode(text).map_err(|_| KeyError::Malformed { what });
    let salt = decode(&sealed.kdf.salt, "its salt")?;
    let nonce: [u8; 24] =
        decode(&sealed.cipher.nonce, "its nonce")?.try_into().map_err(|_| KeyError::Malformed { what: "its nonce" })?;
    let ciphertext = decode(&sealed.ciphertext, "its ciphertext")?;
    let parameters = parameters(&sealed.kdf.params)?;
    let mut key = [0u8; 32];
    scrypt::scrypt(password.bytes(), &salt, &parameters, &mut key)
        .map_err(|_| KeyError::Malformed { what: "its parameters of scrypt" })?;
    let secret = XSalsa20Poly1305::new(&key.into());
    secret.decrypt(&nonce.into(), ciphertext.as_slice()).map_err(|_| KeyError::Password)
}

/// The parameters, if they are any and no dearer than cosign's own.
fn parameters(asked: &Parameters) -> Result<scrypt::Params, KeyError> {
    let what = "its parameters of scrypt";
    check_cost(asked.n, asked.r, asked.p)?;
    if !asked.n.is_power_of_two() || asked.n < 2 || asked.r == 0 || asked.p == 0 {
        return Err(KeyError::Malformed { what });
    }
    let log = u8::try_from(asked.n.ilog2()).map_err(|_| KeyError::Malformed { what })?;
    let [r, p] = [asked.r, asked.p].map(u32::try_from);
    let (Ok(r), Ok(p)) = (r, p) else { return Err(KeyError::Malformed { what }) };
    scrypt::Params::new(log, r, p, 32).map_err(|_| KeyError::Malformed { what })
}

/// Refuses parameters of scrypt that cost more than cosign's own.
pub(super) fn check_cost(n: u64, r: u64, p: u64) -> Result<(), KeyError> {
    let found = n.saturating_mul(r).saturating_mul(p);
    match found <= MAX_SCRYPT {
        true => Ok(()),
        false => Err(KeyError::Cost { what: "scrypt with N·r·p of", found, limit: MAX_SCRYPT }),
    }
}
