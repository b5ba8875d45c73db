//! Forms that Debian's judges do not read yet: only this crate's verdict is tested.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod forge;

use forge::{Certificate, Secret, armor, canonical, cleartext, draft, packet, seconds, signature_block, subpacket};
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
    let [subkey, other] = [2, 3].map(|seed| Secret::new(seed, SIGNED));
    let with_subkey = Certificate::with_subkey(&key, &subkey, SIGNED).bytes();
    let with_other = Certificate::with_subkey(&key, &other, SIGNED).bytes();
    let mut subkey_revoked = Certificate::with_subkey(&key, &subkey, SIGNED);
    subkey_revoked.bound().revocation = Some(draft(0x28, SIGNED));
    let subkey_revoked = subkey_revoked.bytes();
    for (files, valid) in [
        (vec![&plain[..]], 1),
        (vec![&plain, &revoked], 0),
        (vec![&revoked, &plain], 0),
        (vec![&with_subkey], 1),
        (vec![&with_subkey, &with_other], 2),
        (vec![&with_subkey, &with_other, &with_subkey], 2),
        (vec![&with_subkey, &with_other, &subkey_revoked], 1),
        (vec![&subkey_revoked, &with_subkey], 0),
    ] {
        assert_eq!(Keyring::parse(&files).unwrap().signers(SIGNED.into()).count(), valid);
    }
}

#[test]
fn a_signature_belongs_to_the_part_that_it_follows() {
    let key = Secret::new(1, SIGNED);
    let bytes = Certificate::new(&key, SIGNED).bytes();
    let user = packet(13, b"Test <test@mirror.example>");
    let end = bytes.windows(user.len()).position(|window| window == user).unwrap() + user.len();
    for (between, valid) in [
        (Vec::new(), 1),
        // A packet for private use is skipped; a picture is a part of its own, and so is a key of an unknown kind.
        (packet(60, b"anything"), 1),
        (packet(17, b"a picture"), 0),
        (packet(14, b"a key"), 0),
    ] {
        let bytes = [&bytes[..end], &between, &bytes[end..]].concat();
        assert_eq!(Keyring::parse(&[&bytes]).unwrap().signers(SIGNED.into()).count(), valid, "{between:?}");
    }
}

#[test]
fn a_key_signs_from_its_creation_to_its_expiry() {
    const DAY: u32 = 86_400;
    let key = Secret::new(1, SIGNED + DAY);
    let ring = |lives: Option<u32>| {
        let mut certificate = Certificate::new(&key, SIGNED);
        certificate.own.hashed.extend(lives.map(|lives| seconds(9, lives)));
        Keyring::parse(&[&certificate.bytes()]).unwrap()
    };
    for (lives, days, valid) in [
        (None, 0, false),
        (None, 1, true),
        (None, 10_000, true),
        // Zero means forever (RFC 9580, 5.2.3.13).
        (Some(0), 0, false),
        (Some(0), 1, true),
        (Some(0), 10_000, true),
        (Some(DAY), 1, true),
        (Some(DAY + 1), 2, true),
        (Some(DAY), 2, false),
    ] {
        let now = i64::from(SIGNED + days * DAY);
        assert_eq!(ring(lives).signers(now).count() == 1, valid, "{lives:?} {days}");
    }
}

#[test]
fn subpackets_that_change_nothing_may_be_critical_and_unknown_ones_may_not() {
    let key = Secret::new(1, SIGNED);
    let verify = |added: Vec<u8>| {
        let message = cleartext(TEXT, &[key.sign(&draft(1, SIGNED).with(added), &canonical(TEXT))]);
        keyring(&key).verify_cleartext(message.as_bytes(), i64::from(SIGNED) + 1).map_err(|error| error.to_string())
    };
    // Preferences, notes and limits of third parties (RFC 9580, 5.2.3.7).
    for kind in [4, 5, 6, 7, 11, 12, 21, 22, 23, 24, 25, 26, 28, 30, 31, 34, 35, 39] {
        assert!(verify(subpacket(kind | 0x80, &[1])).is_ok(), "{kind}");
    }
    for kind in [8, 10, 13, 20, 38, 40, 99] {
        let error = verify(subpacket(kind | 0x80, &[1])).unwrap_err();
        assert!(error.contains(&format!("critical subpacket of type {kind}")), "{error}");
        assert!(verify(subpacket(kind, &[1])).is_ok(), "{kind}");
    }
    assert!(verify(seconds(3, 0)).is_ok(), "zero means that it never expires");
    assert!(verify(seconds(3, 1)).unwrap_err().contains("it has expired"));
    assert!(verify(seconds(3, 2)).is_ok());
}

#[test]
fn a_file_without_a_certificate_is_named_by_its_place() {
    let good = Certificate::new(&Secret::new(1, SIGNED), SIGNED).bytes();
    let position = |files: &[&[u8]]| Keyring::parse(files).unwrap_err().position;
    assert_eq!([position(&[b""]), position(&[&good, b""]), position(&[&good, &good, b"x"])], [1, 2, 3]);
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
