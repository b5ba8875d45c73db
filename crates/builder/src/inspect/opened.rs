//! An image taken apart: its documents, every blob hashed, every layer unpacked to an unnamed temporary file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use rayon::prelude::*;
use shipwheel_layer::{ReadLimits, Tree, overlay_tar};
use shipwheel_oci::{
    Descriptor, Digest, ImageConfig, LayerDescriptor, Manifest, MismatchKind, Platform, validate_image,
};
use shipwheel_store::image::{Document, ImageGraph, Walk, is_attestation};
use shipwheel_store::limits::MAX_CONFIG;
use shipwheel_store::{Cache, FileAction, ImageSource, PlatformImage, StoreError};

use super::blob::{BlobReader, read_blob, refusal};
use super::chain::chain;
use super::finding::{Finding, FindingKind, Findings};
use crate::disk::tar::Tar;
use crate::error::BuildError;

/// One platform of an image.
pub(crate) struct OpenedPlatform {
    pub(crate) platform: Platform,
    pub(crate) manifest: Manifest,
    pub(crate) config: ImageConfig,
    config_bytes: Vec<u8>,
}

/// An image with its layers unpacked.
pub(crate) struct OpenedImage {
    pub(crate) root: Descriptor,
    pub(crate) platforms: Vec<OpenedPlatform>,
    tars: BTreeMap<Digest, Tar>,
}

/// Opens an image and checks everything that does not depend on its files.
///
/// With `wanted` platforms, only those are opened.
///
/// # Errors
/// When the image cannot be read at all: no such image, no network, no disk; and when a sound image lacks a wanted
/// platform. Contradictions inside it are findings, and so is a wanted platform that cannot be read.
pub(crate) fn open(
    source: &dyn ImageSource,
    cache: &Cache,
    wanted: &[Platform],
    findings: &mut Findings,
) -> Result<OpenedImage, BuildError> {
    let root = source.root()?;
    let Contents { platforms, others, .. } = Contents::read(source, &root, wanted, findings)?;
    let tars = read_blobs(source, cache, &platforms, &others, findings)?;
    let image = OpenedImage { root, platforms, tars };
    for platform in &image.platforms {
        findings.add(Some(&platform.platform), image.disagreements(platform));
    }
    Ok(image)
}

/// Hashes all blobs, and unpacks the layers of platforms.
fn read_blobs(
    source: &dyn ImageSource,
    cache: &Cache,
    platforms: &[OpenedPlatform],
    others: &[Descriptor],
    findings: &mut Findings,
) -> Result<BTreeMap<Digest, Tar>, BuildError> {
    let mut blobs: BTreeMap<Digest, (&Descriptor, bool)> = BTreeMap::new();
    blobs.extend(others.iter().map(|blob| (blob.digest, (blob, false))));
    let layers = platforms.iter().flat_map(|platform| platform.manifest.layers());
    blobs.extend(layers.map(|blob| (blob.digest, (blob, true))));
    let read: Vec<(Digest, Option<Tar>, Vec<Finding>)> = blobs
        .into_par_iter()
        .map(|(digest, (blob, is_layer))| {
            let (tar, found) = read_blob(source, cache, blob, is_layer)?;
            Ok((digest, tar, found))
        })
        .collect::<Result<_, BuildError>>()?;
    let mut tars = BTreeMap::new();
    for (digest, tar, found) in read {
        findings.add(None, found);
        tars.extend(tar.map(|tar| (digest, tar)));
    }
    Ok(tars)
}

impl OpenedImage {
    /// The files of a platform; `None`, with findings, if one of its layers cannot be read.
    pub(crate) fn tree(&self, platform: &OpenedPlatform, findings: &mut Findings) -> Option<Tree> {
        let mut tree = Tree::new();
        for layer in platform.manifest.layers() {
            // There is a finding if it is missing.
            let tar = self.tars.get(&layer.digest)?;
            if let Err(error) = overlay_tar(&mut tree, tar.source.clone(), ReadLimits::default()) {
                let found = Finding::problem(FindingKind::Layer, "a layer that fits", chain(&error));
                findings.add(Some(&platform.platform), [found.of_blob(&layer.digest)]);
                return None;
            }
        }
        Some(tree)
    }

    /// A layer's tar, if it could be unpacked.
    pub(crate) fn tar(&self, layer: &Descriptor) -> Option<&Tar> {
        self.tars.get(&layer.digest)
    }

    /// Contradictions between manifest, config and layers of a platform.
    fn disagreements(&self, platform: &OpenedPlatform) -> Vec<Finding> {
        let diff_ids = platform.config.diff_ids().unwrap_or_default();
        let layers = platform.manifest.layers().iter().enumerate().map(|(number, blob)| {
            let own = self.tars.get(&blob.digest).map(|tar| tar.diff_id);
            // A layer that was not unpacked has no diff id to compare.
            let diff_id =
                own.or_else(|| diff_ids.get(number).copied()).unwrap_or_else(|| shipwheel_oci::DiffId::of(b""));
            LayerDescriptor { blob: blob.clone(), diff_id }
        });
        let layers: Vec<LayerDescriptor> = layers.collect();
        let mismatches = validate_image(&platform.manifest, &platform.config_bytes, &layers);
        let findings = mismatches.into_iter().map(|mismatch| {
            let layer = match mismatch.kind {
                MismatchKind::DiffId(number) => layers.get(number),
                MismatchKind::ConfigDigest
                | MismatchKind::ConfigSize
                | MismatchKind::LayerCount
                | MismatchKind::DiffIdCount
                | MismatchKind::LayerDigest(_) => None,
            };
            match layer {
                // The config's diff id is what was expected, the layer's what was found.
                Some(layer) => {
                    Finding::problem(FindingKind::DiffId, mismatch.found, mismatch.expected).of_blob(&layer.blob.digest)
                }
                None => {
                    let [expected, found] =
                        [mismatch.expected, mismatch.found].map(|side| format!("{} {side}", mismatch.kind));
                    Finding::problem(FindingKind::Document, expected, found)
                }
            }
        });
        findings.collect()
    }
}

/// What the documents of an image lead to: its platforms, and other blobs.
struct Contents<'a> {
    name: String,
    source: &'a dyn ImageSource,
    wanted: &'a [Platform],
    findings: &'a mut Findings,
    platforms: Vec<OpenedPlatform>,
    /// The platforms that were not wanted.
    unwanted: BTreeSet<Platform>,
    /// Blobs of attestations, and layers of platforms that cannot be read: only their digests are checked.
    others: Vec<Descriptor>,
}

impl<'a> Contents<'a> {
    /// Reads all indexes, manifests and configs except those of platforms that are not wanted; faults become findings.
    fn read(
        source: &'a dyn ImageSource,
        root: &Descriptor,
        wanted: &'a [Platform],
        findings: &'a mut Findings,
    ) -> Result<Self, BuildError> {
        let (graph, unwanted) = read_documents(source, root, wanted, findings)?;
        let name = source.name();
        let mut contents = Self { name, source, wanted, findings, platforms: Vec::new(), unwanted, others: Vec::new() };
        for document in graph.documents().iter().filter(|document| !document.is_index()) {
            contents.add(document)?;
        }
        contents.check_wanted()?;
        Ok(contents)
    }

    /// A wanted platform that is not there may be one that cannot be read: then the findings say more.
    fn check_wanted(&self) -> Result<(), StoreError> {
        let opened = || self.platforms.iter().map(|opened| &opened.platform);
        let missing = self.wanted.iter().find(|wanted| !opened().any(|opened| opened == *wanted));
        let Some(platform) = missing.filter(|_| self.findings.is_empty()).cloned() else { return Ok(()) };
        let found: BTreeSet<&Platform> = self.unwanted.iter().chain(opened()).collect();
        Err(StoreError::NoPlatform { what: self.name.clone(), platform, found: found.into_iter().cloned().collect() })
    }

    fn add(&mut self, document: &Document) -> Result<(), BuildError> {
        let named = document.platform();
        if document.is_attestation() {
            self.others.extend(document.blobs().cloned());
            return Ok(());
        }
        let manifest = match PlatformImage::manifest(&self.name, document) {
            Ok(manifest) => manifest,
            Err(error) => return self.refused(error, &document.descriptor, named),
        };
        let Some(config_bytes) = self.config(manifest.config(), named)? else {
            self.others.extend_from_slice(manifest.layers());
            return Ok(());
        };
        let (config, own) = match PlatformImage::config(&self.name, &config_bytes) {
            Ok(read) => read,
            Err(error) => {
                let found = Finding::problem(FindingKind::Document, "an image config", chain(&error));
                self.findings.add(named, [found.of_blob(&manifest.config().digest)]);
                self.others.extend_from_slice(manifest.layers());
                return Ok(());
            }
        };
        if let Some(platform) = named.filter(|platform| **platform != own) {
            let found = format!("the config says {own}");
            let finding = Finding::problem(FindingKind::Document, format!("the index says {platform}"), found);
            self.findings.add(Some(platform), [finding.of_blob(&manifest.config().digest)]);
        }
        let platform = named.cloned().unwrap_or(own);
        if self.wanted.is_empty() || self.wanted.contains(&platform) {
            self.platforms.push(OpenedPlatform { platform, manifest, config, config_bytes });
        } else {
            self.unwanted.insert(platform);
        }
        Ok(())
    }

    /// The bytes of a config, not verified; `None` if it is not there or too large.
    fn config(&mut self, blob: &Descriptor, platform: Option<&Platform>) -> Result<Option<Vec<u8>>, BuildError> {
        let file = match self.source.blob(blob) {
            Ok(file) => file,
            Err(error) => return self.refused(error, blob, platform).map(|()| None),
        };
        if blob.size > MAX_CONFIG {
            let finding = Finding::problem(
                FindingKind::Blob,
                format!("a config of at most {MAX_CONFIG} bytes"),
                format!("{} bytes", blob.size),
            );
            self.findings.add(platform, [finding.of_blob(&blob.digest)]);
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let mut reader = BlobReader::open(&file, blob).map_err(BuildError::file(FileAction::Read, &file.path))?;
        reader.read_to_end(&mut bytes).map_err(BuildError::file(FileAction::Read, &file.path))?;
        // The comparison of manifest and config finds a wrong digest.
        Ok(Some(bytes))
    }

    fn refused(
        &mut self,
        error: StoreError,
        descriptor: &Descriptor,
        platform: Option<&Platform>,
    ) -> Result<(), BuildError> {
        self.findings.add(platform, [refusal(error, descriptor)?]);
        Ok(())
    }
}

/// Reads all indexes and manifests except those of platforms that are not wanted, which it lists.
fn read_documents(
    source: &dyn ImageSource,
    root: &Descriptor,
    wanted: &[Platform],
    findings: &mut Findings,
) -> Result<(ImageGraph, BTreeSet<Platform>), StoreError> {
    let unwanted = RefCell::new(BTreeSet::new());
    let follows = |entry: &Descriptor| match &entry.platform {
        Some(platform) if !(wanted.is_empty() || wanted.contains(platform) || is_attestation(entry)) => {
            unwanted.borrow_mut().insert(platform.clone());
            false
        }
        Some(_) | None => true,
    };
    let mut has_too_many = false;
    let fault = &mut |error: StoreError, descriptor: &Descriptor| {
        // There may be very many more: one finding says so.
        if matches!(error, StoreError::TooManyDocuments { .. }) && std::mem::replace(&mut has_too_many, true) {
            return Ok(());
        }
        findings.add(None, [refusal(error, descriptor)?]);
        Ok(())
    };
    let graph = ImageGraph::walk(source, root, Walk { follows: &follows, fault })?;
    Ok((graph, unwanted.into_inner()))
}
