//! One blob's way into a repository: mounted, or sent whole in one request; continued where it broke.

use std::io::{Read as _, Seek as _, SeekFrom};

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderName, LOCATION, RANGE};
use reqwest::{Method, Response, Url};
use shipwheel_oci::{Descriptor, HashWriter, Reference};

use crate::error::{Result, StoreError};
use crate::fetch::header;
use crate::push::Pushed;
use crate::quirks::Quirks;
use crate::registry::Repository;
use crate::request::{Payload, Request};
use crate::session::Session;
use crate::transfer::BlobFile;
use crate::url::{authority, may_be_plain};

/// No chunk is made smaller than this, whoever refuses larger ones.
const SMALLEST_CHUNK: u64 = 256 << 10;

/// An upload that came this much further has not failed in vain.
const PROGRESS: u64 = 1 << 20;

/// How many redirects one request with a body follows.
const REDIRECTS: usize = 5;

/// How often a blob is sent anew after the registry refused what it had got.
const REFUSALS: u32 = 2;

const MIN_CHUNK: HeaderName = HeaderName::from_static("oci-chunk-min-length");

/// A blob to be put into a repository.
pub(crate) struct Upload<'a> {
    pub(crate) target: &'a Reference,
    pub(crate) repository: Repository<'a>,
    pub(crate) descriptor: &'a Descriptor,
    /// Another repository of the registry that may have the blob, and the right to read there.
    pub(crate) mount: Option<(Repository<'a>, &'a str)>,
    pub(crate) quirks: Quirks,
    /// Where the upload's address outlives this process.
    pub(crate) session: Option<Session<'a>>,
}

/// How far one came without the bytes.
pub(crate) enum Begun {
    Done(Pushed),
    /// The registry awaits the bytes.
    At(Place),
}

/// Where the registry awaits which byte.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    address: Url,
    pub(crate) offset: u64,
    /// The least that a chunk may be, if the registry says so.
    min_chunk: u64,
}

/// How the bytes travel.
#[derive(Clone, Copy)]
enum Way {
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
        if let Some(address) = self.session.as_ref().and_then(Session::address) {
            match self.progress_of(&address).await {
                Some(place) => return Ok(Begun::At(place)),
                None => self.forget(),
            }
        }
        if let Some((repository, from)) = self.mount.as_ref().filter(|_| self.quirks.mounts) {
            let mut url = repository.url("blobs/uploads/")?;
            url.query_pairs_mut().append_pair("mount", &self.descriptor.digest.to_string()).append_pair("from", from);
            // A refusal in any form (Artifactory, or no right to read there) leads to a plain upload.
            if let Ok(response) = repository.send_retrying(&Request::new(Method::POST, url)).await {
                match (response.status().as_u16(), self.place_in(&response)) {
                    (201, _) => return Ok(Begun::Done(Pushed::Mounted)),
                    (202, Some(place)) => return Ok(Begun::At(place)),
                    _ => {}
                }
            }
        }
        self.new_session().await.map(Begun::At)
    }

    async fn new_session(&self) -> Result<Place> {
        let request = Request::new(Method::POST, self.repository.url("blobs/uploads/")?);
        let response = self.repository.send_retrying(&request).await?;
        if response.status().as_u16() != 202 {
            return Err(self.repository.http().status_error(&request, response).await);
        }
        let place = self.place_in(&response);
        place.ok_or_else(|| request.answer_error("the answer names no place to send the blob to"))
    }

    fn place_in(&self, response: &Response) -> Option<Place> {
        let min_chunk = header(response, MIN_CHUNK).and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        Some(Place { address: self.location(response)?, offset: 0, min_chunk })
    }

    /// The address in `Location`, relative or absolute.
    fn location(&self, response: &Response) -> Option<Url> {
        let mut url = response.url().join(&header(response, LOCATION)?).ok()?;
        let was_secure = response.url().scheme() == "https";
        if was_secure && url.scheme() == "http" {
            // A registry behind a proxy that ends TLS may think that it speaks plain http.
            if url.host_str() == response.url().host_str() {
                url.set_scheme("https").ok()?;
            } else if !may_be_plain(&authority(&url), &self.repository.http().options().insecure_hosts) {
                return None;
            }
        }
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    fn keep(&self, place: &Place) {
        if let Some(session) = &self.session {
            session.keep(self.target, &self.descriptor.digest, &place.address);
        }
    }

    fn forget(&self) {
        if let Some(session) = &self.session {
            session.forget();
        }
    }

    /// Sends the file from a place on; what breaks is continued, or begun anew.
    ///
    /// A failure for good leaves the upload's address on disk: the next run goes on from there.
    pub(crate) async fn send(&self, start: Place, file: &BlobFile, sent: &dyn Fn(u64)) -> Result<()> {
        let http = self.repository.http();
        let (mut failures, mut refusals, mut furthest) = (0, 0, start.offset);
        let mut way = Way::Whole;
        let mut next = Some(start);
        loop {
            let mut place = match next.take() {
                Some(place) => place,
                None => self.new_session().await?,
            };
            self.keep(&place);
            let Err(error) = self.send_once(&mut place, way, file, sent).await else {
                self.forget();
                return Ok(());
            };
            match error.status() {
                // A proxy in front refuses so much at once; GHCR says 416 to a chunk over 4 MiB.
                Some(413 | 416) if is_too_much(way, &place, &error) => match self.smaller(way, &place) {
                    Some(smaller) => way = smaller,
                    None => return Err(error),
                },
                Some(401 | 403 | 415) => return Err(error),
                Some(400..500) if !error.may_be_retried() => {
                    refusals += 1;
                    if self.is_there_after_refusal(file).await? {
                        return Ok(());
                    }
                    // It says nothing about a fresh upload: what was there before may not have been ours.
                    if refusals > REFUSALS {
                        return Err(error);
                    }
                }
                _ => {
                    let Some(pause) = http.pause_after(failures, &error) else { return Err(error) };
                    tokio::time::sleep(pause).await;
                    failures += 1;
                    // The answer may have been lost, not the blob.
                    if self.repository.has_blob(&self.descriptor.digest).await? {
                        self.forget();
                        return Ok(());
                    }
                    next = if self.quirks.continues { self.progress_of(&place.address).await } else { None };
                    let reached = next.as_ref().map_or(0, |place| place.offset);
                    if reached > furthest + PROGRESS {
                        (failures, furthest) = (0, reached);
                    }
                    // A proxy that closes the connection on a large body, without a word.
                    if failures == 2 && reached == 0 {
                        way = self.smaller(way, &place).unwrap_or(way);
                    }
                }
            }
        }
    }

    /// After a refusal for good: whether the registry has the blob all the same.
    ///
    /// # Errors
    /// When it is the file that is wrong, which no registry may be blamed for.
    async fn is_there_after_refusal(&self, file: &BlobFile) -> Result<bool> {
        self.forget();
        verify(file, self.descriptor)?;
        self.repository.has_blob(&self.descriptor.digest).await
    }

    async fn send_once(&self, place: &mut Place, way: Way, file: &BlobFile, sent: &dyn Fn(u64)) -> Result<()> {
        match way {
            Way::Whole => self.put(place, file, sent).await,
            Way::Chunks(size) => self.put_chunks(place, size.max(place.min_chunk), file, sent).await,
        }
    }

    /// The next smaller way to send; none if there is none.
    fn smaller(&self, way: Way, place: &Place) -> Option<Way> {
        let size = match way {
            Way::Whole => self.quirks.chunk?.min((self.descriptor.size / 2).max(SMALLEST_CHUNK)),
            Way::Chunks(size) => size / 4,
        };
        (size >= SMALLEST_CHUNK.max(place.min_chunk)).then_some(Way::Chunks(size))
    }

    fn part(&self, file: &BlobFile, offset: u64, size: u64) -> Payload {
        Payload::File { path: file.path.clone(), offset: file.offset + offset, size }
    }

    /// One request with everything from the place on, which also closes the upload. Its digest
    /// decides: whatever the registry made of a continued upload, a wrong blob is refused.
    async fn put(&self, place: &Place, file: &BlobFile, sent: &dyn Fn(u64)) -> Result<()> {
        let (size, offset) = (self.descriptor.size, place.offset);
        let mut request =
            binary(Method::PUT, self.closing(&place.address)).payload(self.part(file, offset, size - offset));
        if offset > 0 && offset < size {
            request = request.header(CONTENT_RANGE, &format!("{offset}-{}", size - 1));
        }
        self.send_expecting_success(request, sent).await.map(|_| ())
    }

    /// The rest in pieces, for a proxy that refused it as a whole. The `Range` in the answers is
    /// not looked at: some registries always name the first chunk there (aws/containers-roadmap#2831).
    async fn put_chunks(&self, place: &mut Place, chunk: u64, file: &BlobFile, sent: &dyn Fn(u64)) -> Result<()> {
        while place.offset < self.descriptor.size {
            let (offset, size) = (place.offset, chunk.min(self.descriptor.size - place.offset));
            let request = binary(Method::PATCH, place.address.clone())
                .header(CONTENT_RANGE, &format!("{offset}-{}", offset + size - 1))
                .payload(self.part(file, offset, size));
            let response = self.send_expecting_success(request, sent).await?;
            place.address = self.location(&response).unwrap_or_else(|| place.address.clone());
            place.offset += size;
            self.keep(place);
        }
        self.send_expecting_success(binary(Method::PUT, self.closing(&place.address)), &|_| {}).await.map(|_| ())
    }

    /// The session's address with `digest` added to whatever query it has.
    fn closing(&self, session: &Url) -> Url {
        let mut url = session.clone();
        let digest = format!("digest={}", self.descriptor.digest);
        let query = url.query().filter(|query| !query.is_empty()).map(|query| format!("{query}&{digest}"));
        url.set_query(Some(query.as_deref().unwrap_or(&digest)));
        url
    }

    /// Sends a request and follows redirects with its body, which the client itself does not.
    async fn send_expecting_success(&self, mut request: Request, sent: &dyn Fn(u64)) -> Result<Response> {
        for _ in 0..REDIRECTS {
            let response = self.repository.send(&request, sent).await?;
            match (response.status().as_u16(), self.location(&response)) {
                (307 | 308, Some(location)) => request.url = location,
                (200..300, _) => return Ok(response),
                _ => return Err(self.repository.http().status_error(&request, response).await),
            }
        }
        Err(request.answer_error("too many redirects"))
    }

    /// Where the registry says the upload stands; nothing if that makes no sense.
    async fn progress_of(&self, address: &Url) -> Option<Place> {
        let request = Request::get(address.clone());
        let response = self.repository.send(&request, &|_| {}).await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let last = header(&response, RANGE)?.trim_start_matches("bytes=").strip_prefix("0-")?.parse::<u64>().ok()?;
        let address = self.location(&response).unwrap_or_else(|| address.clone());
        // `0-0` may mean one byte or none (distribution#3542): then there is nothing to save.
        let is_sensible = last > 0 && last < self.descriptor.size;
        is_sensible.then_some(Place { address, offset: last + 1, min_chunk: 0 })
    }
}

/// Whether a refusal is about the size of a request and not about where it begins.
fn is_too_much(way: Way, place: &Place, error: &StoreError) -> bool {
    error.status() == Some(413) || (matches!(way, Way::Chunks(_)) && place.offset == 0)
}

fn binary(method: Method, url: Url) -> Request {
    Request::new(method, url).header(CONTENT_TYPE, "application/octet-stream")
}

/// Finds out whether it is the file that is wrong, when a registry says that something is.
fn verify(file: &BlobFile, descriptor: &Descriptor) -> Result<()> {
    let mut reader = std::fs::File::open(&file.path).map_err(StoreError::file("open", &file.path))?;
    reader.seek(SeekFrom::Start(file.offset)).map_err(StoreError::file("read", &file.path))?;
    let mut hasher = HashWriter::new(std::io::sink());
    std::io::copy(&mut reader.take(descriptor.size), &mut hasher).map_err(StoreError::file("read", &file.path))?;
    let (_, found, _) = hasher.finish();
    if found != descriptor.digest {
        let what = file.path.display().to_string();
        return Err(StoreError::Digest { what, expected: descriptor.digest, found });
    }
    Ok(())
}
