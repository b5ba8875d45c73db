//! Pages of package indexes, kept with the validator that the index gave them.

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde::{Deserialize, Serialize};
use shipwheel_oci::Digest;

use super::fetch::IndexFetch;
use crate::cache::Cache;
use crate::error::Result;
use crate::http::url::{parse_url, without_credentials};
use crate::http::{Http, Request, header};
use crate::sync::in_parallel;

/// The kind of record that says which page is kept.
const RECORD: &str = "index-page";

/// The longest page that is read, in bytes. That of the project with the most files has about 10 MB.
const MAX_PAGE: u64 = 64 << 20;

/// A page as an index serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPage {
    /// The body.
    pub bytes: Vec<u8>,
    /// `Content-Type`.
    pub media_type: String,
    /// The address that it came from in the end, without credentials.
    pub url: String,
}

/// What is remembered of a page beside its bytes.
#[derive(Debug, Serialize, Deserialize)]
struct KeptPage {
    digest: Digest,
    media_type: String,
    url: String,
    etag: Option<String>,
}

impl Cache {
    /// The page that was last fetched from an address.
    pub fn index_page(&self, url: &str) -> Option<IndexPage> {
        self.kept_page(url).map(|(_, page)| page)
    }

    fn kept_page(&self, url: &str) -> Option<(KeptPage, IndexPage)> {
        let kept: KeptPage = self.record(RECORD, &Digest::of(url.as_bytes()))?;
        let bytes = self.read_blob(&kept.digest).ok()?;
        let page = IndexPage { bytes, media_type: kept.media_type.clone(), url: kept.url.clone() };
        Some((kept, page))
    }

    fn keep_page(&self, asked: &str, page: &IndexPage, etag: Option<String>) -> Result<()> {
        let digest = self.insert_bytes(&page.bytes)?;
        let kept = KeptPage { digest, media_type: page.media_type.clone(), url: page.url.clone(), etag };
        self.put_record(RECORD, &Digest::of(asked.as_bytes()), &kept)
    }
}

impl Http {
    /// Fetches pages of package indexes side by side, in the order of their addresses; none where an index says 404.
    ///
    /// A page that is kept is asked for with its `ETag`.
    ///
    /// # Errors
    /// The first error in the order given.
    pub fn index_pages(&self, urls: &[String], accept: &str, how: IndexFetch<'_>) -> Result<Vec<Option<IndexPage>>> {
        in_parallel(urls, how.concurrency, |url| self.index_page(url, accept, how))
    }

    fn index_page(&self, url: &str, accept: &str, how: IndexFetch<'_>) -> Result<Option<IndexPage>> {
        let kept = how.cache.kept_page(url);
        let mut request = Request::get(parse_url(url)?).header(ACCEPT, accept);
        if let Some(etag) = kept.as_ref().and_then(|(kept, _)| kept.etag.as_deref()) {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let longest = self.document_patience(MAX_PAGE);
        let answer = self.block_on(self.retry_within(longest, &request, async || {
            let (request, response) = self.send_to_index(&request, how).await?;
            match response.status() {
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Answer::None),
                StatusCode::NOT_MODIFIED => return Ok(Answer::Kept),
                StatusCode::OK => {}
                _ => return Err(self.status_error(&request, response).await),
            }
            let media_type = header(&response, CONTENT_TYPE).unwrap_or_default();
            let (etag, url) = (header(&response, ETAG), without_credentials(response.url()).into());
            let bytes = self.read_body(&request, response, MAX_PAGE).await?;
            Ok(Answer::Page(IndexPage { bytes, media_type, url }, etag))
        }))?;
        match answer {
            Answer::None => Ok(None),
            Answer::Kept => Ok(kept.map(|(_, page)| page)),
            Answer::Page(page, etag) => {
                how.cache.keep_page(url, &page, etag)?;
                Ok(Some(page))
            }
        }
    }
}

/// What an index says of a page.
enum Answer {
    None,
    /// The one that is kept is current.
    Kept,
    Page(IndexPage, Option<String>),
}
