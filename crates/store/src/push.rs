//! Publishing to a registry: layers, configs, manifests, index, and the tag last.
//!
//! A push that dies leaves garbage, never a tag that points at something incomplete.

use std::path::Path;
use std::sync::Mutex;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use shipwheel_oci::{Descriptor, Digest, Reference};

use crate::error::{Result, StoreError};
use crate::fetch::in_parallel;
use crate::image::{Blobs, NeededBlob, StoredImage};
use crate::progress::{Progress, Transfer};
use crate::registry::{Registry, content_digest};
use crate::request::Payload;
use crate::upload::{Begun, Upload};
use crate::url::redact;

/// How a blob came to be in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was there.
    Existed,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was sent: so many bytes.
    Sent(u64),
}

/// What a push came to, in bytes of blobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushReport {
    /// Uploaded.
    pub sent: u64,
    /// Taken by the registry from another of its repositories.
    pub mounted: u64,
    /// In place already.
    pub skipped: u64,
}

impl PushReport {
    fn add(&mut self, size: u64, pushed: Pushed) {
        match pushed {
            Pushed::Existed => self.skipped += size,
            Pushed::Mounted => self.mounted += size,
            Pushed::Sent(bytes) => self.sent += bytes,
        }
    }
}

impl Registry {
    /// Publishes an image under a reference's tag, or by its digest alone if the reference has no tag.
    ///
    /// # Errors
    /// When a blob cannot be had, or the registry refuses anything.
    pub fn push_image(&self, target: &Reference, image: &StoredImage, blobs: &Blobs<'_>) -> Result<PushReport> {
        let report = Mutex::new(PushReport::default());
        let note = |size, pushed| report.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).add(size, pushed);
        in_parallel(&image.layers(), blobs.concurrency, |layer| {
            let pushed = self.push_layer(target, layer, blobs)?;
            note(layer.descriptor.size, pushed);
            Ok(())
        })?;
        in_parallel(&image.configs(), blobs.concurrency, |(descriptor, bytes)| {
            blobs.cache.insert_bytes(bytes)?;
            let config = NeededBlob { descriptor, origin: None };
            note(descriptor.size, self.push_layer(target, &config, blobs)?);
            Ok(())
        })?;
        let documents = image.documents();
        for (descriptor, bytes) in &documents {
            self.push_manifest(target, &descriptor.digest.to_string(), &descriptor.media_type, bytes)?;
        }
        if let (Some(tag), Some((root, bytes))) = (target.tag(), documents.last()) {
            self.push_manifest(target, tag, &root.media_type, bytes)?;
        }
        Ok(report.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    fn push_layer(&self, target: &Reference, blob: &NeededBlob<'_>, blobs: &Blobs<'_>) -> Result<Pushed> {
        // A mount from another registry breaks on some (google/go-containerregistry#1741).
        let same_registry = |origin: &&Reference| origin.registry() == target.registry();
        let mount_from = blob.origin.filter(same_registry).map(Reference::repository);
        let upload = self.upload(target, blob.descriptor, mount_from)?;
        match self.http.block_on(upload.begin())? {
            Begun::Done(pushed) => Ok(pushed),
            Begun::Session(session) => {
                let path = blobs.path(blob)?;
                self.send_file(&upload, session, &path, blobs.progress)
            }
        }
    }

    /// Puts a blob from a file into the target's repository, unless it is there.
    ///
    /// `mount_from` names another repository of the same registry that has it.
    ///
    /// # Errors
    /// When the registry does not take it, or the file is not what the descriptor says.
    pub fn push_blob(
        &self,
        target: &Reference,
        descriptor: &Descriptor,
        file: &Path,
        mount_from: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Pushed> {
        let upload = self.upload(target, descriptor, mount_from)?;
        match self.http.block_on(upload.begin())? {
            Begun::Done(pushed) => Ok(pushed),
            Begun::Session(session) => self.send_file(&upload, session, file, progress),
        }
    }

    fn upload<'a>(
        &'a self,
        target: &Reference,
        descriptor: &'a Descriptor,
        mount_from: Option<&'a str>,
    ) -> Result<Upload<'a>> {
        // A mount from the repository itself is what HEAD has asked already.
        let mount_from = mount_from.filter(|repository| *repository != target.repository());
        Ok(Upload { repository: self.repository_for(target, true, mount_from)?, descriptor, mount_from })
    }

    fn send_file(
        &self,
        upload: &Upload<'_>,
        session: reqwest::Url,
        path: &Path,
        progress: &dyn Progress,
    ) -> Result<Pushed> {
        let descriptor = upload.descriptor;
        let found = std::fs::metadata(path).map_err(StoreError::file("open", path))?.len();
        if found != descriptor.size {
            return Err(StoreError::Size { what: path.display().to_string(), expected: descriptor.size, found });
        }
        let transfer = Transfer::begin(progress, &descriptor.digest.short(), Some(descriptor.size));
        self.http.block_on(upload.send(session, path, &|bytes| transfer.advance(bytes)))?;
        Ok(Pushed::Sent(descriptor.size))
    }

    /// Puts a manifest or an index under a tag or its digest; `false` if it was there.
    ///
    /// # Errors
    /// When the registry refuses it, or says that it has another digest.
    pub fn push_manifest(&self, target: &Reference, version: &str, media_type: &str, bytes: &[u8]) -> Result<bool> {
        let repository = self.repository_for(target, true, None)?;
        let expected = Digest::of(bytes);
        let payload = Payload::Bytes(Bytes::copy_from_slice(bytes));
        let request = repository.manifest_request(Method::PUT, version)?.header(CONTENT_TYPE, media_type);
        let request = request.payload(payload);
        self.http.block_on(async {
            if repository.version_digest(version).await? == Some(expected) {
                return Ok(false);
            }
            let response = repository.send_retrying(&request).await?;
            if !response.status().is_success() {
                return Err(self.http.status_error(&request, response).await);
            }
            match content_digest(&response).filter(|found| *found != expected) {
                Some(found) => Err(StoreError::Digest { what: redact(&request.url), expected, found }),
                None => Ok(true),
            }
        })
    }
}

#[cfg(test)]
mod tests;
