//! Sends one blob into a repository: mounted, or in one request; continued where it broke.

use std::collections::BTreeSet;

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use reqwest::{Method, Response, Url};
use shipwheel_oci::{Descriptor, Reference};

use super::address::{UploadState, closing, location};
use super::record::UploadRecord;
use crate::blob_file::BlobFile;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::http::{Payload, Request, header};
use crate::image::Pushed;
use crate::registry::client::Repository;
use crate::registry::quirks::Quirks;

/// Chunks are never made smaller than this, even if a registry refuses larger ones.
const SMALLEST_CHUNK: u64 = 256 << 10;

/// An upload that came this much further resets the count of failures.
const MIN_PROGRESS: u64 = 1 << 20;

/// How many redirects one request with a body follows.
const MAX_REDIRECTS: usize = 5;

/// How often a blob is sent again after the registry refused the bytes that it received.
const MAX_REFUSALS: u32 = 2;

/// A blob to be put into a repository.
pub(crate) struct Upload<'a> {
    pub(crate) target: &'a Reference,
    pub(crate) repository: Repository<'a>,
    pub(crate) descriptor: &'a Descriptor,
    /// Another repository of the registry that may have the blob, and the right to read there.
    pub(crate) mount: Option<(Repository<'a>, &'a str)>,
    pub(crate) quirks: Quirks,
    /// Keeps the upload's address for the next process.
    pub(crate) record: Option<UploadRecord<'a>>,
}

/// How far a blob has come.
pub(crate) enum Begun {
    /// It is there.
    Done(Pushed),
    /// The registry awaits bytes.
    At(UploadState),
}

/// What was tried so far.
struct Tries {
    way: Sending,
    failures: u32,
    refusals: u32,
    /// The largest offset that an upload reached.
    furthest: u64,
}

/// How the bytes are sent.
#[derive(Clone, Copy)]
enum Sending {
    Whole,
    Chunks(u64),
}

impl Upload<'_> {
    /// Asks whether the blob is there, was partly sent before, or can be mounted; opens an upload if not.
    pub(crate) async fn begin(&self) -> Result<Begun> {
        if self.repository.has_blob(&self.descriptor.digest).await? {
            self.forget();
            return Ok(Begun::Done(Pushed::Existed));
        }
        if let Some(address) = self.record.as_ref().and_then(UploadRecord::address) {
            match self.progress_of(&address).await {
                Some(state) => return Ok(Begun::At(state)),
                None => self.forget(),
            }
        }
        if let Some((repository, from)) = self.mount.as_ref().filter(|_| self.quirks.mounts) {
            let mut url = repository.url("blobs/uploads/")?;
            url.query_pairs_mut().append_pair("mount", &self.descriptor.digest.to_string()).append_pair("from", from);
            // After any refusal (Artifactory, or a missing right to read there) the blob is uploaded.
            if let Ok(response) = repository.send_retrying(&Request::new(Method::POST, url)).await {
                match (response.status().as_u16(), self.opened(&response)) {
                    (201, _) => return Ok(Begun::Done(Pushed::Mounted)),
                    (202, Some(state)) => return Ok(Begun::At(state)),
                    _ => {}
                }
            }
        }
        self.new_upload().await.map(Begun::At)
    }

    async fn new_upload(&self) -> Result<UploadState> {
        let request = Request::new(Method::POST, self.repository.url("blobs/uploads/")?);
        let response = self.repository.send_retrying(&request).await?;
        if response.status().as_u16() != 202 {
            return Err(self.repository.http().status_error(&request, response).await);
        }
        let state = self.opened(&response);
        state.ok_or_else(|| request.answer_error("the answer has no `Location` to send the blob to"))
    }

    fn opened(&self, response: &Response) -> Option<UploadState> {
        UploadState::opened(response, self.insecure_hosts())
    }

    fn location(&self, response: &Response) -> Option<Url> {
        location(response, self.insecure_hosts())
    }

    fn insecure_hosts(&self) -> &BTreeSet<String> {
        &self.repository.http().options().insecure_hosts
    }

    fn keep(&self, state: &UploadState) {
        if let Some(record) = &self.record {
            record.keep(self.target, &self.descriptor.digest, &state.address);
        }
    }

    fn forget(&self) {
        if let Some(record) = &self.record {
            record.forget();
        }
    }

    /// Sends the file from where the upload is; what breaks is continued, or begun again.
    ///
    /// A final failure leaves the upload's address on disk: the next run continues from there.
    pub(crate) async fn send(&self, start: UploadState, file: &BlobFile, sent: &dyn Fn(u64)) -> Result<()> {
        let mut tries = Tries { way: Sending::Whole, failures: 0, refusals: 0, furthest: start.offset };
        let mut next = Some(start);
        loop {
            let mut state = match next.take() {
                Some(state) => state,
                None => self.new_upload().await?,
            };
            self.keep(&state);
            let Err(error) = self.send_once(&mut state, tries.way, file, sent).await else {
                self.forget();
                return Ok(());
            };
            next = match self.after_failure(error, &state, file, &mut tries).await? {
                Some(Begun::Done(_)) => return Ok(()),
                Some(Begun::At(state)) => Some(state),
                None => None,
            };
        }
    }

    /// Where to go on after a failure; `None` if a new upload has to be opened.
    ///
    /// # Errors
    /// When it is final.
    async fn after_failure(
        &self,
        error: StoreError,
        state: &UploadState,
        file: &BlobFile,
        tries: &mut Tries,
    ) -> Result<Option<Begun>> {
        match error.status() {
            // A proxy in front refuses bodies of this size; GHCR says 416 to a chunk over 4 MiB.
            Some(413 | 416) if is_too_much(tries.way, state, &error) => match self.smaller(tries.way, state) {
                Some(smaller) => {
                    tries.way = smaller;
                    Ok(None)
                }
                None => Err(error),
            },
            Some(401 | 403 | 415) => Err(error),
            Some(400..500) if !error.may_be_retried() => {
                tries.refusals += 1;
                match self.is_there_after_refusal(file).await? {
                    true => Ok(Some(Begun::Done(Pushed::Existed))),
                    false if tries.refusals > MAX_REFUSALS => Err(error),
                    // A new upload may still succeed: the bytes that were there may have come from another client.
                    false => Ok(None),
                }
            }
            Some(_) | None => self.after_break(error, state, tries).await,
        }
    }

    /// As [`after_failure`](Self::after_failure), for a failure that may pass.
    async fn after_break(&self, error: StoreError, state: &UploadState, tries: &mut Tries) -> Result<Option<Begun>> {
        let Some(pause) = self.repository.http().pause_after(tries.failures, &error) else { return Err(error) };
        tokio::time::sleep(pause).await;
        tries.failures += 1;
        // The answer may have been lost, not the blob.
        if self.repository.has_blob(&self.descriptor.digest).await? {
            self.forget();
            return Ok(Some(Begun::Done(Pushed::Existed)));
        }
        let next = if self.quirks.continues { self.progress_of(&state.address).await } else { None };
        let reached = next.as_ref().map_or(0, |state| state.offset);
        if reached > tries.furthest + MIN_PROGRESS {
            (tries.failures, tries.furthest) = (0, reached);
        }
        // Some proxies close the connection on a large body without an answer.
        if tries.failures == 2 && reached == 0 {
            tries.way = self.smaller(tries.way, state).unwrap_or(tries.way);
        }
        Ok(next.map(Begun::At))
    }

    /// After a final refusal: whether the registry has the blob nevertheless.
    ///
    /// # Errors
    /// When the file itself is wrong, which is not the registry's fault.
    async fn is_there_after_refusal(&self, file: &BlobFile) -> Result<bool> {
        self.forget();
        verify(file, self.descriptor)?;
        self.repository.has_blob(&self.descriptor.digest).await
    }

    async fn send_once(
        &self,
        state: &mut UploadState,
        way: Sending,
        file: &BlobFile,
        sent: &dyn Fn(u64),
    ) -> Result<()> {
        match way {
            Sending::Whole => self.put(state, file, sent).await,
            Sending::Chunks(size) => self.put_chunks(state, size.max(state.min_chunk), file, sent).await,
        }
    }

    /// The next smaller way to send; `None` if the smallest was tried.
    fn smaller(&self, way: Sending, state: &UploadState) -> Option<Sending> {
        let size = match way {
            Sending::Whole => self.quirks.chunk?.min((self.descriptor.size / 2).max(SMALLEST_CHUNK)),
            Sending::Chunks(size) => size / 4,
        };
        (size >= SMALLEST_CHUNK.max(state.min_chunk)).then_some(Sending::Chunks(size))
    }

    fn part(&self, file: &BlobFile, offset: u64, size: u64) -> Payload {
        Payload::File { file: BlobFile { offset: file.offset + offset, ..file.clone() }, size }
    }

    /// One request with all the bytes that are left, which also closes the upload. The digest decides:
    /// a registry refuses a wrong blob, even if it mixed up a continued upload.
    async fn put(&self, state: &UploadState, file: &BlobFile, sent: &dyn Fn(u64)) -> Result<()> {
        let (size, offset) = (self.descriptor.size, state.offset);
        let mut request = binary(Method::PUT, closing(&state.address, &self.descriptor.digest)).payload(self.part(
            file,
            offset,
            size - offset,
        ));
        if offset > 0 && offset < size {
            request = request.header(CONTENT_RANGE, &format!("{offset}-{}", size - 1));
        }
        self.send_expecting_success(request, sent).await.map(|_| ())
    }

    /// The bytes that are left in chunks, for a proxy that refused them in one request. The `Range` of
    /// the answers is ignored: some registries always name the first chunk in it (aws/containers-roadmap#2831).
    async fn put_chunks(&self, state: &mut UploadState, chunk: u64, file: &BlobFile, sent: &dyn Fn(u64)) -> Result<()> {
        while state.offset < self.descriptor.size {
            let (offset, size) = (state.offset, chunk.min(self.descriptor.size - state.offset));
            let request = binary(Method::PATCH, state.address.clone())
                .header(CONTENT_RANGE, &format!("{offset}-{}", offset + size - 1))
                .payload(self.part(file, offset, size));
            let response = self.send_expecting_success(request, sent).await?;
            state.address = self.location(&response).unwrap_or_else(|| state.address.clone());
            state.offset += size;
            self.keep(state);
        }
        self.send_expecting_success(binary(Method::PUT, closing(&state.address, &self.descriptor.digest)), &|_| {})
            .await
            .map(|_| ())
    }

    /// Sends a request and follows redirects with its body, which the client itself does not.
    async fn send_expecting_success(&self, mut request: Request, sent: &dyn Fn(u64)) -> Result<Response> {
        for _ in 0..MAX_REDIRECTS {
            let response = self.repository.send(&request, sent).await?;
            match (response.status().as_u16(), self.location(&response)) {
                (307 | 308, Some(location)) => request.url = location,
                (200..300, _) => return Ok(response),
                _ => return Err(self.repository.http().status_error(&request, response).await),
            }
        }
        Err(request.answer_error("too many redirects"))
    }

    /// How far the registry says that the upload has come; `None` if it does not say, or not in a way that can be used.
    async fn progress_of(&self, address: &Url) -> Option<UploadState> {
        let request = Request::get(address.clone());
        let response = self.repository.send(&request, &|_| {}).await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let offset = received(&header(&response, RANGE)?).filter(|offset| *offset <= self.descriptor.size)?;
        let address = self.location(&response).unwrap_or_else(|| address.clone());
        Some(UploadState { address, offset, min_chunk: 0 })
    }
}

/// How many bytes a registry has according to the `Range` of its answer: `0-9`, or `bytes=0-9`.
///
/// `0-0` may mean one byte or none (distribution#3542): then nothing is worth saving.
pub(crate) fn received(range: &str) -> Option<u64> {
    let last = range.trim_start_matches("bytes=").strip_prefix("0-")?.parse::<u64>().ok()?;
    last.checked_add(1).filter(|_| last > 0)
}

/// Whether a refusal is about the size of a request, not about where it begins.
fn is_too_much(way: Sending, state: &UploadState, error: &StoreError) -> bool {
    error.status() == Some(413) || (matches!(way, Sending::Chunks(_)) && state.offset == 0)
}

fn binary(method: Method, url: Url) -> Request {
    Request::new(method, url).header(CONTENT_TYPE, "application/octet-stream")
}

/// Checks the file itself, after a registry said that something is wrong.
fn verify(file: &BlobFile, descriptor: &Descriptor) -> Result<()> {
    file.check(descriptor).map_err(StoreError::file(FileAction::Read, &file.path)).map_err(StoreError::unwrapped)
}
