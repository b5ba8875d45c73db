//! URLs: which are fetched, which may go without TLS, and how messages show them.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use reqwest::Url;

use crate::error::{Result, StoreError};
use crate::redacted::{HARMLESS, redacted};

/// Parses an `http` or `https` URL.
pub(crate) fn parse_url(text: &str) -> Result<Url> {
    let error = |reason: String| StoreError::Url { url: redacted(text), reason };
    let url = Url::parse(text).map_err(|cause| error(cause.to_string()))?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        other => Err(error(format!("the scheme `{other}` is not supported; expected http or https"))),
    }
}

/// The URL without user and password.
pub(crate) fn without_credentials(url: &Url) -> Url {
    let mut clean = url.clone();
    // Both fail only for URLs without a host, which have neither.
    let _ = clean.set_username("");
    let _ = clean.set_password(None);
    clean
}

/// The URL for messages: without user, password and fragment, and without values of the query that may be secrets.
pub(crate) fn redact(url: &Url) -> String {
    let mut clean = without_credentials(url);
    clean.set_fragment(None);
    clean.set_query(None);
    let pairs: Vec<String> = url
        .query_pairs()
        .map(|(name, value)| {
            let value = if HARMLESS.contains(&name.as_ref()) { value.as_ref() } else { "***" };
            format!("{name}={value}")
        })
        .collect();
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    format!("{clean}{query}")
}

/// Whether a host (with or without a port) is this very machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
}

/// Whether the user named a host as one that may be used without TLS.
pub(crate) fn names_host(host: &str, insecure_hosts: &BTreeSet<String>) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    insecure_hosts.contains(host) || insecure_hosts.contains(name)
}

/// Whether a host may be used without TLS.
pub(crate) fn may_be_plain(host: &str, insecure_hosts: &BTreeSet<String>) -> bool {
    is_loopback(host) || names_host(host, insecure_hosts)
}

/// Whether an answer from one address may lead to another that is used without TLS.
///
/// Only this machine leads to itself: what listens here without TLS was not made for the requests that a stranger thinks
/// of.
pub(crate) fn may_be_plain_from(from: &Url, to: &Url, insecure_hosts: &BTreeSet<String>) -> bool {
    let [from, to] = [from, to].map(authority);
    names_host(&to, insecure_hosts) || (is_loopback(&to) && is_loopback(&from))
}

/// A host as references write it, as [`authority`] gives it for a URL without TLS.
pub(crate) fn plain_authority(host: &str) -> String {
    host.strip_suffix(":80").unwrap_or(host).to_ascii_lowercase()
}

/// Host and port as references write them: `127.0.0.1:5000`.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        for (url, expected) in [
            ("https://u:p@mirror.example/a?X-Sig=abc&digest=x#f", "https://mirror.example/a?X-Sig=***&digest=x"),
            ("http://127.0.0.1:5000/v2/", "http://127.0.0.1:5000/v2/"),
        ] {
            assert_eq!(redact(&parse_url(url).unwrap()), expected);
        }
        for bad in ["ftp://u:secret@mirror.example/a", "https://u:secret@", "file:///secret", "https://u:secret@[/"] {
            let text = parse_url(bad).unwrap_err().to_string();
            assert!(!text.contains("u:secret"), "{text}");
        }
    }

    #[test]
    fn a_stranger_leads_to_no_server_of_this_machine_without_tls() {
        let insecure = BTreeSet::from(["insecure.example".to_owned()]);
        for (from, to, expected) in [
            ("https://registry.example/a", "http://127.0.0.1:2375/x", false),
            ("https://registry.example/a", "http://localhost/x", false),
            ("https://127.0.0.1.example/a", "http://127.0.0.1/x", false),
            ("https://registry.example/a", "http://insecure.example/x", true),
            ("https://registry.example/a", "http://storage.example/x", false),
            ("https://localhost:5000/a", "http://127.0.0.1:9000/x", true),
            ("https://localhost:5000/a", "http://storage.example/x", false),
        ] {
            let [from, to] = [from, to].map(|url| parse_url(url).unwrap());
            assert_eq!(may_be_plain_from(&from, &to, &insecure), expected, "{from} {to}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_and_named_hosts() {
        let insecure = BTreeSet::from(["registry.example:5000".to_owned(), "other.example".to_owned()]);
        for (host, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.9.9.9:80", true),
            ("registry.example:5000", true),
            ("registry.example", false),
            ("other.example:1", true),
            ("localhost.example", false),
            ("127.0.0.1.example", false),
            ("10.0.0.1:5000", false),
        ] {
            assert_eq!(may_be_plain(host, &insecure), expected, "{host}");
        }
    }
}
