//! OpenPGP as far as a signed package archive needs it: who signed a text, and whether that signature counts.
//!
//! ```
//! use shipwheel_openpgp::{FormatError, Keyring};
//! let error = Keyring::parse(&[b"not a key"]).unwrap_err();
//! assert_eq!((error.position, error.cause), (1, FormatError::Packet { position: 1 }));
//! ```
//!
//! Keys and signatures are those of version 4 (RFC 4880, RFC 9580): RSA from 2048 bits, Ed25519, and ECDSA on NIST's
//! P-256 with SHA-256 and P-384 with SHA-384. Nothing is encrypted, decrypted or signed here. `ring` does the
//! arithmetic; this crate reads the formats and decides which keys may sign, see `policy.rs`.
//! All input is hostile: whatever it is, the answer is a value or an error, never a panic.

mod armor;
mod certificate;
mod cleartext;
mod error;
mod fingerprint;
mod hash;
mod key;
mod keyring;
mod packet;
mod policy;
mod reader;
mod refusal;
mod signature;

pub use error::FormatError;
pub use fingerprint::Fingerprint;
pub use keyring::{Keyring, KeyringError, VerifyError};
pub use refusal::{Issuer, Refusal, RefusalReason, RevocationCause};
