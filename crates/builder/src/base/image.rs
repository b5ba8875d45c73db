//! A base that is an image: from a registry, a layout or an archive.

use std::collections::BTreeMap;
use std::sync::Arc;

use shipwheel_layer::{ByteSource, LAYER_RECIPE, ReadLimits, Tree, overlay_tar};
use shipwheel_oci::{
    Descriptor, DiffId, Digest, Hasher, ImageConfig, LayerDescriptor, Platform, Reference, media_type,
};
use shipwheel_plan::spec::Located;
use shipwheel_store::{LocalImage, PlatformImage, RegistrySource, StoreError};

use super::describe::{DESCRIBE_RECIPE, describe};
use super::in_order;
use super::resolved::ResolvedBase;
use crate::bundled::answers::About;
use crate::bundled::outside_source::OutsideSource;
use crate::disk::tar::unpack;
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;
use crate::project::definition::Definition;
use crate::session::Session;

/// Resolves an image of a registry; `optional` is a platform that may be missing, `pin` the manifest of one if it is fixed.
///
/// # Errors
/// When it does not exist, lacks a platform, or does not verify.
pub(super) fn from_registry(
    session: &Session<'_>,
    reference: &Reference,
    platforms: &[Platform],
    optional: Option<&Platform>,
    pin: &(dyn Fn(&Platform) -> Option<Digest> + Sync),
) -> Result<BTreeMap<Platform, ResolvedBase>, BuildError> {
    let (cache, outside) = (&session.cache, &session.outside);
    let source = |reference| {
        let source = RegistrySource::new(&session.registry, reference, cache, session.progress);
        OutsideSource { source, outside, cache }
    };
    let tagged = source(reference.clone());
    resolve_each(session, &reference.to_string(), platforms, optional, |platform| {
        let lacking = || session.lacking(format!("{reference} for {platform}"));
        let read = |source: &OutsideSource<'_, RegistrySource<'_>>| {
            let image = PlatformImage::of(source, platform, cache)?;
            source.note_blobs(&image);
            Ok::<_, BuildError>(image)
        };
        // What is named by its digest is what it says, wherever it comes from.
        let named = pin(platform).or_else(|| reference.digest().filter(|_| outside.is_bundle()));
        if let Some(named) = named {
            if outside.is_bundle() && cache.blob_size(&named).is_none() {
                return Err(lacking().into());
            }
            return read(&source(reference.pinned(named)));
        }
        let question = format!("{reference} {platform}");
        if outside.is_bundle() {
            return match outside.known::<Digest>(About::Base, &question) {
                Some(digest) if cache.blob_size(&digest).is_some() => read(&source(reference.pinned(digest))),
                Some(_) => Err(lacking().into()),
                // The one that compiles is not in every base.
                None if optional == Some(platform) => {
                    let (what, found) = (reference.to_string(), Vec::new());
                    Err(StoreError::NoPlatform { what, platform: platform.clone(), found }.into())
                }
                None => Err(lacking().into()),
            };
        }
        let key = tag_key(reference, platform);
        if session.offline {
            // An offline build uses the image that the tag pointed to when a registry was last asked.
            let digest = session.cache.record::<Digest>("tag", &key);
            let digest = digest.ok_or_else(lacking)?;
            return read(&source(reference.pinned(digest)));
        }
        let image = read(&tagged)?;
        let digest = image.manifest.descriptor().digest;
        outside.note(About::Base, &question, &digest);
        cache.put_record("tag", &key, &digest)?;
        Ok(image)
    })
}

fn tag_key(reference: &Reference, platform: &Platform) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(reference.to_string()).field(platform.to_string());
    hasher.finish()
}

/// Resolves an image of a layout folder or an archive; `PATH:TAG` selects one of several.
///
/// # Errors
/// As [`from_registry`], and when there are several images and no tag.
pub(super) fn from_layout(
    session: &Session<'_>,
    definition: &Definition,
    path: &Located<String>,
    platforms: &[Platform],
    optional: Option<&Platform>,
) -> Result<BTreeMap<Platform, ResolvedBase>, BuildError> {
    let problem = |message: String| {
        let problem = shipwheel_plan::spec::Problem::new(path.span.clone(), message);
        definition.problem(problem.with_hint(format!("shipwheel looked in {}", definition.folder.display())))
    };
    let image = path.value.parse::<LocalImage>().map_err(|error| problem(format!("`{}`: {error}", path.value)))?;
    let image = image.relative_to(&definition.folder);
    if !image.exists() {
        return Err(problem(format!("`{}` does not exist", path.value)).into());
    }
    let source = image.open()?;
    resolve_each(session, &path.value, platforms, optional, |platform| {
        Ok(PlatformImage::of(&*source, platform, &session.cache)?)
    })
}

fn resolve_each(
    session: &Session<'_>,
    name: &str,
    platforms: &[Platform],
    optional: Option<&Platform>,
    image: impl Fn(&Platform) -> Result<PlatformImage, BuildError> + Sync,
) -> Result<BTreeMap<Platform, ResolvedBase>, BuildError> {
    let each = in_order::each(session, platforms, |session, platform| match image(platform) {
        Ok(image) => {
            let base = known_or_described(session, name, &image, &|blob| fetch(session, name, &image, blob))?;
            Ok(Some((platform.clone(), base)))
        }
        Err(BuildError::Store(StoreError::NoPlatform { .. })) if optional == Some(platform) => Ok(None),
        Err(error) => Err(error),
    })?;
    Ok(each.into_iter().flatten().collect())
}

/// Brings a layer into the cache.
type FetchLayer<'a> = dyn Fn(&Descriptor) -> Result<(), BuildError> + 'a;

/// Gets a layer from the repository that the image comes from.
fn fetch(session: &Session<'_>, name: &str, image: &PlatformImage, blob: &Descriptor) -> Result<(), BuildError> {
    let origin = image.origin.as_ref().filter(|_| !session.offline);
    let origin = origin.ok_or_else(|| session.lacking(format!("layer {} of {name}", blob.digest)))?;
    Ok(session.registry.fetch_blob(origin, blob, &session.cache, session.progress)?)
}

/// Describes a base image, or takes what an earlier run found out; `fetch` gets the layers that have to be read.
///
/// # Errors
/// When a layer cannot be fetched, is not what the config names, or cannot be read.
pub(crate) fn known_or_described(
    session: &Session<'_>,
    name: &str,
    image: &PlatformImage,
    fetch: &FetchLayer<'_>,
) -> Result<ResolvedBase, BuildError> {
    let manifest = image.manifest.descriptor().digest;
    let mut hasher = Hasher::new();
    hasher.field(DESCRIBE_RECIPE.to_le_bytes()).field(LAYER_RECIPE.to_le_bytes()).field(manifest.as_bytes());
    let key = hasher.finish();
    let base = match ResolvedBase::known(session, &key, &image.platform) {
        Some(base) => base,
        None => read(session, name, image, &key, fetch)?,
    };
    Ok(ResolvedBase { origin: image.origin.clone(), manifest: Some(manifest), ..base })
}

/// Reads the layers of a base into one tree.
fn read(
    session: &Session<'_>,
    name: &str,
    image: &PlatformImage,
    key: &Digest,
    fetch: &FetchLayer<'_>,
) -> Result<ResolvedBase, BuildError> {
    let broken = |cause| ImageError::Config { image: name.to_owned(), cause };
    let config = ImageConfig::parse(&image.config).map_err(broken)?;
    let diff_ids = config.diff_ids().map_err(broken)?;
    let blobs = image.manifest.layers();
    if diff_ids.len() != blobs.len() {
        let (layers, diff_ids) = (blobs.len(), diff_ids.len());
        return Err(ImageError::LayerCount { image: name.to_owned(), layers, diff_ids }.into());
    }
    session.report.step(&format!("base: reading {name} for {}", image.platform));
    let mut layers = Vec::new();
    for (blob, diff_id) in blobs.iter().zip(diff_ids) {
        if !session.cache.has(blob) {
            fetch(blob)?;
        }
        // In OCI's media types: some registries refuse an index that mixes both families.
        let blob = Descriptor { media_type: media_type::to_oci(&blob.media_type).to_owned(), ..blob.clone() };
        layers.push(LayerDescriptor { blob, diff_id });
    }
    let tree = tree_of(session, name, &layers)?;
    describe(session, key, &image.platform, &tree, &config, layers)
}

/// The tree of layers that are in the cache.
///
/// # Errors
/// When one is not what its diff ID says, or cannot be read.
pub(crate) fn tree_of(session: &Session<'_>, name: &str, layers: &[LayerDescriptor]) -> Result<Tree, BuildError> {
    let mut tree = Tree::new();
    for layer in layers {
        let tar = decompress(session, name, &layer.blob, layer.diff_id)?;
        overlay_tar(&mut tree, tar, ReadLimits::default())?;
    }
    Ok(tree)
}

/// Decompresses a layer to a temporary file without a name, and checks its diff id against the config.
///
/// # Errors
/// When it is not in the cache, is broken, or has another diff id.
pub(crate) fn decompress(
    session: &Session<'_>,
    name: &str,
    blob: &Descriptor,
    diff_id: DiffId,
) -> Result<Arc<dyn ByteSource>, BuildError> {
    let mut compressed = session.cache.open_blob(&blob.digest)?;
    let title = format!("layer {} of {name}", blob.digest.short());
    let tar = unpack(&session.cache, &mut compressed, &blob.media_type, &title).map_err(|cause| ImageError::Layer {
        image: name.to_owned(),
        digest: blob.digest,
        cause,
    })?;
    if tar.diff_id != diff_id {
        let (image, digest) = (name.to_owned(), blob.digest);
        return Err(ImageError::DiffId { image, digest, expected: diff_id, found: tar.diff_id }.into());
    }
    Ok(tar.source)
}
