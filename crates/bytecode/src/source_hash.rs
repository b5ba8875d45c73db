//! The hash of a source that a hash-based pyc carries (PEP 552, `_imp.source_hash`).

use siphasher::sip::{SipHasher13, SipHasher24};

/// Hashes a source as the CPython 3.`minor` with this magic number does: SipHash-2-4 up to 3.10,
/// SipHash-1-3 from then on, under the magic number as its key.
pub fn source_hash(minor: u32, magic_number: [u8; 4], source: &[u8]) -> [u8; 8] {
    let key = u64::from(u32::from_le_bytes(magic_number));
    let hash = match minor {
        ..=10 => SipHasher24::new_with_keys(key, 0).hash(source),
        _ => SipHasher13::new_with_keys(key, 0).hash(source),
    };
    hash.to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::magic_number::magic_number;
    use crate::python_version::PythonVersion;

    #[test]
    fn hashes_are_those_of_each_interpreter() {
        // Printed by `importlib.util.source_hash` of 3.9.18, 3.10.13, 3.11.7, 3.12.1 and 3.13.0.
        let long = [b'x'; 31];
        for (minor, source, expected) in [
            (9, &b""[..], "ac0bb7c83e5b1c5f"),
            (9, b"print(1)\n", "662d17ead51fcafc"),
            (9, &long, "8cddafd851c8e748"),
            (10, b"print(1)\n", "28765e52ed782214"),
            (11, b"", "738d9cd5d5e87f73"),
            (11, b"print(1)\n", "da812d7f407a3059"),
            (11, &long, "dc0a9644d1bbfa4a"),
            (12, b"print(1)\n", "bf71f361a5f8cd69"),
            (13, &long, "712a9a669e2b0982"),
        ] {
            let version = PythonVersion { major: 3, minor, micro: 0 };
            let magic = magic_number(&version, None).expect("a version of the table");
            let found = source_hash(minor, magic, source);
            let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(found, expected, "3.{minor}");
        }
    }
}
