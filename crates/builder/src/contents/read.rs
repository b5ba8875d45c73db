//! A platform of an opened image → its contents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shipwheel_layer::{Content, Node, Tree, TreePath};
use shipwheel_oci::DiffId;

use super::contents::{Contents, ImageInterpreter};
use super::coverage::Coverage;
use super::distributions::{self, ImageDistribution};
use super::layer_entries::LayerEntries;
use super::layers::LayerContents;
use super::owner::{ImageFile, Owner};
use super::owners::{Interpreter, Owners, source_of};
use super::packages::{self, ImagePackage};
use super::system::SystemRelease;
use crate::error::BuildError;
use crate::inspect::finding::Findings;
use crate::inspect::opened::{OpenedImage, OpenedPlatform};
use crate::inspect::python::ImagePython;

impl Contents {
    /// Takes a platform apart; `None`, with findings, if one of its layers cannot be read.
    ///
    /// # Errors
    /// When a layer's file cannot be read.
    pub(crate) fn read(
        image: &OpenedImage,
        opened: &OpenedPlatform,
        findings: &mut Findings,
    ) -> Result<Option<Self>, BuildError> {
        let Some(tree) = image.tree(opened, findings) else { return Ok(None) };
        // What else there is to say of it is for `verify`.
        let python = ImagePython::find(&tree, &opened.config, &mut Vec::new())?;
        let entries = entries(image, opened)?;
        let mut owners = Owners::new(&tree);
        let mut packages = packages::read(&tree, &mut owners)?;
        let mut distributions = distributions::read(&tree, &mut owners)?;
        let found = Found { opened, tree: &tree, owners: &owners, entries: &entries };
        let files = found.files(python.as_ref().and_then(Interpreter::of).as_ref());
        give(&files, &mut packages, &mut distributions);
        let layers = layers(image, opened, &entries, &files);
        let coverage = python.as_ref().map(|python| Coverage::of(&tree, python)).transpose()?;
        Ok(Some(Self {
            platform: opened.platform.clone(),
            manifest: opened.manifest.descriptor().clone(),
            annotations: annotations(opened.manifest.raw()),
            config_blob: opened.manifest.config().clone(),
            config: opened.config.clone(),
            system: SystemRelease::read(&tree)?,
            layers,
            files,
            packages,
            distributions,
            python: python.map(|python| ImageInterpreter {
                version: python.facts.version,
                level: python.level,
                executable: python.facts.executable,
                stdlib: python.facts.stdlib,
            }),
            coverage: coverage.unwrap_or_default(),
        }))
    }
}

/// The annotations of a manifest or an index that are texts.
pub(crate) fn annotations(document: &[u8]) -> BTreeMap<String, String> {
    let document: Value = serde_json::from_slice(document).unwrap_or_default();
    let all = document.get("annotations").and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The entries of every layer's tar.
fn entries(image: &OpenedImage, opened: &OpenedPlatform) -> Result<Vec<LayerEntries>, BuildError> {
    let layers = opened.manifest.layers().iter();
    layers.map(|layer| image.tar(layer).map_or_else(|| Ok(LayerEntries::default()), LayerEntries::read)).collect()
}

/// A platform's files before they are listed.
struct Found<'a> {
    opened: &'a OpenedPlatform,
    tree: &'a Tree,
    owners: &'a Owners<'a>,
    entries: &'a [LayerEntries],
}

impl Found<'_> {
    /// All files and links, sorted by path.
    fn files(&self, python: Option<&Interpreter>) -> Vec<ImageFile> {
        let layers = self.opened.manifest.layers().iter().enumerate();
        // An unpacked layer is called by its blob.
        let numbers: BTreeMap<String, usize> = layers.map(|(number, blob)| (blob.digest.to_string(), number)).collect();
        let places = self.entries.iter().enumerate();
        let places = places.flat_map(|(number, layer)| layer.links.iter().map(move |path| (path, number)));
        let links: BTreeMap<&TreePath, usize> = places.collect();
        let mut seen = BTreeSet::new();
        let mut files = Vec::new();
        for (path, node) in self.tree.iter() {
            let (mode, content, target) = match node {
                Node::Directory(_) => continue,
                Node::File(metadata, content) => (metadata.mode, Some(content), None),
                Node::Symlink(target) => (0, None, Some(target.as_str().to_owned())),
            };
            let layer = match content {
                Some(content) => numbers.get(&content.source_name()).copied(),
                None => links.get(path).copied(),
            };
            files.push(ImageFile {
                path: path.clone(),
                size: content.map_or(0, Content::size),
                mode,
                target,
                is_repeated: content.is_some_and(|it| is_repeated(it, layer, &mut seen)),
                content: content.cloned(),
                layer,
                owner: self.owners.of(path, python),
                is_bytecode: source_of(path).is_some(),
            });
        }
        files
    }
}

/// Whether the same bytes of the same layer are the content of a file that was seen before.
fn is_repeated(content: &Content, layer: Option<usize>, seen: &mut BTreeSet<(Option<usize>, u64)>) -> bool {
    content.size() > 0 && content.origin().is_some_and(|(_, offset)| !seen.insert((layer, offset)))
}

/// Gives packages and distributions their files, and distributions of a package that package.
fn give(files: &[ImageFile], packages: &mut [ImagePackage], distributions: &mut [ImageDistribution]) {
    let mut owner_of_info = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        match file.owner {
            Owner::Package(owner) => {
                packages[owner].files.push(number);
                owner_of_info.insert(&file.path, owner);
            }
            Owner::Distribution(owner) => {
                let distribution = &mut distributions[owner];
                distribution.files.push(number);
                let is_sbom = distribution.info.join("sboms").is_ok_and(|folder| file.path.starts_with(&folder));
                if is_sbom && file.content.is_some() {
                    distribution.sboms.push(number);
                }
            }
            Owner::Interpreter | Owner::System | Owner::Application => {}
        }
    }
    for distribution in distributions {
        let texts = ["METADATA", "PKG-INFO"].iter().filter_map(|name| distribution.info.join(name).ok());
        let mut owners = texts.chain([distribution.info.clone()]).filter_map(|path| owner_of_info.get(&path).copied());
        distribution.package = owners.next();
    }
}

/// The layers, with what the image has of each.
fn layers(
    image: &OpenedImage,
    opened: &OpenedPlatform,
    entries: &[LayerEntries],
    files: &[ImageFile],
) -> Vec<LayerContents> {
    let history = opened.config.layer_history();
    let mut visible = vec![(0, 0_u64); entries.len()];
    for file in files {
        if let Some((count, bytes)) = file.layer.and_then(|layer| visible.get_mut(layer)) {
            *count += 1;
            *bytes += file.bytes();
        }
    }
    let layers = opened.manifest.layers().iter().zip(entries).zip(visible).enumerate();
    layers
        .map(|(number, ((blob, own), (files, bytes)))| {
            let tar = image.tar(blob);
            let has = |other: &&OpenedPlatform| other.manifest.layers().iter().any(|it| it.digest == blob.digest);
            let others = image.platforms.iter().filter(|other| other.platform != opened.platform);
            LayerContents {
                blob: blob.clone(),
                diff_id: tar.map_or_else(|| DiffId::of(b""), |tar| tar.diff_id),
                unpacked: tar.map_or(0, |tar| tar.source.size()),
                entries: own.entries,
                whiteouts: own.whiteouts,
                files,
                bytes,
                hidden: own.bytes.saturating_sub(bytes),
                made_by: history.get(number).filter(|line| !line.is_empty()).cloned(),
                shared: others.filter(has).map(|other| other.platform.clone()).collect(),
            }
        })
        .collect()
}
