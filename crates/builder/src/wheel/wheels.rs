//! The wheels of an image: fetched, opened and installed by their digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::{Digest, Hasher, Platform};
use shipwheel_plan::facts::BaseFacts;
use shipwheel_plan::layer::VENV;
use shipwheel_python::install::{INSTALL_RECIPE, Installed, Scheme, Settled, install, settle};
use shipwheel_python::select::SelectedWheel;
use shipwheel_python::wheel::Wheel;
use shipwheel_python::{DistributionName, Target};

use super::origins::{Wanted, WheelOrigins};
use crate::base::base_error::BaseError;
use crate::disk::bytes::PathSource;
use crate::error::BuildError;
use crate::session::Session;

/// Raise this when more or other things are remembered of a wheel.
const RECORD_RECIPE: u32 = 4;

/// Every wheel of an image by its digest, and where those come from that the cache lacks.
#[derive(Debug, Default)]
pub(crate) struct Wheels {
    origins: Arc<WheelOrigins>,
    by_digest: BTreeMap<Digest, SelectedWheel>,
}

impl Wheels {
    /// Wheels that are looked for in some origins.
    pub(crate) fn new(origins: Arc<WheelOrigins>, wheels: impl IntoIterator<Item = SelectedWheel>) -> Self {
        Self { origins, by_digest: wheels.into_iter().map(|wheel| (wheel.sha256, wheel)).collect() }
    }

    /// Brings wheels into the cache that are not there.
    ///
    /// # Errors
    /// When one cannot be obtained or has another hash than the lock says.
    pub(crate) fn fetch(&self, session: &Session<'_>, digests: &[Digest]) -> Result<(), BuildError> {
        let mut wanted = Vec::new();
        for digest in digests {
            let wheel = self.wheel(digest)?;
            match &wheel.path {
                Some(path) => self.origins.take_in(session, path, digest, wheel.size)?,
                None => wanted.push(Wanted {
                    file_name: wheel.wheel.file_name().to_owned(),
                    url: wheel.url.clone(),
                    digest: *digest,
                    size: wheel.size,
                }),
            }
        }
        self.origins.fetch(session, &wanted)
    }

    fn wheel(&self, digest: &Digest) -> Result<&SelectedWheel, BuildError> {
        self.by_digest.get(digest).ok_or_else(|| BuildError::Internal(format!("wheel {digest} was not selected")))
    }

    /// One wheel of the cache, installed.
    ///
    /// # Errors
    /// When it is broken or hostile.
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
    /// When it is broken or hostile.
    pub(crate) fn open(&self, session: &Session<'_>, digest: &Digest) -> Result<Wheel, BuildError> {
        let name = self.wheel(digest)?.wheel.clone();
        let source = PathSource::blob(&session.cache, digest, name.file_name())?;
        Ok(Wheel::open(name, source)?)
    }

    /// Who has the paths that several wheels of one environment want; what nobody was asked about is a warning.
    ///
    /// # Errors
    /// When nothing decides about one, or a wheel cannot be obtained.
    pub(crate) fn settle(
        &self,
        session: &Session<'_>,
        wheels: &[SelectedWheel],
        prefer: &[DistributionName],
        python: PythonVersion,
    ) -> Result<Settled, BuildError> {
        let digests: Vec<Digest> = wheels.iter().map(|wheel| wheel.sha256).collect();
        let mut hasher = Hasher::new();
        hasher.field("settled").fields(&digests).fields(prefer.iter().map(DistributionName::as_str));
        let key = record_key(&hasher.finish(), python);
        let settle = || {
            self.fetch(session, &digests)?;
            let tree =
                |wheel: &SelectedWheel| Ok((wheel.name.clone(), self.install(session, &wheel.sha256, python)?.tree));
            let trees = wheels.par_iter().map(tree);
            let trees: Vec<_> = trees.collect::<Result<_, BuildError>>()?;
            Ok::<_, BuildError>(settle(&trees, prefer, &scheme(python)?)?)
        };
        session.cache.remember("overlaps", &key, |_| true, settle)
    }
}

/// What wheels and markers are selected for: a platform with its base.
///
/// # Errors
/// When the base does not have a C library that wheels are built for.
pub(crate) fn target(platform: &Platform, base: &BaseFacts, python: PythonVersion) -> Result<Target, BuildError> {
    let libc = base.libc.ok_or_else(|| BaseError::NoLibc { platform: platform.clone() })?;
    Ok(Target { python, platform: platform.clone(), libc })
}

/// The installation scheme of every image.
pub(crate) fn scheme(python: PythonVersion) -> Result<Scheme, BuildError> {
    Scheme::new(VENV, python).map_err(BuildError::internal)
}

/// The key of what is remembered of a wheel as it is installed for a minor version.
pub(super) fn record_key(digest: &Digest, python: PythonVersion) -> Digest {
    let mut hasher = Hasher::new();
    hasher.fields([RECORD_RECIPE, INSTALL_RECIPE].map(u32::to_le_bytes)).field(VENV).field(digest.as_bytes());
    hasher.field(format!("{}.{}", python.major, python.minor));
    hasher.finish()
}
