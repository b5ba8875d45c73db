//! Forms that Debian's judges do not read yet: only this crate's verdict is tested.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod forge;

use forge::{Certificate, Secret, armor, canonical, cleartext, draft, signature_block};
use shipwheel_openpgp::{FormatError, Keyring, VerifyError};

const SIGNED: u32 = 1_605_920_000;
const TEXT: &str = "Suite: stable\nCodename: bookworm";

fn keyring(key: &Secret) -> Keyring {
    let bytes = Certificate::new(key, SIGNED).bytes();
    Keyring::parse(&[armor("PUBLIC KEY BLOCK", &bytes).as_bytes()]).unwrap()
}

#[test]
fn keys_in_the_form_of_rfc_9580_sign() {
    let (key, old) = (Secret::new_form(1, SIGNED), Secret::new(1, SIGNED));
    let sign = |key: &Secret| cleartext(TEXT, &[key.sign(&draft(1, SIGNED), &canonical(TEXT))]);
    let verify = |ring: &Keyring, text: &str| ring.verify_cleartext(text.as_bytes(), SIGNED.into());
    assert_eq!(verify(&keyring(&key), &sign(&key)).unwrap(), TEXT.as_bytes());
    assert!(verify(&keyring(&key), &sign(&old)).is_err());
    assert!(verify(&keyring(&old), &sign(&key)).is_err());
}

#[test]
fn a_revocation_counts_whichever_copy_of_a_certificate_has_it() {
    let key = Secret::new(1, SIGNED);
    let plain = Certificate::new(&key, SIGNED).bytes();
    let mut revoked = Certificate::new(&key, SIGNED);
    revoked.direct.push(draft(0x20, SIGNED));
    let revoked = revoked.bytes();
    for (files, valid) in [(vec![&plain[..]], 1), (vec![&plain, &revoked], 0), (vec![&revoked, &plain], 0)] {
        assert_eq!(Keyring::parse(&files).unwrap().signers(SIGNED.into()).count(), valid);
    }
}

#[test]
fn a_document_with_too_many_signatures_is_refused() {
    let key = Secret::new(1, SIGNED);
    let bad = key.sign(&draft(1, SIGNED), b"another text");
    let verify = |count: usize| {
        let signatures = signature_block(&vec![bad.clone(); count]);
        keyring(&key).verify_detached(TEXT.as_bytes(), signatures.as_bytes(), SIGNED.into()).unwrap_err()
    };
    assert!(matches!(verify(32), VerifyError::Refused(refusals) if refusals.len() == 32));
    assert_eq!(verify(33), FormatError::TooMany { what: "signatures", max: 32 }.into());
    assert_eq!(verify(0), FormatError::Missing { what: "signature" }.into());
}
