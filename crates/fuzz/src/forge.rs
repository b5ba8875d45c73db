//! The signer of the OpenPGP tests: without it, no mutated text would pass the check of its signature.

#[path = "../../openpgp/tests/forge/mod.rs"]
mod forge;

use shipwheel_openpgp::Keyring;

use self::forge::{Certificate, Secret, canonical, draft};

/// When everything is signed, in seconds since 1970.
pub(crate) const SIGNED: u32 = 1_605_920_000;

fn key() -> Secret {
    Secret::new(1, SIGNED - 1_000)
}

/// The keyring that trusts the signer.
pub(crate) fn keyring() -> Keyring {
    Keyring::parse(&[&Certificate::new(&key(), SIGNED).bytes()]).expect("a certificate")
}

/// A cleartext message over a text, with its dashes escaped.
pub(crate) fn signed(text: &str) -> String {
    let lines = |line: fn(&str) -> String| text.split('\n').map(line).collect::<Vec<_>>().join("\n");
    let bare = lines(|line| line.trim_end_matches([' ', '\t', '\r']).to_owned());
    let escaped = lines(|line| if line.starts_with('-') { format!("- {line}") } else { line.to_owned() });
    forge::cleartext(&escaped, &[key().sign(&draft(1, SIGNED), &canonical(&bare))])
}

/// A detached signature over a document.
pub(crate) fn detached(document: &[u8]) -> Vec<u8> {
    forge::packet(2, &key().sign(&draft(0, SIGNED), document))
}
