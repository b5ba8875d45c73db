//! What hangs on an image's root: documents, children first, and the blobs they name. The one walk over images.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Deserialize;
use shipwheel_oci::{Descriptor, Digest, Platform, media_type, require_plain_document};

use super::source::ImageSource;
use crate::error::{Result, StoreError};
use crate::limits::MAX_MANIFEST;

/// The manifests of artifacts that an earlier draft of the specification had; they have no config.
const ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";

/// How many indexes may be on the way from an image's root to a manifest.
const MAX_DEPTH: usize = 4;

/// The largest number of documents in an image, with its signatures.
const MAX_DOCUMENTS: usize = 2000;

/// The most entries of an index and layers of a manifest, repeated ones too. Runtimes mount about 500 layers at most.
const MAX_ENTRIES: usize = MAX_DOCUMENTS;

/// The longest all documents of an image may be together: they are held in memory.
const MAX_BYTES: usize = 32 << 20;

/// How long all documents of an image may take to arrive.
const MAX_TIME: Duration = Duration::from_secs(60);

/// A manifest or an index with its very bytes.
#[derive(Debug, Clone)]
pub struct Document {
    /// How its parent, or the source, describes it.
    pub descriptor: Descriptor,
    /// Its bytes; they have the descriptor's digest.
    pub bytes: Vec<u8>,
    /// The config, for a manifest.
    pub config: Option<Descriptor>,
    /// Layers, or the blobs of an artifact; none for an index.
    pub layers: Vec<Descriptor>,
    /// The entries of an index.
    pub children: Vec<Descriptor>,
    is_index: bool,
}

/// The keys that lead on, in manifests, indexes and artifact manifests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Links {
    schema_version: Option<u64>,
    media_type: Option<String>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    blobs: Vec<Descriptor>,
}

impl Document {
    fn parse(descriptor: &Descriptor, bytes: Vec<u8>) -> Result<Self> {
        let what = format!("document {}", descriptor.digest);
        require_plain_document(&bytes).map_err(StoreError::image(&what))?;
        let links: Links = serde_json::from_slice(&bytes).map_err(StoreError::image(&what))?;
        if links.schema_version == Some(1) {
            let cause = "it has Docker's schema version 1, which is not supported".into();
            return Err(StoreError::Image { what, cause });
        }
        if links.manifests.is_some() && (links.config.is_some() || !links.layers.is_empty()) {
            let cause = "it is a manifest and an index at once, which programs read differently".into();
            return Err(StoreError::Image { what, cause });
        }
        let own_type = links.media_type.as_deref().unwrap_or(&descriptor.media_type);
        let has_entries = links.manifests.is_some();
        let is_index = has_entries || links.media_type.as_deref().is_some_and(media_type::is_index);
        let is_artifact = own_type == ARTIFACT;
        let is_known = links.media_type.is_none() || is_index || is_artifact || media_type::is_manifest(own_type);
        let has_content = if is_index { has_entries } else { is_artifact || links.config.is_some() };
        if !is_known || !has_content {
            let missing = if is_index { "manifests" } else { "config" };
            let cause = match is_known {
                true => format!("it is not an image: it has no `{missing}`"),
                false => format!("it is not an image: its `mediaType` is `{own_type}`"),
            };
            return Err(StoreError::Image { what, cause: cause.into() });
        }
        let layers: Vec<Descriptor> = links.layers.into_iter().chain(links.blobs).collect();
        let children = links.manifests.unwrap_or_default();
        for (found, kind) in [(layers.len(), "layers"), (children.len(), "entries")] {
            if found > MAX_ENTRIES {
                let cause = format!("it names {found} {kind}, and at most {MAX_ENTRIES} are read");
                return Err(StoreError::Image { what, cause: cause.into() });
            }
        }
        Ok(Self { descriptor: descriptor.clone(), bytes, config: links.config, layers, children, is_index })
    }

    /// Whether it is an index over other documents.
    pub fn is_index(&self) -> bool {
        self.is_index
    }

    /// Whether it is a signature, a build record or something else beside the image's platforms.
    pub fn is_attestation(&self) -> bool {
        is_attestation(&self.descriptor)
    }

    /// The platform that its parent names.
    pub fn platform(&self) -> Option<&Platform> {
        self.descriptor.platform.as_ref()
    }

    /// Config and layers.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(&self.layers)
    }
}

/// Whether an entry of an index is an attestation of buildx or the like: no runtime takes it for its platform's image.
///
/// An annotation alone does not make it one: runtimes start what has their platform, or none, whatever its annotations.
pub fn is_attestation(entry: &Descriptor) -> bool {
    entry.platform.as_ref().is_some_and(|platform| platform.os == "unknown")
}

/// How to walk over an image.
pub struct Walk<'a> {
    /// Which entries of indexes are read at all.
    pub follows: &'a dyn Fn(&Descriptor) -> bool,
    /// Hears of a document that cannot be read; the walk goes on without it unless this gives the error back.
    pub fault: &'a mut dyn FnMut(StoreError, &Descriptor) -> Result<()>,
}

/// Documents in an order in which each comes after those that it names.
#[derive(Debug, Default)]
pub struct ImageGraph {
    documents: Vec<Document>,
    /// What was asked for, also in vain: an index may name one document very often.
    asked: BTreeSet<Digest>,
    bytes: usize,
    /// How long the documents were waited for.
    waited: Duration,
}

impl ImageGraph {
    /// Everything below a source's root.
    ///
    /// # Errors
    /// When a document cannot be read or used.
    pub fn read(source: &dyn ImageSource, root: &Descriptor) -> Result<Self> {
        let mut graph = Self::default();
        graph.add(source, root)?;
        Ok(graph)
    }

    /// What a walk finds below a source's root.
    ///
    /// # Errors
    /// The errors that the walk gives back.
    pub fn walk(source: &dyn ImageSource, root: &Descriptor, mut walk: Walk<'_>) -> Result<Self> {
        let mut graph = Self::default();
        graph.add_below(source, root, 0, &mut walk)?;
        Ok(graph)
    }

    /// Adds a document and everything below it.
    pub(crate) fn add(&mut self, source: &dyn ImageSource, descriptor: &Descriptor) -> Result<()> {
        let mut walk = Walk { follows: &|_| true, fault: &mut |error, _| Err(error) };
        self.add_below(source, descriptor, 0, &mut walk)
    }

    /// Asks a source for something, unless it has taken too long for what was asked before.
    pub(crate) fn in_time<T>(
        &mut self,
        source: &dyn ImageSource,
        ask: impl FnOnce(&dyn ImageSource) -> Result<T>,
    ) -> Result<T> {
        if self.waited > MAX_TIME {
            return Err(StoreError::Overdue {
                what: format!("all documents of {}", source.name()),
                patience: MAX_TIME,
            });
        }
        let begun = Instant::now();
        let answer = ask(source);
        self.waited += begun.elapsed();
        answer
    }

    /// All documents, children before their parents.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The document with a digest.
    pub fn document(&self, digest: &Digest) -> Option<&Document> {
        self.documents.iter().find(|document| document.descriptor.digest == *digest)
    }

    /// The manifests of the image's platforms: all documents except indexes and attestations.
    pub fn manifests(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(|document| !document.is_index() && !document.is_attestation())
    }

    /// The blobs of all documents, each once, large ones first: then the last one to finish is small.
    pub(crate) fn blobs(&self) -> Vec<&Descriptor> {
        let mut all: Vec<&Descriptor> = self.documents.iter().flat_map(Document::blobs).collect();
        all.sort_by_key(|blob| (std::cmp::Reverse(blob.size), blob.digest));
        all.dedup_by_key(|blob| blob.digest);
        all
    }

    /// Adds what is below a document; `indexes` counts those on the way to it.
    fn add_below(
        &mut self,
        source: &dyn ImageSource,
        descriptor: &Descriptor,
        indexes: usize,
        walk: &mut Walk<'_>,
    ) -> Result<()> {
        if !self.asked.insert(descriptor.digest) {
            self.name_again(descriptor);
            return Ok(());
        }
        let document = match self.read_document(source, descriptor, indexes) {
            Ok(document) => document,
            Err(error) => return (walk.fault)(error, descriptor),
        };
        for child in document.children.iter().filter(|child| (walk.follows)(child)) {
            self.add_below(source, child, indexes + 1, walk)?;
        }
        self.documents.push(document);
        Ok(())
    }

    /// Notes that an entry names what was read before: what one calls an attestation may be an image to another.
    fn name_again(&mut self, descriptor: &Descriptor) {
        let known = self.documents.iter_mut().find(|document| document.descriptor.digest == descriptor.digest);
        if let Some(document) = known.filter(|document| document.is_attestation() && !is_attestation(descriptor)) {
            document.descriptor = descriptor.clone();
        }
    }

    fn read_document(&mut self, source: &dyn ImageSource, descriptor: &Descriptor, indexes: usize) -> Result<Document> {
        let what = || format!("document {} of {}", descriptor.digest, source.name());
        if descriptor.size > MAX_MANIFEST {
            return Err(StoreError::TooLarge { what: what(), limit: MAX_MANIFEST });
        }
        // Checked before anything is read: an index can name the same large document very often.
        if self.documents.len() >= MAX_DOCUMENTS || self.bytes > MAX_BYTES {
            return Err(StoreError::TooManyDocuments { what: source.name(), limit: MAX_DOCUMENTS, bytes: MAX_BYTES });
        }
        let bytes = self.in_time(source, |source| source.document(descriptor))?;
        self.bytes += bytes.len();
        let document = Document::parse(descriptor, bytes)?;
        if document.is_index() && indexes >= MAX_DEPTH {
            return Err(StoreError::TooDeep { what: what(), limit: MAX_DEPTH });
        }
        Ok(document)
    }
}

/// Refuses layers that no registry may distribute: only untrusted URLs lead to their bytes.
pub(crate) fn refuse_foreign<'a>(layers: impl IntoIterator<Item = &'a Descriptor>) -> Result<()> {
    let is_foreign = |media_type: &str| media_type.contains(".foreign.") || media_type.contains(".nondistributable.");
    match layers.into_iter().find(|layer| is_foreign(&layer.media_type)) {
        Some(layer) => Err(StoreError::Foreign { digest: layer.digest, media_type: layer.media_type.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use super::*;
    use crate::BlobFile;

    /// Documents by digest; it counts what it is asked for.
    #[derive(Default)]
    struct Counting {
        documents: BTreeMap<Digest, Vec<u8>>,
        asked: Mutex<BTreeMap<Digest, usize>>,
    }

    impl Counting {
        fn add(&mut self, media_type: &str, text: &str) -> Descriptor {
            let descriptor = Descriptor::of(media_type, text.as_bytes());
            self.documents.insert(descriptor.digest, text.as_bytes().to_vec());
            descriptor
        }
    }

    impl ImageSource for Counting {
        fn name(&self) -> String {
            "counting".to_owned()
        }

        fn root(&self) -> Result<Descriptor> {
            unreachable!("tests name the root")
        }

        fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
            *self.asked.lock().unwrap().entry(descriptor.digest).or_default() += 1;
            let document = self.documents.get(&descriptor.digest).cloned();
            document.ok_or_else(|| StoreError::missing(descriptor.digest, "counting"))
        }

        fn blob(&self, _: &Descriptor) -> Result<BlobFile> {
            unreachable!("no test reads blobs")
        }
    }

    fn entry(media_type: &str, digest: Digest, size: u64) -> String {
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    }

    fn index(entries: &str, times: usize) -> String {
        let entries = vec![entries; times].join(",");
        format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{entries}]}}"#, media_type::INDEX)
    }

    fn manifest(layer: &str, times: usize) -> String {
        let (config, layers) = (entry(media_type::CONFIG, Digest::of(b"{}"), 2), vec![layer; times].join(","));
        format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layers}]}}"#)
    }

    #[test]
    fn what_is_named_again_and_again_is_read_once_and_not_without_end() {
        let mut source = Counting::default();
        let good = source.add(media_type::MANIFEST, &manifest("", 0));
        let named = entry(media_type::MANIFEST, good.digest, good.size);
        let gone = entry(media_type::MANIFEST, Digest::of(b"gone"), 4);
        let repeated = source.add(media_type::INDEX, &index(&format!("{named},{gone}"), MAX_ENTRIES / 2));
        let mut faults = 0;
        let fault = &mut |_, _: &Descriptor| {
            faults += 1;
            Ok(())
        };
        let graph = ImageGraph::walk(&source, &repeated, Walk { follows: &|_| true, fault }).unwrap();
        assert_eq!((graph.documents().len(), faults), (2, 1));
        assert!(source.asked.lock().unwrap().values().all(|count| *count == 1));

        let layer = entry(media_type::LAYER_GZIP, Digest::of(b"layer"), 5);
        let documents = [index(&named, MAX_ENTRIES + 1), manifest(&layer, MAX_ENTRIES + 1)];
        for (text, kind) in documents.iter().zip(["entries", "layers"]) {
            let root = source.add(media_type::INDEX, text);
            let error = ImageGraph::read(&source, &root).unwrap_err();
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert_eq!(cause, format!("it names 2001 {kind}, and at most 2000 are read"), "{error}");
        }
    }

    #[test]
    fn documents_of_an_image_have_limits_in_number_bytes_depth_and_time() {
        let mut source = Counting::default();
        let image = source.add(media_type::MANIFEST, &manifest("", 0));
        let read = |graph: &mut ImageGraph, descriptor: &Descriptor| graph.add(&source, descriptor);
        let document = || {
            let (descriptor, bytes) = (image.clone(), Vec::new());
            Document { descriptor, bytes, config: None, layers: Vec::new(), children: Vec::new(), is_index: false }
        };
        for (documents, bytes, expected) in [
            (MAX_DOCUMENTS - 1, 0, true),
            (MAX_DOCUMENTS, 0, false),
            (MAX_DOCUMENTS + 1, 0, false),
            (0, MAX_BYTES, true),
            (0, MAX_BYTES + 1, false),
        ] {
            let documents = std::iter::repeat_with(document).take(documents).collect();
            let mut graph = ImageGraph { documents, bytes, ..ImageGraph::default() };
            let found = read(&mut graph, &image);
            assert_eq!(found.is_ok(), expected, "{bytes} {found:?}");
            assert!(expected || matches!(found, Err(StoreError::TooManyDocuments { .. })));
            let more = if expected { image.size as usize } else { 0 };
            assert_eq!(graph.bytes, bytes + more);
        }
        for (size, expected) in [(MAX_MANIFEST, true), (MAX_MANIFEST + 1, false), (u64::MAX, false)] {
            let found = read(&mut ImageGraph::default(), &Descriptor { size, ..image.clone() });
            assert_eq!(found.is_ok(), expected, "{size}");
        }
        for (waited, expected) in [(Duration::ZERO, true), (MAX_TIME, true), (MAX_TIME * 2, false)] {
            let mut graph = ImageGraph { waited, ..ImageGraph::default() };
            let pause = Duration::from_millis(20);
            let found = graph.in_time(&source, |_| {
                std::thread::sleep(pause);
                Ok(())
            });
            assert_eq!((found.is_ok(), graph.waited >= waited + pause), (expected, expected), "{waited:?}");
        }
    }

    #[test]
    fn indexes_are_followed_to_a_depth() {
        let mut source = Counting::default();
        let mut below = source.add(media_type::MANIFEST, &manifest("", 0));
        for depth in 1..=6 {
            below = source.add(media_type::INDEX, &index(&entry(&below.media_type, below.digest, below.size), 1));
            let found = ImageGraph::read(&source, &below);
            assert_eq!(found.is_ok(), depth <= MAX_DEPTH, "{depth} {found:?}");
            if let Ok(graph) = found {
                assert_eq!(graph.documents().len(), depth + 1);
                assert!(!graph.documents()[0].is_index() && graph.documents()[1..].iter().all(Document::is_index));
                assert_eq!(graph.document(&below.digest).map(|it| it.descriptor.digest), Some(below.digest));
                assert!(graph.document(&Digest::of(b"none")).is_none());
            } else {
                assert!(matches!(found, Err(StoreError::TooDeep { .. })));
            }
        }
    }

    #[test]
    fn blobs_are_named_once_and_large_ones_first() {
        let mut source = Counting::default();
        let layer = |text: &str, size| entry(media_type::LAYER_GZIP, Digest::of(text.as_bytes()), size);
        let layers = [layer("small", 5), layer("large", 500), layer("small", 5), layer("middle", 50)].join(",");
        let root = source.add(media_type::MANIFEST, &manifest(&layers, 1));
        let graph = ImageGraph::read(&source, &root).unwrap();
        let sizes: Vec<u64> = graph.blobs().iter().map(|blob| blob.size).collect();
        assert_eq!(sizes, [500, 50, 5, 2]);
    }

    #[test]
    fn layers_that_may_not_be_distributed_are_refused() {
        let layer = |media_type: &str| Descriptor::of(media_type, b"layer");
        for (media_type, expected) in [
            (media_type::LAYER_GZIP, true),
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", false),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", false),
        ] {
            let layers = [layer(media_type::LAYER_GZIP), layer(media_type)];
            assert_eq!(refuse_foreign(&layers).is_ok(), expected, "{media_type}");
        }
        assert!(refuse_foreign(&[]).is_ok());
    }

    #[test]
    fn an_image_does_not_hide_as_an_attestation() {
        let mut source = Counting::default();
        let image = source.add(media_type::MANIFEST, &manifest("", 0));
        let named = entry(media_type::MANIFEST, image.digest, image.size);
        let with = |more: &str| format!("{},{more}}}", named.trim_end_matches('}'));
        let unknown = with(r#""platform":{"os":"unknown","architecture":"unknown"}"#);
        let own = with(r#""platform":{"os":"linux","architecture":"amd64"}"#);
        let annotated = with(r#""annotations":{"vnd.docker.reference.digest":"x"}"#);
        for (entries, expected) in [
            (unknown.clone(), 0),
            (format!("{unknown},{own}"), 1),
            (format!("{own},{unknown}"), 1),
            (format!("{unknown},{named}"), 1),
            (annotated, 1),
        ] {
            let root = source.add(media_type::INDEX, &index(&entries, 1));
            let graph = ImageGraph::read(&source, &root).unwrap();
            assert_eq!(graph.manifests().count(), expected, "{entries}");
        }
    }

    #[test]
    fn a_document_that_is_not_an_image_is_refused() {
        let config = format!(r#"{{"mediaType":"{}","digest":"{}","size":2}}"#, media_type::CONFIG, Digest::of(b"{}"));
        let (manifest, index) = (media_type::MANIFEST, media_type::INDEX);
        for (text, expected) in [
            (r#"{"mediaType":"x"}"#.to_owned(), false),
            (format!(r#"{{"schemaVersion":2,"config":{config},"layers":[],"manifests":[]}}"#), false),
            (format!(r#"{{"mediaType":"{index}","layers":[{config}],"manifests":[]}}"#), false),
            (format!(r#"{{"schemaVersion":2,"config":{config},"layers":[],"Layers":[]}}"#), false),
            ("{}".to_owned(), false),
            (r#"{"config":null,"layers":[]}"#.to_owned(), false),
            (format!(r#"{{"schemaVersion":2,"mediaType":"{manifest}","layers":[]}}"#), false),
            (format!(r#"{{"schemaVersion":2,"mediaType":"{index}"}}"#), false),
            (format!(r#"{{"schemaVersion":2,"mediaType":"{index}","config":{config}}}"#), false),
            (format!(r#"{{"mediaType":"text/html","config":{config}}}"#), false),
            (format!(r#"{{"schemaVersion":2,"mediaType":"{manifest}","config":{config},"layers":[]}}"#), true),
            (format!(r#"{{"schemaVersion":2,"config":{config}}}"#), true),
            (format!(r#"{{"schemaVersion":2,"mediaType":"{index}","manifests":[]}}"#), true),
            (format!(r#"{{"mediaType":"{ARTIFACT}","blobs":[]}}"#), true),
        ] {
            let descriptor = Descriptor::of(manifest, text.as_bytes());
            let parsed = Document::parse(&descriptor, text.clone().into_bytes());
            assert_eq!(parsed.is_ok(), expected, "{text}");
        }
    }
}
