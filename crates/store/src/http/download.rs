//! Downloads into the cache: verified when complete, continued where they broke.

use std::io::Write as _;
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, ETAG, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use shipwheel_oci::Digest;

use super::client::Http;
use super::request::Request;
use super::response::header;
use super::url::{parse_url, redact};
use crate::cache::{BlobWriter, Cache};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::progress::{Progress, Transfer};
use crate::sync::in_parallel_to_the_end;

/// The longest blob whose size nobody stated: 64 GiB.
const MAX_BLOB: u64 = 64 << 30;

/// A blob of at most this size is a document, such as a config, and may take as long as one.
const MAX_DOCUMENT: u64 = 256 << 10;

/// A download that receives fewer bytes than this within `idle_timeout` is aborted.
const MIN_RECEIVED: u64 = 16 << 10;

/// One file to be fetched into the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Where it is.
    pub url: String,
    /// The digest it must have.
    pub digest: Digest,
    /// Its size, where it is known.
    pub size: Option<u64>,
    /// What it is called while it comes, where the end of its address does not tell.
    pub name: Option<String>,
}

impl Http {
    /// Fetches a file into the cache, unless it is there; verified when it is complete.
    ///
    /// # Errors
    /// When it cannot be fetched, or differs from what was expected.
    pub fn fetch_to_cache(&self, cache: &Cache, download: &Download, progress: &dyn Progress) -> Result<()> {
        let request = Request::get(parse_url(&download.url)?);
        let file_name = request.url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let name = download.name.as_deref().unwrap_or(file_name);
        let target = DownloadTarget { cache, digest: Some(download.digest), size: download.size, name };
        self.download(&target, progress, async |from| {
            let request = from.map_or_else(|| request.clone(), |from| from.apply(request.clone()));
            let response = self.send_once(&request, &|_| {}).await?;
            Ok((request, response))
        })
        .map(|_| ())
    }

    /// Fetches many files into the cache, at most `concurrency` at a time.
    ///
    /// # Errors
    /// All that is gone or is not what was promised, or else the first error in the order given; what was complete by
    /// then stays in the cache.
    pub fn fetch_all(
        &self,
        cache: &Cache,
        downloads: &[Download],
        concurrency: usize,
        progress: &dyn Progress,
    ) -> Result<()> {
        in_parallel_to_the_end(downloads, concurrency, |download| self.fetch_to_cache(cache, download, progress))
    }

    /// The loop behind every large download: `open` asks for the body, from a point on if it broke there.
    ///
    /// Gives the digest that the blob has in the cache.
    pub(crate) fn download(
        &self,
        target: &DownloadTarget<'_>,
        progress: &dyn Progress,
        open: impl AsyncFn(Option<&Resume>) -> Result<(Request, Response)>,
    ) -> Result<Digest> {
        if let Some(digest) = target.found() {
            return Ok(digest);
        }
        // Another process or thread may be fetching it: then nothing is left to do.
        let _hold = target.digest.map(|digest| target.cache.hold("blob", &digest)).transpose()?;
        if let Some(digest) = target.found() {
            return Ok(digest);
        }
        let transfer = Transfer::begin(progress, target.name, target.size);
        let mut part = Part { writer: target.cache.blob_writer()?, written: 0, resume: None };
        let patience = target.patience(self);
        let (mut failures, mut spent, mut furthest) = (0, Duration::ZERO, 0);
        loop {
            let begun = tokio::time::Instant::now();
            let outcome = self.block_on(async {
                let attempt = self.continue_download(target, &mut part, &transfer, &open);
                tokio::time::timeout(patience.saturating_sub(spent), attempt).await
            });
            spent += begun.elapsed();
            let overdue = || StoreError::Overdue { what: target.name.to_owned(), patience };
            let error = match outcome.unwrap_or_else(|_| Err(overdue())) {
                Ok(what) => return target.finish(part.writer, &what),
                Err(error) => error,
            };
            // A connection that breaks after each megabyte still gets there; one that loses what was there never does.
            if part.written > furthest + (1 << 20) {
                (failures, furthest) = (0, part.written);
            }
            let Some(pause) = self.pause_after(failures, &error) else { return Err(error) };
            std::thread::sleep(pause);
            failures += 1;
        }
    }

    async fn continue_download(
        &self,
        target: &DownloadTarget<'_>,
        part: &mut Part,
        transfer: &Transfer<'_>,
        open: impl AsyncFn(Option<&Resume>) -> Result<(Request, Response)>,
    ) -> Result<String> {
        let resume = part.resume.take().filter(|_| part.written > 0).map(|r| Resume { offset: part.written, ..r });
        let (request, mut response) = open(resume.as_ref()).await?;
        let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
        // A part that nobody asked for is not the whole.
        let continues = is_part && resume.is_some() && starts_at(&response, part.written);
        if !continues {
            if part.written > 0 {
                *part = Part { writer: target.cache.blob_writer()?, written: 0, resume: None };
            }
            // 416, or another range than was asked for: the next try begins again.
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
        let begun_at = part.written;
        let mut window = (tokio::time::Instant::now(), 0);
        while let Some(chunk) = self.next_chunk(&request, &mut response).await? {
            window.1 += chunk.len() as u64;
            if window.0.elapsed() > self.options().idle_timeout {
                if window.1 < MIN_RECEIVED {
                    // What came well before may come well again; what never did is not asked for again.
                    let came_well = part.written >= begun_at + (1 << 20);
                    let patience = self.options().idle_timeout;
                    return Err(if came_well { request.too_slow() } else { request.overdue(patience) });
                }
                window = (tokio::time::Instant::now(), 0);
            }
            target.check_length(&what, part.written + chunk.len() as u64, None)?;
            part.writer.write_all(&chunk).map_err(StoreError::file(FileAction::Write, target.cache.root()))?;
            part.written += chunk.len() as u64;
            transfer.advance(chunk.len() as u64);
        }
        Ok(what)
    }
}

/// What a download must result in.
pub(crate) struct DownloadTarget<'a> {
    pub(crate) cache: &'a Cache,
    /// Its digest; without one, whoever asked for it judges what came.
    pub(crate) digest: Option<Digest>,
    pub(crate) size: Option<u64>,
    pub(crate) name: &'a str,
}

impl DownloadTarget<'_> {
    /// How long the download may take over all tries, without the pauses between them.
    fn patience(&self, http: &Http) -> Duration {
        match self.size.is_some_and(|size| size <= MAX_DOCUMENT) {
            true => http.options().document_deadline,
            false => Duration::MAX,
        }
    }

    /// The digest, where the cache has the blob.
    fn found(&self) -> Option<Digest> {
        let digest = self.digest?;
        let found = self.cache.blob_size(&digest)?;
        self.size.is_none_or(|size| size == found).then_some(digest)
    }

    /// Puts into the cache what was written, if it is what was expected.
    fn finish(&self, writer: BlobWriter, what: &str) -> Result<Digest> {
        match self.digest {
            Some(digest) => writer.finish_expected(&digest, self.size, what).map(|_| digest),
            None => writer.finish().map(|(digest, _)| digest),
        }
    }

    /// Stops a download of the wrong size, or one that announces the wrong size, before the rest is fetched.
    fn check_length(&self, what: &str, so_far: u64, announced: Option<u64>) -> Result<()> {
        let found = so_far.saturating_add(announced.unwrap_or_default());
        match self.size {
            Some(expected) if found > expected || (announced.is_some() && found != expected) => {
                Err(StoreError::Size { what: what.to_owned(), expected, found })
            }
            None if found > MAX_BLOB => Err(StoreError::TooLarge { what: what.to_owned(), limit: MAX_BLOB }),
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

/// Where to continue, and how to know that it is still the same file.
pub(crate) struct Resume {
    offset: u64,
    validator: Option<String>,
}

impl Resume {
    pub(crate) fn apply(&self, request: Request) -> Request {
        let request = request.header(RANGE, &format!("bytes={}-", self.offset));
        // Weak validators are not allowed with ranges (RFC 9110, 13.1.5); the digest decides anyway.
        match self.validator.as_deref().filter(|etag| !etag.starts_with("W/")) {
            Some(etag) => request.header(IF_RANGE, etag),
            None => request,
        }
    }
}

fn starts_at(response: &Response, offset: u64) -> bool {
    header(response, CONTENT_RANGE).and_then(|text| range_start(&text)).is_some_and(|start| start == offset)
}

/// Where the part in an answer begins: `Content-Range: bytes 5-9/10` (RFC 9110, 14.4).
pub(crate) fn range_start(content_range: &str) -> Option<u64> {
    content_range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}
