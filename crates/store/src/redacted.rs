//! Texts without the secrets in them, of addresses and of what else names them: the one place that redacts what a
//! message shows or a record keeps.

mod named;

use named::without_named;

/// Query parameters of the registry protocol that never hold a secret.
pub(crate) const HARMLESS: [&str; 6] = ["digest", "from", "mount", "n", "scope", "service"];

/// Names before a colon that are not users: `oci:FOLDER`.
const NOT_USERS: [&str; 4] = ["oci", "oci-archive", "docker-archive", "file"];

/// Names in a fragment whose values never are secrets.
const HARMLESS_FRAGMENTS: [&str; 8] = ["egg", "subdirectory", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

/// The text with `***` for every user and password in an address, for values of queries that may be secrets, and for
/// what the text itself calls a password, a token or the like (`password=…`, `Authorization: …`).
///
/// It finds addresses anywhere: in requirements, in what other programs say, and without a scheme (`user:password@host`).
pub fn redacted(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || "'\"`<>".contains(c);
    let mut result = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_end) {
        let word = piece.trim_end_matches(is_end);
        result += &if word.contains("://") { redacted_urls(word) } else { redacted_login(word) };
        result += &piece[word.len()..];
    }
    without_named(&result)
}

/// Whether a text has something in it that [`redacted`] hides; such a text is not kept.
pub fn has_secret(text: &str) -> bool {
    redacted(text) != text
}

/// One or more URLs with anything between them.
fn redacted_urls(word: &str) -> String {
    let mut result = String::new();
    let mut rest = word;
    while let Some((scheme, after)) = rest.split_once("://") {
        // The next URL begins with its scheme.
        let next = after.find("://").map_or(after.len(), |at| {
            let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
            after[..at].trim_end_matches(is_scheme).len()
        });
        result += scheme;
        result += "://";
        result += &redacted_url(&after[..next]);
        rest = &after[next..];
    }
    result + rest
}

/// What comes after `://`.
fn redacted_url(text: &str) -> String {
    let (before, fragment) = text.split_once('#').map_or((text, None), |(before, after)| (before, Some(after)));
    let (place, query) = before.split_once('?').map_or((before, None), |(before, after)| (before, Some(after)));
    let authority = &place[..place.find(['/', '\\']).unwrap_or(place.len())];
    // A password may hold a character that it should not: then all up to the last `@` is redacted.
    let is_port = |text: &str| text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit());
    let is_broken = !authority.starts_with('[') && authority.split_once(':').is_some_and(|(_, port)| !is_port(port));
    if let Some(at) = authority.rfind('@') {
        if &authority[..at] != "git" {
            return format!("***{}", redacted_tail(&place[at..], query, fragment));
        }
    } else if let Some(at) = text.rfind('@').filter(|_| is_broken) {
        return format!("***{}", redacted_url_tail(&text[at..]));
    }
    redacted_tail(place, query, fragment)
}

fn redacted_url_tail(text: &str) -> String {
    let (before, fragment) = text.split_once('#').map_or((text, None), |(before, after)| (before, Some(after)));
    let (place, query) = before.split_once('?').map_or((before, None), |(before, after)| (before, Some(after)));
    redacted_tail(place, query, fragment)
}

fn redacted_tail(place: &str, query: Option<&str>, fragment: Option<&str>) -> String {
    let mut result = place.to_owned();
    if let Some(query) = query {
        result = format!("{result}?{}", redacted_pairs(query, &HARMLESS, "***"));
    }
    if let Some(fragment) = fragment {
        result = format!("{result}#{}", redacted_pairs(fragment, &HARMLESS_FRAGMENTS, fragment));
    }
    result
}

/// `name=value&name=value`; `bare` is what stands for a part without a name.
fn redacted_pairs(text: &str, harmless: &[&str], bare: &str) -> String {
    // What ends a sentence is not part of the address.
    let clean = text.trim_end_matches([':', ',', '.', ';', ')', ']', '}']);
    let pairs = clean.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if harmless.contains(&name) => pair.to_owned(),
        Some((name, _)) => format!("{name}=***"),
        None if pair.is_empty() => String::new(),
        None if clean.contains('&') => "***".to_owned(),
        None => bare.trim_end_matches([':', ',', '.', ';', ')', ']', '}']).to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&") + &text[clean.len()..]
}

/// `user:password@host` without a scheme; `name:tag@sha256:…` is none.
fn redacted_login(word: &str) -> String {
    let end = ["@sha256:", "@sha512:"].iter().filter_map(|mark| word.find(mark)).min().unwrap_or(word.len());
    let Some(at) = word[..end].rfind('@') else { return word.to_owned() };
    match word[..at].split_once(':') {
        Some((user, password)) if !password.is_empty() && !user.contains('/') && !NOT_USERS.contains(&user) => {
            format!("***{}", &word[at..])
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_an_address_shows() {
        for (text, expected) in [
            ("GET https://u:SECRET@r.example/v2/: status 404", "GET https://***@r.example/v2/: status 404"),
            ("evil @ http://user:SECRET@h.example/f/e.whl", "evil @ http://***@h.example/f/e.whl"),
            ("-e git+https://SECRET@h.example/x.git@main#egg=x", "-e git+https://***@h.example/x.git@main#egg=x"),
            ("git+ssh://git@h.example/x.git", "git+ssh://git@h.example/x.git"),
            ("--index-url=https://__token__:SECRET@h.example/", "--index-url=https://***@h.example/"),
            ("http://a.example/=http://u:SECRET@b.example/", "http://a.example/=http://***@b.example/"),
            (
                "http://a.example/?next=git+https://u:SECRET@b.example/",
                "http://a.example/?next=***git+https://***@b.example/",
            ),
            ("http://user:SECRET@[/x", "http://***@[/x"),
            ("https://u:SEC/RET@h.example/a", "https://***@h.example/a"),
            ("https://u:SEC#RET@h.example/a", "https://***@h.example/a"),
            ("https://u:SEC?RET@h.example/a", "https://***@h.example/a"),
            ("https://u:SEC@RET@h.example/a", "https://***@h.example/a"),
            (
                "s3.example: https://b/x?X-Amz-Signature=SECRET&n=1: status 403",
                "s3.example: https://b/x?X-Amz-Signature=***&n=1: status 403",
            ),
            ("(https://h.example/x?SECRET)", "(https://h.example/x?***)"),
            ("https://h.example/x#SECRET&sha256=ab", "https://h.example/x#***&sha256=ab"),
            ("https://h.example/x#sha256=ab&token=SECRET", "https://h.example/x#sha256=ab&token=***"),
            ("url = \"https://h.example/x?token=SECRET\"", "url = \"https://h.example/x?token=***\""),
            ("invalid value 'user:SECRET@h.example/a:1' for", "invalid value '***@h.example/a:1' for"),
            ("user:SECRET@h.example/a@sha256:00", "***@h.example/a@sha256:00"),
            ("ftp://u:SECRET@h/ and https://v:SECRET@i/", "ftp://***@h/ and https://***@i/"),
        ] {
            assert_eq!(redacted(text), expected);
            assert!(has_secret(text) != (text == expected), "{text}");
            assert_eq!(redacted(expected), expected, "what is redacted stays as it is");
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "",
            "r.example:5000/team/app:1.0@sha256:0123",
            "app:1@sha256:0123",
            "https://h.example:8443/a@b.whl",
            "https://[::1]:5000/v2/x@y",
            "https://h.example/docs/page.html#section",
            "https://h.example/x?n=1&&n=2",
            "https://h.example/x?",
            "GET http://h.example/v2/blobs/uploads/?digest=sha256:00&mount=a: status 404",
            "git@h.example:team/x.git",
            "written to oci:/tmp/a@b",
            "a: b@c, d\n  e",
        ] {
            assert_eq!(redacted(text), text);
            assert!(!has_secret(text), "{text}");
        }
    }
}
