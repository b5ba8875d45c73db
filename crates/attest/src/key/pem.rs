//! PEM (RFC 7468), as forgiving about line lengths as the programs that write keys are different.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key_error::KeyError;

/// The longest label that is repeated in a message.
const MAX_LABEL: usize = 40;

/// A block: what it says it is, and its bytes.
pub(super) struct Pem {
    pub(super) label: String,
    pub(super) bytes: Vec<u8>,
}

impl Pem {
    /// The first block of a file but for the parameters that openssl puts before some keys.
    pub(super) fn first(file: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(file).map_err(|_| KeyError::NoPem)?;
        let mut rest = text;
        loop {
            let (label, body, after) = block(rest).ok_or(KeyError::NoPem)?;
            rest = after;
            if label == "EC PARAMETERS" {
                continue;
            }
            if label.is_empty() || !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ') {
                return Err(KeyError::NoPem);
            }
            if body.contains(':') {
                // `Proc-Type: 4,ENCRYPTED`, with a key that is derived by one round of MD5.
                return Err(KeyError::Encryption { what: "OpenSSL's own old form" });
            }
            let packed: String = body.split_ascii_whitespace().collect();
            let bytes = STANDARD.decode(packed).map_err(|_| KeyError::Malformed { what: "its base64" })?;
            return Ok(Self { label: label.chars().take(MAX_LABEL).collect(), bytes });
        }
    }
}

/// The label and the body of the next block, and what follows it.
fn block(text: &str) -> Option<(&str, &str, &str)> {
    let (_, text) = text.split_once("-----BEGIN ")?;
    let (label, text) = text.split_once("-----")?;
    let (body, text) = text.split_once("-----END ")?;
    let text = text.strip_prefix(label)?.strip_prefix("-----")?;
    Some((label, body, text))
}
