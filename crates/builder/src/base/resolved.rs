//! The bases of an image: one for each platform, found, verified and described.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipwheel_oci::{Digest, Platform, Reference};
use shipwheel_plan::facts::BaseFacts;
use shipwheel_plan::image_lock::LockedFile;

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
    pub(crate) packages: Vec<LockedFile>,
}

impl ResolvedBase {
    /// A base that an earlier run described, if all that is needed of it is still in the cache.
    pub(super) fn known(session: &Session<'_>, key: &Digest, platform: &Platform) -> Option<Self> {
        let base: Self = session.cache.record("base", key)?;
        let runs_here = session.runs(platform) && base.facts.python.is_some();
        let on_disk = |identity| Rootfs::is_published(&session.cache, identity);
        let interpreter = !runs_here || base.interpreter.as_ref().is_some_and(on_disk);
        let sources = session.cache.blob_size(&base.sources).is_some();
        // What another machine read out of its layers can be read out of them again, when it is needed.
        let is_lent = base.facts.layers.iter().all(|layer| session.cache.origin(&layer.blob.digest).is_some());
        let can_be_restored = is_lent && (!runs_here || base.interpreter.is_some());
        ((interpreter && sources) || can_be_restored).then_some(base)
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

    /// Bases that are one image of a registry.
    pub(crate) fn of_image(reference: &Reference, by_platform: BTreeMap<Platform, ResolvedBase>) -> Self {
        Self { name: reference.to_string(), is_image: true, by_platform }
    }

    /// The reference of the base, where it has one.
    pub(crate) fn image_name(&self) -> Option<&str> {
        self.is_image.then_some(self.name.as_str())
    }
}
