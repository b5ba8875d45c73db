//! Whatever a pyc holds, reading it is an error or a value, never a panic.

#[path = "../../oci/tests/mutation/mod.rs"]
mod mutation;

use mutation::mutated;
use proptest::prelude::*;
use shipwheel_bytecode::canonical;

/// A code object of 3.11 with constants of every kind.
const CODE: &[u8] = b"\xe3\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0s\x02\0\0\0\x97\0)\x08\xe9\x01\0\0\0l\x03\0\0\0\x01\0\x02\0\x03\0g\0\0\0\0\0\0\xf0?y\0\0\0\0\0\0\xf0?\0\0\0\0\0\0\0\xc0>\x02\0\0\0z\x01az\x01bu\x03\0\0\0\xed\xa0\x80.r\x01\0\0\0)\0)\0s\0\0\0\0z\x04a.pyZ\x01mZ\x01m\x01\0\0\0s\0\0\0\0s\0\0\0\0";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_mutated_code_object_becomes_canonical_or_is_refused(
        bytes in mutated(vec![CODE.to_vec()]),
        minor in 8_u8..16,
        name in prop::option::of(any::<String>()),
    ) {
        let _ = canonical(&bytes, minor, name.as_deref());
    }
}

#[test]
fn the_sample_itself_is_read() {
    canonical(CODE, 11, None).expect("it is sound");
}
