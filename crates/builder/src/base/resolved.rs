//! The bases of an image: one for each platform, found, verified and described.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipwheel_layer::Content;
use shipwheel_oci::{Digest, Platform, Reference};
use shipwheel_plan::facts::{BaseFacts, SourceFile};
use shipwheel_plan::image_lock::LockedPackage;

use crate::disk::bytes::PathSource;
use crate::error::BuildError;
use crate::interpreter::rootfs::Rootfs;
use crate::session::Session;

/// A base for one platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ResolvedBase {
    pub(crate) facts: BaseFacts,
    /// The identity of its interpreter on disk, if this machine runs it.
    pub(crate) interpreter: Option<Digest>,
    /// The blob with the standard library's sources, concatenated.
    pub(crate) sources: Digest,
    /// The repository that has the layers which the cache lacks.
    #[serde(skip)]
    pub(crate) origin: Option<Reference>,
    /// For a base that is an image: what its manifest is.
    pub(crate) manifest: Option<Digest>,
    /// For a base of Debian's packages: which.
    #[serde(skip)]
    pub(crate) packages: Vec<LockedPackage>,
}

impl ResolvedBase {
    /// A base that an earlier run described, if all that is needed of it is still in the cache.
    pub(super) fn known(session: &Session<'_>, key: &Digest, platform: &Platform) -> Option<Self> {
        let base: Self = session.cache.record("base", key)?;
        let runs_here = session.runs(platform) && base.facts.python.is_some();
        let on_disk = |identity| Rootfs::is_published(&session.cache, identity);
        let interpreter = !runs_here || base.interpreter.as_ref().is_some_and(on_disk);
        let sources = session.cache.blob_size(&base.sources).is_some();
        (interpreter && sources).then_some(base)
    }
}

/// The bases of all platforms asked for, and of this machine's own, which compiles.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedBases {
    /// Which of the definition's bases was taken, as users see it.
    pub(crate) name: String,
    /// Whether the name is a reference that others can pull.
    pub(super) is_image: bool,
    pub(crate) by_platform: BTreeMap<Platform, ResolvedBase>,
}

impl ResolvedBases {
    /// Bases that were found one by one.
    pub(crate) fn of(name: &str, by_platform: BTreeMap<Platform, ResolvedBase>) -> Self {
        Self { name: name.to_owned(), is_image: false, by_platform }
    }

    /// The reference of the base, where it has one.
    pub(crate) fn image_name(&self) -> Option<&str> {
        self.is_image.then_some(self.name.as_str())
    }

    /// A source of the standard library of any of the bases; `None` if none has it.
    ///
    /// # Errors
    /// When the cache has lost the sources of a base.
    pub(crate) fn stdlib_source(
        &self,
        session: &Session<'_>,
        wanted: &SourceFile,
    ) -> Result<Option<Content>, BuildError> {
        for base in self.by_platform.values() {
            let Some(python) = &base.facts.python else { continue };
            let found = python.sources.binary_search_by(|source| source.path.cmp(&wanted.path)).ok();
            if let Some(number) = found.filter(|number| python.sources[*number] == *wanted) {
                // The sources lie concatenated in one blob, in the order of the list.
                let offset = python.sources[..number].iter().map(|source| source.size).sum();
                let path = session.cache.require_blob(&base.sources)?;
                let pack = PathSource::new(&path, session.cache.blob_size(&base.sources).unwrap_or_default());
                return Ok(Some(Content::from_slice(pack, offset, wanted.size).with_expected(wanted.digest)));
            }
        }
        Ok(None)
    }
}
