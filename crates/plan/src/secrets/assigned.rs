//! Secrets without a form of their own: the values of what is called a password, a token or a secret.

use memchr::memmem;

use super::letters::look_random;

/// The ends of names whose values are secrets; `-` and letter case do not count.
const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "secret",
    "token",
    "secret_key",
    "secretkey",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "private_key",
    "privatekey",
    "presharedkey",
    "auth",
];

/// Shorter values are placeholders: `dev`, `postgres`.
const MIN_VALUE: usize = 8;

/// Longer values are no logins.
const MAX_VALUE: usize = 4096;

/// A secret access key of AWS has so many letters of base64.
const AWS_LENGTH: usize = 40;

/// Where a secret access key of AWS is the value of a name that says so.
pub(super) fn aws_secret(text: &[u8]) -> Option<usize> {
    let is_one = |(name, value): (&[u8], &[u8])| {
        let name = plain(name);
        let is_named = name.ends_with("secret_access_key") || name.ends_with("secretaccesskey");
        is_named && value.len() == AWS_LENGTH && look_random(value) && !value.ends_with(b"EXAMPLEKEY")
    };
    assignments(text).find(|(_, name, value)| is_one((name, value))).map(|(at, ..)| at)
}

/// Where a login begins in the settings of a tool: a password in an address, or the value of what is named a secret.
pub(super) fn login(text: &[u8]) -> Option<usize> {
    let value = assignments(text).find(|(_, name, value)| {
        let name = plain(name);
        NAMES.iter().any(|end| name.ends_with(end)) && is_secret_value(value)
    });
    value.map(|(at, ..)| at).or_else(|| address_with_password(text))
}

/// A name as it is compared.
fn plain(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase().replace('-', "_")
}

/// Whether a value may be a secret: not a word, and not something that is filled in later.
fn is_secret_value(value: &[u8]) -> bool {
    (MIN_VALUE..=MAX_VALUE).contains(&value.len()) && value.iter().any(u8::is_ascii_digit)
}

/// The names and values of `name = value`, `name: value` and `"name": "value"`, with the position of each name.
fn assignments(text: &[u8]) -> impl Iterator<Item = (usize, &[u8], &[u8])> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_value =
        |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b',' | b';' | b'$' | b'{' | b'<' | b'(');
    let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'=' | b':' | b'>');
    memchr::memchr2_iter(b'=', b':', text).filter_map(move |sign| {
        let end = text[..sign].iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'"' | b'\''))? + 1;
        let start = text[..end].iter().rposition(|byte| !is_name(byte)).map_or(0, |at| at + 1);
        let value = sign + text[sign..].iter().position(|byte| !is_between(byte))?;
        let length = text[value..].iter().take(MAX_VALUE + 1).take_while(|byte| is_value(byte)).count();
        // What goes on with a sign of something that is filled in is no value.
        let is_whole = text.get(value + length).is_none_or(|next| !matches!(next, b'$' | b'{' | b'<' | b'('));
        (start < end && is_whole).then(|| (start, &text[start..end], &text[value..value + length]))
    })
}

/// Where an address has a password: `https://user:password@host`.
fn address_with_password(text: &[u8]) -> Option<usize> {
    memmem::find_iter(text, b"://").find(|at| {
        let rest = &text[at + 3..];
        let is_part = |byte: &&u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'{' | b'$');
        let authority = &rest[..rest.iter().take(MAX_VALUE).take_while(is_part).count()];
        let login = authority.iter().rposition(|byte| *byte == b'@').map(|end| &authority[..end]);
        let password = login.and_then(|login| Some(&login[login.iter().position(|byte| *byte == b':')? + 1..]));
        password.is_some_and(|password| !password.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_keys_of_aws_have_a_name_and_a_length() {
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzKq4hG8tLx";
        for text in [
            format!("[default]\naws_secret_access_key = {key}\n"),
            format!("export AWS_SECRET_ACCESS_KEY={key}"),
            format!("{{\"SecretAccessKey\": \"{key}\"}}"),
            format!("Session(aws_secret_access_key='{key}')"),
        ] {
            assert!(aws_secret(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
            "aws_secret_access_key=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "aws_secret_access_key = ",
            "sha1 = 0123456789abcdef0123456789abcdef01234567",
        ] {
            assert_eq!(aws_secret(text.as_bytes()), None, "{text}");
        }
        assert_eq!(aws_secret(format!("[d]\n aws_secret_access_key={key}").as_bytes()), Some(5));
    }

    #[test]
    fn logins_in_settings_are_told_from_settings_without() {
        for text in [
            "[global]\nindex-url = https://user:pw@index.example.invalid/simple\n",
            "{\"auths\": {\"registry.example.invalid\": {\"auth\": \"dXNlcjpwYXNzd29yZDE=\"}}}",
            "{\"refresh_token\": \"1//0abcdefgh\"}",
            "export FLASK_SECRET_KEY='8f42a73054b1749f'",
            "password: hunter2hunter2",
            "-x-api-key: a1b2c3d4e5",
            "PRIVATE_TOKEN=abc123def456",
        ] {
            assert!(login(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "[global]\nindex-url = https://index.example.invalid/simple\n",
            "index-url = https://${USER}:${PASSWORD}@index.example.invalid/simple",
            "{\"password\": \"Password\", \"token\": \"Your token\"}",
            "FLASK_APP=main:app\nSECRET_KEY=dev\nPASSWORD=${PW_12345678}\n",
            "secret_key = os.environ['SECRET_KEY_12345']",
            "mailto://a@example.invalid tokenizer = abcdef123456",
            "",
            "=",
            ":://:@",
        ] {
            assert_eq!(login(text.as_bytes()), None, "{text}");
        }
    }
}
