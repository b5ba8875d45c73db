//! An image taken apart: its documents, every blob hashed, every layer unpacked to an unnamed temporary file.

use std::collections::BTreeMap;
use std::io::Read as _;

use rayon::prelude::*;
use shipwheel_layer::{ReadLimits, Tree, overlay_tar};
use shipwheel_oci::{
    Descriptor, Digest, ImageConfig, LayerDescriptor, Manifest, MismatchKind, Platform, validate_image,
};
use shipwheel_store::image::{Document, ImageGraph, Walk, is_attestation};
use shipwheel_store::limits::MAX_CONFIG;
use shipwheel_store::{Cache, FileAction, ImageSource, StoreError};

use super::blob::{BlobReader, read_blob, refusal};
use super::chain::chain;
use super::finding::{Finding, FindingKind, Findings};
use super::image_error::ImageError;
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
/// When the image cannot be read at all: no such image, no network, no disk. Contradictions inside it
/// are findings.
pub(crate) fn open(
    source: &dyn ImageSource,
    cache: &Cache,
    wanted: &[Platform],
    findings: &mut Findings,
) -> Result<OpenedImage, BuildError> {
    let root = source.root()?;
    let graph = read_documents(source, &root, wanted, findings)?;
    let mut contents = Contents { source, wanted, findings, platforms: Vec::new(), others: Vec::new() };
    for document in graph.documents().iter().filter(|document| !document.is_index()) {
        contents.add(document)?;
    }
    let Contents { platforms, others, .. } = contents;
    if let Some(missing) = wanted.iter().find(|wanted| !platforms.iter().any(|p| p.platform == **wanted)) {
        let found = platforms.into_iter().map(|platform| platform.platform).collect();
        let (what, platform) = (source.name(), missing.clone());
        return Err(StoreError::NoPlatform { what, platform, found }.into());
    }
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
    let image = OpenedImage { root, platforms, tars };
    for platform in &image.platforms {
        findings.add(Some(&platform.platform), image.disagreements(platform));
    }
    Ok(image)
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

/// Reads all indexes and manifests except those of platforms that are not wanted; faults become findings.
fn read_documents(
    source: &dyn ImageSource,
    root: &Descriptor,
    wanted: &[Platform],
    findings: &mut Findings,
) -> Result<ImageGraph, StoreError> {
    let follows = |entry: &Descriptor| match &entry.platform {
        Some(platform) => wanted.is_empty() || wanted.contains(platform) || is_attestation(entry),
        None => true,
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
    ImageGraph::walk(source, root, Walk { follows: &follows, fault })
}

/// What the documents of an image lead to: its platforms, and other blobs.
struct Contents<'a> {
    source: &'a dyn ImageSource,
    wanted: &'a [Platform],
    findings: &'a mut Findings,
    platforms: Vec<OpenedPlatform>,
    /// Blobs of attestations: only their digests are checked.
    others: Vec<Descriptor>,
}

impl Contents<'_> {
    fn add(&mut self, document: &Document) -> Result<(), BuildError> {
        let platform = document.platform();
        if document.is_attestation() {
            self.others.extend(document.blobs().cloned());
            return Ok(());
        }
        let manifest = match Manifest::parse(document.bytes.clone()) {
            Ok(manifest) => manifest,
            Err(error) => {
                let found = Finding::problem(FindingKind::Blob, "an index or a manifest", chain(&error));
                self.findings.add(platform, [found.of_blob(&document.descriptor.digest)]);
                return Ok(());
            }
        };
        let Some(config_bytes) = self.config(manifest.config(), platform)? else { return Ok(()) };
        let config = match ImageConfig::parse(&config_bytes) {
            Ok(config) => config,
            Err(error) => {
                let found = Finding::problem(FindingKind::Document, "an image config", chain(&error));
                self.findings.add(platform, [found.of_blob(&manifest.config().digest)]);
                return Ok(());
            }
        };
        let own = config.platform().map_err(|cause| ImageError::Config { image: self.source.name(), cause })?;
        if let Some(platform) = platform.filter(|platform| **platform != own) {
            let found = format!("the config says {own}");
            let finding = Finding::problem(FindingKind::Document, format!("the index says {platform}"), found);
            self.findings.add(Some(platform), [finding.of_blob(&manifest.config().digest)]);
        }
        let platform = platform.cloned().unwrap_or(own);
        if self.wanted.is_empty() || self.wanted.contains(&platform) {
            self.platforms.push(OpenedPlatform { platform, manifest, config, config_bytes });
        }
        Ok(())
    }

    /// The bytes of a config, not verified; `None` if it is not there or too large.
    fn config(&mut self, blob: &Descriptor, platform: Option<&Platform>) -> Result<Option<Vec<u8>>, BuildError> {
        let file = match self.source.blob(blob) {
            Ok(file) => file,
            Err(error) => return self.refused(error, blob).map(|()| None),
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

    fn refused(&mut self, error: StoreError, descriptor: &Descriptor) -> Result<(), BuildError> {
        self.findings.add(None, [refusal(error, descriptor)?]);
        Ok(())
    }
}
