//! What a registry supports: tried with small blobs that are deleted afterwards.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use shipwheel_oci::{Descriptor, Digest, Reference, canonical_value, media_type};

use super::client::{Registry, Repository};
use super::upload::{UploadState, closing, location};
use crate::error::Result;
use crate::http::{Payload, Request, header};

/// The largest first chunk that is tried, even if the registry asks for a larger one.
const MAX_CHUNK: u64 = 8 << 20;

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeFinding {
    /// What was tried: `mount`, `chunks`.
    pub name: &'static str,
    /// Whether it works.
    pub works: bool,
    /// How the registry answered.
    pub detail: String,
}

/// What a registry supports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProbeReport {
    /// In the order in which they were tried.
    pub findings: Vec<ProbeFinding>,
    /// Blobs and manifests that the registry would not delete.
    pub left_behind: Vec<String>,
}

impl Registry {
    /// Tries what the registry of a repository supports; needs the right to push there.
    ///
    /// It writes no tag. The blobs hold random bytes, so deleting them cannot delete anything that somebody needs.
    ///
    /// # Errors
    /// When the registry cannot be reached, or does not accept even one small blob.
    pub fn probe(&self, target: &Reference) -> Result<ProbeReport> {
        let repository = self.repository_for(target, true, None)?;
        let mut probe = Probe { repository, target, report: ProbeReport::default(), written: Vec::new() };
        self.http.block_on(async {
            let tried = probe.run().await;
            probe.clean_up().await;
            tried.map(|()| probe.report)
        })
    }
}

struct Probe<'a> {
    repository: Repository<'a>,
    target: &'a Reference,
    report: ProbeReport,
    /// Paths below the repository, in the order written.
    written: Vec<String>,
}

impl Probe<'_> {
    async fn run(&mut self) -> Result<()> {
        let config = random(64);
        let config = self.push(&config, "plain upload").await?;
        self.try_range(&config).await?;
        self.try_mount(&config).await?;
        self.try_chunks().await?;
        let manifest = self.try_manifest("OCI manifest", media_type::MANIFEST, image(&config, &config, None)).await?;
        let mut zstd = config.clone();
        zstd.media_type = media_type::LAYER_ZSTD.to_owned();
        self.try_manifest("zstd layers", media_type::MANIFEST, image(&config, &zstd, None)).await?;
        let mut entry = manifest.clone();
        entry.platform = Some(shipwheel_oci::Platform::linux_amd64());
        let index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [entry] });
        self.try_manifest("index", media_type::INDEX, index).await?;
        self.try_referrers(&config, &manifest).await
    }

    fn insecure_hosts(&self) -> &BTreeSet<String> {
        &self.repository.http().options().insecure_hosts
    }

    fn found(&mut self, name: &'static str, works: bool, detail: impl Into<String>) {
        self.report.findings.push(ProbeFinding { name, works, detail: detail.into() });
    }

    async fn open(&self) -> Result<UploadState> {
        let request = Request::new(Method::POST, self.repository.url("blobs/uploads/")?);
        let response = self.repository.send_retrying(&request).await?;
        match UploadState::opened(&response, self.insecure_hosts()) {
            Some(state) if response.status().as_u16() == 202 => Ok(state),
            _ => Err(self.repository.http().status_error(&request, response).await),
        }
    }

    async fn push(&mut self, bytes: &[u8], name: &'static str) -> Result<Descriptor> {
        let state = self.open().await?;
        let descriptor = Descriptor::of(media_type::CONFIG, bytes);
        let request = part(Method::PUT, closing(&state.address, &descriptor.digest), bytes);
        let response = self.repository.send_retrying(&request).await?;
        if response.status().as_u16() != 201 {
            return Err(self.repository.http().status_error(&request, response).await);
        }
        self.written.push(format!("blobs/{}", descriptor.digest));
        self.found(name, true, "POST, PUT");
        Ok(descriptor)
    }

    async fn try_range(&mut self, blob: &Descriptor) -> Result<()> {
        let request = Request::get(self.repository.url(&format!("blobs/{}", blob.digest))?).header(RANGE, "bytes=8-15");
        let response = self.repository.send_retrying(&request).await?;
        let status = response.status().as_u16();
        self.found("ranges", status == 206, format!("status {status} to a request for 8 bytes"));
        Ok(())
    }

    /// From the repository itself: another one, made only to find out, would stay.
    async fn try_mount(&mut self, blob: &Descriptor) -> Result<()> {
        let mut url = self.repository.url("blobs/uploads/")?;
        let from = self.target.repository();
        url.query_pairs_mut().append_pair("mount", &blob.digest.to_string()).append_pair("from", from);
        let response = self.repository.send_retrying(&Request::new(Method::POST, url)).await?;
        let status = response.status().as_u16();
        if let Some(session) = location(&response, self.insecure_hosts()).filter(|_| status == 202) {
            self.cancel(session).await;
        }
        self.found("mount", status == 201, format!("status {status}"));
        Ok(())
    }

    async fn try_chunks(&mut self) -> Result<()> {
        let UploadState { address: first, min_chunk, .. } = self.open().await?;
        let size = min_chunk.clamp(64 << 10, MAX_CHUNK) as usize;
        let bytes = random(size + 1000);
        let digest = Digest::of(&bytes);
        let request =
            part(Method::PATCH, first.clone(), &bytes[..size]).header(CONTENT_RANGE, &format!("0-{}", size - 1));
        let response = self.repository.send_retrying(&request).await?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            self.cancel(first).await;
            self.found("chunks", false, format!("status {status} to a first chunk of {size} bytes"));
            self.found("resume", false, "not tried without chunks");
            return Ok(());
        }
        let url = location(&response, self.insecure_hosts()).unwrap_or(first);
        let response = self.repository.send_retrying(&Request::get(url.clone())).await?;
        let range = header(&response, RANGE).unwrap_or_default();
        let is_right = range.trim_start_matches("bytes=") == format!("0-{}", size - 1);
        self.found(
            "resume",
            is_right,
            format!("status {}, Range `{range}` after {size} bytes", response.status().as_u16()),
        );
        let url = location(&response, self.insecure_hosts()).unwrap_or(url);
        let last = format!("{size}-{}", bytes.len() - 1);
        let request = part(Method::PUT, closing(&url, &digest), &bytes[size..]).header(CONTENT_RANGE, &last);
        let closed = self.repository.send_retrying(&request).await?.status().as_u16();
        match closed {
            201 => self.written.push(format!("blobs/{digest}")),
            _ => self.cancel(url).await,
        }
        let least = if min_chunk > 0 { format!(", at least {min_chunk} bytes each") } else { String::new() };
        self.found("chunks", closed == 201, format!("PATCH {status}, PUT {closed}{least}"));
        Ok(())
    }

    async fn try_manifest(&mut self, name: &'static str, kind: &str, value: Value) -> Result<Descriptor> {
        let bytes = canonical_value(value);
        let descriptor = Descriptor::of(kind, &bytes);
        let request = self.repository.manifest_request(Method::PUT, &descriptor.digest.to_string())?;
        let request = request.header(CONTENT_TYPE, kind).payload(Payload::Bytes(Bytes::from(bytes)));
        let response = self.repository.send_retrying(&request).await?;
        let works = response.status().is_success();
        if works {
            self.written.push(format!("manifests/{}", descriptor.digest));
        }
        self.found(name, works, format!("status {}", response.status().as_u16()));
        Ok(descriptor)
    }

    async fn try_referrers(&mut self, config: &Descriptor, subject: &Descriptor) -> Result<()> {
        let value = image(config, config, Some(subject));
        let referrer = self.try_manifest("subject", media_type::MANIFEST, value).await?;
        let listed = self.repository.listed_referrers(&subject.digest).await?;
        let (works, detail) = match listed {
            None => (false, "the API does not exist: sha256-<hex> tags replace it"),
            Some(all) if all.iter().any(|found| found.descriptor.digest == referrer.digest) => (true, "listed at once"),
            Some(_) => (false, "the API exists and does not list a referrer that was just pushed"),
        };
        self.found("referrers", works, detail);
        Ok(())
    }

    async fn cancel(&self, session: Url) {
        // A registry that keeps the upload drops it after some time.
        let _ = self.repository.send(&Request::new(Method::DELETE, session), &|_| {}).await;
    }

    /// Deletes what was written, last first: an index before its manifests.
    async fn clean_up(&mut self) {
        while let Some(path) = self.written.pop() {
            let Ok(url) = self.repository.url(&path) else { continue };
            let deleted = self.repository.send_retrying(&Request::new(Method::DELETE, url)).await;
            if !deleted.is_ok_and(|response| response.status().is_success() || response.status().as_u16() == 404) {
                self.report.left_behind.push(path);
            }
        }
        let deletes = self.report.left_behind.is_empty();
        self.found("deletes", deletes, if deletes { "nothing is left behind" } else { "refused" });
    }
}

fn part(method: Method, url: Url, bytes: &[u8]) -> Request {
    let payload = Payload::Bytes(Bytes::copy_from_slice(bytes));
    Request::new(method, url).header(CONTENT_TYPE, "application/octet-stream").payload(payload)
}

fn image(config: &Descriptor, layer: &Descriptor, subject: Option<&Descriptor>) -> Value {
    let mut layer = layer.clone();
    if layer.media_type == media_type::CONFIG {
        layer.media_type = media_type::LAYER_GZIP.to_owned();
    }
    let mut value =
        json!({ "schemaVersion": 2, "mediaType": media_type::MANIFEST, "config": config, "layers": [layer] });
    if let Some(subject) = subject {
        value["subject"] = json!(subject);
    }
    value
}

/// Bytes that no other blob has.
fn random(length: usize) -> Vec<u8> {
    let state = RandomState::new();
    (0..length.div_ceil(8) as u64).flat_map(|number| state.hash_one(number).to_le_bytes()).take(length).collect()
}
