//! What it takes for a release to be trusted: keys made here sign a small `InRelease`.

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, KeyType, SecretKeyParamsBuilder, SignedKeyDetails, SignedPublicKey,
    SignedPublicSubKey, SignedSecretKey, SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData, UserId};
use pgp::types::{Duration, Password, SignedUser, SigningKey, Tag, Timestamp};
use rand::SeedableRng;
use rand::rngs::StdRng;
use shipwheel_debian::{Keyring, Release, ReleaseError};

/// When the keys were made, when they sign, and when the test asks, in seconds since 1970.
const BORN: u32 = 1_600_000_000;
const SIGNED: u32 = BORN + 1_000;
const NOW: i64 = SIGNED as i64 + 1_000;

const TEXT: &str = "Suite: stable\nCodename: bookworm\nDate: Sat, 21 Nov 2020 00:53:02 UTC\n\
    Valid-Until: Sat, 28 Nov 2020 00:53:02 UTC\nAcquire-By-Hash: yes\nSHA256:\n \
    2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 5 main/binary-amd64/Packages.xz\n";

/// How a certificate is made up.
#[derive(Clone, Copy)]
struct Shape {
    /// Whether the subkey may sign, or the primary key.
    subkey_signs: bool,
    primary_lives: u32,
    subkey_lives: u32,
    revoked: bool,
    subkey_revoked: bool,
    signed_back: bool,
}

const PLAIN: Shape = Shape {
    subkey_signs: false,
    primary_lives: 0,
    subkey_lives: 0,
    revoked: false,
    subkey_revoked: false,
    signed_back: true,
};
const SUBKEY: Shape = Shape { subkey_signs: true, ..PLAIN };

struct Key {
    secret: SignedSecretKey,
    certificate: SignedPublicKey,
}

fn flags(sign: bool) -> SubpacketData {
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(sign);
    SubpacketData::KeyFlags(flags)
}

fn config(kind: SignatureType, key: &impl SigningKey, data: Vec<SubpacketData>) -> SignatureConfig {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha256);
    let own = [
        SubpacketData::SignatureCreationTime(Timestamp::from_secs(SIGNED)),
        SubpacketData::IssuerFingerprint(key.fingerprint()),
    ];
    let subpackets = own.into_iter().chain(data).map(|data| Subpacket::regular(data).expect("a subpacket"));
    config.hashed_subpackets = subpackets.collect();
    config
}

fn key(seed: u64, shape: Shape) -> Key {
    let born = Timestamp::from_secs(BORN);
    let mut subkey = SubkeyParamsBuilder::default();
    subkey.key_type(KeyType::Ed25519Legacy).can_sign(true).created_at(born);
    let mut params = SecretKeyParamsBuilder::default();
    params.key_type(KeyType::Ed25519Legacy).can_certify(true).can_sign(true).created_at(born);
    params.primary_user_id("Test <test@mirror.example>".into()).subkeys(vec![subkey.build().expect("complete")]);
    let params = params.build().expect("complete");
    let secret = params.generate(StdRng::seed_from_u64(seed)).expect("a key");
    let certificate = certificate(&secret, shape);
    Key { secret, certificate }
}

/// Binds the parts of a key anew, at times that do not depend on the clock.
fn certificate(secret: &SignedSecretKey, shape: Shape) -> SignedPublicKey {
    let (none, primary, subkey) = (Password::empty(), &secret.primary_key, &secret.secret_subkeys[0].key);
    let lives = |seconds| SubpacketData::KeyExpirationTime(Duration::from_secs(seconds));
    let id: UserId = secret.details.users[0].id.clone();
    let own =
        config(SignatureType::CertPositive, primary, vec![flags(!shape.subkey_signs), lives(shape.primary_lives)]);
    let own = own.sign_certification(primary, primary.public_key(), &none, Tag::UserId, &id).expect("signed");
    let revocation = |kind| config(kind, primary, Vec::new());
    let revocations: Vec<Signature> = shape
        .revoked
        .then(|| {
            revocation(SignatureType::KeyRevocation).sign_key(primary, &none, primary.public_key()).expect("signed")
        })
        .into_iter()
        .collect();
    let mut data = vec![flags(shape.subkey_signs), lives(shape.subkey_lives)];
    if shape.signed_back {
        let back = config(SignatureType::KeyBinding, subkey, Vec::new());
        let back = back.sign_primary_key_binding(subkey, subkey.public_key(), &none, primary.public_key());
        data.push(SubpacketData::EmbeddedSignature(Box::new(back.expect("signed"))));
    }
    let bind = |config: SignatureConfig| {
        config.sign_subkey_binding(primary, primary.public_key(), &none, subkey.public_key()).expect("signed")
    };
    let mut bindings = vec![bind(config(SignatureType::SubkeyBinding, primary, data))];
    bindings.extend(shape.subkey_revoked.then(|| bind(revocation(SignatureType::SubkeyRevocation))));
    let details = SignedKeyDetails::new(revocations, Vec::new(), vec![SignedUser::new(id, vec![own])], Vec::new());
    let subkey = SignedPublicSubKey::new(subkey.public_key().clone(), bindings);
    SignedPublicKey::new(primary.public_key().clone(), details, vec![subkey])
}

fn sign(key: &impl SigningKey, kind: SignatureType, extra: Vec<SubpacketData>) -> String {
    let message = CleartextSignedMessage::new(TEXT, config(kind, key, extra), key, &Password::empty()).expect("signed");
    message.to_armored_string(ArmorOptions::default()).expect("UTF-8")
}

fn ring(certificates: &[&SignedPublicKey]) -> Keyring {
    let armored = certificates.iter().map(|c| c.to_armored_bytes(ArmorOptions::default()).expect("to memory"));
    let files: Vec<Vec<u8>> = armored.collect();
    Keyring::parse(&files.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("certificates")
}

fn verify(ring: &Keyring, in_release: &str, now: i64) -> Result<Release, String> {
    let now = jiff::Timestamp::from_second(now).expect("in range");
    ring.verify_inline(in_release.as_bytes(), now).map_err(|error| error.to_string())
}

/// Signs with the key that the shape has for it, and checks the error; none means trusted.
fn check(shape: Shape, now: i64, expected: Option<&str>) {
    let key = key(1, shape);
    let (primary, subkey) = (&key.secret.primary_key, &key.secret.secret_subkeys[0].key);
    let text = match shape.subkey_signs {
        true => sign(subkey, SignatureType::Text, Vec::new()),
        false => sign(primary, SignatureType::Text, Vec::new()),
    };
    match (verify(&ring(&[&key.certificate]), &text, now), expected) {
        (Ok(release), None) => assert_eq!(release.codename, "bookworm"),
        (Err(error), Some(expected)) => assert!(error.contains(expected), "{error}"),
        (found, expected) => panic!("found {found:?}, expected {expected:?}"),
    }
}

#[test]
fn a_release_signed_by_a_primary_key_or_a_subkey_is_trusted() {
    check(PLAIN, NOW, None);
    check(SUBKEY, NOW, None);
    check(Shape { primary_lives: 3_000, subkey_lives: 3_000, ..SUBKEY }, NOW, None);
}

#[test]
fn keys_that_are_expired_revoked_or_not_bound_for_signing_are_refused() {
    check(Shape { primary_lives: 1_500, ..PLAIN }, NOW, Some("has expired"));
    check(Shape { primary_lives: 1_500, ..SUBKEY }, NOW, Some("expired or revoked primary key"));
    check(Shape { subkey_lives: 1_500, ..SUBKEY }, NOW, Some("has expired"));
    check(Shape { revoked: true, ..PLAIN }, NOW, Some("is revoked"));
    check(Shape { revoked: true, ..SUBKEY }, NOW, Some("expired or revoked primary key"));
    check(Shape { subkey_revoked: true, ..SUBKEY }, NOW, Some("is revoked"));
    check(Shape { signed_back: false, ..SUBKEY }, NOW, Some("not for signing"));
    check(PLAIN, i64::from(SIGNED) - 1, Some("from the future"));
}

#[test]
fn expired_signatures_and_keys_without_the_flag_for_signing_are_refused() {
    let key = key(1, PLAIN);
    let ring = ring(&[&key.certificate]);
    let expiring = vec![SubpacketData::SignatureExpirationTime(Duration::from_secs(10))];
    let expired = sign(&key.secret.primary_key, SignatureType::Text, expiring);
    assert!(verify(&ring, &expired, NOW).expect_err("expired").contains("has expired"));
    // A key that is in the ring, but without the flag for signing.
    let other = certificate(&key.secret, SUBKEY);
    let text = sign(&key.secret.primary_key, SignatureType::Text, Vec::new());
    assert!(verify(&self::ring(&[&other]), &text, NOW).expect_err("no flag").contains("not for signing"));
    assert!(verify(&self::ring(&[&other, &key.certificate]), &text, NOW).is_ok());
}

#[test]
fn a_changed_text_and_an_unknown_key_are_refused() {
    let (one, two) = (key(1, PLAIN), key(2, PLAIN));
    let text = sign(&one.secret.primary_key, SignatureType::Text, Vec::new());
    let ring = ring(&[&one.certificate]);
    assert!(verify(&ring, &text, NOW).is_ok());
    for (from, to) in [("bookworm", "trixie"), (" 5 main", " 6 main"), ("Suite", "suite")] {
        let error = verify(&ring, &text.replace(from, to), NOW).expect_err(from);
        assert!(error.contains("no good signature"), "{error}");
    }
    let error = verify(&self::ring(&[&two.certificate]), &text, NOW).expect_err("unknown");
    assert!(error.contains("no known key"), "{error}");
    assert!(verify(&Keyring::embedded(), &text, NOW).is_err());
    // Spaces at the ends of lines and the kind of line ends are not signed, and change nothing.
    assert_eq!(verify(&ring, &text.replace('\n', "\r\n"), NOW), verify(&ring, &text, NOW));
}

#[test]
fn text_outside_the_signed_part_is_never_used() {
    let key = key(1, PLAIN);
    let (ring, text) = (ring(&[&key.certificate]), sign(&key.secret.primary_key, SignatureType::Text, Vec::new()));
    let begin = "-----BEGIN PGP SIGNATURE-----";
    for forged in [
        format!("{TEXT}\n{text}"),
        format!("{text}\n{TEXT}"),
        text.replacen("\n\n", "\nCodename: trixie\n\n", 1),
        text.replacen(begin, &format!("{begin}\nCodename: trixie"), 1),
        text[..text.find(begin).expect("signed")].to_owned(),
        TEXT.to_owned(),
        String::new(),
    ] {
        match verify(&ring, &forged, NOW) {
            Ok(release) => assert_eq!(release.codename, "bookworm", "{forged}"),
            Err(error) => assert!(error.starts_with("no "), "{error}"),
        }
    }
}

#[test]
fn a_trusted_release_is_still_checked_for_its_date_and_its_suite() {
    let key = key(1, PLAIN);
    let text = sign(&key.secret.primary_key, SignatureType::Text, Vec::new());
    let release = verify(&ring(&[&key.certificate]), &text, NOW).expect("trusted");
    let at = |text: &str| release.check_valid_until(text.parse().expect("a timestamp"));
    assert!(at("2020-11-28T00:00:00Z").is_ok());
    assert!(matches!(at("2020-11-29T00:00:00Z"), Err(ReleaseError::Expired { .. })));
    assert!(release.check_suite("bookworm").is_ok() && release.check_suite("stable").is_ok());
    assert!(matches!(release.check_suite("trixie"), Err(ReleaseError::WrongSuite { .. })));
}
