//! Adds the standard library's bytecode to a Python image that lacks it, and changes nothing else.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_bytecode::{Optimization, PythonVersion};
use shipwheel_layer::FileTime;
use shipwheel_oci::{Descriptor, Digest, ImageConfig, Index, LayerDescriptor, Platform};
use shipwheel_plan::Plan;
use shipwheel_plan::facts::{Facts, PlatformFacts};
use shipwheel_plan::layer::PlannedLayer;
use shipwheel_plan::spec::ImageSpec;
use shipwheel_store::image::{ImageGraph, Walk, is_attestation};
use shipwheel_store::{ImageSource, PlatformImage, StoredImage};

use crate::base::image::known_or_described;
use crate::base::resolved::{ResolvedBase, ResolvedBases};
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;
use crate::interpreter::compilers::Compilers;
use crate::layer::ingredients::Ingredients;
use crate::layer::layers;
use crate::session::Session;

/// An image with bytecode layers on top.
#[derive(Debug, Clone)]
pub struct Retrofitted {
    /// The image, ready for any output.
    pub image: StoredImage,
    /// What was added to each platform that has a Python.
    pub platforms: Vec<RetrofittedPlatform>,
}

/// What was added to one platform.
#[derive(Debug, Clone)]
pub struct RetrofittedPlatform {
    /// The platform.
    pub platform: Platform,
    /// Its interpreter.
    pub python: PythonVersion,
    /// The new manifest.
    pub manifest: Digest,
    /// The new layers: what each holds, and its blob.
    pub layers: Vec<(String, LayerDescriptor)>,
}

/// Adds the bytecode of the standard library to every platform of an image.
///
/// Without `levels`, that of the level which the image runs at (`PYTHONOPTIMIZE`). Config, other
/// layers, annotations and the family of media types stay; attestations are dropped, since they
/// are about manifests that no longer exist.
///
/// # Errors
/// When the image cannot be read, has no Python on any platform, or would load no bytecode at all.
pub fn retrofit(
    session: &Session<'_>,
    name: &str,
    source: &dyn ImageSource,
    levels: &[Optimization],
) -> Result<Retrofitted, BuildError> {
    let image = OriginalImage::read(session, name, source)?;
    let mut bases = BTreeMap::new();
    for one in image.images.iter().filter(|one| one.platform.os == "linux") {
        let fetch = |blob: &Descriptor| Ok(source.import(blob, &session.cache)?);
        let base = known_or_described(session, name, one, &fetch)?;
        if base.facts.python.is_some() {
            bases.insert(one.platform.clone(), base);
        }
    }
    if bases.is_empty() {
        return Err(ImageError::NoPython { image: name.to_owned() }.into());
    }
    let plan = plan(name, &bases, levels)?;

    let ingredients = Ingredients::of_bases(ResolvedBases::of(name, bases));
    let built = layers::build(session, &plan, &ingredients, &Compilers::new(session, &ingredients.bases, false))?;
    let mut images = Vec::new();
    let mut platforms = Vec::new();
    for one in &image.images {
        let planned = plan.platforms.iter().find(|planned| planned.platform == one.platform);
        let base = ingredients.bases.by_platform.get(&one.platform).and_then(|base| base.facts.python.as_ref());
        let (Some(planned), Some(python)) = (planned, base) else {
            session.report.step(&format!("{} has no Python and stays as it is", one.platform));
            images.push(one.clone());
            continue;
        };
        let layers: Vec<(&PlannedLayer, LayerDescriptor)> =
            planned.layers.iter().map(|layer| (layer, built[&layer.key].descriptor.clone())).collect();
        let with = with_layers(session, name, one, &layers)?;
        platforms.push(RetrofittedPlatform {
            platform: one.platform.clone(),
            python: python.version,
            manifest: with.manifest.descriptor().digest,
            layers: layers.into_iter().map(|(planned, layer)| (planned.title.clone(), layer)).collect(),
        });
        images.push(with);
    }
    Ok(Retrofitted { image: image.replace(name, images)?, platforms })
}

/// An image as it was found, without its attestations.
struct OriginalImage {
    graph: ImageGraph,
    images: Vec<PlatformImage>,
}

impl OriginalImage {
    fn read(session: &Session<'_>, name: &str, source: &dyn ImageSource) -> Result<Self, BuildError> {
        let follows = |entry: &Descriptor| {
            if is_attestation(entry) {
                session.report.step(&format!("drops an attestation of {name}: it is about the image as it was"));
            }
            !is_attestation(entry)
        };
        let walk = Walk { follows: &follows, fault: &mut |error, _| Err(error) };
        let graph = ImageGraph::walk(source, &source.root()?, walk)?;
        let mut images = Vec::new();
        for document in graph.manifests() {
            let image = PlatformImage::read(source, document, &session.cache)?;
            image.import_layers(source, &session.cache)?;
            images.push(PlatformImage { platform: document.platform().cloned().unwrap_or(image.platform), ..image });
        }
        Ok(Self { graph, images })
    }

    /// The same image with other manifests, which are in the order of those it had.
    fn replace(&self, name: &str, images: Vec<PlatformImage>) -> Result<StoredImage, BuildError> {
        let mut new: BTreeMap<Digest, Descriptor> = (self.images.iter().zip(&images))
            .map(|(old, new)| (old.manifest.descriptor().digest, new.manifest.descriptor().clone()))
            .collect();
        let mut indexes = Vec::new();
        // Children come before their parents, which name them.
        for document in self.graph.documents().iter().filter(|document| document.is_index()) {
            let index = Index::parse(document.bytes.clone());
            // An attestation may name the image itself, and goes then too.
            let replaced = |entry: &Descriptor| new.get(&entry.digest).filter(|_| !is_attestation(entry)).cloned();
            let index = index.and_then(|index| index.map_manifests(replaced));
            let index = index.map_err(|cause| ImageError::Index { image: name.to_owned(), cause })?;
            new.insert(document.descriptor.digest, index.descriptor().clone());
            indexes.push(index);
        }
        let image = StoredImage::with_indexes(indexes, images);
        image.ok_or_else(|| BuildError::Internal("an image without a manifest".to_owned()))
    }
}

/// The layers of bytecode that each platform lacks, at the levels asked for.
fn plan(name: &str, bases: &BTreeMap<Platform, ResolvedBase>, levels: &[Optimization]) -> Result<Plan, BuildError> {
    let mut plan = Plan { platforms: Vec::new(), warnings: Vec::new() };
    for (platform, base) in bases {
        let levels = match levels {
            [] => vec![own_level(name, base)?],
            levels => levels.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
        };
        let mut layers = Vec::new();
        let mut planned = None;
        for optimization in levels {
            let spec = ImageSpec::bytecode_alone(platform.clone(), optimization);
            let facts = PlatformFacts { base: base.facts.clone(), wheels: Vec::new(), installed: Vec::new() };
            let platforms = BTreeMap::from([(platform.clone(), facts)]);
            let facts = Facts { platforms, app: Vec::new(), app_time: FileTime::EARLIEST };
            let one = Plan::new(&spec, &facts)?.platforms.remove(0);
            layers.extend(one.layers.clone());
            planned = Some(one);
        }
        plan.platforms.extend(planned.map(|planned| shipwheel_plan::PlatformPlan { layers, ..planned }));
    }
    Ok(plan)
}

/// The level that an image runs at by its own environment.
fn own_level(name: &str, base: &ResolvedBase) -> Result<Optimization, BuildError> {
    let config = ImageConfig::parse(base.facts.config.as_bytes());
    let env = config.map_err(|cause| ImageError::Config { image: name.to_owned(), cause })?.env();
    if let Some(prefix) = env.get("PYTHONPYCACHEPREFIX").filter(|prefix| !prefix.is_empty()) {
        return Err(ImageError::CachePrefix { image: name.to_owned(), prefix: prefix.clone() }.into());
    }
    let level = Optimization::level_of_environment(env.get("PYTHONOPTIMIZE").map(String::as_str).unwrap_or_default());
    Optimization::from_level(level.into()).ok_or_else(|| ImageError::Level { image: name.to_owned(), level }.into())
}

fn with_layers(
    session: &Session<'_>,
    name: &str,
    image: &PlatformImage,
    layers: &[(&PlannedLayer, LayerDescriptor)],
) -> Result<PlatformImage, BuildError> {
    let fail = |cause| ImageError::Config { image: name.to_owned(), cause };
    let mut config = ImageConfig::parse(&image.config).map_err(fail)?;
    for (planned, layer) in layers {
        config.push_layer(layer.diff_id, &session.created(), &planned.created_by());
    }
    let config = config.to_json();
    let blobs: Vec<Descriptor> = layers.iter().map(|(_, layer)| layer.blob.clone()).collect();
    let manifest = image.manifest.with_layers(&config, &blobs);
    let digest = image.manifest.descriptor().digest;
    let manifest = manifest.map_err(|cause| ImageError::Manifest { image: name.to_owned(), digest, cause })?;
    Ok(PlatformImage { manifest, config, ..image.clone() })
}

#[cfg(test)]
mod tests;
