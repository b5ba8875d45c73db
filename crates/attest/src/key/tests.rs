//! Key files of cosign's, of openssl's, and of nobody's. The key is the one of RFC 6979, A.2.5: it protects nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::key_error::KeyError;
use super::password::Password;
use super::public_key::PublicKey;
use super::sealed::MAX_SCRYPT;
use super::signing_key::SigningKey;

/// The older form of openssl.
const SEC1: &str = "\
-----BEGIN EC PRIVATE KEY-----
MDECAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49
AwEH
-----END EC PRIVATE KEY-----
";

/// PKCS#8 without a password.
const PKCS8: &str = "\
-----BEGIN PRIVATE KEY-----
MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdn
sdaTTlDD2zbomxJ7imIrEg9nIQ==
-----END PRIVATE KEY-----
";

/// `openssl pkcs8 -topk8 -v2 aes-256-cbc`.
const PBKDF2: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGrMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgYDQFOTZDX1QICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFBRXUDJk15+W3LdGfvVGn8EUNx/
AYi+g0L9vRMg9hLIJdNRWuF8xn9Bdaokl2HILs5T/eokHOWvNJrJD13YA3nkAzmm
wTGcpgKMZR2RhHgHz105/wm/JHoGFF/cR3elI4vk
-----END ENCRYPTED PRIVATE KEY-----
";

/// The same with `-scrypt -scrypt_N 1024`.
const SCRYPT: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGjME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAiED3cJmYl5hgICBAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBBXGJmau8WRzLzVIuW/KMdBBFBF5Nb0KQT2Q21B
VT3nHO8+irrHcOtmBuPU6xjQ02G44vvs2tohBn0shKmIcITGYHm0XeXT5lfQc/dT
QXdFHUakPtWjqeFsAbu27ZZ2qaUqUg==
-----END ENCRYPTED PRIVATE KEY-----
";

/// The same with five million rounds of PBKDF2.
const ROUNDS: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGsMFgGCSqGSIb3DQEFDTBLMCoGCSqGSIb3DQEFDDAdBAh+t33OXFMLnAIDTEtA
MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBCPQ0BHrxu5/I4MDF5/sCB4BFCw
6142jtroEJyITqtfhKyMCD2w5SN6zQM5CTO8UP2TcE/CMT8vN0HuhA+JRRybJL5X
iwj46oYmClspl0Prv+0o4xR2mJq+fgVeqt//571sOg==
-----END ENCRYPTED PRIVATE KEY-----
";

/// `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES`.
const PBES1: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MGgwHAYKKoZIhvcNAQwBAzAOBAjgSbWkE9X6BgICCAAESMmnXTNKHdMjXrD1XtEA
RuPLJaIDFWjGuebHNQuCHwkIBXPFu8bls2I0mJ1a9RD6jeXfRibQx39Y1RZ1v6tg
gZaxOwv66zlZhw==
-----END ENCRYPTED PRIVATE KEY-----
";

/// The public key.
const PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7
Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==
-----END PUBLIC KEY-----
";

/// `openssl ec -aes128`.
const OLD: &str = "\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,EEF48C52992ACA466A7B5E404E57D318

CMduttWvTNdfrAS4Q3/A1+8YJQsqv7KodCMKOIbskKd1RNlB+woA23dgLBc4dWRq
VHzhFGzbMecyqb0tsekh6q1DGPBoDzHteVDOXEeIGBVYKXm/C6Gz77YFo7wKJex9
T2ID4xWmxUuuSF7S6212v+mqRW3MMllGBnJmDEn/Yow=
-----END EC PRIVATE KEY-----
";

/// An Ed25519 key.
const ED25519: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIG+po5YLSiOFHNjpp6emHSMOQvePeaPZKs84Ew7fTriR
-----END PRIVATE KEY-----
";

/// Its public key.
const ED25519_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAaEtkP7nOhRC8VmdDkSw1/KK+udMQ8lTzAxppHYfjCGY=
-----END PUBLIC KEY-----
";

/// A key on P-384, with the parameters that openssl puts before it.
const P384: &str = "\
-----BEGIN EC PARAMETERS-----
BgUrgQQAIg==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MIGkAgEBBDBQwWCAmg91cDuspBQT3smUxN6WeKjRZOAri0gPpmgSo9iYhj0iyWxH
uuBjukVaQEmgBwYFK4EEACKhZANiAATvEXbKg/UVsoW0Wt3zPjLDOCM/iOk0P+v6
wrwT3/bnG+T4WTfa68BTLfVMDfa3/58jtA6SZLeaiqtPcCj+faxke+TD4/0ZvEbt
MnzhWN0zPCwfLHRp7C+QuxygvkZ1YlE=
-----END EC PRIVATE KEY-----
";

/// Its public key.
const P384_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE7xF2yoP1FbKFtFrd8z4ywzgjP4jpND/r
+sK8E9/25xvk+Fk32uvAUy31TA32t/+fI7QOkmS3moqrT3Ao/n2sZHvkw+P9GbxG
7TJ84VjdMzwsHyx0aewvkLscoL5GdWJR
-----END PUBLIC KEY-----
";

/// The key of RFC 6979, A.2.5, for the tests of other files.
pub(crate) fn sample() -> SigningKey {
    SigningKey::read(PKCS8.as_bytes(), None).unwrap()
}

fn password() -> Password {
    Password::new("open sesame")
}

/// A key file as cosign writes it, with other parameters.
fn sealed(label: &str, change: impl FnOnce(&mut Value)) -> String {
    let (salt, nonce) = ([7u8; 32], [9u8; 24]);
    let mut key = [0u8; 32];
    scrypt::scrypt(b"open sesame", &salt, &scrypt::Params::new(4, 8, 1, 32).unwrap(), &mut key).unwrap();
    let body: String = PKCS8.lines().filter(|line| !line.starts_with('-')).collect();
    let plain = STANDARD.decode(body).unwrap();
    let ciphertext = XSalsa20Poly1305::new(&key.into()).encrypt(&nonce.into(), plain.as_slice()).unwrap();
    let mut file = json!({
        "kdf": { "name": "scrypt", "params": { "N": 16, "r": 8, "p": 1 }, "salt": STANDARD.encode(salt) },
        "cipher": { "name": "nacl/secretbox", "nonce": STANDARD.encode(nonce) },
        "ciphertext": STANDARD.encode(ciphertext),
    });
    change(&mut file);
    let body = STANDARD.encode(file.to_string());
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn every_form_of_a_key_file_is_the_same_key() {
    let public = PublicKey::read(PUBLIC.as_bytes()).unwrap();
    for (file, needs_password) in [
        (SEC1.to_owned(), false),
        (PKCS8.to_owned(), false),
        (format!("a comment\n{}", PKCS8.replace('\n', "\r\n")), false),
        (PBKDF2.to_owned(), true),
        (SCRYPT.to_owned(), true),
        (sealed("ENCRYPTED SIGSTORE PRIVATE KEY", |_| {}), true),
        (sealed("ENCRYPTED COSIGN PRIVATE KEY", |_| {}), true),
    ] {
        let key = SigningKey::read(file.as_bytes(), Some(&password())).unwrap();
        assert_eq!(key.public(), public, "{file}");
        let other = SigningKey::read(file.as_bytes(), Some(&Password::new("sesame")));
        assert_eq!(other.err(), needs_password.then_some(KeyError::Password), "{file}");
        let without = SigningKey::read(file.as_bytes(), None);
        assert_eq!(without.err(), needs_password.then_some(KeyError::Locked), "{file}");
    }
}

#[test]
fn signatures_are_those_of_rfc_6979() {
    let der = "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
               022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    let signature = sample().sign(b"sample");
    assert_eq!(signature.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), der);
    assert!(sample().public().verifies(b"sample", &signature));
    assert!(!sample().public().verifies(b"samplf", &signature));
    assert!(!sample().public().verifies(b"sample", &signature[1..]));
    assert!(!sample().public().verifies(b"sample", b""));
}

#[test]
fn what_is_not_the_key_that_is_needed_is_named() {
    let kind = |label: &str| KeyError::Kind { label: label.to_owned() };
    let malformed = |what| KeyError::Malformed { what };
    let label = "ENCRYPTED SIGSTORE PRIVATE KEY";
    let cost = |found| KeyError::Cost { what: "scrypt with N·r·p of", found, limit: MAX_SCRYPT };
    for (file, expected) in [
        (String::new(), KeyError::NoPem),
        ("-----BEGIN PRIVATE KEY-----".to_owned(), KeyError::NoPem),
        (PKCS8.replace("END PRIVATE", "END PUBLIC"), KeyError::NoPem),
        (PKCS8.replace("PRIVATE KEY", "\u{7}"), KeyError::NoPem),
        (PKCS8.replace("PRIVATE KEY", "CERTIFICATE"), kind("CERTIFICATE")),
        (PKCS8.replace("PRIVATE KEY", &"A".repeat(99)), kind(&"A".repeat(40))),
        (PKCS8.replace("MEE", "!!!"), malformed("its base64")),
        (PKCS8.replace("MEE", "MEF"), malformed("its PKCS#8")),
        (PUBLIC.to_owned(), KeyError::Public),
        (ED25519.to_owned(), KeyError::Algorithm),
        (P384.to_owned(), KeyError::Algorithm),
        (OLD.to_owned(), KeyError::Encryption { what: "OpenSSL's own old form" }),
        (PBES1.to_owned(), KeyError::Encryption { what: "something else than PBES2" }),
        (ROUNDS.to_owned(), KeyError::Cost { what: "rounds of PBKDF2:", found: 5_000_000, limit: 4_000_000 }),
        (sealed(label, |it| it["kdf"]["params"]["N"] = json!(1u64 << 40)), cost(1 << 43)),
        (sealed(label, |it| it["kdf"]["params"]["p"] = json!(u64::MAX)), cost(u64::MAX)),
        (sealed(label, |it| it["kdf"]["params"]["N"] = json!(15)), malformed("its parameters of scrypt")),
        (sealed(label, |it| it["kdf"]["params"]["N"] = json!(0)), malformed("its parameters of scrypt")),
        (sealed(label, |it| it["kdf"]["params"]["r"] = json!(0)), malformed("its parameters of scrypt")),
        (sealed(label, |it| it["kdf"]["salt"] = json!("!")), malformed("its salt")),
        (sealed(label, |it| it["cipher"]["nonce"] = json!("AAAA")), malformed("its nonce")),
        (sealed(label, |it| it["ciphertext"] = json!("AAAA")), KeyError::Password),
        (sealed(label, |it| *it = json!([])), malformed("its JSON")),
        (
            sealed(label, |it| it["kdf"]["name"] = json!("argon2")),
            KeyError::Encryption { what: "something else than scrypt and nacl/secretbox" },
        ),
    ] {
        let error = SigningKey::read(file.as_bytes(), Some(&password())).map(|_| ()).unwrap_err();
        assert_eq!(error, expected, "{file}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn a_public_key_is_one_on_p_256_and_nothing_else() {
    for (file, expected) in [
        (PUBLIC, None),
        (ED25519_PUBLIC, Some(KeyError::Algorithm)),
        (P384_PUBLIC, Some(KeyError::Algorithm)),
        (PKCS8, Some(KeyError::Private)),
        (OLD, Some(KeyError::Encryption { what: "OpenSSL's own old form" })),
        ("", Some(KeyError::NoPem)),
    ] {
        assert_eq!(PublicKey::read(file.as_bytes()).err(), expected, "{file}");
    }
}

#[test]
fn keys_and_passwords_do_not_show() {
    assert_eq!(format!("{:?} {:?}", sample(), password()), "*** ***");
}

proptest! {
    #[test]
    fn no_file_makes_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), place in 0usize..400, byte: u8) {
        let _ = SigningKey::read(&bytes, Some(&password()));
        let _ = PublicKey::read(&bytes);
        let body = STANDARD.encode(&bytes);
        for label in ["PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY", "ENCRYPTED PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY"] {
            let file = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
            let _ = SigningKey::read(file.as_bytes(), Some(&password()));
            let _ = PublicKey::read(file.as_bytes());
        }
        for file in [SCRYPT, PKCS8, SEC1, PUBLIC] {
            let mut file = file.as_bytes().to_vec();
            let place = place % file.len();
            file[place] = byte;
            let _ = SigningKey::read(&file, None);
            let _ = PublicKey::read(&file);
        }
    }
}
