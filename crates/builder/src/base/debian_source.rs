//! A Debian base with the releases that it is taken from: it can be assembled again with more packages.

use std::collections::BTreeSet;

use shipwheel_debian::{LibraryIndex, LibraryNames};
use shipwheel_oci::{Hasher, Platform};
use shipwheel_plan::spec::{DebianBase, Located};

use super::debian::{CONCURRENCY, named, parsed, resolve_platform};
use super::debian_error::DebianError;
use super::mirror::DebianMirrors;
use super::releases::Releases;
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
#[derive(Debug)]
pub(crate) struct DebianSource {
    pub(crate) base: DebianBase,
    releases: Releases,
}

impl DebianSource {
    /// Fetches and verifies the releases.
    ///
    /// # Errors
    /// When one cannot be fetched or does not verify.
    pub(super) fn fetch(
        session: &Session<'_>,
        definition: &Definition,
        base: &DebianBase,
        mirrors: &DebianMirrors,
        platforms: &[Platform],
    ) -> Result<Self, BuildError> {
        let releases = Releases::fetch(session, definition, base, mirrors);
        let releases = releases.map_err(|error| named(error, base, &platforms[0]))?;
        if let Some(date) = releases.unreleased() {
            let (suite, day) = (&base.suite.value, date.strftime("%Y-%m-%d"));
            session.report.warning(&format!(
                "Debian {suite} is not released yet, and its packages still change: these are of {day}; `mirror` of \
                 `base.debian` can name a mirror that is pinned to a day"
            ));
        }
        Ok(Self { base: base.clone(), releases })
    }

    /// The base for a platform, with packages that the definition does not name.
    ///
    /// # Errors
    /// When a package is missing, or anything cannot be fetched.
    pub(crate) fn resolve(
        &self,
        session: &Session<'_>,
        platform: &Platform,
        added: &BTreeSet<String>,
    ) -> Result<ResolvedBase, BuildError> {
        let mut base = self.base.clone();
        base.packages.extend(added.iter().map(|name| Located { value: name.clone(), span: 0..0 }));
        resolve_platform(session, &base, &self.releases, platform)
    }

    /// The packages that may have a library, by their names.
    ///
    /// # Errors
    /// When the suite's lists cannot be fetched or read.
    pub(crate) fn names(&self, session: &Session<'_>, platform: &Platform) -> Result<LibraryNames, BuildError> {
        names(session, &self.releases, platform).map_err(|error| named(error, &self.base, platform))
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
        match libraries(session, &self.releases, platform) {
            // Mirrors renew the list of all files later than those of the packages, or leave it out.
            Err(DebianError::NotOnMirror { .. }) => Ok(None),
            other => other.map_err(|error| named(error, &self.base, platform)),
        }
    }
}

fn names(session: &Session<'_>, releases: &Releases, platform: &Platform) -> Result<LibraryNames, DebianError> {
    let indexes = releases.indexes(&platform.architecture)?;
    let mut hasher = Hasher::new();
    hasher.field("library names").field(LIBRARIES_RECIPE.to_le_bytes());
    hasher.fields(indexes.iter().map(|(_, index)| index.digest));
    let key = hasher.finish();
    if let Some(known) = session.cache.record("library-names", &key) {
        return Ok(known);
    }
    let names = LibraryNames::of(&parsed(session, releases, &indexes)?);
    session.cache.put_record("library-names", &key, &names)?;
    Ok(names)
}

/// Reads the libraries out of the list of all files, and keeps them by its digest.
fn libraries(
    session: &Session<'_>,
    releases: &Releases,
    platform: &Platform,
) -> Result<Option<LibraryIndex>, DebianError> {
    let Some(contents) = releases.contents(&platform.architecture) else { return Ok(None) };
    let folders = library_folders(platform);
    let mut hasher = Hasher::new();
    hasher.field("libraries").field(LIBRARIES_RECIPE.to_le_bytes()).field(contents.digest.as_bytes()).fields(&folders);
    let key = hasher.finish();
    if let Some(known) = session.cache.record("libraries", &key) {
        return Ok(Some(known));
    }
    session.report.step(&format!("base: reading which package has which library for {platform}"));
    releases.fetch_all(session, std::slice::from_ref(&contents), CONCURRENCY)?;
    let index = LibraryIndex::read(&session.cache.read_blob(&contents.digest)?, &folders, MAX_CONTENTS)?;
    session.cache.put_record("libraries", &key, &index)?;
    Ok(Some(index))
}
