//! A Debian base with the releases that it is taken from: it can be assembled again with more packages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use shipwheel_debian::{LibraryIndex, LibraryNames};
use shipwheel_layer::{Compression, FirstFiles};
use shipwheel_oci::{Hasher, Platform};
use shipwheel_plan::image_lock::LockedFile;
use shipwheel_plan::spec::{Base, DebianBase, Located};

use super::debian::{CONCURRENCY, named, parsed, resolve_platform};
use super::debian_error::DebianError;
use super::meanwhile::Meanwhile;
use super::mirror::DebianMirrors;
use super::releases::{Releases, fetch_all};
use super::resolved::ResolvedBase;
use crate::error::BuildError;
use crate::interpreter::rootfs::library_folders;
use crate::project::definition::Definition;
use crate::session::Session;

/// The most bytes that the list of all files may decompress to.
const MAX_CONTENTS: u64 = 4 << 30;

/// Raise this when other libraries are read out of the list of all files.
const LIBRARIES_RECIPE: u32 = 1;

/// A base of Debian's packages with the releases that it is taken from, to be assembled for any platform.
///
/// Where image.lock names the packages, the mirror is asked only for what the cache lacks.
#[derive(Debug)]
pub(crate) struct DebianSource {
    pub(crate) base: DebianBase,
    mirrors: DebianMirrors,
    /// What the paths of the base are relative to.
    folder: PathBuf,
    /// How its layer is compressed: zstd is only for what is compressed often.
    compression: Compression,
    /// What a start reads, which comes first in a lazy layer.
    first: FirstFiles,
    /// The packages that image.lock names, sorted.
    locked: BTreeMap<Platform, Vec<LockedFile>>,
    releases: OnceLock<Releases>,
    /// Held by whoever fetches the releases: platforms are resolved side by side, and need them once.
    fetching: Mutex<()>,
}

impl DebianSource {
    /// The source of a base. The releases are fetched and verified at once, unless image.lock has all platforms.
    ///
    /// # Errors
    /// When one cannot be fetched or does not verify.
    pub(super) fn of(
        session: &Session<'_>,
        definition: &Definition,
        base: &DebianBase,
        mirrors: DebianMirrors,
        platforms: &[Platform],
    ) -> Result<Self, BuildError> {
        let of_lock = |platform: &Platform| {
            let pins = definition.pins(&Base::Debian(base.clone()), platform)?;
            let mut packages = pins.packages.clone();
            packages.sort();
            (!packages.is_empty()).then_some((platform.clone(), packages))
        };
        let locked: BTreeMap<_, _> = platforms.iter().filter_map(of_lock).collect();
        let is_locked = platforms.iter().all(|platform| locked.contains_key(platform));
        let name = format!("Debian {}", base.suite.value);
        let from = if is_locked { "as image.lock has it".to_owned() } else { format!("from {}", mirrors.shown()) };
        session.report.step(&format!("base: {name} {from}"));
        let (base, folder) = (base.clone(), definition.folder.clone());
        let compression = match definition.spec.layers.compression {
            Compression::Estargz => Compression::Estargz,
            Compression::Gzip | Compression::Zstd(_) => Compression::Gzip,
        };
        let first = definition.spec.layers.first_files.clone();
        let (releases, fetching) = (OnceLock::new(), Mutex::new(()));
        let source = Self { base, mirrors, folder, compression, first, locked, releases, fetching };
        if !is_locked {
            source.releases(session).map_err(|error| named(error, &source.base, &platforms[0]))?;
        }
        Ok(source)
    }

    /// The releases, fetched and verified when they are first needed.
    ///
    /// # Errors
    /// When one cannot be fetched or does not verify.
    pub(super) fn releases(&self, session: &Session<'_>) -> Result<&Releases, DebianError> {
        let _fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.releases.get() {
            return Ok(known);
        }
        let releases = Releases::fetch(session, &self.folder, &self.base, &self.mirrors)?;
        if session.outside.is_bundle() {
            // Nothing says that it is too old: that is for whoever reads this.
            session.report.step(&format!("base: the packages are those of {}", releases.date().strftime("%Y-%m-%d")));
        }
        if let Some(date) = releases.unreleased() {
            let (suite, day) = (&self.base.suite.value, date.strftime("%Y-%m-%d"));
            session.report.warning(&format!(
                "Debian {suite} is not released yet, and its packages still change: these are of {day}; `mirror` of \
                 `base.debian` can name a mirror that is pinned to a day"
            ));
        }
        Ok(self.releases.get_or_init(|| releases))
    }

    /// The base for a platform, with packages that the definition does not name; without any, the one of image.lock.
    ///
    /// # Errors
    /// When a package is missing, or anything cannot be fetched.
    pub(crate) fn resolve(
        &self,
        session: &Session<'_>,
        platform: &Platform,
        added: &BTreeSet<String>,
        meanwhile: &Meanwhile<'_>,
    ) -> Result<ResolvedBase, BuildError> {
        let mut base = self.base.clone();
        base.packages.extend(added.iter().map(|name| Located { value: name.clone(), span: 0..0 }));
        let locked = self.locked.get(platform).filter(|_| added.is_empty()).map(Vec::as_slice);
        let form = (self.compression, &self.first);
        resolve_platform(session, &|| self.releases(session), &base, locked, platform, form, meanwhile)
    }

    /// The packages that may have a library, by their names.
    ///
    /// # Errors
    /// When the suite's lists cannot be fetched or read.
    pub(crate) fn names(&self, session: &Session<'_>, platform: &Platform) -> Result<LibraryNames, BuildError> {
        names(session, self, platform).map_err(|error| named(error, &self.base, platform))
    }

    /// The libraries that the suite's packages for a platform have; `None` where the mirror does not list them.
    ///
    /// # Errors
    /// When the list cannot be fetched or read.
    pub(crate) fn libraries(
        &self,
        session: &Session<'_>,
        platform: &Platform,
    ) -> Result<Option<LibraryIndex>, BuildError> {
        match libraries(session, self, platform) {
            // Mirrors renew the list of all files later than those of the packages, or leave it out.
            Err(DebianError::NotOnMirror { .. }) => Ok(None),
            other => other.map_err(|error| named(error, &self.base, platform)),
        }
    }
}

fn names(session: &Session<'_>, source: &DebianSource, platform: &Platform) -> Result<LibraryNames, DebianError> {
    let indexes = source.releases(session)?.indexes(&platform.architecture)?;
    let mut hasher = Hasher::new();
    hasher.field("library names").field(LIBRARIES_RECIPE.to_le_bytes());
    hasher.fields(indexes.iter().map(|(_, index)| index.digest));
    let key = hasher.finish();
    if let Some(known) = session.cache.record("library-names", &key) {
        return Ok(known);
    }
    let names = LibraryNames::of(&parsed(session, &indexes)?);
    session.cache.put_record("library-names", &key, &names)?;
    Ok(names)
}

/// Reads the libraries out of the list of all files, and keeps them by its digest.
fn libraries(
    session: &Session<'_>,
    source: &DebianSource,
    platform: &Platform,
) -> Result<Option<LibraryIndex>, DebianError> {
    let Some(contents) = source.releases(session)?.contents(&platform.architecture) else { return Ok(None) };
    let folders = library_folders(platform);
    let mut hasher = Hasher::new();
    hasher.field("libraries").field(LIBRARIES_RECIPE.to_le_bytes()).field(contents.digest.as_bytes()).fields(&folders);
    let key = hasher.finish();
    if let Some(known) = session.cache.record("libraries", &key) {
        return Ok(Some(known));
    }
    session.report.step(&format!("base: reading which package has which library for {platform}"));
    fetch_all(session, std::slice::from_ref(&contents), CONCURRENCY)?;
    let index = LibraryIndex::read(&session.cache.read_blob(&contents.digest)?, &folders, MAX_CONTENTS)?;
    session.cache.put_record("libraries", &key, &index)?;
    Ok(Some(index))
}
