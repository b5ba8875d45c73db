//! Key files, bundles, statements, and signatures under tags.

use shipwheel_attest::{Bundle, Payload, PublicKey, SigningKey, Statement, TaggedSignatures};
use shipwheel_oci::Digest;

/// A key that protects nothing, for what a forger cannot sign.
const KEY: &[u8] = b"-----BEGIN EC PRIVATE KEY-----\nMDECAQEEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8goAoGCCqGSM49AwEH\n-----END EC PRIVATE KEY-----\n";

/// The first byte selects what follows.
pub(crate) fn signatures(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind % 5 {
        0 => keys(bytes),
        1 => bundle(bytes),
        2 => {
            if let Ok(statement) = Statement::parse(bytes) {
                let again = Statement::parse(&statement.bytes()).expect("it was written");
                // The last digit of a number may be another one.
                assert_eq!((again.subjects, again.predicate_type), (statement.subjects, statement.predicate_type));
            }
        }
        3 => {
            if let Ok(payload) = Payload::parse(bytes) {
                assert_eq!(Payload::parse(&payload.bytes()), Ok(payload));
            }
        }
        _ => tagged(bytes),
    }
}

fn own_key() -> SigningKey {
    SigningKey::read(KEY, None).expect("a key")
}

fn keys(bytes: &[u8]) {
    // Without a password nothing is derived: opening takes as long as the file asks for, within limits.
    if let Ok(key) = SigningKey::read(bytes, None) {
        assert!(key.public().verifies(b"x", &key.sign(b"x")));
    }
    let _ = PublicKey::read(bytes);
}

fn bundle(bytes: &[u8]) {
    let Ok(bundle) = Bundle::parse(bytes) else { return };
    if let Ok(statement) = bundle.statement(&own_key().public()) {
        // The one statement that this key signs anywhere.
        assert_eq!(statement, Statement::signature(Digest::of(b"an image")));
    }
    let _ = bundle.claims();
}

fn tagged(bytes: &[u8]) {
    let Ok(mut signatures) = TaggedSignatures::parse(bytes) else { return };
    let before = signatures.signatures().count();
    let payload = Payload { digest: Digest::of(b"an image"), repository: "registry.invalid/a".to_owned() };
    signatures.sign(&payload, &own_key());
    let once = signatures.manifest();
    signatures.sign(&payload, &own_key());
    assert_eq!(signatures.manifest(), once, "signing again adds nothing");
    let again = TaggedSignatures::parse(&once).expect("one more than there were");
    assert!(again.signatures().count() >= before && again.signatures().count() <= before + 1);
}
