//! A cache in a registry: what other machines found out and made is taken from it before a build, and given to it after.

use std::sync::Arc;

use rayon::prelude::*;
use shipwheel_oci::{Descriptor, Digest, Reference, Repository};
use shipwheel_store::cache::{Journal, Noted};
use shipwheel_store::image::ImageSource;
use shipwheel_store::registry::RegistryDestination;
use shipwheel_store::{BlobFile, Cache, CopyOptions, Destination, NoProgress, StoreError, copy_image};

use crate::error::BuildError;
use crate::layer::layer_record::{LAYER, RecordedBlob};
use crate::layer::report::Built;
use crate::project::definition::Definition;
use crate::session::Session;
use crate::shared::far_cache::FarCache;
use crate::shared::manifest::{BUILD_TYPE, CacheManifest, EMPTY, KEY, LAYER_TYPE, PLATFORMS, RECORD};
use crate::shared::place;
use crate::shared::records::{RECORDS_TYPE, SHARED_KINDS, pack};

/// How many blobs move at a time.
const OPTIONS: CopyOptions = CopyOptions { concurrency: 4, referrers: false };

/// Lets a session take what the shared cache of a definition has (`cache.from`); gives whether it can now.
///
/// A cache that cannot be read is a warning: the build does all by itself.
pub(crate) fn borrow(session: &mut Session<'_>, definition: &Definition) -> bool {
    let Some(repository) = definition.spec.cache.from.as_ref().filter(|_| !session.offline) else { return false };
    let platforms = &definition.spec.platforms;
    match FarCache::open(&session.registry, repository, &session.cache, &definition.name, platforms) {
        Ok(far) => {
            session.report.step(&format!("cache: {} records of {repository}", far.len()));
            session.cache = session.cache.clone().with_far_side(Arc::new(far));
            true
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            session.report.warning(&format!("the cache {repository} is not used: {error}{cause}"));
            false
        }
    }
}

/// Lets a session note what [`share`] gives to others.
pub fn take_notes(session: &mut Session<'_>) -> Arc<Journal> {
    let journal = Arc::new(Journal::of(SHARED_KINDS));
    session.cache = session.cache.clone().with_journal(journal.clone());
    journal
}

/// Gives to the shared cache of a definition (`cache.to`) what a build found out and made: the layers and all records
/// under the image's tags, and each new layer under its own. `pushed` are the repositories that already have the image.
///
/// # Errors
/// When the repository does not take it.
pub fn share(
    session: &Session<'_>,
    definition: &Definition,
    built: &Built,
    journal: &Journal,
    pushed: &[Reference],
) -> Result<(), BuildError> {
    let Some(repository) = &definition.spec.cache.to else { return Ok(()) };
    let noted = journal.noted();
    // A build that found everything as it was asked for no layer, and has nothing to tell.
    if session.offline || !noted.keys().any(|(kind, _)| *kind == LAYER) {
        return Ok(());
    }
    let stored = session.source(&built.image)?;
    let near = pushed.iter().find(|target| target.registry() == repository.reference().registry());
    let giver = Giver { session, repository, stored: &stored, near };
    let records = noted.iter().map(|((kind, key), noted)| (*kind, *key, noted.bytes.as_slice()));
    let records = pack(records).map_err(BuildError::internal)?;
    session.cache.insert_bytes(&records)?;
    let mut layers = vec![Descriptor::of(RECORDS_TYPE, &records)];
    for layer in built.platforms.iter().flat_map(|platform| &platform.layers) {
        let blob = &layer.layer.blob;
        if !layers.iter().any(|known| known.digest == blob.digest) {
            layers.push(Descriptor::new(&blob.media_type, blob.digest, blob.size));
        }
    }
    let platforms = &definition.spec.platforms;
    let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    let build = CacheManifest::new(BUILD_TYPE, layers, &[(PLATFORMS, names.join(","))]);
    let tags = platforms.iter().filter_map(|platform| place::last_build(repository, &definition.name, platform));
    giver.give(&build, &tags.collect::<Vec<_>>())?;
    let new = noted.iter().filter(|((kind, _), noted)| *kind == LAYER && noted.is_new);
    new.collect::<Vec<_>>().into_par_iter().try_for_each(|((_, key), noted)| giver.give_layer(key, noted))
}

/// Gives manifests to a shared cache, with the blobs that they name.
struct Giver<'a> {
    session: &'a Session<'a>,
    repository: &'a Repository,
    stored: &'a dyn ImageSource,
    /// A repository of the same registry that has the image's layers.
    near: Option<&'a Reference>,
}

impl Giver<'_> {
    fn give(&self, manifest: &CacheManifest, tags: &[Reference]) -> Result<(), BuildError> {
        let bytes = manifest.to_json();
        let cache = &self.session.cache;
        cache.insert_bytes(EMPTY)?;
        let root = Descriptor::of(&manifest.media_type, &bytes);
        let source = Given { root, bytes, stored: self.stored, near: self.near, cache };
        let targets = RegistryDestination::of(&self.session.registry, tags, cache, &NoProgress);
        let targets: Vec<&dyn Destination> = targets.iter().map(|target| target as &dyn Destination).collect();
        copy_image(&source, &targets, OPTIONS)?;
        Ok(())
    }

    /// A layer under its own tag, unless somebody was first.
    fn give_layer(&self, key: &Digest, noted: &Noted) -> Result<(), BuildError> {
        let Some(tag) = place::entry(self.repository, key) else { return Ok(()) };
        match self.session.registry.resolve(&tag) {
            Ok(_) => return Ok(()),
            Err(error) if error.status() == Some(404) => {}
            Err(error) => return Err(error.into()),
        }
        let Some(record) = RecordedBlob::of(&noted.bytes) else { return Ok(()) };
        let annotations = [(KEY, key.to_string()), (RECORD, String::from_utf8_lossy(&noted.bytes).into_owned())];
        self.give(&CacheManifest::new(LAYER_TYPE, vec![record.descriptor.blob], &annotations), &[tag])
    }
}

/// A manifest of a shared cache as the source of a copy.
struct Given<'a> {
    root: Descriptor,
    bytes: Vec<u8>,
    stored: &'a dyn ImageSource,
    near: Option<&'a Reference>,
    cache: &'a Cache,
}

impl ImageSource for Given<'_> {
    fn name(&self) -> String {
        "the build".to_owned()
    }

    fn root(&self) -> Result<Descriptor, StoreError> {
        Ok(self.root.clone())
    }

    fn document(&self, _: &Descriptor) -> Result<Vec<u8>, StoreError> {
        Ok(self.bytes.clone())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile, StoreError> {
        self.stored.blob(descriptor)
    }

    fn origin(&self, blob: &Descriptor) -> Option<Reference> {
        let lent = || self.cache.origin(&blob.digest).or_else(|| self.stored.origin(blob));
        self.near.cloned().or_else(lent)
    }
}
