//! A shared cache, read: the last builds of an image, and single layers where those do not have one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shipwheel_oci::{Descriptor, Digest, Platform, Reference, Repository};
use shipwheel_store::cache::FarSide;
use shipwheel_store::{Cache, FileAction, NoProgress, Registry, StoreError};

use super::manifest::{BUILD_TYPE, CacheManifest, KEY, LAYER_TYPE, PLATFORMS, RECORD};
use super::place;
use super::records::{MAX_RECORDS, RECORDS_TYPE, Records, unpack};
use crate::layer::layer_record::{LAYER, RecordedBlob};

/// What a shared cache lends to a build.
///
/// Everything in it may have been written by anybody who may push to the repository. A record counts only under the
/// key that is asked for, a layer only if the registry keeps its blob with the size and the type that are promised, and
/// the bytes of a blob only if they have its digest. That a layer is what its key says is the repository's word.
pub(crate) struct FarCache {
    registry: Registry,
    repository: Repository,
    /// This machine's own, without what is lent.
    cache: Cache,
    records: Records,
    blobs: Mutex<BTreeMap<Digest, Descriptor>>,
    /// The registry failed: it is not asked again in this run.
    has_failed: AtomicBool,
}

impl fmt::Debug for FarCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FarCache({}, {} records)", self.repository, self.records.len())
    }
}

impl FarCache {
    /// Reads the last builds of an image for these platforms; one that there is not leaves single layers.
    ///
    /// # Errors
    /// When the registry fails, or what it has is not a shared cache's.
    pub(crate) fn open(
        registry: &Registry,
        repository: &Repository,
        cache: &Cache,
        image: &str,
        platforms: &[Platform],
    ) -> Result<Self, StoreError> {
        let (records, blobs, has_failed) = (Records::new(), Mutex::default(), AtomicBool::new(false));
        let (registry, repository, cache) = (registry.clone(), repository.clone(), cache.clone());
        let mut this = Self { registry, repository, cache, records, blobs, has_failed };
        let mut open: Vec<&Platform> = platforms.iter().collect();
        while let Some(platform) = open.pop() {
            let Some(tag) = place::last_build(&this.repository, image, platform) else { continue };
            let Some(bytes) = this.manifest(&tag)? else { continue };
            let broken = || StoreError::Image { what: tag.to_string(), cause: "it is no build of shipwheel".into() };
            let build = CacheManifest::parse(&bytes, BUILD_TYPE).ok_or_else(broken)?;
            // A build of several platforms is one manifest under several tags.
            let platforms: Vec<&str> = build.annotations.get(PLATFORMS).iter().flat_map(|all| all.split(',')).collect();
            open.retain(|open| !platforms.contains(&open.to_string().as_str()));
            this.take(&build)?;
        }
        Ok(this)
    }

    /// How many records it has.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The bytes of a manifest; `None` if there is none.
    fn manifest(&self, tag: &Reference) -> Result<Option<Vec<u8>>, StoreError> {
        match self.registry.fetch_manifest(tag) {
            Ok((_, bytes)) => Ok(Some(bytes)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes in the records of a build, and which blobs there are.
    fn take(&mut self, build: &CacheManifest) -> Result<(), StoreError> {
        let of = |is_records: bool| move |blob: &&Descriptor| (blob.media_type == RECORDS_TYPE) == is_records;
        self.blobs().extend(build.layers.iter().filter(of(false)).map(|blob| (blob.digest, blob.clone())));
        for blob in build.layers.iter().filter(of(true)) {
            let what = format!("the records of {}", self.repository);
            if blob.size > MAX_RECORDS {
                return Err(StoreError::TooLarge { what, limit: MAX_RECORDS });
            }
            self.registry.fetch_blob(self.repository.reference(), blob, &self.cache, &NoProgress)?;
            let path = self.cache.require_blob(&blob.digest)?;
            let packed = self.cache.read_blob(&blob.digest)?;
            let records = unpack(&packed);
            let failed = |cause| StoreError::File { action: FileAction::Read, path, cause };
            self.records.extend(records.map_err(failed)?);
        }
        Ok(())
    }

    fn blobs(&self) -> MutexGuard<'_, BTreeMap<Digest, Descriptor>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the blob of a layer's record is one that the repository has.
    fn is_backed(&self, record: &[u8]) -> bool {
        RecordedBlob::of(record).is_some_and(|record| {
            let blob = record.descriptor.blob;
            self.blobs().get(&blob.digest).is_some_and(|known| is_same(known, &blob))
        })
    }

    /// A layer that some build of any image made, by its own tag.
    fn single(&self, key: &Digest) -> Option<Vec<u8>> {
        if self.has_failed.load(Ordering::Relaxed) {
            return None;
        }
        let tag = place::entry(&self.repository, key)?;
        let manifest = self.manifest(&tag);
        self.has_failed.fetch_or(manifest.is_err(), Ordering::Relaxed);
        let manifest = CacheManifest::parse(&manifest.ok()??, LAYER_TYPE)?;
        // The tag has a part of the key, and anybody may have written it.
        let key_there = manifest.annotations.get(KEY)?;
        let record = manifest.annotations.get(RECORD).filter(|_| *key_there == key.to_string())?;
        let [blob] = manifest.layers.as_slice() else { return None };
        let named = RecordedBlob::of(record.as_bytes())?.descriptor.blob;
        is_same(&named, blob).then(|| {
            self.blobs().insert(blob.digest, blob.clone());
            record.clone().into_bytes()
        })
    }
}

/// Whether two descriptors name the same blob as the same thing.
fn is_same(one: &Descriptor, other: &Descriptor) -> bool {
    (one.digest, one.size, &one.media_type) == (other.digest, other.size, &other.media_type)
}

impl FarSide for FarCache {
    fn record(&self, kind: &str, key: &Digest) -> Option<Vec<u8>> {
        let known = self.records.get(&(kind.to_owned(), *key));
        match kind {
            LAYER => known.filter(|record| self.is_backed(record)).cloned().or_else(|| self.single(key)),
            _ => known.cloned(),
        }
    }

    fn blob_size(&self, digest: &Digest) -> Option<u64> {
        Some(self.blobs().get(digest)?.size)
    }

    fn fetch(&self, digest: &Digest) -> Result<(), StoreError> {
        let blob = self.blobs().get(digest).cloned();
        let blob = blob.ok_or_else(|| StoreError::missing(*digest, self.repository.to_string()))?;
        self.registry.fetch_blob(self.repository.reference(), &blob, &self.cache, &NoProgress)
    }

    fn origin(&self, digest: &Digest) -> Option<Reference> {
        self.blobs().contains_key(digest).then(|| self.repository.reference().clone())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]
mod tests;
