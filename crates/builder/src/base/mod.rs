//! Bases: found, verified, and described, one for each platform.

mod debian;
mod describe;
pub(crate) mod image;
mod mirror;
mod releases;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipwheel_layer::Content;
use shipwheel_oci::{Digest, Platform, Reference};
use shipwheel_plan::{Base, BaseFacts, SourceFile};
use shipwheel_store::StoreError;

use crate::definition::Definition;
use crate::error::BuildError;
use crate::session::Session;
use crate::source::PathSource;

/// A base for one platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ResolvedBase {
    pub(crate) facts: BaseFacts,
    /// Stands for the base in the cache: its interpreter on disk is kept under it.
    pub(crate) key: Digest,
    /// The blob with the standard library's sources, one behind the other.
    pub(crate) sources: Digest,
    /// The repository that has the layers which the cache lacks.
    #[serde(skip)]
    pub(crate) origin: Option<Reference>,
    /// For a base that is an image: what its manifest is.
    pub(crate) manifest: Option<Digest>,
}

impl ResolvedBase {
    /// A base that an earlier run described, if all that is needed of it is still in the cache.
    fn known(session: &Session<'_>, key: &Digest, platform: &Platform) -> Option<Self> {
        let base: Self = session.cache.record("base", key)?;
        let runs_here = session.runs(platform) && base.facts.python.is_some();
        let interpreter = !runs_here || session.cache.folder("rootfs", key).is_some();
        let sources = session.cache.blob_size(&base.sources).is_some();
        (interpreter && sources).then_some(base)
    }
}

/// The bases of all platforms asked for, and of this machine's own, which compiles.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedBases {
    /// Which of the definition's bases was taken, for people.
    pub(crate) name: String,
    /// Whether the name is a reference that others can pull.
    is_image: bool,
    pub(crate) by_platform: BTreeMap<Platform, ResolvedBase>,
}

/// Resolves the base of a definition for some platforms, and for a `compiler`'s if the base has it.
///
/// Of several bases the first that can be tried at all on this machine is taken; a failure
/// of that one is an error and no reason to try the next.
///
/// # Errors
/// When none can be tried, or the one that can fails.
pub(crate) fn resolve(
    session: &Session<'_>,
    definition: &Definition,
    platforms: &[Platform],
    compiler: Option<&Platform>,
) -> Result<ResolvedBases, BuildError> {
    let all: Vec<Platform> = platforms.iter().chain(compiler).cloned().collect();
    let platforms = &all[..];
    let mut reasons = Vec::new();
    for base in &definition.spec.base {
        match base {
            Base::Debian(debian) => match mirror::find(session, debian) {
                Some(mirrors) => {
                    let name = format!("Debian {}", debian.suite.value);
                    session.report.step(&format!("base: {name} from {}", mirrors.shown()));
                    let by_platform = debian::resolve(session, definition, debian, &mirrors, platforms)?;
                    return Ok(ResolvedBases { name, is_image: false, by_platform });
                }
                None => reasons.push("no Debian mirror is known on this machine".to_owned()),
            },
            Base::Image(reference) => {
                session.report.step(&format!("base: {}", reference.value));
                let by_platform = image::from_registry(session, &reference.value, platforms, compiler)?;
                let name = reference.value.to_string();
                return Ok(ResolvedBases { name, is_image: true, by_platform });
            }
            Base::Layout(path) => {
                session.report.step(&format!("base: {}", path.value));
                let by_platform = image::from_layout(session, definition, path, platforms, compiler)?;
                return Ok(ResolvedBases { name: path.value.clone(), is_image: false, by_platform });
            }
        }
    }
    if reasons.is_empty() {
        reasons.push("image.toml names none".to_owned());
    }
    Err(BuildError::NoBase { reasons })
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
                // The sources lie one behind the other in one blob, in the order of the list.
                let offset = python.sources[..number].iter().map(|source| source.size).sum();
                let place = || session.cache.root().display().to_string();
                let missing = || StoreError::Missing { digest: base.sources, place: place() };
                let path = session.cache.blob_path(&base.sources).ok_or_else(missing)?;
                let pack = PathSource::new(&path, session.cache.blob_size(&base.sources).unwrap_or_default());
                return Ok(Some(Content::from_slice(pack, offset, wanted.size).with_expected(wanted.digest)));
            }
        }
        Ok(None)
    }
}
