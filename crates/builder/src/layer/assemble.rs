//! Base config + layers → config → manifest → index.

use std::collections::BTreeMap;

use shipwheel_oci::{
    Descriptor, ImageConfig, Index, LayerDescriptor, Manifest, Platform, RuntimeConfig, media_type, validate_image,
};
use shipwheel_plan::layer::{PlannedLayer, VENV};
use shipwheel_plan::spec::ImageSpec;
use shipwheel_plan::writable::HOME;
use shipwheel_store::{PlatformImage, StoredImage};

use crate::base::resolved::{ResolvedBase, ResolvedBases};
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;

/// What an image says it comes from.
pub(crate) struct Origin<'a> {
    /// The base's name, where it is an image that others can pull.
    pub(crate) base_name: Option<&'a str>,
    /// When the image was created, in RFC 3339.
    pub(crate) created: &'a str,
}

/// Assembles one platform's image from its base and the layers planned for it.
///
/// # Errors
/// When the base's config is broken, or what was assembled contradicts itself.
pub(crate) fn platform_image(
    spec: &ImageSpec,
    platform: &Platform,
    base: &ResolvedBase,
    layers: &[(&PlannedLayer, LayerDescriptor)],
    origin: &Origin<'_>,
) -> Result<PlatformImage, BuildError> {
    let mut config = base_config(platform, base)?;
    config.set_created(origin.created);
    for (planned, layer) in layers {
        config.push_layer(layer.diff_id, origin.created, &planned.created_by());
    }
    config.apply(&runtime_config(spec, &config));
    let json = config.to_json();
    let all: Vec<LayerDescriptor> =
        base.facts.layers.iter().cloned().chain(layers.iter().map(|(_, l)| l.clone())).collect();
    let mut annotations = annotations(spec, origin);
    if let Some(digest) = base.manifest {
        annotations.insert("org.opencontainers.image.base.digest".to_owned(), digest.to_string());
    }
    let blobs = all.iter().map(|layer| layer.blob.clone()).collect();
    let manifest = Manifest::assemble(Descriptor::of(media_type::CONFIG, &json), blobs, &annotations);
    let mismatches = validate_image(&manifest, &json, &all);
    if !mismatches.is_empty() {
        return Err(BuildError::Internal(format!("the image for {platform} contradicts itself: {mismatches:?}")));
    }
    Ok(PlatformImage { platform: platform.clone(), manifest, config: json, origin: base.origin.clone() })
}

/// What each platform's image tells the runtime, before it has layers.
///
/// # Errors
/// When a base's config is broken.
pub(crate) fn configs(spec: &ImageSpec, bases: &ResolvedBases) -> Result<BTreeMap<Platform, ImageConfig>, BuildError> {
    let config = |platform: &Platform| {
        let mut config = base_config(platform, &bases.by_platform[platform])?;
        config.apply(&runtime_config(spec, &config));
        Ok((platform.clone(), config))
    };
    spec.platforms.iter().map(config).collect()
}

fn base_config(platform: &Platform, base: &ResolvedBase) -> Result<ImageConfig, BuildError> {
    let config = ImageConfig::parse(base.facts.config.as_bytes());
    let image = || format!("the base for {platform}");
    Ok(config.map_err(|cause| ImageError::Config { image: image(), cause })?)
}

/// Puts the platforms of an image together; a single one is its own root.
pub(crate) fn image(spec: &ImageSpec, mut images: Vec<PlatformImage>, origin: &Origin<'_>) -> StoredImage {
    if images.len() == 1 {
        return StoredImage::single(images.remove(0));
    }
    let entries = images.iter().map(|image| {
        let mut entry = image.manifest.descriptor().clone();
        entry.platform = Some(image.platform.clone());
        entry
    });
    let index = Index::assemble(entries.collect(), &annotations(spec, origin));
    StoredImage::with_index(index, images)
}

/// The labels that are annotations by their name, and what shipwheel knows itself.
fn annotations(spec: &ImageSpec, origin: &Origin<'_>) -> BTreeMap<String, String> {
    let mut annotations: BTreeMap<String, String> = spec
        .config
        .labels
        .iter()
        .filter(|(name, _)| name.starts_with("org.opencontainers.image."))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    annotations.insert("org.opencontainers.image.created".to_owned(), origin.created.to_owned());
    if let Some(name) = origin.base_name {
        annotations.insert("org.opencontainers.image.base.name".to_owned(), name.to_owned());
    }
    annotations
}

/// What the runtime is told: what the layers need, and over it what the user sets.
fn runtime_config(spec: &ImageSpec, base: &ImageConfig) -> RuntimeConfig {
    let mut env = BTreeMap::new();
    let base_env = base.env();
    if spec.has_environment() {
        let path = base_env.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
        env.insert("PATH".to_owned(), format!("{VENV}/bin:{path}"));
        env.insert("VIRTUAL_ENV".to_owned(), VENV.to_owned());
    }
    if spec.bytecode.enabled {
        // CPython loads only the pycs of the level that it runs at.
        let level = spec.bytecode.optimization.level();
        if level > 0 || base_env.contains_key("PYTHONOPTIMIZE") {
            env.insert("PYTHONOPTIMIZE".to_owned(), if level > 0 { level.to_string() } else { String::new() });
        }
        env.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        if base_env.get("PYTHONPYCACHEPREFIX").is_some_and(|prefix| !prefix.is_empty()) {
            // With it CPython would look for bytecode nowhere near the sources.
            env.insert("PYTHONPYCACHEPREFIX".to_owned(), String::new());
        }
    }
    if !spec.writable().is_empty() && !base_env.contains_key("HOME") {
        env.insert("HOME".to_owned(), HOME.to_owned());
    }
    env.extend(spec.config.env.clone());
    RuntimeConfig { env, ..spec.config.clone() }
}
