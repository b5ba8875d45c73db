//! A release is read from a signed text and nothing else, and then held to its date and its suite.
//! Which signatures count is tested in `crates/openpgp`.

#[path = "../../openpgp/tests/forge/mod.rs"]
mod forge;

use forge::{Certificate, Secret, canonical, cleartext, draft};
use shipwheel_debian::{Keyring, Release, ReleaseError, archive_keyring};

/// When everything was signed, in seconds since 1970: 2020-11-21.
const SIGNED: u32 = 1_605_920_000;

const TEXT: &str = "Suite: stable\nCodename: bookworm\nDate: Sat, 21 Nov 2020 00:53:02 UTC\n\
    Valid-Until: Sat, 28 Nov 2020 00:53:02 UTC\nAcquire-By-Hash: yes\nSHA256:\n \
    2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 5 main/binary-amd64/Packages.xz";

fn key() -> Secret {
    Secret::new(1, SIGNED - 1_000)
}

fn keyring() -> Keyring {
    Keyring::parse(&[&Certificate::new(&key(), SIGNED).bytes()]).expect("a certificate")
}

fn signed(text: &str) -> String {
    cleartext(text, &[key().sign(&draft(1, SIGNED), &canonical(text))])
}

fn verify(keyring: &Keyring, in_release: &str) -> Result<Release, ReleaseError> {
    Release::verify(in_release.as_bytes(), keyring, jiff::Timestamp::from_second(SIGNED.into()).expect("in range"))
}

#[test]
fn a_signed_release_is_trusted_and_a_changed_or_unsigned_one_is_not() {
    let ring = keyring();
    assert_eq!(verify(&ring, &signed(TEXT)).expect("trusted").codename, "bookworm");
    assert!(matches!(verify(&ring, TEXT), Err(ReleaseError::NotSigned(_))));
    assert!(matches!(verify(&archive_keyring(), &signed(TEXT)), Err(ReleaseError::NoGoodSignature { .. })));
    for (from, to) in [("bookworm", "trixie"), (" 5 main", " 6 main"), ("Suite", "suite")] {
        let error = verify(&ring, &signed(TEXT).replace(from, to)).expect_err(from).to_string();
        assert!(error.starts_with("found no valid signature: signature by "), "{error}");
    }
    // The ends of lines are not signed, and change nothing.
    let windows = verify(&ring, &signed(TEXT).replace('\n', "\r\n")).expect("trusted");
    assert_eq!(windows, verify(&ring, &signed(TEXT)).expect("trusted"));
}

#[test]
fn text_outside_of_the_signed_part_is_never_used() {
    let text = signed(TEXT);
    let begin = "-----BEGIN PGP SIGNATURE-----";
    for forged in [
        format!("{TEXT}\n{text}"),
        format!("{text}\n{TEXT}"),
        text.replacen("\n\n", "\nCodename: trixie\n\n", 1),
        text[..text.find(begin).expect("signed")].to_owned(),
        String::new(),
    ] {
        assert!(matches!(verify(&keyring(), &forged), Err(ReleaseError::NotSigned(_))), "{forged}");
    }
    let in_armor = text.replacen(begin, &format!("{begin}\nCodename: trixie"), 1);
    assert_eq!(verify(&keyring(), &in_armor).expect("trusted").codename, "bookworm");
}

#[test]
fn a_trusted_release_is_still_checked_for_its_date_and_its_suite() {
    let release = verify(&keyring(), &signed(TEXT)).expect("trusted");
    let at = |text: &str| release.check_valid_until(text.parse().expect("a timestamp"));
    assert!(at("2020-11-28T00:00:00Z").is_ok());
    assert!(matches!(at("2020-11-29T00:00:00Z"), Err(ReleaseError::Expired { .. })));
    assert!(release.check_suite("bookworm").is_ok() && release.check_suite("stable").is_ok());
    assert!(matches!(release.check_suite("trixie"), Err(ReleaseError::WrongSuite { .. })));
}

#[test]
fn signed_text_that_is_not_a_release_is_an_error() {
    assert!(matches!(verify(&keyring(), &signed("Suite: stable")), Err(ReleaseError::Field { field: "Date", .. })));
    assert!(matches!(verify(&keyring(), &signed("a: b\n\nc: d")), Err(ReleaseError::Field { .. })));
}
