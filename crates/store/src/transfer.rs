//! Whole images from one place to another, byte for byte: two narrow traits and the one way to copy.
//!
//! A source gives documents (manifests and indexes) and blobs; a destination takes them. What the
//! destination has is neither fetched nor sent, and its tag moves when everything else is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use shipwheel_oci::{Descriptor, Digest, Reference};

use crate::error::Result;
use crate::fetch::in_parallel;
use crate::graph::{Document, Graph};
use crate::push::{PushReport, Pushed};
use crate::referrers::Referrer;

/// Where the bytes of a blob lie: from `offset` on in a file, as many as its descriptor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFile {
    /// The file.
    pub path: PathBuf,
    /// Where in it the blob begins: an archive's members are sent without being unpacked.
    pub offset: u64,
}

impl BlobFile {
    /// A file that is the blob.
    pub fn whole(path: PathBuf) -> Self {
        Self { path, offset: 0 }
    }
}

/// A place that an image is read from.
pub trait Source: Sync {
    /// What the source names: an index, or one platform's manifest.
    ///
    /// # Errors
    /// When there is no such thing, or more than one.
    fn root(&self) -> Result<Descriptor>;

    /// The bytes of a manifest or an index; they have its digest.
    ///
    /// # Errors
    /// When they cannot be had or are others.
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>>;

    /// The file that a blob lies in, fetched if need be. Its bytes need not be verified.
    ///
    /// # Errors
    /// When it cannot be had.
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile>;

    /// The repository that has a blob: a destination in the same registry may take it from there.
    fn origin(&self, descriptor: &Descriptor) -> Option<Reference>;

    /// Signatures, SBOMs and whatever else refers to a document.
    ///
    /// # Errors
    /// When they cannot be asked for.
    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>>;
}

/// A blob on its way: what it is, who in which registry may have it, and how to get its bytes.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// The blob.
    pub descriptor: &'a Descriptor,
    /// Repositories that have it, of whatever registry.
    pub origins: &'a [Reference],
    /// Gets it; asked only where the destination wants the bytes.
    pub file: &'a (dyn Fn() -> Result<BlobFile> + Sync),
}

/// What would become of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    /// It is there.
    Exists,
    /// A repository of the same registry has it.
    Mountable,
    /// It has to be sent.
    Missing,
}

/// A place that an image is written to.
pub trait Destination: Sync {
    /// Whether the destination's names all mean this document already.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn is_published(&self, root: &Descriptor) -> Result<bool>;

    /// Whether it has a document, and so every blob that the document names.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn has_document(&self, descriptor: &Descriptor) -> Result<bool>;

    /// What [`Destination::put_blob`] would do.
    ///
    /// # Errors
    /// When it cannot be asked.
    fn survey_blob(&self, offer: Offer<'_>) -> Result<Prospect>;

    /// Takes a blob, unless it is there.
    ///
    /// # Errors
    /// When it is refused, or its bytes are others than promised.
    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed>;

    /// Takes a manifest or an index, whose blobs and manifests are all there.
    ///
    /// # Errors
    /// When it is refused.
    fn put_document(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<()>;

    /// Makes a document that is there known as one that refers to another.
    ///
    /// # Errors
    /// When it cannot be noted.
    fn attach(&self, subject: &Digest, referrer: &Referrer) -> Result<()>;

    /// Gives the finished image its names.
    ///
    /// # Errors
    /// When they are refused.
    fn publish(&self, root: &Descriptor, bytes: &[u8]) -> Result<()>;

    /// The repository, where the destination is one: others in its registry can mount from there.
    fn place(&self) -> Option<&Reference>;
}

/// How to copy.
#[derive(Debug, Clone, Copy)]
pub struct CopyOptions {
    /// How many blobs move at a time.
    pub concurrency: usize,
    /// Whether what refers to the image comes along.
    pub referrers: bool,
}

/// Copies an image to each of the destinations. No name changes anywhere before all of them have everything.
///
/// # Errors
/// When anything cannot be read or is refused; the names are what they were then.
pub fn copy_image(
    source: &dyn Source,
    destinations: &[&dyn Destination],
    options: CopyOptions,
) -> Result<Vec<PushReport>> {
    let image = Image::read(source, options)?;
    let mut reports = Vec::new();
    let mut published = Vec::new();
    for (number, destination) in destinations.iter().enumerate() {
        let copy = Copy { source, destination: *destination, places: places(&destinations[..number]), options };
        published.push(destination.is_published(&image.root)?);
        reports.push(copy.run(&image, published[number])?);
    }
    for (destination, _) in destinations.iter().zip(published).filter(|(_, published)| !published) {
        destination.publish(&image.root, image.root_bytes())?;
    }
    Ok(reports)
}

/// What [`copy_image`] would send, have mounted and leave as it is; it changes nothing.
///
/// # Errors
/// When anything cannot be read or asked.
pub fn survey_image(
    source: &dyn Source,
    destinations: &[&dyn Destination],
    options: CopyOptions,
) -> Result<Vec<PushReport>> {
    let image = Image::read(source, options)?;
    let survey = |(number, destination): (usize, &&dyn Destination)| {
        let copy = Copy { source, destination: *destination, places: places(&destinations[..number]), options };
        let published = destination.is_published(&image.root)?;
        copy.survey(&image, published)
    };
    destinations.iter().enumerate().map(survey).collect()
}

fn places(destinations: &[&dyn Destination]) -> Vec<Reference> {
    destinations.iter().filter_map(|destination| destination.place().cloned()).collect()
}

/// Everything that is to be copied.
struct Image {
    root: Descriptor,
    graph: Graph,
    /// Who refers to whom, each with its documents in the graph.
    referrers: Vec<(Digest, Referrer)>,
}

impl Image {
    fn read(source: &dyn Source, options: CopyOptions) -> Result<Self> {
        let root = source.root()?;
        let mut graph = Graph::default();
        graph.add(source, &root)?;
        let mut referrers = Vec::new();
        let mut next = 0;
        // The list grows as it is walked: an SBOM may be signed in its turn.
        while options.referrers && next < graph.documents().len() {
            let subject = graph.documents()[next].descriptor.digest;
            for referrer in source.referrers(&subject)? {
                graph.add(source, &referrer.descriptor)?;
                referrers.push((subject, referrer));
            }
            next += 1;
        }
        Ok(Self { root, graph, referrers })
    }

    fn root_bytes(&self) -> &[u8] {
        self.graph.document(&self.root.digest).map_or(&[], |document| &document.bytes)
    }
}

/// One source, one destination.
struct Copy<'a> {
    source: &'a dyn Source,
    destination: &'a dyn Destination,
    /// Repositories that have everything by now.
    places: Vec<Reference>,
    options: CopyOptions,
}

impl Copy<'_> {
    fn run(&self, image: &Image, published: bool) -> Result<PushReport> {
        let report = Mutex::new(PushReport::default());
        let (missing, blobs, skipped) = self.compare(image, published)?;
        report.lock().unwrap_or_else(PoisonError::into_inner).skipped = skipped;
        self.offer_each(&blobs, |offer| {
            let pushed = self.destination.put_blob(offer)?;
            report.lock().unwrap_or_else(PoisonError::into_inner).add(offer.descriptor.size, pushed);
            Ok(())
        })?;
        let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
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
        Ok(report)
    }

    fn survey(&self, image: &Image, published: bool) -> Result<PushReport> {
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
            report.lock().unwrap_or_else(PoisonError::into_inner).add(size, pushed);
            Ok(())
        })?;
        Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// The documents that are not there, the blobs they name, and the bytes of all other blobs.
    ///
    /// A registry takes no manifest whose blobs it lacks, so a manifest that is there answers for
    /// its blobs. An index answers for nothing: registries may hold it without its manifests.
    fn compare<'i>(&self, image: &'i Image, published: bool) -> Result<(Vec<&'i Document>, Vec<&'i Descriptor>, u64)> {
        let documents = image.graph.documents();
        let present = in_parallel(documents, self.options.concurrency, |document| {
            let known = published && document.descriptor.digest == image.root.digest;
            Ok(known || self.destination.has_document(&document.descriptor)?)
        })?;
        let (mut missing, mut wanted, mut all) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut there = BTreeSet::new();
        for (document, present) in documents.iter().zip(present) {
            let target = if present { &mut all } else { &mut wanted };
            target.extend(document.blobs.iter().map(|blob| (blob.digest, blob)));
            if present {
                there.extend(document.blobs.iter().map(|blob| blob.digest));
            } else {
                missing.push(document);
            }
        }
        let skipped = all.values().map(|blob| blob.size).sum();
        let order = image.graph.blobs();
        let blobs = order.into_iter().filter(|b| wanted.contains_key(&b.digest) && !there.contains(&b.digest));
        Ok((missing, blobs.collect(), skipped))
    }

    fn offer_each(&self, blobs: &[&Descriptor], job: impl Fn(Offer<'_>) -> Result<()> + Sync) -> Result<()> {
        in_parallel(blobs, self.options.concurrency, |descriptor| {
            let origins: Vec<Reference> = self.places.iter().cloned().chain(self.source.origin(descriptor)).collect();
            job(Offer { descriptor, origins: &origins, file: &|| self.source.blob(descriptor) })
        })
        .map(|_| ())
    }
}

#[cfg(test)]
mod tests;
