//! One blob's way into a repository: mounted, or sent whole in one request; continued where it broke.

use std::path::Path;

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use reqwest::{Method, Response, Url};
use shipwheel_oci::Descriptor;

use crate::error::Result;
use crate::fetch::header;
use crate::push::Pushed;
use crate::registry::Repository;
use crate::request::{Payload, Request};

/// The size of a chunk where a whole blob is refused as too large: proxies allow about 100 MB.
const CHUNK: u64 = 32 << 20;

/// How many redirects one request with a body follows.
const REDIRECTS: usize = 5;

/// A blob to be put into a repository.
pub(crate) struct Upload<'a> {
    pub(crate) repository: Repository<'a>,
    pub(crate) descriptor: &'a Descriptor,
    pub(crate) mount_from: Option<&'a str>,
}

/// How far one came without the bytes.
pub(crate) enum Begun {
    Done(Pushed),
    /// The registry awaits the bytes at this address.
    Session(Url),
}

impl Upload<'_> {
    /// Asks whether the blob is there or can be mounted, and opens an upload if not.
    pub(crate) async fn begin(&self) -> Result<Begun> {
        if self.repository.has_blob(&self.descriptor.digest).await? {
            return Ok(Begun::Done(Pushed::Existed));
        }
        if let Some(from) = self.mount_from {
            let mut url = self.repository.url("blobs/uploads/")?;
            url.query_pairs_mut().append_pair("mount", &self.descriptor.digest.to_string()).append_pair("from", from);
            // A refusal in any form (Artifactory, or no right to read there) leads to a plain upload.
            if let Ok(response) = self.repository.send_retrying(&Request::new(Method::POST, url)).await {
                match (response.status().as_u16(), self.location(&response)) {
                    (201, _) => return Ok(Begun::Done(Pushed::Mounted)),
                    (202, Some(session)) => return Ok(Begun::Session(session)),
                    _ => {}
                }
            }
        }
        self.new_session().await.map(Begun::Session)
    }

    async fn new_session(&self) -> Result<Url> {
        let request = Request::new(Method::POST, self.repository.url("blobs/uploads/")?);
        let response = self.repository.send_retrying(&request).await?;
        if response.status().as_u16() != 202 {
            return Err(self.repository.http().status_error(&request, response).await);
        }
        self.location(&response).ok_or_else(|| request.answer_error("the answer names no place to send the blob to"))
    }

    /// The address in `Location`, relative or absolute.
    fn location(&self, response: &Response) -> Option<Url> {
        let mut url = response.url().join(&header(response, LOCATION)?).ok()?;
        // A registry behind a proxy that ends TLS may think that it speaks plain http.
        let same_host = url.host_str() == response.url().host_str();
        if same_host && response.url().scheme() == "https" && url.scheme() == "http" {
            url.set_scheme("https").ok()?;
        }
        Some(url)
    }

    /// Sends the file to a session; what breaks is continued, or begun anew.
    pub(crate) async fn send(&self, session: Url, path: &Path, sent: &dyn Fn(u64)) -> Result<()> {
        let http = self.repository.http();
        let mut next = Some((session, 0));
        let mut failures = 0;
        loop {
            let (session, offset) = match next.take() {
                Some(place) => place,
                None => (self.new_session().await?, 0),
            };
            let error = match self.put(&session, path, offset, sent).await {
                Ok(()) => return Ok(()),
                Err(error) if error.status() == Some(413) => return self.send_chunks(path, sent).await,
                Err(error) => error,
            };
            // A refusal to continue says nothing about a fresh upload; the same goes for a lost session.
            let fresh_may_do = failures < http.options().retries && (offset > 0 || error.status() == Some(404));
            let fresh = fresh_may_do.then_some(http.options().retry_delay);
            let Some(pause) = http.pause_after(failures, &error).or(fresh) else { return Err(error) };
            tokio::time::sleep(pause).await;
            failures += 1;
            // The answer may have been lost, not the blob.
            if self.repository.has_blob(&self.descriptor.digest).await? {
                return Ok(());
            }
            if offset == 0 {
                next = self.progress_of(&session).await;
            }
        }
    }

    /// One request with everything from `offset` on, which also closes the upload. Its digest
    /// decides: whatever the registry made of a continued upload, a wrong blob is refused.
    async fn put(&self, session: &Url, path: &Path, offset: u64, sent: &dyn Fn(u64)) -> Result<()> {
        let size = self.descriptor.size;
        let payload = Payload::File { path: path.to_owned(), offset, size: size - offset };
        let mut request = binary(Method::PUT, self.closing(session)).payload(payload);
        if offset > 0 {
            request = request.header(CONTENT_RANGE, &format!("{offset}-{}", size - 1));
        }
        self.send_expecting_success(request, sent).await.map(|_| ())
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
    async fn progress_of(&self, session: &Url) -> Option<(Url, u64)> {
        let request = Request::get(session.clone());
        let response = self.repository.send(&request, &|_| {}).await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let last = header(&response, RANGE)?.trim_start_matches("bytes=").strip_prefix("0-")?.parse::<u64>().ok()?;
        let session = self.location(&response).unwrap_or_else(|| session.clone());
        // `0-0` may mean one byte or none (distribution#3542): then there is nothing to save.
        (last > 0 && last + 1 < self.descriptor.size).then_some((session, last + 1))
    }

    /// Sends the file in pieces to a session of its own, for a proxy that refused it as a whole.
    async fn send_chunks(&self, path: &Path, sent: &dyn Fn(u64)) -> Result<()> {
        let mut session = self.new_session().await?;
        let mut offset = 0;
        while offset < self.descriptor.size {
            let size = CHUNK.min(self.descriptor.size - offset);
            let request = binary(Method::PATCH, session.clone())
                .header(CONTENT_RANGE, &format!("{offset}-{}", offset + size - 1))
                .payload(Payload::File { path: path.to_owned(), offset, size });
            let response = self.send_expecting_success(request, sent).await?;
            session = self.location(&response).unwrap_or(session);
            offset += size;
        }
        self.send_expecting_success(binary(Method::PUT, self.closing(&session)), &|_| {}).await.map(|_| ())
    }
}

fn binary(method: Method, url: Url) -> Request {
    Request::new(method, url).header(CONTENT_TYPE, "application/octet-stream")
}
