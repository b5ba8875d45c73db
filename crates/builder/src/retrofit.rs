//! Adds the standard library's bytecode to a Python image that lacks it, and changes nothing else.

use std::collections::BTreeMap;

use shipwheel_bytecode::{Optimization, PythonVersion};
use shipwheel_oci::{Descriptor, Digest, ImageConfig, LayerDescriptor, Platform};
use shipwheel_plan::layer::PlannedLayer;
use shipwheel_store::{ImageSource, PlatformImage, StoredImage};

use crate::base::image::known_or_described;
use crate::base::resolved::ResolvedBases;
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;
use crate::inspect::original_image::OriginalImage;
use crate::interpreter::compilers::Compilers;
use crate::layer::ingredients::Ingredients;
use crate::layer::layers;
use crate::layer::stdlib_plan::plan_of_stdlib;
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
    let plan = plan_of_stdlib(name, &bases, levels)?;

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
    Ok(Retrofitted { image: image.replace(name, images, &BTreeMap::new())?, platforms })
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
