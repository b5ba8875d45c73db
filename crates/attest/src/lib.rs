//! What is said about an image beside its bytes: signatures, SBOMs and provenance, as values without any I/O.
//!
//! Signatures are those of cosign with a key: ECDSA on P-256, in both of its forms. The same image and the same key give
//! the same bytes (RFC 6979), so that signing again adds nothing.
//!
//! ```
//! use shipwheel_attest::{Bundle, PublicKey, SIGNED, SigningKey, Statement};
//! use shipwheel_oci::Digest;
//! # let pem = "-----BEGIN EC PRIVATE KEY-----\nMDECAQEEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8goAoGCCqGSM49AwEH\n-----END EC PRIVATE KEY-----\n";
//! let key = SigningKey::read(pem.as_bytes(), None).unwrap();
//! let image = Digest::of(b"a manifest");
//! let bundle = Bundle::sign(&Statement::signature(image), &key);
//! let said = Bundle::parse(bundle.bytes()).unwrap().statement(&key.public()).unwrap();
//! assert!(said.is_about(&image) && said.predicate_type == SIGNED);
//! assert_eq!(bundle, Bundle::sign(&Statement::signature(image), &key));
//! ```
//!
//! All input is hostile: whatever it is, the answer is a value or an error, never a panic, and what a key file asks for
//! before it opens is bounded.

mod artifact;
mod bill;
mod key;
mod provenance;
mod sign;

pub use artifact::{Artifact, Attestations, CYCLONEDX_TYPE, EMPTY, IN_TOTO, SPDX_TYPE};
pub use bill::component::{Component, HashedFile, Kind, NamedHash};
pub use bill::cyclonedx::cyclonedx;
pub use bill::document::{Bill, OperatingSystem};
pub use bill::license::License;
pub use bill::purl::{Purl, normalized};
pub use bill::spdx::spdx;
pub use key::key_error::KeyError;
pub use key::password::Password;
pub use key::public_key::PublicKey;
pub use key::signing_key::SigningKey;
pub use provenance::{BUILD_TYPE, Dependency, Provenance};
pub use sign::attestation_error::AttestationError;
pub use sign::bundle::{BUNDLE, Bundle};
pub use sign::payload::Payload;
pub use sign::statement::{CYCLONEDX_PREDICATE, SIGNED, SLSA_PREDICATE, SPDX_PREDICATE, Statement};
pub use sign::tagged::{SIGNATURE_LAYER, TaggedSignature, TaggedSignatures, signature_tag};
