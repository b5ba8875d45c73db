//! Writing to a repository: one blob or one document at a time.
//!
//! A push that dies leaves unused blobs, never a tag that points at something incomplete.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use shipwheel_oci::{Descriptor, Digest, Hasher, Reference};

use super::client::{Registry, content_digest};
use super::quirks::quirks;
use super::upload::{Begun, MIN_RECORDED, Upload, UploadRecord};
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::http::Payload;
use crate::http::url::redact;
use crate::image::{Offer, Pushed};
use crate::progress::{Progress, Transfer};

impl Registry {
    /// Puts a blob into the target's repository. The cache keeps what the next process needs to continue it.
    pub(super) fn put_blob(
        &self,
        target: &Reference,
        offer: Offer<'_>,
        cache: &Cache,
        progress: &dyn Progress,
    ) -> Result<Pushed> {
        let descriptor = offer.descriptor;
        let record = match descriptor.size >= MIN_RECORDED {
            true => Some(UploadRecord::of(cache, target, &descriptor.digest)?),
            false => None,
        };
        let known = whereabouts(cache, target, &descriptor.digest);
        let mount = match mountable(target, offer.origins).or(mountable(target, known.as_slice())) {
            Some(from) => Some((self.repository_for(target, true, Some(from))?, from)),
            None => None,
        };
        let repository = self.repository_for(target, true, None)?;
        let upload = Upload { target, repository, descriptor, mount, quirks: quirks(target.registry()), record };
        let state = match self.http.block_on(upload.begin())? {
            Begun::Done(pushed) => {
                note_whereabouts(cache, target, descriptor);
                return Ok(pushed);
            }
            Begun::At(state) => state,
        };
        let file = (offer.file)()?;
        let found = std::fs::metadata(&file.path).map_err(StoreError::file(FileAction::Open, &file.path))?.len();
        // A member of an archive is followed by others.
        let is_short = found.saturating_sub(file.offset) < descriptor.size;
        if is_short || (file.offset == 0 && found != descriptor.size) {
            return Err(StoreError::Size { what: file.path.display().to_string(), expected: descriptor.size, found });
        }
        let transfer = Transfer::begin(progress, &descriptor.digest.short(), Some(descriptor.size));
        let continued = state.offset;
        transfer.advance(continued);
        self.http.block_on(upload.send(state, &file, &|bytes| transfer.advance(bytes)))?;
        note_whereabouts(cache, target, descriptor);
        Ok(Pushed::Sent(descriptor.size - continued))
    }

    /// Puts a manifest or an index under a tag or its digest, without asking whether it is there; gives whether the
    /// registry says that it lists it among the referrers of its subject (`OCI-Subject`, distribution spec 1.1).
    pub(super) fn put_manifest(
        &self,
        target: &Reference,
        version: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<bool> {
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
                None => Ok(response.headers().contains_key("oci-subject")),
            }
        })
    }
}

/// The repository to mount from: another one of the same registry.
///
/// A mount from another registry breaks on some (google/go-containerregistry#1741), and HEAD has
/// already asked the repository itself.
pub(super) fn mountable<'a>(target: &Reference, origins: &'a [Reference]) -> Option<&'a str> {
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

/// Notes that a repository has a blob, unless it is so small that sending it is as fast as mounting it. If the
/// note cannot be written, a later push only has to send the blob.
fn note_whereabouts(cache: &Cache, target: &Reference, blob: &Descriptor) {
    let key = whereabouts_key(target, &blob.digest);
    let is_known = || cache.record::<String>("whereabouts", &key).is_some_and(|known| known == target.repository());
    if blob.size >= MIN_RECORDED && !is_known() {
        let _ = cache.put_record("whereabouts", &key, &target.repository());
    }
}
