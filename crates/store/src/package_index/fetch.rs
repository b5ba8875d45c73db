//! Fetching files of package indexes into the cache, with the credentials that each index wants.

use reqwest::Response;
use reqwest::header::AUTHORIZATION;
use shipwheel_oci::Digest;

use super::credentials::{IndexCredentials, Keyring};
use crate::cache::Cache;
use crate::error::Result;
use crate::http::url::parse_url;
use crate::http::{Download, DownloadTarget, Http, Request};
use crate::progress::Progress;
use crate::sync::in_parallel_to_the_end;

/// How files of package indexes are fetched.
#[derive(Clone, Copy)]
pub struct IndexFetch<'a> {
    /// Where the files go.
    pub cache: &'a Cache,
    /// Hears of their bytes.
    pub progress: &'a dyn Progress,
    /// The most files that are fetched at a time.
    pub concurrency: usize,
    /// The indexes that are known, with their credentials.
    pub credentials: &'a IndexCredentials,
    /// The user's keyring, if it may be asked.
    pub keyring: Option<&'a dyn Keyring>,
}

impl Http {
    /// Fetches files of package indexes into the cache.
    ///
    /// An `Authorization` header goes only to the host that it is for: a redirect to another host loses it.
    ///
    /// # Errors
    /// All that is gone or is not what was promised, or else the first error in the order given.
    pub fn fetch_from_indexes(&self, downloads: &[Download], how: IndexFetch<'_>) -> Result<()> {
        in_parallel_to_the_end(downloads, how.concurrency, |download| self.fetch_from_index(download, how))
    }

    /// Fetches a file of a package index into the cache whose digest nobody knows: it is in the answer.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub fn fetch_unknown(&self, url: &str, size: Option<u64>, how: IndexFetch<'_>) -> Result<Digest> {
        self.fetch_one(url, None, size, how)
    }

    fn fetch_from_index(&self, download: &Download, how: IndexFetch<'_>) -> Result<()> {
        self.fetch_one(&download.url, Some(download.digest), download.size, how).map(|_| ())
    }

    fn fetch_one(&self, url: &str, digest: Option<Digest>, size: Option<u64>, how: IndexFetch<'_>) -> Result<Digest> {
        let plain = Request::get(parse_url(url)?);
        let name = plain.url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let target = DownloadTarget { cache: how.cache, digest, size, name };
        self.download(&target, how.progress, async |from| {
            let request = from.map_or_else(|| plain.clone(), |from| from.apply(plain.clone()));
            self.send_to_index(&request, how).await
        })
    }

    /// Sends a request with the credentials that are known, and again with those that a refusal asks for; the request
    /// as it was answered.
    pub(super) async fn send_to_index(&self, request: &Request, how: IndexFetch<'_>) -> Result<(Request, Response)> {
        let known = how.credentials.before(&request.url);
        let first = request.clone().secret_header(AUTHORIZATION, known.clone());
        let response = self.send_once(&first, &|_| {}).await?;
        // Some indexes say 404 to users who may not read the file.
        if known.is_none()
            && matches!(response.status().as_u16(), 401 | 403 | 404)
            && let Some(found) = how.credentials.after_refusal(&request.url, how.keyring)
        {
            let mut second = request.clone().secret_header(AUTHORIZATION, Some(found));
            // The client would send a user in the URL in place of the header.
            let _ = second.url.set_username("");
            let response = self.send_once(&second, &|_| {}).await?;
            return Ok((second, response));
        }
        Ok((first, response))
    }
}
