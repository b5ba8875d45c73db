//! Whatever a mirror or a keyring holds, reading it is an error or a value, never a panic.

#[path = "../../oci/tests/mutation/mod.rs"]
mod mutation;

mod forge;

use forge::{Certificate, Secret, armor, canonical, cleartext, draft, packet, signature_block};
use mutation::mutated;
use proptest::prelude::*;
use shipwheel_openpgp::Keyring;

const SIGNED: u32 = 1_605_920_000;
const TEXT: &str = "Suite: stable\nCodename: bookworm";

fn ring() -> Vec<u8> {
    let (key, subkey) = (Secret::new(1, SIGNED), Secret::new(2, SIGNED));
    Certificate::with_subkey(&key, &subkey, SIGNED).bytes()
}

fn signature() -> Vec<u8> {
    Secret::new(2, SIGNED).sign(&draft(1, SIGNED), &canonical(TEXT))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn changed_keyrings_are_read_without_a_panic(bytes in mutated(vec![ring(), armor("PUBLIC KEY BLOCK", &ring()).into_bytes()])) {
        if let Ok(ring) = Keyring::parse(&[&bytes]) {
            let _ = ring.verify_cleartext(cleartext(TEXT, &[signature()]).as_bytes(), SIGNED.into());
        }
    }

    #[test]
    fn changed_messages_give_the_signed_text_or_an_error(bytes in mutated(vec![cleartext(TEXT, &[signature()]).into_bytes()])) {
        let ring = Keyring::parse(&[&ring()]).expect("sound");
        if let Ok(text) = ring.verify_cleartext(&bytes, SIGNED.into()) {
            prop_assert_eq!(text, TEXT.as_bytes());
        }
    }

    #[test]
    fn changed_detached_signatures_are_read_without_a_panic(bytes in mutated(vec![
        packet(2, &signature()),
        signature_block(&[signature()]).into_bytes(),
    ])) {
        let ring = Keyring::parse(&[&ring()]).expect("sound");
        let _ = ring.verify_detached(TEXT.as_bytes(), &bytes, SIGNED.into());
    }
}
