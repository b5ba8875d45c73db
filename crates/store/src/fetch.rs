//! Fetching by URL: small answers into memory, large ones into the cache, many at a time.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED,
    RANGE,
};
use reqwest::{Response, StatusCode};
use shipwheel_oci::Digest;

use crate::auth::Credentials;
use crate::cache::{BlobWriter, Cache};
use crate::error::{Result, StoreError};
use crate::http::Http;
use crate::progress::{Progress, Transfer};
use crate::request::Request;
use crate::url::{parse_url, redact};

/// No blob whose size nobody stated is longer than this: 64 GiB.
const LARGEST_BLOB: u64 = 64 << 30;

/// A download that moves less than this while it might as well be silent is broken off.
const LEAST_MOVED: u64 = 16 << 10;

/// What to ask for beside the URL.
#[derive(Debug, Clone)]
pub struct FetchOptions<'a> {
    /// The digest the body must have.
    pub expected: Option<Digest>,
    /// No body longer than this is read.
    pub max_size: u64,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// The `ETag` of the copy at hand.
    pub etag: Option<&'a str>,
    /// The `Last-Modified` of the copy at hand.
    pub last_modified: Option<&'a str>,
    /// User and password, where the URL has none.
    pub credentials: Option<&'a Credentials>,
}

impl Default for FetchOptions<'_> {
    fn default() -> Self {
        Self { expected: None, max_size: 64 << 20, accept: None, etag: None, last_modified: None, credentials: None }
    }
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The copy at hand is still right.
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

/// One file to be fetched into the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Where it is.
    pub url: String,
    /// What it must be.
    pub digest: Digest,
    /// Its size, where it is known.
    pub size: Option<u64>,
}

impl Http {
    /// Fetches something small into memory.
    ///
    /// # Errors
    /// When it cannot be had, is too large, or has another digest than expected.
    pub fn fetch(&self, url: &str, options: &FetchOptions<'_>) -> Result<Fetched> {
        let mut request = Request::get(parse_url(url)?);
        let headers = [(ACCEPT, options.accept), (IF_NONE_MATCH, options.etag)];
        for (name, value) in headers.into_iter().chain([(IF_MODIFIED_SINCE, options.last_modified)]) {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request = request.secret_header(AUTHORIZATION, options.credentials.and_then(Credentials::basic));
        self.block_on(self.retry(async || self.fetch_once(&request, options).await))
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

    /// Fetches a file into the cache, unless it is there; verified when it is complete.
    ///
    /// # Errors
    /// When it cannot be had, or is another than expected.
    pub fn fetch_to_cache(&self, cache: &Cache, download: &Download, progress: &dyn Progress) -> Result<()> {
        let request = Request::get(parse_url(&download.url)?);
        let file_name = request.url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let target = Target { cache, digest: download.digest, size: download.size, name: file_name };
        self.download(&target, progress, async |from| {
            let request = from.map_or_else(|| request.clone(), |from| from.apply(request.clone()));
            let response = self.send_once(&request, &|_| {}).await?;
            Ok((request, response))
        })
    }

    /// Fetches many files into the cache, at most `concurrency` at a time.
    ///
    /// # Errors
    /// The first error in the order given; what was complete by then stays in the cache.
    pub fn fetch_all(
        &self,
        cache: &Cache,
        downloads: &[Download],
        concurrency: usize,
        progress: &dyn Progress,
    ) -> Result<()> {
        in_parallel(downloads, concurrency, |download| self.fetch_to_cache(cache, download, progress)).map(|_| ())
    }

    /// The loop behind every large download: `open` asks for the body, from a point on if it broke there.
    pub(crate) fn download(
        &self,
        target: &Target<'_>,
        progress: &dyn Progress,
        open: impl AsyncFn(Option<&Resume>) -> Result<(Request, Response)>,
    ) -> Result<()> {
        if target.is_there() {
            return Ok(());
        }
        // Another process, or thread, may be at it: then there is nothing left to do.
        let _lock = target.cache.lock("blob", &target.digest)?;
        if target.is_there() {
            return Ok(());
        }
        let transfer = Transfer::begin(progress, target.name, target.size);
        let mut part = Part { writer: target.cache.blob_writer()?, written: 0, resume: None };
        let mut failures = 0;
        loop {
            let before = part.written;
            let outcome = self.block_on(self.continue_download(target, &mut part, &transfer, &open));
            let error = match outcome {
                Ok(what) => {
                    part.writer.finish_expected(&target.digest, target.size, &what)?;
                    return Ok(());
                }
                Err(error) => error,
            };
            // A connection that breaks after each megabyte still gets there.
            if part.written > before + (1 << 20) {
                failures = 0;
            }
            let Some(pause) = self.pause_after(failures, &error) else { return Err(error) };
            std::thread::sleep(pause);
            failures += 1;
        }
    }

    async fn continue_download(
        &self,
        target: &Target<'_>,
        part: &mut Part,
        transfer: &Transfer<'_>,
        open: impl AsyncFn(Option<&Resume>) -> Result<(Request, Response)>,
    ) -> Result<String> {
        let resume = part.resume.take().filter(|_| part.written > 0).map(|r| Resume { offset: part.written, ..r });
        let (request, mut response) = open(resume.as_ref()).await?;
        let continues = response.status() == StatusCode::PARTIAL_CONTENT && starts_at(&response, part.written);
        if !continues {
            if part.written > 0 {
                *part = Part { writer: target.cache.blob_writer()?, written: 0, resume: None };
            }
            // 416, or a range nobody asked for: the next try begins anew.
            if matches!(response.status().as_u16(), 206 | 416) && resume.is_some() {
                return Err(StoreError::Broken {
                    method: request.method_name(),
                    url: redact(&request.url),
                    cause: "download could not be continued".into(),
                });
            }
            if response.status() != StatusCode::OK {
                return Err(self.status_error(&request, response).await);
            }
        }
        part.resume = Some(Resume { offset: 0, validator: header(&response, ETAG) });
        let what = redact(&request.url);
        target.check_length(&what, part.written, response.content_length())?;
        let mut window = (tokio::time::Instant::now(), 0);
        while let Some(chunk) = self.next_chunk(&request, &mut response).await? {
            window.1 += chunk.len() as u64;
            if window.0.elapsed() > self.options().idle_timeout {
                if window.1 < LEAST_MOVED {
                    return Err(request.too_slow());
                }
                window = (tokio::time::Instant::now(), 0);
            }
            target.check_length(&what, part.written + chunk.len() as u64, None)?;
            part.writer.write_all(&chunk).map_err(StoreError::file("write to", target.cache.root()))?;
            part.written += chunk.len() as u64;
            transfer.advance(chunk.len() as u64);
        }
        Ok(what)
    }
}

/// What a download must become.
pub(crate) struct Target<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) digest: Digest,
    pub(crate) size: Option<u64>,
    pub(crate) name: &'a str,
}

impl Target<'_> {
    fn is_there(&self) -> bool {
        let found = self.cache.blob_size(&self.digest);
        found.is_some() && (self.size.is_none() || found == self.size)
    }

    /// Stops a download that is, or says it will be, of the wrong size before the rest is fetched.
    fn check_length(&self, what: &str, so_far: u64, announced: Option<u64>) -> Result<()> {
        let found = so_far.saturating_add(announced.unwrap_or_default());
        match self.size {
            Some(expected) if found > expected || (announced.is_some() && found != expected) => {
                Err(StoreError::Size { what: what.to_owned(), expected, found })
            }
            None if found > LARGEST_BLOB => Err(StoreError::TooLarge { what: what.to_owned(), limit: LARGEST_BLOB }),
            _ => Ok(()),
        }
    }
}

/// A download that has begun.
struct Part {
    writer: BlobWriter,
    written: u64,
    resume: Option<Resume>,
}

/// Where to go on, and how to know that it is still the same file.
pub(crate) struct Resume {
    offset: u64,
    validator: Option<String>,
}

impl Resume {
    pub(crate) fn apply(&self, request: Request) -> Request {
        let request = request.header(RANGE, &format!("bytes={}-", self.offset));
        // Weak validators do not go with ranges (RFC 9110, 13.1.5); the digest decides anyway.
        match self.validator.as_deref().filter(|etag| !etag.starts_with("W/")) {
            Some(etag) => request.header(IF_RANGE, etag),
            None => request,
        }
    }
}

fn starts_at(response: &Response, offset: u64) -> bool {
    header(response, CONTENT_RANGE)
        .and_then(|text| text.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse::<u64>().ok())
        .is_some_and(|start| start == offset)
}

pub(crate) fn header(response: &Response, name: HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// Runs a job for each item on a few threads; after an error no further item begins.
///
/// The results are in the order of the items, and the error is the first in that order.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    concurrency: usize,
    job: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { break };
            let result = job(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            results.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((number, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..concurrency.clamp(1, items.len().max(1)) {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests;
