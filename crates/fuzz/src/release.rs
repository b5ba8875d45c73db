//! Signed releases, messages and keyrings.

use jiff::Timestamp;
use shipwheel_debian::{Keyring, Release};

use crate::forge::{self, SIGNED};

/// What the forger signs where the input is not the text.
const DOCUMENT: &str = "Suite: stable\nCodename: trixie";

/// The text of a `Release`, which is signed before it is read.
pub(crate) fn release(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let now = Timestamp::from_second(SIGNED.into()).expect("in range");
    let Ok(release) = Release::verify(forge::signed(&text).as_bytes(), &forge::keyring(), now) else { return };
    let kept = serde_json::to_string(&release).expect("a release is JSON");
    assert_eq!(serde_json::from_str::<Release>(&kept).expect("it was written"), release);
    assert!(release.check_suite(&release.codename).is_ok() && release.check_suite(&release.suite).is_ok());
    let _ = (release.check_valid_until(now), release.check_date(now, Some(now)));
    for component in &release.components {
        for architecture in &release.architectures {
            if let Some(index) = release.packages_index(component, architecture) {
                assert!(release.files.contains_key(&index.path), "{}", index.path);
            }
        }
    }
}

/// The first byte selects what follows: a keyring, a cleartext message, or a detached signature.
pub(crate) fn keyring(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind % 3 {
        0 => keys(bytes),
        1 => {
            if let Ok(text) = forge::keyring().verify_cleartext(bytes, SIGNED.into()) {
                assert_eq!(text, DOCUMENT.as_bytes(), "nothing else was ever signed");
            }
        }
        _ => {
            let other = forge::keyring().verify_detached(b"another document", bytes, SIGNED.into());
            assert!(other.is_err(), "no signature is over another document");
            let _ = forge::keyring().verify_detached(DOCUMENT.as_bytes(), bytes, SIGNED.into());
        }
    }
}

fn keys(bytes: &[u8]) {
    let Ok(ring) = Keyring::parse(&[bytes]) else { return };
    let known: Vec<_> = ring.fingerprints().collect();
    assert!(known.len() <= bytes.len(), "{} keys in {} bytes", known.len(), bytes.len());
    let signers = ring.signers(SIGNED.into()).count();
    let message = forge::signed(DOCUMENT);
    let is_good = ring.verify_cleartext(message.as_bytes(), SIGNED.into()).is_ok();
    assert!(!is_good || signers > 0, "who may not sign has not signed");
    let _ = ring.verify_detached(DOCUMENT.as_bytes(), &forge::detached(DOCUMENT.as_bytes()), SIGNED.into());
}
