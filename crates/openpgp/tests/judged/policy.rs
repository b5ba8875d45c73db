//! Which keys and signatures count: the same cases for this crate, gpgv and sqv.

use std::time::UNIX_EPOCH;

use shipwheel_openpgp::Keyring;

use crate::forge::{
    CERTIFY, Certificate, Draft, SHA1, SHA512, SIGN, Secret, canonical, cleartext, draft, seconds, signature_block,
    subpacket,
};
use crate::judges::{self, RELEASE};

const DAY: u32 = 86_400;
/// When keys were made and when they signed, in days before now: the judges' clock is the machine's.
const BORN: u32 = 100;
const SIGNED: u32 = 50;

/// The judges' verdicts, compared with this crate's.
enum Judges {
    /// Both the same.
    Agree,
    /// gpgv trusts what is refused here.
    GpgvTrusts,
    /// sqv trusts what is refused here. It looks at keys as they were when they signed.
    SqvTrusts,
    /// gpgv refuses what is trusted here.
    GpgvRefuses,
}
use Judges::{Agree, GpgvRefuses, GpgvTrusts, SqvTrusts};

/// The keys that take part.
struct Keys {
    now: u32,
    key: Secret,
    subkey: Secret,
    other: Secret,
}

impl Keys {
    fn new() -> Self {
        let now = u32::try_from(UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
        let [key, subkey, other] = [1, 2, 3].map(|seed| Secret::new(seed, now - BORN * DAY));
        Self { now, key, subkey, other }
    }

    fn ago(&self, days: u32) -> u32 {
        self.now - days * DAY
    }

    fn draft(&self, kind: u8) -> Draft {
        draft(kind, self.ago(SIGNED))
    }

    /// A certificate whose primary key signs, changed.
    fn primary(&self, change: impl FnOnce(&mut Certificate<'_>)) -> Vec<u8> {
        let mut certificate = Certificate::new(&self.key, self.ago(SIGNED));
        change(&mut certificate);
        certificate.bytes()
    }

    /// A certificate whose subkey signs, changed.
    fn with_subkey(&self, change: impl FnOnce(&mut Certificate<'_>)) -> Vec<u8> {
        let mut certificate = Certificate::with_subkey(&self.key, &self.subkey, self.ago(SIGNED));
        change(&mut certificate);
        certificate.bytes()
    }

    /// Checks signatures by these keys: no expected reason is trust.
    fn check_all(&self, keyring: &[u8], signatures: &[Vec<u8>], expected: &str, judges: Judges) {
        let document = canonical(RELEASE);
        let signature = signature_block(signatures);
        let ring = Keyring::parse(&[keyring]).unwrap();
        let found = ring.verify_cleartext(cleartext(RELEASE, signatures).as_bytes(), self.now.into());
        let found = found.map_or_else(|error| error.to_string(), |_| String::new());
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{found:?}, not {expected:?}");
        let detached = ring.verify_detached(&document, signature.as_bytes(), self.now.into());
        assert_eq!(detached.is_ok(), found.is_empty(), "{detached:?}");
        let (gpgv, sqv) = match judges {
            Agree => (found.is_empty(), found.is_empty()),
            GpgvTrusts => (true, false),
            SqvTrusts => (false, true),
            GpgvRefuses => (false, true),
        };
        assert_eq!(judges::gpgv(keyring, &document, &signature), gpgv, "gpgv: {expected:?}");
        assert_eq!(judges::sqv(keyring, &document, &signature), sqv, "sqv: {expected:?}");
    }

    /// Checks one signature, by the primary key.
    fn check(&self, keyring: &[u8], draft: &Draft, expected: &str, judges: Judges) {
        self.check_all(keyring, &[self.key.sign(draft, &canonical(RELEASE))], expected, judges);
    }

    /// Checks a plain signature by the subkey.
    fn check_subkey(&self, keyring: &[u8], expected: &str, judges: Judges) {
        self.check_all(keyring, &[self.subkey.sign(&self.draft(1), &canonical(RELEASE))], expected, judges);
    }
}

/// A notation that nobody knows, in a subpacket of this type.
fn notation(kind: u8) -> Vec<u8> {
    subpacket(kind, &[0x80, 0, 0, 0, 0, 3, 0, 1, b'a', b'@', b'b', b'c'])
}

fn flags(flags: u8) -> Vec<u8> {
    subpacket(27, &[flags])
}

/// How long a key lives, in days.
fn lives(days: u32) -> Vec<u8> {
    seconds(9, days * DAY)
}

#[test]
fn signatures_by_a_primary_key_and_by_a_bound_subkey_count() {
    let keys = Keys::new();
    keys.check(&keys.primary(|_| {}), &keys.draft(1), "", Agree);
    keys.check(&keys.primary(|_| {}), &keys.draft(0), "", Agree);
    keys.check(&keys.primary(|_| {}), &keys.draft(1).hash(SHA512), "", Agree);
    keys.check(&keys.primary(|_| {}), &keys.draft(1).with(notation(20)), "", Agree);
    keys.check(&keys.primary(|_| {}), &keys.draft(1).with(seconds(3 | 0x80, 51 * DAY)), "", Agree);
    keys.check(&keys.primary(|it| it.own.hashed.push(lives(101))), &keys.draft(1), "", Agree);
    keys.check_subkey(&keys.with_subkey(|_| {}), "", Agree);
}

#[test]
fn one_good_signature_is_enough() {
    let keys = Keys::new();
    let (ring, document) = (keys.primary(|_| {}), canonical(RELEASE));
    let good = keys.key.sign(&keys.draft(1), &document);
    let bad = keys.key.sign(&keys.draft(1), b"another text");
    let unknown = keys.other.sign(&keys.draft(1), &document);
    keys.check_all(&ring, &[good.clone(), good.clone()], "", Agree);
    keys.check_all(&ring, &[unknown.clone(), good.clone()], "", Agree);
    keys.check_all(&ring, &[good.clone(), unknown.clone()], "", Agree);
    keys.check_all(&ring, &[unknown], "not in the keyring", Agree);
    keys.check_all(&ring, std::slice::from_ref(&bad), "the text was changed", Agree);
    // apt with gpgv refuses a bad signature beside a good one; apt with sqv takes it.
    keys.check_all(&ring, &[good.clone(), bad.clone()], "", GpgvRefuses);
    keys.check_all(&ring, &[bad, good], "", GpgvRefuses);
}

#[test]
fn weak_foreign_and_untimely_signatures_are_refused() {
    let keys = Keys::new();
    let ring = keys.primary(|_| {});
    keys.check(&ring, &keys.draft(1).hash(SHA1), "digest SHA-1", Agree);
    keys.check(&ring, &keys.draft(0x13), "of type 0x13", Agree);
    keys.check(&ring, &keys.draft(1).with(seconds(3, 49 * DAY)), "it has expired", Agree);
    keys.check(&ring, &keys.draft(1).with(notation(20 | 0x80)), "critical subpacket of type 20", Agree);
    keys.check(&ring, &keys.draft(1).with(subpacket(99 | 0x80, &[1])), "critical subpacket of type 99", Agree);
    keys.check(&ring, &draft(1, keys.now + DAY), "it is from the future", GpgvTrusts);
    // apt makes gpgv ignore this.
    keys.check(&ring, &draft(1, keys.ago(BORN + 1)), "it is older than its key", Agree);
}

#[test]
fn expired_keys_are_refused() {
    let keys = Keys::new();
    let expired = "its key has expired";
    // sqv trusts them: they were valid when they signed.
    keys.check(&keys.primary(|it| it.own.hashed.push(lives(60))), &keys.draft(1), expired, SqvTrusts);
    keys.check_subkey(&keys.with_subkey(|it| it.own.hashed.push(lives(60))), expired, SqvTrusts);
    keys.check_subkey(&keys.with_subkey(|it| it.binding().hashed.push(lives(60))), expired, SqvTrusts);
    keys.check(&keys.primary(|it| it.own.hashed.push(lives(10))), &keys.draft(1), expired, Agree);
    let put_off = |it: &mut Certificate<'_>| {
        it.own.hashed.push(lives(60));
        it.on_user.push(draft(0x13, keys.ago(SIGNED - 1)).with(flags(CERTIFY | SIGN)).with(lives(1_000)));
    };
    keys.check(&keys.primary(put_off), &keys.draft(1), "", Agree);
    let by_user = |it: &mut Certificate<'_>| {
        it.own.hashed.push(lives(10));
        it.direct.push(draft(0x1f, keys.ago(SIGNED - 1)).with(flags(CERTIFY | SIGN)));
    };
    keys.check(&keys.primary(by_user), &keys.draft(1), expired, Agree);
}

#[test]
fn revoked_keys_are_refused() {
    let keys = Keys::new();
    let revocation = |reason: &[u8]| draft(0x20, keys.ago(40)).with(subpacket(29, reason));
    let revoked = |revocation: Draft| keys.primary(|it| it.direct.push(revocation));
    keys.check(&revoked(draft(0x20, keys.ago(40))), &keys.draft(1), "revoked (no reason stated)", Agree);
    keys.check(&revoked(revocation(&[0])), &keys.draft(1), "revoked (no reason stated)", Agree);
    keys.check(&revoked(revocation(&[2])), &keys.draft(1), "revoked (compromised)", Agree);
    keys.check(&revoked(revocation(&[0]).hash(SHA1)), &keys.draft(1), "revoked (no reason stated)", Agree);
    keys.check(&revoked(draft(0x20, keys.now + DAY)), &keys.draft(1), "revoked (no reason stated)", Agree);
    // With these reasons sqv trusts what was signed before.
    keys.check(&revoked(revocation(&[1])), &keys.draft(1), "revoked (superseded)", SqvTrusts);
    keys.check(&revoked(revocation(&[3])), &keys.draft(1), "revoked (retired)", SqvTrusts);
    keys.check_subkey(&keys.with_subkey(|it| it.direct.push(revocation(&[2]))), "revoked (compromised)", Agree);
    let subkey_revoked = |reason: u8| {
        let revocation = draft(0x28, keys.ago(40)).with(subpacket(29, &[reason]));
        keys.with_subkey(|it| it.bound().revocation = Some(revocation))
    };
    keys.check_subkey(&subkey_revoked(0), "revoked (no reason stated)", Agree);
    keys.check_subkey(&subkey_revoked(3), "revoked (retired)", SqvTrusts);
    // A name that is given up takes nothing from the key.
    keys.check(&keys.primary(|it| it.on_user.push(draft(0x30, keys.ago(40)))), &keys.draft(1), "", Agree);
}

#[test]
fn subkeys_that_are_not_bound_from_both_sides_for_signing_are_refused() {
    let keys = Keys::new();
    let back = |back: Option<Draft>| keys.with_subkey(|it| it.bound().back = back);
    keys.check_subkey(&back(None), "no valid back-signature", Agree);
    keys.check_subkey(&back(Some(keys.draft(0x18))), "no valid back-signature", Agree);
    keys.check_subkey(&back(Some(keys.draft(0x19).hash(SHA1))), "no valid back-signature", GpgvTrusts);
    let binding = |draft: Draft| keys.with_subkey(|it| *it.binding() = draft);
    keys.check_subkey(&binding(keys.draft(0x13).with(flags(SIGN))), "not bound to the primary key", Agree);
    keys.check_subkey(&binding(keys.draft(0x18).with(flags(4))), "not for signing", Agree);
    keys.check_subkey(&binding(keys.draft(0x18).hash(SHA1).with(flags(SIGN))), "weak digest", GpgvTrusts);
    keys.check_subkey(&binding(keys.draft(0x18)), "not for signing", GpgvTrusts);
    keys.check_subkey(&keys.primary(|_| {}), "not in the keyring", Agree);
    // A subkey that was moved from its own certificate into another one.
    let other = Certificate::with_subkey(&keys.other, &keys.subkey, keys.ago(SIGNED)).bytes();
    let own = Certificate::with_subkey(&keys.key, &keys.subkey, keys.ago(SIGNED)).bytes();
    let subkey = Certificate::new(&keys.other, keys.ago(SIGNED)).bytes();
    let moved = [&keys.primary(|_| {})[..], &other[subkey.len()..]].concat();
    keys.check_subkey(&moved, "not bound to the primary key", Agree);
    keys.check_subkey(&[own, other].concat(), "", Agree);
}

#[test]
fn primary_keys_must_say_that_they_sign() {
    let keys = Keys::new();
    let own = |own: Draft| keys.primary(|it| it.own = own);
    keys.check(&keys.with_subkey(|_| {}), &keys.draft(1), "not for signing", Agree);
    keys.check(&own(keys.draft(0x13).with(subpacket(27, &[]))), &keys.draft(1), "not for signing", Agree);
    keys.check(&own(keys.draft(0x13)), &keys.draft(1), "not for signing", GpgvTrusts);
    let direct = |it: &mut Certificate<'_>| {
        it.own = keys.draft(0x13);
        it.direct.push(keys.draft(0x1f).with(flags(CERTIFY | SIGN)));
    };
    keys.check(&keys.primary(direct), &keys.draft(1), "", Agree);
    let newer = |it: &mut Certificate<'_>| it.direct.push(draft(0x1f, keys.ago(SIGNED - 1)));
    keys.check(&keys.primary(newer), &keys.draft(1), "", Agree);
    let taken_back = |it: &mut Certificate<'_>| it.on_user.push(draft(0x13, keys.ago(SIGNED - 1)).with(flags(CERTIFY)));
    keys.check(&keys.primary(taken_back), &keys.draft(1), "not for signing", SqvTrusts);
}

#[test]
fn self_signatures_must_be_strong_and_valid() {
    let keys = Keys::new();
    let own = |change: fn(&mut Draft)| keys.primary(|it| change(&mut it.own));
    keys.check(&own(|own| own.hash = SHA1), &keys.draft(1), "self-signature of its key uses a weak digest", GpgvTrusts);
    let critical = own(|own| own.hashed.push(notation(20 | 0x80)));
    keys.check(&critical, &keys.draft(1), "no valid self-signature", Agree);
    let expired = own(|own| own.hashed.push(seconds(3, DAY)));
    keys.check(&expired, &draft(1, keys.ago(40)), "no valid self-signature", GpgvTrusts);
    let future = keys.primary(|it| it.own.created = keys.now + DAY);
    keys.check(&future, &keys.draft(1), "no valid self-signature", GpgvTrusts);
}
