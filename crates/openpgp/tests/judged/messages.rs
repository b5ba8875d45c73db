//! Cleartext messages: text that is not signed is never taken, and apt agrees.

use shipwheel_openpgp::Keyring;

use crate::forge::{Certificate, Secret, canonical, cleartext, draft, signature_block};
use crate::judges::{self, RELEASE};

/// In seconds since 1970: of the past, for all judges.
const SIGNED: u32 = 1_605_920_000;

struct Signer {
    keyring: Vec<u8>,
    signature: Vec<u8>,
}

fn signer() -> Signer {
    let key = Secret::new(1, SIGNED - 1_000);
    let keyring = Certificate::new(&key, SIGNED).bytes();
    Signer { keyring, signature: key.sign(&draft(1, SIGNED), &canonical(RELEASE)) }
}

/// Checks that a message gives the release's text, or the error that is expected; and what apt says of it.
fn check(message: &str, expected: Result<(), &str>, apt: bool) {
    let Signer { keyring, .. } = signer();
    let ring = Keyring::parse(&[&keyring]).unwrap();
    match (ring.verify_cleartext(message.as_bytes(), i64::from(SIGNED)), expected) {
        (Ok(text), Ok(())) => assert_eq!(String::from_utf8(text).unwrap(), RELEASE, "{message}"),
        (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error} of {message}"),
        (found, expected) => panic!("found {found:?}, expected {expected:?} of {message}"),
    }
    assert_eq!(judges::apt(&keyring, message), apt, "apt: {message}");
}

fn message() -> String {
    cleartext(RELEASE, &[signer().signature])
}

#[test]
fn line_ends_blanks_and_escapes_do_not_change_a_signed_text() {
    let message = message();
    check(&message, Ok(()), true);
    check(&message.replace('\n', "\r\n"), Ok(()), true);
    check(&message.replace("bookworm\n", "bookworm \t\n"), Ok(()), true);
    check(&message.replace("Suite:", "- Suite:"), Ok(()), true);
    check(&message.replace("Hash: SHA256\n", "Hash: SHA256\nHash: SHA512\n"), Ok(()), true);
    check(&message.replace("SIGNATURE-----\n\n", "SIGNATURE-----\nVersion: 1\n\n"), Ok(()), true);
    check(&format!("{message}{}", signature_block(&[signer().signature])), Ok(()), true);
    // The digest is taken from the signature; gpgv needs it before, and apt rewrites the header.
    check(&message.replace("Hash: SHA256\n", ""), Ok(()), true);
}

#[test]
fn changed_and_cut_messages_are_refused() {
    let message = message();
    check(&message.replace("Suite", "suite"), Err("the text was changed"), false);
    check(&message.replace("bookworm", "trixie"), Err("the text was changed"), false);
    check(&message[..message.len() - 40], Err("expected -----END PGP SIGNATURE-----"), false);
    check(&message[..message.find("-----BEGIN PGP SIGNATURE").unwrap()], Err("expected text, or"), false);
    check(RELEASE, Err("expected -----BEGIN PGP SIGNED MESSAGE-----"), false);
    check("", Err("expected -----BEGIN PGP SIGNED MESSAGE-----"), false);
}

#[test]
fn text_outside_of_the_signed_part_is_refused() {
    let message = message();
    let begin = "expected -----BEGIN PGP SIGNED MESSAGE-----";
    check(&format!("{RELEASE}\n{message}"), Err(begin), false);
    check(&format!("\n{message}"), Err(begin), false);
    check(&format!("{message}{RELEASE}\n"), Err("expected the end of the message"), false);
    check(&format!("{message}{message}"), Err("expected the end of the message"), false);
    check(&message.replace("Suite:", "-Suite:"), Err("expected text, or"), false);
}

#[test]
fn messages_that_apt_judges_otherwise_are_these() {
    let message = message();
    // RFC 9580, 7.1 forbids other headers, and gpgv refuses them; apt skips them.
    check(&message.replace("SHA256\n", "SHA256\nCodename: trixie\n"), Err("line 3: expected a `Hash` header"), true);
    // RFC 9580, 6.1 forbids refusing a wrong checksum; gpgv refuses it.
    let checksum = message.rfind("\n=").unwrap() + 2;
    check(&format!("{}AAAA{}", &message[..checksum], &message[checksum + 4..]), Ok(()), false);
    // Nothing is hidden in empty lines at the end; apt refuses them.
    check(&format!("{message}\n\n"), Ok(()), false);
}
