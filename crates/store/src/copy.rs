//! Copies whole images from a source to destinations, byte for byte: the one way for every command.
//!
//! A source gives documents (manifests and indexes) and blobs; a destination takes them. What the
//! destination has is neither fetched nor sent, and its tags move when everything else is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use shipwheel_oci::{Descriptor, Digest, ImageConfig, Platform, Reference, media_type};

use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::image::{
    Destination, Document, ImageGraph, ImageSource, Offer, Prospect, PublishedImage, PushReport, Pushed, Referrer,
    refuse_foreign,
};
use crate::limits::MAX_CONFIG;
use crate::sync::{in_parallel, into_inner, lock};

/// How to copy.
#[derive(Debug, Clone, Copy)]
pub struct CopyOptions {
    /// How many blobs move at a time.
    pub concurrency: usize,
    /// Whether manifests that refer to the image come along, and what cosign keeps under tags beside it.
    pub referrers: bool,
}

/// Copies an image to each of the destinations. No name changes anywhere before all of them have everything.
///
/// # Errors
/// When anything cannot be read or is refused; then all names stay as they were.
pub fn copy_image(
    source: &dyn ImageSource,
    destinations: &[&dyn Destination],
    options: CopyOptions,
) -> Result<Vec<PushReport>> {
    let image = WholeImage::read(source, destinations, options)?;
    let mut reports = Vec::new();
    let mut published = Vec::new();
    for (number, destination) in destinations.iter().enumerate() {
        let copy = OneCopy { source, destination: *destination, filled: filled(&destinations[..number]), options };
        published.push(destination.is_published(&image.root)?);
        reports.push(copy.run(&image, published[number])?);
    }
    for (destination, _) in destinations.iter().zip(published).filter(|(_, published)| !published) {
        let platform = || platform(source, &image);
        destination.publish(&PublishedImage { root: &image.root, graph: &image.graph, platform: &platform })?;
    }
    Ok(reports)
}

/// What [`copy_image`] would send, have mounted and leave as it is; it changes nothing.
///
/// # Errors
/// When anything cannot be read or asked.
pub fn survey_image(
    source: &dyn ImageSource,
    destinations: &[&dyn Destination],
    options: CopyOptions,
) -> Result<Vec<PushReport>> {
    let image = WholeImage::read(source, destinations, options)?;
    let survey = |(number, destination): (usize, &&dyn Destination)| {
        let copy = OneCopy { source, destination: *destination, filled: filled(&destinations[..number]), options };
        let published = destination.is_published(&image.root)?;
        copy.survey(&image, published)
    };
    destinations.iter().enumerate().map(survey).collect()
}

fn filled(destinations: &[&dyn Destination]) -> Vec<Reference> {
    destinations.iter().filter_map(|destination| destination.repository().cloned()).collect()
}

/// The platform of an image without an index, by its config.
fn platform(source: &dyn ImageSource, image: &WholeImage) -> Result<Option<Platform>> {
    let document = image.graph.document(&image.root.digest).filter(|document| !document.is_index());
    let Some(config) = document.and_then(|document| document.config.as_ref()) else { return Ok(None) };
    let is_image = matches!(config.media_type.as_str(), media_type::CONFIG | media_type::DOCKER_CONFIG);
    if !is_image || config.size > MAX_CONFIG {
        return Ok(None);
    }
    let file = source.blob(config)?;
    let mut bytes = Vec::new();
    let read = file.copy_to(config, &mut bytes).map_err(StoreError::file(FileAction::Read, &file.path));
    read.map_err(StoreError::unwrapped)?;
    Ok(ImageConfig::parse(&bytes).and_then(|config| config.platform()).ok())
}

/// Everything that is copied.
struct WholeImage {
    root: Descriptor,
    graph: ImageGraph,
    /// Subjects and what refers to them; the graph has the documents of both.
    referrers: Vec<(Digest, Referrer)>,
    /// Tags and what they name beside the image; the graph has the documents.
    beside: Vec<(String, Digest)>,
}

impl WholeImage {
    fn read(source: &dyn ImageSource, destinations: &[&dyn Destination], options: CopyOptions) -> Result<Self> {
        let root = source.root()?;
        let mut graph = ImageGraph::read(source, &root)?;
        destinations.iter().try_for_each(|destination| destination.accepts(&graph))?;
        let (mut referrers, mut beside) = (Vec::new(), Vec::new());
        // Referrers are signed as they are: what has tags is the image.
        let own = graph.documents().len();
        let mut next = 0;
        // The list grows during the walk: an SBOM may be signed as well.
        while options.referrers && next < graph.documents().len() {
            let subject = graph.documents()[next].descriptor.digest;
            for referrer in graph.in_time(source, |source| source.referrers(&subject))? {
                graph.add(source, &referrer.descriptor)?;
                referrers.push((subject, referrer));
            }
            if next < own {
                for (tag, document) in graph.in_time(source, |source| source.all_beside(&subject))? {
                    graph.add(source, &document)?;
                    beside.push((tag, document.digest));
                }
            }
            next += 1;
        }
        graph.documents().iter().try_for_each(|document| refuse_foreign(&document.layers))?;
        Ok(Self { root, graph, referrers, beside })
    }
}

/// One source, one destination.
struct OneCopy<'a> {
    source: &'a dyn ImageSource,
    destination: &'a dyn Destination,
    /// Repositories that already have everything.
    filled: Vec<Reference>,
    options: CopyOptions,
}

impl OneCopy<'_> {
    fn run(&self, image: &WholeImage, published: bool) -> Result<PushReport> {
        let report = Mutex::new(PushReport::default());
        let (missing, blobs, skipped) = self.compare(image, published)?;
        lock(&report).skipped = skipped;
        self.offer_each(&blobs, |offer| {
            let pushed = self.destination.put_blob(offer)?;
            lock(&report).add(offer.descriptor.size, pushed);
            Ok(())
        })?;
        let mut report = into_inner(report);
        let (indexes, manifests): (Vec<&Document>, Vec<&Document>) =
            missing.into_iter().partition(|document| document.is_index());
        report.documents = (manifests.len() + indexes.len()) as u64;
        let put = |document: &&Document| self.destination.put_document(&document.descriptor, &document.bytes);
        in_parallel(&manifests, self.options.concurrency, put)?;
        // Children come before their parents in a graph.
        indexes.iter().try_for_each(put)?;
        for (subject, referrer) in &image.referrers {
            self.destination.attach(subject, referrer)?;
        }
        for (tag, digest) in &image.beside {
            image.graph.document(digest).map_or(Ok(()), |document| self.destination.put_beside(tag, document))?;
        }
        Ok(report)
    }

    fn survey(&self, image: &WholeImage, published: bool) -> Result<PushReport> {
        let (missing, blobs, skipped) = self.compare(image, published)?;
        let documents = missing.len() as u64;
        let report = Mutex::new(PushReport { skipped, documents, ..PushReport::default() });
        self.offer_each(&blobs, |offer| {
            let size = offer.descriptor.size;
            let pushed = match self.destination.survey_blob(offer)? {
                Prospect::Exists => Pushed::Existed,
                Prospect::Mountable => Pushed::Mounted,
                Prospect::Missing => Pushed::Sent(size),
            };
            lock(&report).add(size, pushed);
            Ok(())
        })?;
        Ok(into_inner(report))
    }

    /// The documents that are missing, the blobs they name, and the bytes of all other blobs.
    ///
    /// A registry refuses a manifest whose blobs it lacks, so the blobs of an existing manifest are
    /// there too. An index says nothing about its manifests: registries may hold it without them.
    fn compare<'i>(
        &self,
        image: &'i WholeImage,
        published: bool,
    ) -> Result<(Vec<&'i Document>, Vec<&'i Descriptor>, u64)> {
        let documents = image.graph.documents();
        let present = in_parallel(documents, self.options.concurrency, |document| {
            let known = published && document.descriptor.digest == image.root.digest;
            Ok(known || self.destination.has_document(&document.descriptor)?)
        })?;
        let (mut missing, mut wanted, mut all) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut there = BTreeSet::new();
        for (document, present) in documents.iter().zip(present) {
            let target = if present { &mut all } else { &mut wanted };
            target.extend(document.blobs().map(|blob| (blob.digest, blob)));
            if present {
                there.extend(document.blobs().map(|blob| blob.digest));
            } else {
                missing.push(document);
            }
        }
        let skipped = all.values().fold(0u64, |sum, blob| sum.saturating_add(blob.size));
        let order = image.graph.blobs();
        let blobs = order.into_iter().filter(|b| wanted.contains_key(&b.digest) && !there.contains(&b.digest));
        Ok((missing, blobs.collect(), skipped))
    }

    fn offer_each(&self, blobs: &[&Descriptor], job: impl Fn(Offer<'_>) -> Result<()> + Sync) -> Result<()> {
        in_parallel(blobs, self.options.concurrency, |descriptor| {
            let origins: Vec<Reference> = self.filled.iter().cloned().chain(self.source.origin(descriptor)).collect();
            job(Offer { descriptor, origins: &origins, file: &|| self.source.blob(descriptor) })
        })
        .map(|_| ())
    }
}

#[cfg(test)]
mod tests;
