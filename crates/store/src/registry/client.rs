//! A client of the OCI distribution spec: addresses, authenticated requests, and reading.

use std::sync::Arc;

use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use reqwest::{Method, Response, Url};
use shipwheel_oci::{Descriptor, Digest, Reference, media_type};

use super::mirrors::Mirrors;
use super::quirks::quirks;
use crate::auth::{Authorizer, CredentialSources, Scope};
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::http::url::{parse_url, redact};
use crate::http::{DownloadTarget, Http, Request, header};
use crate::limits::MAX_MANIFEST;
use crate::progress::Progress;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// What is asked for by `Accept`: without it registries convert, or refuse.
const MANIFEST_TYPES: [&str; 4] =
    [media_type::INDEX, media_type::MANIFEST, media_type::DOCKER_INDEX, media_type::DOCKER_MANIFEST];

/// A client for all registries. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    pub(crate) http: Http,
    authorizer: Arc<Authorizer>,
    mirrors: Arc<Mirrors>,
}

impl Registry {
    /// A client with credentials from these sources.
    pub fn new(http: Http, credentials: CredentialSources) -> Self {
        Self { http, authorizer: Arc::new(Authorizer::new(credentials)), mirrors: Arc::default() }
    }

    /// The same client, which reads from mirrors. Pushes go to the registry itself.
    #[must_use]
    pub fn with_mirrors(self, mirrors: Mirrors) -> Self {
        Self { mirrors: Arc::new(mirrors), ..self }
    }

    /// Asks what a reference currently points to.
    ///
    /// # Errors
    /// When it does not exist, or the registry does not say.
    pub fn resolve(&self, reference: &Reference) -> Result<Descriptor> {
        self.mirrors.first(reference, |mirror| self.resolve_at(mirror))
    }

    fn resolve_at(&self, reference: &Reference) -> Result<Descriptor> {
        let repository = self.repository(reference)?;
        let request = repository.manifest_request(Method::HEAD, &reference.version())?;
        let head = self.http.block_on(async {
            let response = repository.send_retrying(&request).await?;
            Ok::<_, StoreError>(described(&response, reference.digest()))
        });
        // Some proxies answer HEAD with 405, some registries without digest or size.
        match head {
            Ok(Some(descriptor)) => Ok(descriptor),
            Ok(None) => {
                self.fetch_manifest_at(reference).map(|(media_type, bytes)| Descriptor::of(&media_type, &bytes))
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches a manifest or an index: its media type and its very bytes.
    ///
    /// # Errors
    /// When it does not exist, is too large, or has another digest than the reference or the registry says.
    pub fn fetch_manifest(&self, reference: &Reference) -> Result<(String, Vec<u8>)> {
        self.mirrors.first(reference, |mirror| self.fetch_manifest_at(mirror))
    }

    pub(super) fn fetch_manifest_at(&self, reference: &Reference) -> Result<(String, Vec<u8>)> {
        let repository = self.repository(reference)?;
        let request = repository.manifest_request(Method::GET, &reference.version())?;
        self.http.block_on(self.http.retry(&request, async || {
            let response = repository.send(&request, &|_| {}).await?;
            if response.status().as_u16() != 200 {
                return Err(self.http.status_error(&request, response).await);
            }
            let announced = header(&response, CONTENT_DIGEST).and_then(|text| text.parse().ok());
            let content_type = header(&response, CONTENT_TYPE);
            let bytes = self.http.read_body(&request, response, MAX_MANIFEST).await?;
            let found = Digest::of(&bytes);
            if let Some(expected) = reference.digest().or(announced).filter(|expected| *expected != found) {
                return Err(StoreError::Digest { what: redact(&request.url), expected, found });
            }
            // A proxy's login page, for example.
            if serde_json::from_slice::<serde_json::Map<_, _>>(&bytes).is_err() {
                let reason = "expected a manifest, found content that is not a JSON object".to_owned();
                return Err(StoreError::Answer { method: "GET", url: redact(&request.url), reason });
            }
            Ok((manifest_type(&bytes, content_type), bytes))
        }))
    }

    /// Fetches a blob into the cache, unless it is there.
    ///
    /// # Errors
    /// When it cannot be obtained, or is another than the descriptor says.
    pub fn fetch_blob(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        cache: &Cache,
        progress: &dyn Progress,
    ) -> Result<()> {
        self.mirrors.first(reference, |mirror| self.fetch_blob_at(mirror, descriptor, cache, progress))
    }

    fn fetch_blob_at(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        cache: &Cache,
        progress: &dyn Progress,
    ) -> Result<()> {
        let repository = self.repository(reference)?;
        let request = Request::get(repository.url(&format!("blobs/{}", descriptor.digest))?);
        let name = descriptor.digest.short();
        let target =
            DownloadTarget { cache, digest: Some(descriptor.digest), size: Some(descriptor.size), name: &name };
        let downloaded = self.http.download(&target, progress, async |from| {
            let request = from.map_or_else(|| request.clone(), |from| from.apply(request.clone()));
            let response = repository.send(&request, &|_| {}).await?;
            Ok((request, response))
        });
        downloaded.map(|_| ())
    }

    /// Whether the repository has a blob.
    ///
    /// # Errors
    /// When the registry cannot be asked.
    pub fn has_blob(&self, reference: &Reference, digest: &Digest) -> Result<bool> {
        let repository = self.repository(reference)?;
        self.http.block_on(repository.has_blob(digest))
    }

    /// The repository of a reference, for reading.
    pub(crate) fn repository(&self, reference: &Reference) -> Result<Repository<'_>> {
        self.repository_for(reference, false, None)
    }

    pub(crate) fn repository_for(
        &self,
        reference: &Reference,
        push: bool,
        mount_from: Option<&str>,
    ) -> Result<Repository<'_>> {
        let host = quirks(reference.registry()).api_host.unwrap_or(reference.registry());
        let scheme = if self.http.is_plain(host) { "http" } else { "https" };
        let base = parse_url(&format!("{scheme}://{host}/v2/{}/", reference.repository()))?;
        let scope = Scope {
            registry: reference.registry().to_owned(),
            repository: reference.repository().to_owned(),
            push,
            mount_from: mount_from.map(str::to_owned),
        };
        Ok(Repository { registry: self, base, scope })
    }
}

/// One repository, and the right to read or write there.
pub(crate) struct Repository<'a> {
    registry: &'a Registry,
    base: Url,
    scope: Scope,
}

impl Repository<'_> {
    pub(crate) fn http(&self) -> &Http {
        &self.registry.http
    }

    pub(crate) fn url(&self, path: &str) -> Result<Url> {
        let url = self.base.join(path);
        url.map_err(|cause| StoreError::Url { url: format!("{}{path}", self.base), reason: cause.to_string() })
    }

    pub(crate) fn manifest_request(&self, method: Method, version: &str) -> Result<Request> {
        let url = self.url(&format!("manifests/{version}"))?;
        Ok(Request::new(method, url).header(ACCEPT, &MANIFEST_TYPES.join(", ")))
    }

    /// Sends a request to this repository, authenticated as needed. An address on another host
    /// (an upload's `Location`) gets no credentials.
    pub(crate) async fn send(&self, request: &Request, sent: &dyn Fn(u64)) -> Result<Response> {
        if request.url.origin() != self.base.origin() {
            return self.http().send_once(request, sent).await;
        }
        self.registry.authorizer.send(self.http(), &self.scope, request, sent).await
    }

    pub(crate) async fn send_retrying(&self, request: &Request) -> Result<Response> {
        self.http().retry(request, async || self.send(request, &|_| {}).await).await
    }

    pub(crate) async fn has_blob(&self, digest: &Digest) -> Result<bool> {
        let request = Request::new(Method::HEAD, self.url(&format!("blobs/{digest}"))?);
        let response = self.send_retrying(&request).await?;
        match response.status().as_u16() {
            200 => Ok(true),
            // Some proxies refuse HEAD: the upload finds out.
            404 | 405 => Ok(false),
            _ => Err(self.http().status_error(&request, response).await),
        }
    }

    /// The digest that the repository has under a version, if it has any and says so.
    pub(crate) async fn version_digest(&self, version: &str) -> Result<Option<Digest>> {
        let request = self.manifest_request(Method::HEAD, version)?;
        let response = self.send_retrying(&request).await?;
        let found = Some(response).filter(|response| response.status().is_success());
        // Not all registries name the digest; a registry that was asked for a digest has answered.
        Ok(found.and_then(|response| content_digest(&response).or_else(|| version.parse().ok())))
    }
}

pub(crate) fn content_digest(response: &Response) -> Option<Digest> {
    header(response, CONTENT_DIGEST)?.parse().ok()
}

/// The descriptor in an answer to HEAD, if it is complete and fits what was asked for.
fn described(response: &Response, pinned: Option<Digest>) -> Option<Descriptor> {
    if !response.status().is_success() {
        return None;
    }
    let digest = content_digest(response).filter(|digest| pinned.is_none_or(|pinned| pinned == *digest))?;
    let size = header(response, CONTENT_LENGTH)?.parse().ok().filter(|size| *size > 0)?;
    let media_type = header(response, CONTENT_TYPE).filter(|text| is_known(text))?;
    Some(Descriptor::new(&media_type, digest, size))
}

fn is_known(media_type: &str) -> bool {
    media_type::is_manifest(media_type) || media_type::is_index(media_type)
}

/// The media type of a document: what it says itself, else what the server says, else what its keys say.
pub(crate) fn manifest_type(bytes: &[u8], content_type: Option<String>) -> String {
    let value: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let own = value.get("mediaType").and_then(|own| own.as_str()).filter(|own| is_known(own));
    let served = content_type.as_deref().map(|text| text.split(';').next().unwrap_or(text).trim());
    let by_keys = if value.get("manifests").is_some() { media_type::INDEX } else { media_type::MANIFEST };
    own.or(served.filter(|served| is_known(served))).unwrap_or(by_keys).to_owned()
}
