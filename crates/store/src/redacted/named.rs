//! Secrets that a text names: `password=…`, `"token": "…"`, `Authorization: Basic …`, `Bearer …`, and tokens that show
//! what they are by themselves.

/// The ends of names whose values are secrets; `-` counts as `_`, and case does not count.
const NAMES: [&str; 18] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "signature",
    "sig",
    "credential",
    "credentials",
    "authorization",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "secret_key",
    "private_key",
    "awsaccesskeyid",
    "auth",
];

/// Schemes of HTTP authentication whose only word is a secret.
const SCHEMES: [&str; 2] = ["basic", "bearer"];

/// A word that is shorter and has but small letters behind the first is one of a sentence: `Basic authentication`.
const MAX_PLAIN: usize = 20;

/// What stands for a secret.
const HIDDEN: &str = "***";

/// The text with `***` for every secret that it names.
pub(super) fn without_named(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_of_name) {
        result += &rest[..start];
        rest = &rest[start..];
        let word = &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())];
        let after = &rest[word.len()..];
        let hidden = value_of(word, after).or_else(|| word_of_scheme(word, after));
        match hidden {
            Some((before, secret)) => {
                result += word;
                result += &after[..before];
                result += HIDDEN;
                rest = &after[before + secret..];
            }
            None if is_json_token(word) => {
                result += HIDDEN;
                rest = after;
            }
            None => {
                result += word;
                rest = after;
            }
        }
    }
    result + rest
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Where the value of a name that says so is in what follows it, and how long it is.
fn value_of(word: &str, after: &str) -> Option<(usize, usize)> {
    let name = word.to_ascii_lowercase().replace(['-', '.'], "_");
    let is_named = |end: &&str| {
        let start = name.strip_suffix(*end);
        // `accessToken` is two words, and `monkey` is one.
        start.is_some_and(|start| start.is_empty() || start.ends_with('_') || is_capital(word, start.len()))
    };
    if !NAMES.iter().any(is_named) {
        return None;
    }
    let (sign, is_quoted_name) = sign_of(after)?;
    // A sentence has a colon as well: `invalid token: expected a word`.
    let is_header = name == "authorization" || name == "proxy_authorization" || name == "x_registry_auth";
    if after.as_bytes()[sign] == b':' && !is_quoted_name && !is_header {
        return None;
    }
    let start = sign + 1 + blanks(&after[sign + 1..]);
    let (quote, start) = match after[start..].chars().next()? {
        quote @ ('"' | '\'' | '`') => (Some(quote), start + 1),
        '\\' if after[start + 1..].starts_with('"') => (Some('\\'), start + 2),
        _ => (None, start),
    };
    let value = &after[start..];
    let start = match is_header.then(|| scheme_before(value)).flatten() {
        Some(scheme) => start + scheme,
        None => start,
    };
    let value = &after[start..];
    let length = match quote {
        Some(quote) => value.find([quote, '\n']).unwrap_or(value.len()),
        None => value.find(|c: char| c.is_whitespace() || "&,;'\"`<>)]}\\".contains(c)).unwrap_or(value.len()),
    };
    (length > 0).then_some((start, length))
}

fn is_capital(word: &str, at: usize) -> bool {
    word.as_bytes().get(at).is_some_and(u8::is_ascii_uppercase)
        && word.as_bytes()[..at].last().is_some_and(u8::is_ascii_lowercase)
}

/// Where `=` or `:` follows a name, perhaps behind the quote that closes it.
fn sign_of(after: &str) -> Option<(usize, bool)> {
    let quote = ["\\\"", "\"", "'"].iter().find(|quote| after.starts_with(**quote)).map_or(0, |quote| quote.len());
    let sign = quote + blanks(&after[quote..]);
    after[sign..].starts_with(['=', ':']).then_some((sign, quote > 0))
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// The length of a scheme with the blanks behind it, at the start of a header's value.
fn scheme_before(value: &str) -> Option<usize> {
    let scheme =
        value.find(' ').filter(|end| value[..*end].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))?;
    let length = scheme + blanks(&value[scheme..]);
    value[length..].starts_with(|c: char| !c.is_whitespace()).then_some(length)
}

/// Where the word is that follows a scheme, and how long it is, if it is not one of a sentence.
fn word_of_scheme(word: &str, after: &str) -> Option<(usize, usize)> {
    if !SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme)) {
        return None;
    }
    let start = blanks(after);
    let rest = &after[start..];
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let secret = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
    // `realm=…` is a parameter of a challenge.
    let is_parameter =
        secret.trim_end_matches('=').contains('=') || rest[secret.len()..].starts_with('"') && secret.ends_with('=');
    let plain = secret.trim_end_matches(['.', '-', '/']);
    let is_plain = plain.len() < MAX_PLAIN
        && plain.chars().enumerate().all(|(at, c)| c.is_ascii_lowercase() || at == 0 && c.is_ascii_uppercase());
    (start > 0 && !secret.is_empty() && !is_parameter && !is_plain).then_some((start, secret.len()))
}

/// Whether a word is a JSON Web Token: a header and a payload, each an object in base64.
fn is_json_token(word: &str) -> bool {
    word.starts_with("eyJ")
        && word.split('.').count() >= 3
        && word.split('.').nth(1).is_some_and(|it| it.starts_with("eyJ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_calls_a_secret_does_not_show() {
        for (text, expected) in [
            ("Authorization: Basic dXNlcjpTRUNSRVQ= was refused", "Authorization: Basic *** was refused"),
            ("authorization: SECRET", "authorization: ***"),
            ("'Authorization': 'token SECRET x'", "'Authorization': 'token ***'"),
            ("Proxy-Authorization: Digest SECRET", "Proxy-Authorization: Digest ***"),
            ("got Bearer eyJhbGciOi.SECRET, expected", "got Bearer ***, expected"),
            ("bearer  SECRET1", "bearer  ***"),
            ("Basic U0VDUkVUOnNlY3JldA==", "Basic ***"),
            ("token=SECRET", "token=***"),
            ("refused: token=SECRET&x=1 password='a SECRET b';", "refused: token=***&x=1 password='***';"),
            ("X-Amz-Signature=SECRET, X-Amz-Credential=SECRET", "X-Amz-Signature=***, X-Amz-Credential=***"),
            ("x-amz-security-token = SECRET", "x-amz-security-token = ***"),
            ("{\"access_token\":\"SECRET\",\"n\":1}", "{\"access_token\":\"***\",\"n\":1}"),
            ("{\\\"refreshToken\\\": \\\"SECRET\\\"}", "{\\\"refreshToken\\\": \\\"***\\\"}"),
            ("{'password': 'SEC, RET'}", "{'password': '***'}"),
            ("client_secret=SECRET api-key=SECRET sig=SECRET", "client_secret=*** api-key=*** sig=***"),
            ("a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SECRET b", "a *** b"),
        ] {
            assert_eq!(without_named(text), expected);
            assert_eq!(without_named(expected), expected, "what is hidden stays so");
        }
    }

    #[test]
    fn sentences_about_secrets_stay() {
        for text in [
            "Basic authentication is required, and bearer tokens are not",
            "Basic Auth failed. Bearer, Basic. bearer",
            "Bearer realm=\"https://h.example/token\",service=\"s\"",
            "invalid token: expected a word; the password: none",
            "unexpected token `=` at line 3",
            "credentials for r.example: found none",
            "author=me, monkey=1, signatures=2, tokens=3",
            "--password-stdin and --password FILE",
            "token=",
            "password=\"\"",
            "https://h.example/basic/bearer",
            "é Bearer",
        ] {
            assert_eq!(without_named(text), text);
        }
    }
}
