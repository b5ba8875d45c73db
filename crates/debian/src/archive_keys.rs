//! Debian's own archive keys.

use shipwheel_openpgp::Keyring;

/// See `keys/README.md`.
const KEYS: [&[u8]; 9] = [
    include_bytes!("../keys/debian-archive-bullseye-automatic.asc"),
    include_bytes!("../keys/debian-archive-bullseye-security-automatic.asc"),
    include_bytes!("../keys/debian-archive-bullseye-stable.asc"),
    include_bytes!("../keys/debian-archive-bookworm-automatic.asc"),
    include_bytes!("../keys/debian-archive-bookworm-security-automatic.asc"),
    include_bytes!("../keys/debian-archive-bookworm-stable.asc"),
    include_bytes!("../keys/debian-archive-trixie-automatic.asc"),
    include_bytes!("../keys/debian-archive-trixie-security-automatic.asc"),
    include_bytes!("../keys/debian-archive-trixie-stable.asc"),
];

/// Debian's archive keys for bullseye, bookworm, trixie and the suites that the same keys sign.
pub fn archive_keyring() -> Keyring {
    Keyring::parse(&KEYS).expect("because the files are part of this crate and tested")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_keys_are_the_ones_that_their_readme_lists() {
        let readme = include_str!("../keys/README.md");
        let ring = archive_keyring();
        // In February 2026, before the first of them expires: all primary keys and the six subkeys may sign.
        let signers: Vec<_> = ring.signers(1_770_000_000).collect();
        assert_eq!((ring.fingerprints().count(), signers.len()), (KEYS.len(), KEYS.len() + 6));
        for fingerprint in ring.fingerprints().chain(signers) {
            assert!(readme.contains(&fingerprint.to_string()), "{fingerprint}");
        }
    }
}
