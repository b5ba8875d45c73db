//! Publishing to a registry: layers, configs, manifests, index, and the tag last.
//!
//! A push that dies leaves garbage, never a tag that points at something incomplete.

use std::path::Path;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use shipwheel_oci::{Descriptor, Digest, Hasher, Reference};

use crate::cache::Cache;
use crate::ends::{RegistryDestination, StoredSource};
use crate::error::{Result, StoreError};
use crate::image::{Blobs, StoredImage};
use crate::progress::{Progress, Transfer};
use crate::quirks::quirks;
use crate::registry::{Registry, content_digest};
use crate::request::Payload;
use crate::session::{Session, WORTH_KEEPING};
use crate::transfer::{BlobFile, CopyOptions, Destination, Offer, copy_image};
use crate::upload::{Begun, Upload};
use crate::url::redact;

/// How a blob came to be in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was there.
    Existed,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was sent: so many bytes, which are fewer than it has if an earlier upload was continued.
    Sent(u64),
}

/// What a push came to, or would come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushReport {
    /// Bytes of blobs uploaded.
    pub sent: u64,
    /// Bytes of blobs taken by the registry from another of its repositories.
    pub mounted: u64,
    /// Bytes of blobs in place already.
    pub skipped: u64,
    /// Manifests and indexes sent.
    pub documents: u64,
}

impl PushReport {
    pub(crate) fn add(&mut self, size: u64, pushed: Pushed) {
        match pushed {
            Pushed::Existed => self.skipped += size,
            Pushed::Mounted => self.mounted += size,
            Pushed::Sent(bytes) => {
                self.sent += bytes;
                self.skipped += size.saturating_sub(bytes);
            }
        }
    }

    /// The sum of several reports.
    pub fn sum(reports: &[Self]) -> Self {
        reports.iter().fold(Self::default(), |sum, report| Self {
            sent: sum.sent + report.sent,
            mounted: sum.mounted + report.mounted,
            skipped: sum.skipped + report.skipped,
            documents: sum.documents + report.documents,
        })
    }
}

impl Registry {
    /// Publishes an image under a reference's tag, or by its digest alone if the reference has no tag.
    ///
    /// # Errors
    /// When a blob cannot be had, or the registry refuses anything.
    pub fn push_image(&self, target: &Reference, image: &StoredImage, blobs: &Blobs<'_>) -> Result<PushReport> {
        self.push_image_to_all(std::slice::from_ref(target), image, blobs).map(|reports| PushReport::sum(&reports))
    }

    /// Publishes an image under several references, of one registry or many: blobs go to each
    /// repository once, and the tags move when all of them have everything.
    ///
    /// The reports are one for each repository, in the order of the targets.
    ///
    /// # Errors
    /// When a blob cannot be had, or a registry refuses anything.
    pub fn push_image_to_all(
        &self,
        targets: &[Reference],
        image: &StoredImage,
        blobs: &Blobs<'_>,
    ) -> Result<Vec<PushReport>> {
        let destinations = RegistryDestination::of(self, targets, blobs.cache, blobs.progress);
        let destinations: Vec<&dyn Destination> = destinations.iter().map(|d| d as &dyn Destination).collect();
        let options = CopyOptions { concurrency: blobs.concurrency, referrers: false };
        copy_image(&StoredSource::new(image, *blobs)?, &destinations, options)
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
        let origin = mount_from.map(|from| format!("{}/{from}", target.registry()).parse::<Reference>());
        let origins: Vec<Reference> = origin.and_then(Result::ok).into_iter().collect();
        let offer = Offer { descriptor, origins: &origins, file: &|| Ok(BlobFile::whole(file.to_owned())) };
        self.push_offer(target, offer, None, progress)
    }

    /// Puts a blob into the target's repository; with a cache, what breaks now can be continued by the next process.
    pub(crate) fn push_offer(
        &self,
        target: &Reference,
        offer: Offer<'_>,
        cache: Option<&Cache>,
        progress: &dyn Progress,
    ) -> Result<Pushed> {
        let descriptor = offer.descriptor;
        let session = match cache.filter(|_| descriptor.size >= WORTH_KEEPING) {
            Some(cache) => Some(Session::of(cache, target, &descriptor.digest)?),
            None => None,
        };
        let known = cache.and_then(|cache| whereabouts(cache, target, &descriptor.digest));
        let mount = match mountable(target, offer.origins).or(mountable(target, known.as_slice())) {
            Some(from) => Some((self.repository_for(target, true, Some(from))?, from)),
            None => None,
        };
        let repository = self.repository_for(target, true, None)?;
        let upload = Upload { target, repository, descriptor, mount, quirks: quirks(target.registry()), session };
        let note = || cache.map(|cache| note_whereabouts(cache, target, descriptor));
        let place = match self.http.block_on(upload.begin())? {
            Begun::Done(pushed) => {
                note();
                return Ok(pushed);
            }
            Begun::At(place) => place,
        };
        let file = (offer.file)()?;
        let found = std::fs::metadata(&file.path).map_err(StoreError::file("open", &file.path))?.len();
        // A member of an archive is followed by others.
        let is_short = found.saturating_sub(file.offset) < descriptor.size;
        if is_short || (file.offset == 0 && found != descriptor.size) {
            return Err(StoreError::Size { what: file.path.display().to_string(), expected: descriptor.size, found });
        }
        let transfer = Transfer::begin(progress, &descriptor.digest.short(), Some(descriptor.size));
        let continued = place.offset;
        transfer.advance(continued);
        self.http.block_on(upload.send(place, &file, &|bytes| transfer.advance(bytes)))?;
        note();
        Ok(Pushed::Sent(descriptor.size - continued))
    }

    /// Puts a manifest or an index under a tag or its digest; `false` if it was there.
    ///
    /// # Errors
    /// When the registry refuses it, or says that it has another digest.
    pub fn push_manifest(&self, target: &Reference, version: &str, media_type: &str, bytes: &[u8]) -> Result<bool> {
        let repository = self.repository_for(target, true, None)?;
        if self.http.block_on(repository.version_digest(version))? == Some(Digest::of(bytes)) {
            return Ok(false);
        }
        self.put_manifest(target, version, media_type, bytes).map(|()| true)
    }

    /// Puts a manifest or an index without asking whether it is there.
    pub(crate) fn put_manifest(&self, target: &Reference, version: &str, media_type: &str, bytes: &[u8]) -> Result<()> {
        let repository = self.repository_for(target, true, None)?;
        let expected = Digest::of(bytes);
        let payload = Payload::Bytes(Bytes::copy_from_slice(bytes));
        let request = repository.manifest_request(Method::PUT, version)?.header(CONTENT_TYPE, media_type);
        let request = request.payload(payload);
        self.http.block_on(async {
            let response = repository.send_retrying(&request).await?;
            if !response.status().is_success() {
                return Err(self.http.status_error(&request, response).await);
            }
            match content_digest(&response).filter(|found| *found != expected) {
                Some(found) => Err(StoreError::Digest { what: redact(&request.url), expected, found }),
                None => Ok(()),
            }
        })
    }
}

/// The repository to mount from: another one of the same registry.
///
/// A mount from another registry breaks on some (google/go-containerregistry#1741), and from the
/// repository itself it is what HEAD has asked already.
pub(crate) fn mountable<'a>(target: &Reference, origins: &'a [Reference]) -> Option<&'a str> {
    let fits = |o: &&Reference| o.registry() == target.registry() && o.repository() != target.repository();
    origins.iter().find(fits).map(Reference::repository)
}

fn whereabouts_key(target: &Reference, blob: &Digest) -> Digest {
    let mut hasher = Hasher::new();
    hasher.fields([target.registry(), &blob.to_string()]);
    hasher.finish()
}

/// A repository of the target's registry that had a blob when it was last pushed.
fn whereabouts(cache: &Cache, target: &Reference, blob: &Digest) -> Option<Reference> {
    let repository: String = cache.record("whereabouts", &whereabouts_key(target, blob))?;
    format!("{}/{repository}", target.registry()).parse().ok()
}

/// Small blobs are sent sooner than mounted. What cannot be noted is sent again one day, no more.
fn note_whereabouts(cache: &Cache, target: &Reference, blob: &Descriptor) {
    let key = whereabouts_key(target, &blob.digest);
    let is_known = || cache.record::<String>("whereabouts", &key).is_some_and(|known| known == target.repository());
    if blob.size >= WORTH_KEEPING && !is_known() {
        let _ = cache.put_record("whereabouts", &key, &target.repository());
    }
}

#[cfg(test)]
mod tests;
