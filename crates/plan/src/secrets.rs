//! Texts that look like secrets: private keys, tokens whose form says what they are, and logins in settings.
//!
//! Only forms that hardly anything else has: a warning that is mostly wrong is not read.

mod assigned;
mod form;
mod letters;
mod private_key;

use memchr::memmem;

use form::token;
use private_key::private_key;

/// Something that looks like a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// What it is, such as `a private key`.
    pub what: &'static str,
    /// The line that it begins on, from 1.
    pub line: usize,
}

impl Secret {
    fn at(text: &[u8], at: usize, what: &'static str) -> Self {
        Self { what, line: 1 + memchr::memchr_iter(b'\n', &text[..at]).count() }
    }
}

/// The first secret in a text, by kinds: private keys before tokens.
pub fn find(text: &[u8]) -> Option<Secret> {
    let key = private_key(text).map(|at| match memmem::find(text, b"\"service_account\"") {
        Some(_) => (at, "a key of a service account"),
        None => (at, "a private key"),
    });
    let aws = || assigned::aws_secret(text).map(|at| (at, "a secret access key of AWS"));
    key.or_else(|| token(text)).or_else(aws).map(|(at, what)| Secret::at(text, at, what))
}

/// The first login in the settings of a tool: more than [`find`] finds, and too much for other texts.
pub fn find_login(text: &[u8]) -> Option<Secret> {
    find(text).or_else(|| assigned::login(text).map(|at| Secret::at(text, at, "a login")))
}

/// Whether a text has a private key in it.
pub fn has_private_key(text: &[u8]) -> bool {
    private_key(text).is_some()
}

/// Whether a text has a certificate or a public key in it.
pub fn is_public(text: &[u8]) -> bool {
    let heads = ["CERTIFICATE-----", "PUBLIC KEY-----", "PUBLIC KEY BLOCK-----"];
    memmem::find(text, b"-----BEGIN ").is_some()
        && heads.iter().any(|head| memmem::find(text, head.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(&'static str, usize)> {
        find(text.as_bytes()).map(|secret| (secret.what, secret.line))
    }

    #[test]
    fn keys_are_told_from_code_that_knows_them() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";
        for (text, line) in [
            (format!("x\n-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n"), 2),
            ("-----BEGIN EC PRIVATE KEY-----\r\nAAAA".to_owned(), 1),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nl".to_owned(), 1),
            (format!("{{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\n{body}\\n\"}}"), 1),
            (format!("a\nb\nKEY = '''-----BEGIN RSA PRIVATE KEY-----\n{body}'''"), 3),
            ("-----BEGIN CERTIFICATE-----\nx\n-----BEGIN PRIVATE KEY-----\n".to_owned(), 3),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n".to_owned(), 1),
        ] {
            assert_eq!(found(&text), Some(("a private key", line)), "{text}");
        }
        for text in [
            "HEAD = '-----BEGIN PRIVATE KEY-----'\n",
            "-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n",
            "-----BEGIN PUBLIC KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n",
            "re.compile('-----BEGIN [A-Z ]*PRIVATE KEY-----')",
            "if line == \"-----BEGIN RSA PRIVATE KEY-----\\n\":",
            "-----BEGIN ",
            "",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn public_keys_say_so() {
        assert!(is_public(b"-----BEGIN CERTIFICATE-----\n") && is_public(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
        assert!(!is_public(b"-----BEGIN PRIVATE KEY-----\n") && !is_public(b"SECRET") && !is_public(b""));
    }

    #[test]
    fn tokens_are_known_by_their_forms() {
        let random = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
        for (text, what) in [
            ("key = 'AKIAQWERTYUIOPASDFGH'".to_owned(), "an access key of AWS"),
            (format!("x\ny = \"ghp_{random}\""), "a token of GitHub"),
            (format!("github_pat_{random}_{random}"), "a token of GitHub"),
            ("glpat-a1B2c3D4e5F6g7H8i9J0".to_owned(), "a token of GitLab"),
            (["xoxb", "-123456789012-123456789012-a1B2c3D4e5F6"].concat(), "a token of Slack"),
            (format!("AIza{}", &random[..35]), "an API key of Google"),
            (["sk_", "live_a1B2c3D4e5F6g7H8i9J0k1L2"].concat(), "a live key of Stripe"),
            (format!("npm_{random}"), "a token of npm"),
            (format!("pypi-AgE{random}{random}"), "a token of a package index"),
            (format!("sk-ant-api03-{random}"), "an API key"),
            (format!("AGE-SECRET-KEY-1{}", "QP2ZRY9X8G".repeat(6).split_at(58).0), "a key of age"),
            (format!("SG.{}.{}", &random[..22], "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V"), "a key of SendGrid"),
            (
                "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYzKq4hG8tLx".to_owned(),
                "a secret access key of AWS",
            ),
        ] {
            assert_eq!(found(&text).map(|found| found.0), Some(what), "{text}");
        }
        for text in [
            "AKIAIOSFODNN7EXAMPLE XAKIAQWERTYUIOPASDFGH AKIAqwertyuiopasdfgh",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ghp_short1 npm_config_registry hf_hub_download_a_file_from_somewhere_else_now",
            "task_live_a1B2c3D4e5F6g7H8i9J0k1L2 AIzaTooShort1",
            "password = hunter2",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(find(format!("a\nb\nghp_{random}").as_bytes()).map(|secret| secret.line), Some(3));
        let login = "a\npassword = hunter2hunter2";
        assert_eq!(find_login(login.as_bytes()), Some(Secret { what: "a login", line: 2 }));
    }

    #[test]
    fn keys_in_der_are_told_from_certificates() {
        let rest = [7; 40];
        for (head, expected) in [
            (&[0x30, 0x82, 0x00, 0x20, 0x02, 0x01, 0x00, 0x30, 0x0d][..], true),
            (&[0x30, 0x81, 0x20, 0x02, 0x01, 0x00, 0x02, 0x41], true),
            (&[0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20], true),
            (&[0x30, 0x82, 0x00, 0x20, 0x30, 0x82, 0x01, 0x00], false),
            (&[0x30, 0x82, 0xff, 0xff, 0x02, 0x01, 0x00, 0x30], false),
            (&[0x31, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20], false),
        ] {
            assert_eq!(has_private_key(&[head, &rest].concat()), expected, "{head:x?}");
        }
        assert!(!has_private_key(&[0x30, 0x03, 0x02, 0x01, 0x00]));
    }
}
