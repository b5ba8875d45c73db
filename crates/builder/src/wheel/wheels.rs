//! The wheels of a platform: chosen from the lock, fetched, verified, and described.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::{Digest, Hasher, Platform};
use shipwheel_plan::{BaseFacts, SourceFile, VENV, WheelFacts, source_reader};
use shipwheel_python::Target;
use shipwheel_python::install::{INSTALL_RECIPE, Installed, PythonSource, Scheme, install, merge_installed};
use shipwheel_python::wheel::{Wheel, WheelName};

use crate::disk::bytes::PathSource;
use crate::error::BuildError;
use crate::project::definition::Definition;
use crate::session::Session;
use crate::wheel::chosen_wheel::{ChosenWheel, wheels_key};
use crate::wheel::origins::{Wanted, WheelPlaces, take};

/// Raise this when more or other things are remembered of a wheel.
const RECORD_RECIPE: u32 = 2;

/// Where the wheels of a lock are, by digest.
#[derive(Debug, Default)]
pub(crate) struct WheelSources {
    places: WheelPlaces,
    by_digest: BTreeMap<Digest, ChosenWheel>,
    /// Which wheel has a source, by its path in the image and its digest.
    owners: BTreeMap<(String, Digest), Digest>,
}

/// What is remembered of a wheel: its sources, as installed for a minor version.
#[derive(Serialize, Deserialize)]
struct WheelRecord {
    size: u64,
    sources: Vec<SourceFile>,
    /// The first source that shows that it reads sources at run time, and by what.
    reads_source: Option<(String, String)>,
}

impl WheelSources {
    /// Wheels that are looked for in these places.
    pub(crate) fn at(places: WheelPlaces) -> Self {
        Self { places, ..Self::default() }
    }

    /// Adds wheels that are in the cache already.
    pub(crate) fn add(&mut self, wheels: &[ChosenWheel]) {
        self.by_digest.extend(wheels.iter().map(|wheel| (wheel.digest, wheel.clone())));
    }

    /// Describes chosen wheels; those not known yet are fetched.
    ///
    /// # Errors
    /// When a wheel cannot be had or is hostile, or two wheels have different files at one path.
    pub(crate) fn resolve(
        &mut self,
        session: &Session<'_>,
        definition: &Definition,
        chosen: &[ChosenWheel],
        python: PythonVersion,
    ) -> Result<Vec<WheelFacts>, BuildError> {
        for wheel in chosen {
            if let Some(path) = &wheel.path {
                take_in(session, definition, wheel, path)?;
            }
            self.by_digest.insert(wheel.digest, wheel.clone());
        }
        let facts = self.describe(session, chosen, python)?;
        for wheel in &facts {
            let sources = wheel.sources.iter().map(|source| ((source.path.clone(), source.digest), wheel.digest));
            self.owners.extend(sources);
        }
        Ok(facts)
    }

    fn describe(
        &self,
        session: &Session<'_>,
        chosen: &[ChosenWheel],
        python: PythonVersion,
    ) -> Result<Vec<WheelFacts>, BuildError> {
        let digests: Vec<Digest> = chosen.iter().map(|wheel| wheel.digest).collect();
        let mut records: BTreeMap<Digest, WheelRecord> = digests
            .iter()
            .filter_map(|digest| Some((*digest, session.cache.record("wheel", &record_key(digest, python))?)))
            .collect();
        let unknown: Vec<Digest> = digests.iter().filter(|digest| !records.contains_key(digest)).copied().collect();
        self.fetch(session, &unknown)?;
        let read: Vec<(Digest, WheelRecord)> =
            unknown.par_iter().map(|digest| self.read(session, digest, python)).collect::<Result<_, _>>()?;
        records.extend(read);
        self.check_overlaps(session, &digests, python)?;
        let facts = chosen.iter().map(|wheel| {
            let twice = || BuildError::Internal(format!("{} was chosen twice", wheel.file_name));
            let record = records.remove(&wheel.digest).ok_or_else(twice)?;
            Ok(WheelFacts {
                name: wheel.name.clone(),
                version: wheel.version.clone(),
                file_name: wheel.file_name.clone(),
                digest: wheel.digest,
                size: record.size,
                pure: wheel.file_name.ends_with("-any.whl"),
                sources: record.sources,
                reads_source: record.reads_source,
            })
        });
        facts.collect()
    }

    /// Reads what is to be remembered of a wheel out of it.
    fn read(
        &self,
        session: &Session<'_>,
        digest: &Digest,
        python: PythonVersion,
    ) -> Result<(Digest, WheelRecord), BuildError> {
        let installed = self.install(session, digest, python)?;
        let sources = installed.sources.iter().map(|source| SourceFile {
            path: source.path.to_string(),
            digest: source.sha256,
            size: source.content.size(),
        });
        let size = session.cache.blob_size(digest).unwrap_or_default();
        let sources = sources.collect();
        let record = WheelRecord { size, sources, reads_source: find_source_reader(&installed.sources)? };
        session.cache.put_record("wheel", &record_key(digest, python), &record)?;
        Ok((*digest, record))
    }

    /// Two wheels of one environment may have the same file, never different ones at one path.
    ///
    /// # Errors
    /// When they have, or a wheel cannot be had.
    pub(crate) fn check_overlaps(
        &self,
        session: &Session<'_>,
        digests: &[Digest],
        python: PythonVersion,
    ) -> Result<(), BuildError> {
        let key = record_key(&wheels_key(digests), python);
        if session.cache.record::<bool>("overlaps", &key).is_some() {
            return Ok(());
        }
        self.fetch(session, digests)?;
        self.tree(session, digests, python)?;
        Ok(session.cache.put_record("overlaps", &key, &true)?)
    }

    /// Fetches wheels that are not in the cache.
    ///
    /// # Errors
    /// When one cannot be had or has another hash than the lock says.
    pub(crate) fn fetch(&self, session: &Session<'_>, digests: &[Digest]) -> Result<(), BuildError> {
        let wanted = digests.iter().map(|digest| {
            let source = self.source(digest)?;
            let (file_name, url) = (source.file_name.clone(), source.url.clone());
            Ok(Wanted { file_name, url, digest: *digest, size: source.size })
        });
        self.places.fetch(session, &wanted.collect::<Result<Vec<_>, BuildError>>()?)
    }

    /// The wheels that have any of these sources.
    pub(crate) fn owners<'s>(&self, sources: impl Iterator<Item = &'s SourceFile>) -> Vec<Digest> {
        let mut owners: Vec<Digest> =
            sources.filter_map(|source| self.owners.get(&(source.path.clone(), source.digest))).copied().collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    fn source(&self, digest: &Digest) -> Result<&ChosenWheel, BuildError> {
        self.by_digest.get(digest).ok_or_else(|| BuildError::Internal(format!("no wheel {digest} was chosen")))
    }

    fn name(&self, digest: &Digest) -> Result<WheelName, BuildError> {
        let file_name = &self.source(digest)?.file_name;
        file_name.parse().map_err(|error| BuildError::Internal(format!("{file_name} was chosen: {error}")))
    }

    /// One wheel of the cache, installed.
    ///
    /// # Errors
    /// When it is no wheel or a hostile one.
    pub(crate) fn install(
        &self,
        session: &Session<'_>,
        digest: &Digest,
        python: PythonVersion,
    ) -> Result<Installed, BuildError> {
        Ok(install(&self.open(session, digest)?, &scheme(python)?)?)
    }

    /// One wheel of the cache.
    ///
    /// # Errors
    /// When it is no wheel or a hostile one.
    pub(crate) fn open(&self, session: &Session<'_>, digest: &Digest) -> Result<Wheel, BuildError> {
        let name = self.name(digest)?;
        let source = PathSource::blob(&session.cache, digest, name.file_name())?;
        Ok(Wheel::open(name, source)?)
    }

    /// Several wheels, installed into one tree.
    ///
    /// # Errors
    /// As [`WheelSources::install`], and when two have different files at one path.
    pub(crate) fn tree(
        &self,
        session: &Session<'_>,
        digests: &[Digest],
        python: PythonVersion,
    ) -> Result<shipwheel_layer::Tree, BuildError> {
        let trees = digests.iter().map(|digest| {
            let name = self.name(digest)?.distribution;
            Ok((name, self.install(session, digest, python)?.tree))
        });
        let trees: Vec<_> = trees.collect::<Result<_, BuildError>>()?;
        Ok(merge_installed(trees)?)
    }
}

/// The first source that shows that it reads sources at run time, and by what.
fn find_source_reader(sources: &[PythonSource]) -> Result<Option<(String, String)>, BuildError> {
    for source in sources {
        if let Some(sign) = source_reader(&source.content.to_vec()?) {
            return Ok(Some((source.path.to_string(), sign.to_owned())));
        }
    }
    Ok(None)
}

/// What wheels and markers are chosen for: a platform with its base.
///
/// # Errors
/// When the base has no C library that wheels are built for.
pub(crate) fn target(platform: &Platform, base: &BaseFacts, python: PythonVersion) -> Result<Target, BuildError> {
    let libc = base.libc.ok_or_else(|| BuildError::Base {
        name: format!("for {platform}"),
        reason: "has neither glibc nor musl, and wheels are built for one of the two".to_owned(),
    })?;
    Ok(Target { python, platform: platform.clone(), libc })
}

/// The installation scheme of every image.
pub(crate) fn scheme(python: PythonVersion) -> Result<Scheme, BuildError> {
    Scheme::new(VENV, python).map_err(|error| BuildError::Internal(error.to_string()))
}

fn record_key(digest: &Digest, python: PythonVersion) -> Digest {
    let mut hasher = Hasher::new();
    hasher.fields([RECORD_RECIPE, INSTALL_RECIPE].map(u32::to_le_bytes)).field(VENV).field(digest.as_bytes());
    hasher.field(format!("{}.{}", python.major, python.minor));
    hasher.finish()
}

/// Takes a wheel that lies beside the lock into the cache.
fn take_in(session: &Session<'_>, definition: &Definition, wheel: &ChosenWheel, path: &str) -> Result<(), BuildError> {
    if session.cache.blob_size(&wheel.digest).is_some() {
        return Ok(());
    }
    let path = definition.lock_folder().join(path);
    let file = std::fs::File::open(&path).map_err(BuildError::file("open", &path))?;
    take(session, &file, &path, &wheel.digest, wheel.size)
}
