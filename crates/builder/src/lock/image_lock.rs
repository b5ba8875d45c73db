//! image.lock and a build: what the build has to say for it, and how it is held to it.

use std::collections::BTreeMap;

use shipwheel_bytecode::CANONICAL_RECIPE;
use shipwheel_debian::BASE_RECIPE;
use shipwheel_layer::{Compression, ESTARGZ_RECIPE, LAYER_RECIPE, ZSTD_VERSION};
use shipwheel_oci::{Digest, Platform};
use shipwheel_plan::facts::{Facts, WheelFacts};
use shipwheel_plan::image_lock::difference::Difference;
use shipwheel_plan::image_lock::{ImageLock, LockedBase, LockedFile, LockedLayer, LockedPlatform};
use shipwheel_plan::layer::LayerKind;
use shipwheel_python::install::INSTALL_RECIPE;

use super::image_lock_error::ImageLockError;
use crate::base::resolved::{ResolvedBase, ResolvedBases};
use crate::error::BuildError;
use crate::layer::report::{LayerReport, PlatformReport};
use crate::project::definition::{Definition, Locked};
use crate::session::Session;

/// So many differences are named in a warning.
const SHOWN: usize = 3;

/// The versions of the forms that decide bytes, as this program writes them; eStargz's and zstd's release only where they make layers.
pub fn forms(compression: Compression) -> BTreeMap<String, u32> {
    let forms =
        [("base", BASE_RECIPE), ("bytecode", CANONICAL_RECIPE), ("layer", LAYER_RECIPE), ("wheel", INSTALL_RECIPE)];
    let more = match compression {
        Compression::Gzip => None,
        Compression::Estargz => Some(("estargz", ESTARGZ_RECIPE)),
        Compression::Zstd(_) => Some(("zstd", ZSTD_VERSION)),
    };
    forms.into_iter().chain(more).map(|(name, version)| (name.to_owned(), version)).collect()
}

/// A finished build.
pub(crate) struct Made<'m> {
    pub(crate) base: LockedBase,
    pub(crate) bases: &'m ResolvedBases,
    pub(crate) facts: &'m Facts,
    pub(crate) reports: &'m [PlatformReport],
    pub(crate) root: Digest,
}

/// What a finished build is made of.
pub(crate) fn of(definition: &Definition, Made { base, bases, facts, reports, root }: Made<'_>) -> ImageLock {
    let platform = |(platform, base): (&Platform, &ResolvedBase)| {
        let report = reports.iter().find(|report| report.platform == *platform);
        let wheels = facts.platforms.get(platform).map(|facts| &facts.wheels[..]).unwrap_or_default();
        let mut wheels: Vec<LockedFile> = wheels.iter().map(wheel).collect();
        wheels.sort();
        LockedPlatform {
            platform: platform.clone(),
            manifest: report.map(|report| report.manifest),
            base: base.manifest,
            packages: base.packages.clone(),
            wheels,
            layers: report.map(|report| report.layers.iter().map(layer).collect()).unwrap_or_default(),
        }
    };
    let format = forms(definition.spec.layers.compression);
    ImageLock { format, base, platforms: bases.by_platform.iter().map(platform).collect(), root }
}

fn wheel(wheel: &WheelFacts) -> LockedFile {
    LockedFile { name: wheel.name.to_string(), version: wheel.version.to_string(), digest: wheel.digest }
}

fn layer(layer: &LayerReport) -> LockedLayer {
    let LayerReport { kind, title, inputs, .. } = layer;
    // A base that is an image is called by its reference, which names a host.
    let title = if *kind == LayerKind::Base { "the base's own" } else { title };
    LockedLayer { kind: *kind, title: title.to_owned(), digest: layer.layer.blob.digest, inputs: *inputs }
}

/// Checks what is known of a build before it begins: the versions of the forms that decide bytes, and the base.
///
/// # Errors
/// When the build is held to its lock, and they differ.
pub(crate) fn check_format(definition: &Definition) -> Result<(), BuildError> {
    let Some(lock) = &definition.image_lock else { return Ok(()) };
    let bases = definition.spec.base.iter().map(LockedBase::of);
    let base = bases.clone().find(|base| *base == lock.base).or_else(|| bases.clone().next());
    let base = base.unwrap_or_else(|| lock.base.clone());
    let format = forms(definition.spec.layers.compression);
    let before = ImageLock { format, base, platforms: Vec::new(), root: lock.root };
    match definition.locked {
        Locked::Pins => Ok(()),
        Locked::Dependencies | Locked::All => refuse(definition, lock.differences(&before)),
    }
}

/// Holds a finished build to its lock, if there is one: refuses what differs, or warns of it.
///
/// # Errors
/// When the build is held to its lock, and anything differs.
pub(crate) fn check(session: &Session<'_>, definition: &Definition, made: &ImageLock) -> Result<(), BuildError> {
    let Some(lock) = &definition.image_lock else { return Ok(()) };
    let mut differences = lock.differences(made);
    if definition.locked != Locked::All {
        differences.retain(|difference| !difference.is_of_application());
    }
    match definition.locked {
        Locked::Pins => {
            warn(session, &differences);
            Ok(())
        }
        Locked::Dependencies | Locked::All => refuse(definition, differences),
    }
}

fn refuse(definition: &Definition, differences: Vec<Difference>) -> Result<(), BuildError> {
    match differences.is_empty() {
        true => Ok(()),
        false => Err(ImageLockError::Differs { path: definition.image_lock_path(), differences }.into()),
    }
}

fn warn(session: &Session<'_>, differences: &[Difference]) {
    if differences.is_empty() {
        return;
    }
    let mut shown: Vec<String> = differences.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = differences.len().saturating_sub(SHOWN);
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    let shown = shown.join("; ");
    session
        .report
        .warning(&format!("the image is not what image.lock has: {shown}; `shipwheel lock --image` renews it"));
}
