//! Fetching something small by its URL, into memory.

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, AUTHORIZATION, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use shipwheel_oci::Digest;

use super::client::Http;
use super::request::Request;
use super::response::header;
use super::url::{parse_url, redact};
use crate::credentials::Credentials;
use crate::error::{Result, StoreError};

/// What to ask for besides the URL.
#[derive(Debug, Clone)]
pub struct FetchOptions<'a> {
    /// The digest the body must have.
    pub expected: Option<Digest>,
    /// The longest body that is read.
    pub max_size: u64,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// The `ETag` of the copy that the caller has.
    pub etag: Option<&'a str>,
    /// The `Last-Modified` of the copy that the caller has.
    pub last_modified: Option<&'a str>,
    /// User and password, where the URL has none.
    pub credentials: Option<&'a Credentials>,
}

impl Default for FetchOptions<'_> {
    fn default() -> Self {
        Self { expected: None, max_size: 64 << 20, accept: None, etag: None, last_modified: None, credentials: None }
    }
}

/// The answer to a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The copy that the caller has is current.
    NotModified,
    /// A body, and the validators to ask with next time.
    Bytes {
        /// The body.
        bytes: Vec<u8>,
        /// `ETag`.
        etag: Option<String>,
        /// `Last-Modified`.
        last_modified: Option<String>,
    },
}

impl Http {
    /// Fetches something small into memory.
    ///
    /// # Errors
    /// When it cannot be fetched, is too large, or has another digest than expected.
    pub fn fetch(&self, url: &str, options: &FetchOptions<'_>) -> Result<Fetched> {
        let mut request = Request::get(parse_url(url)?);
        let headers = [(ACCEPT, options.accept), (IF_NONE_MATCH, options.etag)];
        for (name, value) in headers.into_iter().chain([(IF_MODIFIED_SINCE, options.last_modified)]) {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request = request.secret_header(AUTHORIZATION, options.credentials.and_then(Credentials::basic));
        let longest = self.document_patience(options.max_size);
        self.block_on(self.retry_within(longest, &request, async || self.fetch_once(&request, options).await))
    }

    async fn fetch_once(&self, request: &Request, options: &FetchOptions<'_>) -> Result<Fetched> {
        let response = self.send_once(request, &|_| {}).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(Fetched::NotModified),
            _ => return Err(self.status_error(request, response).await),
        }
        let etag = header(&response, ETAG);
        let last_modified = header(&response, LAST_MODIFIED);
        let bytes = self.read_body(request, response, options.max_size).await?;
        if let Some(expected) = options.expected {
            let found = Digest::of(&bytes);
            if found != expected {
                return Err(StoreError::Digest { what: redact(&request.url), expected, found });
            }
        }
        Ok(Fetched::Bytes { bytes, etag, last_modified })
    }
}
