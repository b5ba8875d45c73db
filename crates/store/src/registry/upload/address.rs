//! Where a registry awaits the bytes of an upload: its address, and how far the upload has come.

use std::collections::BTreeSet;

use reqwest::header::{HeaderName, LOCATION};
use reqwest::{Response, Url};
use shipwheel_oci::Digest;

use crate::http::header;
use crate::http::url::{may_be_plain_from, without_credentials};

/// The smallest chunk that a registry accepts, if it says so.
const MIN_CHUNK: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// An open upload: where it continues, and from which byte on.
#[derive(Debug, Clone)]
pub(crate) struct UploadState {
    pub(crate) address: Url,
    pub(crate) offset: u64,
    /// The smallest chunk that the registry accepts; zero if it does not say.
    pub(crate) min_chunk: u64,
}

impl UploadState {
    /// The upload that an answer opens; `None` if the answer has no address that may be used.
    pub(crate) fn opened(response: &Response, insecure_hosts: &BTreeSet<String>) -> Option<Self> {
        let min_chunk = header(response, MIN_CHUNK).and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        Some(Self { address: location(response, insecure_hosts)?, offset: 0, min_chunk })
    }
}

/// The address in `Location`, relative or absolute; `None` if it leads from https to http.
pub(crate) fn location(response: &Response, insecure_hosts: &BTreeSet<String>) -> Option<Url> {
    secure_location(response.url(), &header(response, LOCATION)?, insecure_hosts)
}

/// Where a `Location` leads from an address; a login that a registry writes there is none of the user's.
pub(crate) fn secure_location(from: &Url, location: &str, insecure_hosts: &BTreeSet<String>) -> Option<Url> {
    let mut url = from.join(location).ok()?;
    if from.scheme() == "https" && url.scheme() == "http" {
        // A registry behind a proxy that ends TLS may believe that it speaks plain http.
        if url.host_str() == from.host_str() {
            url.set_scheme("https").ok()?;
        } else if !may_be_plain_from(from, &url, insecure_hosts) {
            return None;
        }
    }
    matches!(url.scheme(), "http" | "https").then(|| without_credentials(&url))
}

/// The address that closes an upload: `digest` is added to its query.
pub(crate) fn closing(address: &Url, digest: &Digest) -> Url {
    let mut url = address.clone();
    let digest = format!("digest={digest}");
    let query = url.query().filter(|query| !query.is_empty()).map(|query| format!("{query}&{digest}"));
    url.set_query(Some(query.as_deref().unwrap_or(&digest)));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_never_moves_from_https_to_http_on_another_host() {
        let insecure = BTreeSet::from(["insecure.example".to_owned()]);
        let from = Url::parse("https://registry.example/v2/app/blobs/uploads/").unwrap();
        for (location, expected) in [
            ("/v2/x?state=1", Some("https://registry.example/v2/x?state=1")),
            ("https://storage.example/x", Some("https://storage.example/x")),
            ("http://registry.example/x", Some("https://registry.example/x")),
            ("http://storage.example/x", None),
            ("http://insecure.example/x", Some("http://insecure.example/x")),
            ("http://127.0.0.1:5000/x", None),
            ("http://localhost/x", None),
            ("https://127.0.0.1:5000/x", Some("https://127.0.0.1:5000/x")),
            ("ftp://registry.example/x", None),
            ("https://user:secret@storage.example/x", Some("https://storage.example/x")),
            ("//user@registry.example/x", Some("https://registry.example/x")),
        ] {
            let found = secure_location(&from, location, &insecure);
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{location}");
        }
    }

    #[test]
    fn this_machine_may_lead_to_itself_without_tls() {
        let from = Url::parse("https://localhost:5000/v2/app/blobs/uploads/").unwrap();
        let found = secure_location(&from, "http://127.0.0.1:9000/x", &BTreeSet::new());
        assert_eq!(found.as_ref().map(Url::as_str), Some("http://127.0.0.1:9000/x"));
    }

    #[test]
    fn the_query_of_an_address_stays_as_it_is() {
        let digest = Digest::of(b"");
        for (address, expected) in [
            ("http://a.example/1", format!("http://a.example/1?digest={digest}")),
            ("http://a.example/1?s=a%3Db&x=", format!("http://a.example/1?s=a%3Db&x=&digest={digest}")),
        ] {
            assert_eq!(closing(&Url::parse(address).unwrap(), &digest).as_str(), expected);
        }
    }
}
