//! Keys and messages that gpg makes, of every algorithm that is read here.

use std::fs;

use shipwheel_openpgp::{Keyring, VerifyError};
use tempfile::TempDir;

use crate::judges::{self, RELEASE, run};

/// A home of gpg with one key without a passphrase.
struct Gpg {
    home: TempDir,
    keyring: Vec<u8>,
}

impl Gpg {
    fn new(algorithm: &str) -> Self {
        let home = tempfile::Builder::new().prefix("gpg").tempdir().unwrap();
        let mut gpg = Self { home, keyring: Vec::new() };
        gpg.run(&["--passphrase", "", "--quick-gen-key", "Test <test@mirror.example>", algorithm, "sign", "1y"]);
        gpg.keyring = gpg.run(&["--export"]);
        gpg
    }

    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let options = ["--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback"];
        let output = run("gpg", &[&options, arguments].concat(), &[("GNUPGHOME", self.home.path())]);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// A cleartext message and a detached signature over the release's text.
    fn sign(&self, options: &[&str]) -> (String, String) {
        let path = self.home.path().join("Release");
        fs::write(&path, RELEASE).unwrap();
        let path = path.display().to_string();
        let sign = |kind: &[&str]| self.run(&[options, kind, &["--output", "-", &path]].concat());
        let [inline, detached] = [sign(&["--clearsign"]), sign(&["--armor", "--detach-sign"])];
        (String::from_utf8(inline).unwrap(), String::from_utf8(detached).unwrap())
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        // The agent that gpg started for this home.
        run("gpgconf", &["--kill", "all"], &[("GNUPGHOME", self.home.path())]);
    }
}

fn now() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

/// Signs with a key of an algorithm; no expected reason is trust. gpgv and sqv trust as said.
fn check(algorithm: &str, options: &[&str], expected: &str, [gpgv, sqv]: [bool; 2]) {
    let gpg = Gpg::new(algorithm);
    let ring = Keyring::parse(&[&gpg.keyring]).unwrap();
    let (inline, detached) = gpg.sign(options);
    let verified = [
        ring.verify_cleartext(inline.as_bytes(), now()).map(drop),
        ring.verify_detached(RELEASE.as_bytes(), detached.as_bytes(), now()),
    ];
    for verified in verified {
        let found = verified.map_or_else(|error: VerifyError| error.to_string(), |()| String::new());
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{algorithm}: {found}");
    }
    assert_eq!(judges::gpgv(&gpg.keyring, RELEASE.as_bytes(), &detached), gpgv, "gpgv: {algorithm}");
    assert_eq!(judges::sqv(&gpg.keyring, RELEASE.as_bytes(), &detached), sqv, "sqv: {algorithm}");
}

#[test]
fn keys_that_gpg_makes_are_read() {
    for algorithm in ["ed25519", "rsa2048", "rsa4096", "nistp256", "nistp384"] {
        check(algorithm, &[], "", [true, true]);
    }
    check("rsa2048", &["--digest-algo", "SHA384"], "", [true, true]);
    check("ed25519", &["--textmode"], "", [true, true]);
}

#[test]
fn weak_keys_and_digests_are_refused() {
    // gpgv has no least size; apt has one since version 2.7.13.
    check("rsa1024", &[], "its RSA key has 1024 bits", [true, false]);
    check("rsa2048", &["--digest-algo", "SHA1"], "digest SHA-1", [false, false]);
    check("rsa2048", &["--digest-algo", "MD5", "--allow-weak-digest-algos"], "digest MD5", [false, false]);
    // Nobody signs archives with it.
    check("rsa2048", &["--digest-algo", "SHA224"], "digest SHA-224", [true, true]);
}

#[test]
fn curves_with_other_digests_than_their_own_are_not_supported() {
    check("nistp256", &["--digest-algo", "SHA512"], "its pair of key and digest is not supported", [true, true]);
    assert!(Keyring::parse(&[&Gpg::new("nistp521").keyring]).is_err());
}

#[test]
fn files_with_several_keys_and_with_text_around_them_are_read() {
    let (one, two) = (Gpg::new("ed25519"), Gpg::new("ed25519"));
    let armored = |gpg: &Gpg| gpg.run(&["--armor", "--export"]);
    let text = [b"a key:\n", &armored(&one)[..], b"another:\n", &armored(&two)].concat();
    let binary = [&one.keyring[..], &two.keyring].concat();
    let fingerprints = |files: &[&[u8]]| Keyring::parse(files).unwrap().fingerprints().collect::<Vec<_>>();
    assert_eq!(fingerprints(&[&text]).len(), 2);
    assert_eq!(fingerprints(&[&text]), fingerprints(&[&binary]));
    assert_eq!(fingerprints(&[&text]), fingerprints(&[&one.keyring, &two.keyring, &one.keyring]));
    let (inline, _) = two.sign(&[]);
    assert!(Keyring::parse(&[&text]).unwrap().verify_cleartext(inline.as_bytes(), now()).is_ok());
}
