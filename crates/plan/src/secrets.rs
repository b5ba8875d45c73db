//! Texts that look like secrets: private keys, and tokens whose form says what they are.
//!
//! Only forms that hardly anything else has: a warning that is mostly wrong is not read.

use std::ops::RangeInclusive;

use memchr::memmem;

/// Something that looks like a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// What it is, such as `a private key`.
    pub what: &'static str,
    /// The line that it begins on, from 1.
    pub line: usize,
}

/// The form of a token.
struct Form {
    what: &'static str,
    prefixes: &'static [&'static str],
    /// How many letters follow the prefix.
    length: RangeInclusive<usize>,
    /// The letters that may follow, besides letters and digits.
    marks: &'static [u8],
}

const FORMS: [Form; 10] = [
    Form { what: "an access key of AWS", prefixes: &["AKIA", "ASIA"], length: 16..=16, marks: b"" },
    Form {
        what: "a token of GitHub",
        prefixes: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        length: 36..=255,
        marks: b"",
    },
    Form { what: "a token of GitHub", prefixes: &["github_pat_"], length: 50..=255, marks: b"_" },
    Form { what: "a token of GitLab", prefixes: &["glpat-"], length: 20..=255, marks: b"_-." },
    Form {
        what: "a token of Slack",
        prefixes: &["xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-"],
        length: 24..=255,
        marks: b"-",
    },
    Form { what: "an API key of Google", prefixes: &["AIza"], length: 35..=35, marks: b"_-" },
    Form { what: "a live key of Stripe", prefixes: &["sk_live_", "rk_live_"], length: 20..=255, marks: b"" },
    Form { what: "a token of npm", prefixes: &["npm_"], length: 36..=36, marks: b"" },
    Form { what: "a token of a package index", prefixes: &["pypi-AgE"], length: 50..=512, marks: b"_-" },
    Form { what: "an API key", prefixes: &["sk-ant-", "sk-proj-", "hf_"], length: 34..=255, marks: b"_-" },
];

/// Fewer different letters make a placeholder: `ghp_xxxxxxxx`.
const LEAST_DIFFERENT: usize = 8;

/// The first secret in a text, by kinds: private keys before tokens.
pub fn find(text: &[u8]) -> Option<Secret> {
    let key = private_key(text).map(|at| (at, "a private key"));
    let (at, what) = key.or_else(|| FORMS.iter().find_map(|form| Some((form.find(text)?, form.what))))?;
    Some(Secret { what, line: 1 + memchr::memchr_iter(b'\n', &text[..at]).count() })
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

impl Form {
    fn find(&self, text: &[u8]) -> Option<usize> {
        let starts = self.prefixes.iter().flat_map(|prefix| {
            let ends = memmem::find_iter(text, *prefix);
            ends.map(move |at| (at, at + prefix.len()))
        });
        let mut found = starts.filter(|(at, end)| {
            let is_word_before = at.checked_sub(1).is_some_and(|before| text[before].is_ascii_alphanumeric());
            let rest = &text[*end..];
            let takes = |byte: &&u8| byte.is_ascii_alphanumeric() || self.marks.contains(byte);
            let word = &rest[..rest.iter().take_while(takes).count()];
            !is_word_before && self.length.contains(&word.len()) && self.is_token(word)
        });
        found.next().map(|(at, _)| at)
    }

    /// Whether letters look drawn by lot, and not written by somebody.
    fn is_token(&self, word: &[u8]) -> bool {
        let different = word.iter().collect::<std::collections::BTreeSet<_>>().len();
        let is_aws = self.prefixes.contains(&"AKIA");
        different >= LEAST_DIFFERENT
            && word.iter().any(u8::is_ascii_digit) | is_aws
            && !(is_aws && (word.iter().any(u8::is_ascii_lowercase) || word.ends_with(b"EXAMPLE")))
    }
}

/// Where a private key begins: a head alone on its line, or one that is followed by letters of base64, also with line
/// breaks as JSON writes them. Code that compares with a head has it in quotes.
fn private_key(text: &[u8]) -> Option<usize> {
    let is_at_start = |at: usize| at == 0 || text[at - 1] == b'\n';
    let pem = memmem::find_iter(text, b"-----BEGIN ").find(|at| {
        let rest = &text[at + 11..text.len().min(at + 600)];
        let line = &rest[..memmem::find(rest, b"-----").unwrap_or(0)];
        if !(line.ends_with(b"PRIVATE KEY") || line.ends_with(b"PRIVATE KEY BLOCK")) || line.len() > 60 {
            return false;
        }
        let after = &rest[line.len() + 5..];
        let plain = after.strip_prefix(b"\r").unwrap_or(after);
        let is_line = is_at_start(*at) && (plain.is_empty() || plain.starts_with(b"\n"));
        let escaped = [&b"\n"[..], b"\\r\\n", b"\\n"].iter().find_map(|end| plain.strip_prefix(*end));
        is_line || escaped.is_some_and(|body| body.iter().take_while(|byte| is_base64(byte)).count() >= 16)
    });
    pem.or_else(|| memmem::find_iter(text, b"PuTTY-User-Key-File-").find(|at| is_at_start(*at)))
}

fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
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
    }
}
