//! Puts an image on another base without building it: its own layers stay byte for byte, if what they need stays true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{ByteSource, ReadLimits, Tree, overlay_tar};
use shipwheel_oci::{Descriptor, DiffId, Digest, ImageConfig, LayerDescriptor, OwnLayer, Platform, Reference};
use shipwheel_store::{ImageSource, PlatformImage, RegistrySource, StoredImage};

use crate::base::debian::{CREATED_BY, config_of};
use crate::base::image::{decompress, known_or_described, tree_of};
use crate::base::resolved::{ResolvedBase, ResolvedBases};
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;
use crate::inspect::original_image::OriginalImage;
use crate::interpreter::compilers::Compilers;
use crate::interpreter::detect::{find_libc, find_python};
use crate::layer::ingredients::Ingredients;
use crate::layer::layers;
use crate::layer::stdlib_plan::{own_level, plan_of_stdlib};
use crate::prepare::WhenNeeded;
use crate::project::definition::Definition;
use crate::rebased::native;
use crate::rebased::own_files::{Bases, OwnFiles};
use crate::rebased::pythons::{differences, libc_difference, lost_distributions};
use crate::rebased::rebase_error::RebaseError;
use crate::rebased::stdlib_layers::Bytecode;
use crate::resolve::resolve;
use crate::session::Session;

/// What an image says that it is built on (OCI image spec, "Annotations").
const BASE_NAME: &str = "org.opencontainers.image.base.name";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// The base that an image is put on.
#[derive(Clone, Copy)]
pub enum Onto<'a> {
    /// Another image, and its reference if a registry has it.
    Image(&'a dyn ImageSource, Option<&'a Reference>),
    /// The base of a definition, as a build would take it.
    Definition(&'a Definition),
}

/// An image on its new base.
#[derive(Debug, Clone)]
pub struct Rebased {
    /// The image, ready for any output.
    pub image: StoredImage,
    /// What became of each platform.
    pub platforms: Vec<RebasedPlatform>,
}

/// What became of one platform.
#[derive(Debug, Clone)]
pub struct RebasedPlatform {
    /// The platform.
    pub platform: Platform,
    /// The interpreter of both bases.
    pub python: Option<PythonVersion>,
    /// The new manifest.
    pub manifest: Digest,
    /// The layers of the old base that went.
    pub removed: usize,
    /// Those of the new base.
    pub base: Vec<LayerDescriptor>,
    /// The image's own layers that stayed.
    pub kept: usize,
    /// Layers of the standard library's bytecode that were made anew, because its sources changed.
    pub remade: Vec<LayerDescriptor>,
    /// What the runtime is told otherwise than before.
    pub changes: Vec<String>,
}

/// Puts every platform of an image on another base, or none.
///
/// `from` is the base that it was built on. Without one, the image has to say it: by its annotations, or by the history
/// that shipwheel writes for a base of Debian's packages.
///
/// # Errors
/// When a base cannot be found or read, or the image does not fit the new one: the error has every reason.
pub fn rebase(
    session: &Session<'_>,
    name: &str,
    source: &dyn ImageSource,
    from: Option<&dyn ImageSource>,
    onto: Onto<'_>,
) -> Result<Rebased, BuildError> {
    let image = OriginalImage::read(session, name, source)?;
    let mut found = Vec::new();
    for one in &image.images {
        found.push(Cut::find(session, name, one, from)?);
    }
    let bases = new_bases(session, onto, &image.images)?;
    let mut cuts = Vec::new();
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for (one, cut) in image.images.iter().zip(found) {
        one.manifest.layers().iter().try_for_each(|layer| source.import(layer, &session.cache))?;
        let checked = check(session, name, one, &cut, &bases.by_platform[&one.platform])?;
        for reason in &checked.reasons {
            let platform = one.platform.to_string();
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, platforms)) => platforms.push(platform),
                None => reasons.push((reason.clone(), vec![platform])),
            }
        }
        cuts.push((cut, checked));
    }
    if !reasons.is_empty() {
        let (image, onto) = (name.to_owned(), bases.name);
        let lines = reasons.iter().map(|(reason, platforms)| format!("{reason} ({})", platforms.join(", ")));
        return Err(RebaseError::Unfit { image, onto, reasons: lines.collect() }.into());
    }
    let remade = remake(session, name, &image.images, &cuts, &bases)?;
    let (mut images, mut platforms) = (Vec::new(), Vec::new());
    for (one, (cut, checked)) in image.images.iter().zip(&cuts) {
        let base = &bases.by_platform[&one.platform];
        let remade = remade.get(&one.platform).map(Vec::as_slice).unwrap_or_default();
        let stack = Stack { one, cut, checked, base, remade };
        let (image, platform) = stack.assemble(name, &annotations(&bases, base.manifest))?;
        images.push(image);
        platforms.push(platform);
    }
    // An index names its base, but not the digest of one platform's.
    let mut of_index = annotations(&bases, None);
    of_index.remove(BASE_DIGEST);
    Ok(Rebased { image: image.replace(name, images, &of_index)?, platforms })
}

/// What the image says of its new base.
fn annotations(bases: &ResolvedBases, manifest: Option<Digest>) -> BTreeMap<String, Option<String>> {
    BTreeMap::from([
        (BASE_NAME.to_owned(), bases.image_name().map(str::to_owned)),
        (BASE_DIGEST.to_owned(), manifest.map(|digest| digest.to_string())),
    ])
}

/// The new base of each platform, with its layers in the cache.
fn new_bases(session: &Session<'_>, onto: Onto<'_>, images: &[PlatformImage]) -> Result<ResolvedBases, BuildError> {
    let platforms: BTreeSet<&Platform> = images.iter().map(|image| &image.platform).collect();
    match onto {
        Onto::Image(source, reference) => {
            let name = source.name();
            let mut by_platform = BTreeMap::new();
            for platform in platforms {
                let image = PlatformImage::of(source, platform, &session.cache)?;
                let fetch = |blob: &Descriptor| Ok(source.import(blob, &session.cache)?);
                let base = known_or_described(session, &name, &image, &fetch)?;
                base.facts.layers.iter().try_for_each(|layer| source.import(&layer.blob, &session.cache))?;
                by_platform.insert(platform.clone(), base);
            }
            Ok(match reference {
                Some(reference) => ResolvedBases::of_image(reference, by_platform),
                None => ResolvedBases::of(&name, by_platform),
            })
        }
        Onto::Definition(definition) => {
            let mut wanted = definition.clone();
            wanted.spec.platforms = platforms.into_iter().cloned().collect();
            let bases = resolve(session, &wanted, WhenNeeded::Tell)?.ingredients.bases;
            for base in bases.by_platform.values() {
                let missing = base.facts.layers.iter().filter(|layer| !session.cache.has(&layer.blob));
                for (layer, origin) in missing.zip(base.origin.iter().cycle()) {
                    session.registry.fetch_blob(origin, &layer.blob, &session.cache, session.progress)?;
                }
            }
            Ok(bases)
        }
    }
}

/// Where an image's base ends and its own layers begin.
struct Cut {
    /// How many of its layers are the base's.
    count: usize,
    /// What the base tells the runtime.
    config: ImageConfig,
}

impl Cut {
    fn find(
        session: &Session<'_>,
        name: &str,
        image: &PlatformImage,
        from: Option<&dyn ImageSource>,
    ) -> Result<Self, BuildError> {
        let config = config(name, &image.config)?;
        if let Some(from) = from {
            return Self::of_image(session, name, &config, image, from);
        }
        let named = image.manifest.annotation(BASE_NAME).and_then(|name| name.parse::<Reference>().ok());
        let digest = image.manifest.annotation(BASE_DIGEST).and_then(|digest| digest.parse::<Digest>().ok());
        if let Some((named, digest)) = named.zip(digest) {
            let pinned = named.pinned(digest);
            let from = RegistrySource::new(&session.registry, pinned, &session.cache, session.progress);
            return Self::of_image(session, name, &config, image, &from);
        }
        match config.layers_created_by(CREATED_BY) {
            0 => Err(RebaseError::UnknownBase { image: name.to_owned(), platform: image.platform.clone() }.into()),
            count => {
                let mut base = config_of(&image.platform);
                let diff_ids = diff_ids(name, &config)?;
                diff_ids.iter().take(count).for_each(|diff_id| base.push_layer(*diff_id, "", ""));
                Ok(Self { count, config: base })
            }
        }
    }

    /// The layers of an image that has to be the base.
    fn of_image(
        session: &Session<'_>,
        name: &str,
        config: &ImageConfig,
        image: &PlatformImage,
        from: &dyn ImageSource,
    ) -> Result<Self, BuildError> {
        let base = PlatformImage::of(from, &image.platform, &session.cache)?;
        let base = self::config(&from.name(), &base.config)?;
        let (all, of_base) = (diff_ids(name, config)?, diff_ids(&from.name(), &base)?);
        if !all.starts_with(&of_base) {
            let (image, platform) = (name.to_owned(), image.platform.clone());
            return Err(RebaseError::OtherBase { image, from: from.name(), platform }.into());
        }
        Ok(Self { count: of_base.len(), config: base })
    }
}

fn config(name: &str, bytes: &[u8]) -> Result<ImageConfig, BuildError> {
    Ok(ImageConfig::parse(bytes).map_err(|cause| ImageError::Config { image: name.to_owned(), cause })?)
}

fn diff_ids(name: &str, config: &ImageConfig) -> Result<Vec<DiffId>, BuildError> {
    Ok(config.diff_ids().map_err(|cause| ImageError::Config { image: name.to_owned(), cause })?)
}

/// What was found of an image on its new base.
struct Checked {
    /// Why it would not be right there, what weighs most first.
    reasons: Vec<String>,
    python: Option<PythonVersion>,
    /// Which of its own layers are bytecode of a standard library that changed.
    stale: Vec<bool>,
    own: Vec<LayerDescriptor>,
}

/// Compares the old base with the new one, as far as the image's own layers depend on it.
fn check(
    session: &Session<'_>,
    name: &str,
    image: &PlatformImage,
    cut: &Cut,
    base: &ResolvedBase,
) -> Result<Checked, BuildError> {
    session.report.step(&format!("rebase: comparing the bases of {name} for {}", image.platform));
    let layers = described_layers(name, image)?;
    let (below, own) = layers.split_at(cut.count.min(layers.len()));
    let old = tree_of(session, name, below)?;
    let new = tree_of(session, name, &base.facts.layers)?;
    let old_python = find_python(&old, cut.config.env().get("PATH").map(String::as_str))?;
    let new_python = base.facts.python.as_ref();
    let mut reasons = differences(old_python.as_ref(), new_python);
    reasons.extend(libc_difference(find_libc(&old)?, base.facts.libc));
    reasons.extend(lost_distributions(&old, &new));
    let sources = |python: Option<&shipwheel_plan::facts::PythonFacts>| python.map(|python| python.sources.clone());
    let is_patched = sources(old_python.as_ref()) != sources(new_python);
    let stdlib = old_python.as_ref().map(|python| python.stdlib.clone()).unwrap_or_default();
    let (mut files, mut stale) = (OwnFiles::default(), Vec::new());
    let mut tars: Vec<Arc<dyn ByteSource>> = Vec::new();
    for layer in own {
        let tar = decompress(session, name, &layer.blob, layer.diff_id)?;
        let bytecode = if is_patched { Bytecode::of(&tar, &stdlib)? } else { Bytecode::None };
        stale.push(bytecode == Bytecode::All);
        if bytecode == Bytecode::Some {
            let layer = layer.blob.digest.short();
            let mixed = "has bytecode of the standard library among other files, and the new base has other sources";
            reasons.push(format!("the layer {layer} {mixed}"));
        }
        if bytecode != Bytecode::All {
            files.add(&tar, Bases { old: &old, new: &new })?;
            tars.push(tar);
        }
    }
    reasons.extend(std::mem::take(&mut files.reasons));
    if reasons.is_empty() {
        let lacking = |tree: Tree| {
            let tree = overlaid(tree, &tars)?;
            native::lacking(&tree, &files.paths, &image.platform)
        };
        // What it did without on the old base, it does without on the new one.
        let before = lacking(old)?;
        reasons
            .extend(lacking(new)?.difference(&before).map(|line| format!("{line}, which the new base does not have")));
    }
    Ok(Checked { reasons, python: new_python.map(|python| python.version), stale, own: own.to_vec() })
}

/// A base with the image's own layers on it.
fn overlaid(mut tree: Tree, layers: &[Arc<dyn ByteSource>]) -> Result<Tree, BuildError> {
    for layer in layers {
        overlay_tar(&mut tree, layer.clone(), ReadLimits::default())?;
    }
    Ok(tree)
}

/// The layers of an image in both of their forms.
fn described_layers(name: &str, image: &PlatformImage) -> Result<Vec<LayerDescriptor>, BuildError> {
    let diff_ids = diff_ids(name, &config(name, &image.config)?)?;
    let blobs = image.manifest.layers();
    if diff_ids.len() != blobs.len() {
        let (layers, diff_ids) = (blobs.len(), diff_ids.len());
        return Err(ImageError::LayerCount { image: name.to_owned(), layers, diff_ids }.into());
    }
    Ok(blobs.iter().cloned().zip(diff_ids).map(|(blob, diff_id)| LayerDescriptor { blob, diff_id }).collect())
}

/// A layer that was made: its line of history, and its blob.
type Made = (String, LayerDescriptor);

/// Compiles the standard library of the new bases for the platforms whose bytecode of it is stale.
fn remake(
    session: &Session<'_>,
    name: &str,
    images: &[PlatformImage],
    cuts: &[(Cut, Checked)],
    bases: &ResolvedBases,
) -> Result<BTreeMap<Platform, Vec<Made>>, BuildError> {
    let mut by_level: BTreeMap<u64, BTreeMap<Platform, ResolvedBase>> = BTreeMap::new();
    for (image, _) in images.iter().zip(cuts).filter(|(_, (_, checked))| checked.stale.contains(&true)) {
        let base = bases.by_platform[&image.platform].clone();
        let level = own_level(name, &image.config)?.level();
        by_level.entry(level.into()).or_default().insert(image.platform.clone(), base);
    }
    let mut made = BTreeMap::new();
    for (level, bases) in by_level {
        let level = shipwheel_bytecode::Optimization::from_level(level);
        let plan = plan_of_stdlib(name, &bases, &level.into_iter().collect::<Vec<_>>())?;
        let ingredients = Ingredients::of_bases(ResolvedBases::of(name, bases));
        let built = layers::build(session, &plan, &ingredients, &Compilers::new(session, &ingredients.bases, false))?;
        for platform in plan.platforms {
            let layers = platform.layers.iter();
            let layers = layers.map(|layer| (layer.created_by(), built[&layer.key].descriptor.clone())).collect();
            made.insert(platform.platform, layers);
        }
    }
    Ok(made)
}

/// What goes in place of each of so many layers: one for one, or else all in place of the first.
fn places(remade: &[Made], stale: usize) -> Vec<&[Made]> {
    if remade.len() == stale { remade.chunks(1).collect() } else { vec![remade] }
}

/// One platform's image on its new base.
struct Stack<'a> {
    one: &'a PlatformImage,
    cut: &'a Cut,
    checked: &'a Checked,
    base: &'a ResolvedBase,
    remade: &'a [Made],
}

impl Stack<'_> {
    fn assemble(
        &self,
        name: &str,
        annotations: &BTreeMap<String, Option<String>>,
    ) -> Result<(PlatformImage, RebasedPlatform), BuildError> {
        let Self { one, cut, checked, base, remade } = self;
        let mut layers: Vec<LayerDescriptor> = base.facts.layers.clone();
        let (mut own, mut kept) = (Vec::new(), 0);
        let mut places = places(remade, checked.stale.iter().filter(|is_stale| **is_stale).count()).into_iter();
        for (layer, is_stale) in checked.own.iter().zip(&checked.stale) {
            if !is_stale {
                kept += 1;
                own.push(OwnLayer { diff_ids: vec![layer.diff_id], created_by: Vec::new() });
                layers.push(layer.clone());
                continue;
            }
            let new = places.next().unwrap_or_default();
            layers.extend(new.iter().map(|(_, layer)| layer.clone()));
            own.push(OwnLayer {
                diff_ids: new.iter().map(|(_, layer)| layer.diff_id).collect(),
                created_by: new.iter().map(|(line, _)| line.clone()).collect(),
            });
        }
        let fail = |cause| ImageError::Config { image: name.to_owned(), cause };
        let new = ImageConfig::parse(base.facts.config.as_bytes()).map_err(fail)?;
        let rebased = config(name, &one.config)?.rebased(&cut.config, &new, &own).map_err(fail)?;
        let json = rebased.config.to_json();
        let blobs: Vec<Descriptor> = layers.iter().map(|layer| layer.blob.clone()).collect();
        let manifest = one.manifest.with_other_layers(&json, &blobs, annotations);
        let digest = one.manifest.descriptor().digest;
        let manifest = manifest.map_err(|cause| ImageError::Manifest { image: name.to_owned(), digest, cause })?;
        let platform = RebasedPlatform {
            platform: one.platform.clone(),
            python: checked.python,
            manifest: manifest.descriptor().digest,
            removed: cut.count,
            base: base.facts.layers.clone(),
            kept,
            remade: remade.iter().map(|(_, layer)| layer.clone()).collect(),
            changes: rebased.changes,
        };
        // All layers are in the cache: no single repository has them.
        Ok((PlatformImage { manifest, config: json, origin: None, ..(*one).clone() }, platform))
    }
}
