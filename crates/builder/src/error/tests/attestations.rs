//! Errors of keys, signatures and other attestations.

use shipwheel_attest::{AttestationError, KeyError};

use super::*;
use crate::attestation::attest_error::AttestError;
use crate::attestation::refused::{Refused, RefusedReason};

#[test]
fn attestations() {
    let key = |cause| AttestError::Key { path: outside().into(), cause }.into();
    let found = |reason| Refused { place: digest(), reason };
    let unsigned = |found| AttestError::Unsigned { digest: digest(), found }.into();
    check([
        (key(KeyError::Locked), Configuration, HINT),
        (key(KeyError::Password), Configuration, HINT),
        (key(KeyError::Kind { label: "CERTIFICATE".to_owned() }), Configuration, HINT),
        (unsigned(Vec::new()), Verification, HINT),
        (unsigned(vec![found(RefusedReason::OtherImage)]), Verification, HINT),
        (unsigned(vec![found(RefusedReason::OtherPredicate(outside()))]), Verification, HINT),
        (unsigned(vec![found(RefusedReason::Unusable(AttestationError::Signature)); 12]), Verification, HINT),
        (AttestError::Tag { tag: outside(), cause: AttestationError::NoEnvelope }.into(), Outside, HINT),
    ]);
}
