//! One contract for all media: what is copied to one comes back from it, byte for byte.

use std::path::{Path, PathBuf};

use serde_json::json;
use shipwheel_oci::{Index, canonical_value, media_type};

use super::*;
use crate::archive::{ArchiveDestination, ArchiveSource};
use crate::auth::CredentialSources;
use crate::layout::{LayoutDestination, LayoutSource};
use crate::registry::RegistryDestination;
use crate::testing::{MemoryRegistry, http};
use crate::{BlobFile, Cache, NoProgress, Registry, RegistrySource};

const OPTIONS: CopyOptions = CopyOptions { concurrency: 3, referrers: true };

/// A medium, made new for each use of the contract.
enum Kind {
    Registry(MemoryRegistry),
    Layout(PathBuf),
    Archive(PathBuf),
}

struct Setup {
    folder: tempfile::TempDir,
    cache: Cache,
    registry: Registry,
}

impl Setup {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        Self { folder, cache, registry: Registry::new(http(), CredentialSources::none()) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![
            Kind::Registry(MemoryRegistry::start(true)),
            Kind::Registry(MemoryRegistry::start(false)),
            Kind::Layout(self.path("layout")),
            Kind::Archive(self.path("archive.tar")),
        ]
    }

    fn write(&self, kind: &Kind, source: &dyn ImageSource) -> Result<PushReport> {
        let name: Reference = "registry.example/app:1".parse().unwrap();
        let destination: Box<dyn Destination + '_> = match kind {
            Kind::Registry(server) => {
                let target = format!("{}/app:1", server.address()).parse().unwrap();
                Box::new(RegistryDestination::of(&self.registry, &[target], &self.cache, &NoProgress).remove(0))
            }
            Kind::Layout(path) => Box::new(LayoutDestination::create(path, Some(&name))?),
            Kind::Archive(path) => Box::new(ArchiveDestination::new(path, Some(&name))),
        };
        copy_image(source, &[&*destination], OPTIONS).map(|reports| PushReport::sum(&reports))
    }

    fn read<'a>(&'a self, kind: &Kind, cache: &'a Cache) -> Result<Box<dyn ImageSource + 'a>> {
        Ok(match kind {
            Kind::Registry(server) => {
                let reference = format!("{}/app:1", server.address()).parse().unwrap();
                Box::new(RegistrySource::new(&self.registry, reference, cache, &NoProgress))
            }
            Kind::Layout(path) => Box::new(LayoutSource::open(path, Some("1"))?),
            Kind::Archive(path) => Box::new(ArchiveSource::open(path, Some("1"))?),
        })
    }
}

/// An image held in memory: two platforms that share a layer, and an SBOM that is signed in its turn.
struct Sample {
    folder: tempfile::TempDir,
    root: Descriptor,
    content: BTreeMap<Digest, Vec<u8>>,
    referrers: BTreeMap<Digest, Vec<Referrer>>,
    beside: BTreeMap<String, Descriptor>,
}

impl Sample {
    fn new() -> Self {
        let mut sample = Self {
            folder: tempfile::tempdir().unwrap(),
            root: Descriptor::of("", b""),
            content: BTreeMap::new(),
            referrers: BTreeMap::new(),
            beside: BTreeMap::new(),
        };
        let amd64 = sample.manifest("amd64", None);
        let arm64 = sample.manifest("arm64", None);
        // Unusual on purpose: spaces, keys in no order, a key nobody knows. It must come back so.
        let index = format!(
            r#"{{ "schemaVersion": 2, "x-odd":[1.0],"mediaType": "{}", "manifests":[{amd64}, {arm64}] }}"#,
            media_type::INDEX
        );
        sample.root = sample.add(media_type::INDEX, index.as_bytes());
        let sbom = sample.refer(sample.root.clone(), "sbom");
        sample.refer(sbom, "signature");
        sample.sign(&["ours"]);
        sample
    }

    fn add(&mut self, media_type: &str, bytes: &[u8]) -> Descriptor {
        let descriptor = Descriptor::of(media_type, bytes);
        self.content.insert(descriptor.digest, bytes.to_vec());
        descriptor
    }

    fn manifest(&mut self, name: &str, subject: Option<&Descriptor>) -> serde_json::Value {
        let config = self.add(media_type::CONFIG, format!(r#"{{"architecture":"{name}","os":"linux"}}"#).as_bytes());
        let layers = [self.add(media_type::LAYER_GZIP, b"shared"), self.add(media_type::LAYER_GZIP, name.as_bytes())];
        let mut manifest = json!({ "layers": layers, "config": config, "schemaVersion": 2,
            "mediaType": media_type::MANIFEST });
        if let Some(subject) = subject {
            manifest["subject"] = json!(subject);
        }
        let descriptor = self.add(media_type::MANIFEST, &serde_json::to_vec_pretty(&manifest).unwrap());
        json!(descriptor)
    }

    /// Puts signatures under the tag that cosign has for them.
    fn sign(&mut self, by: &[&str]) {
        let config = self.add(media_type::CONFIG, b"{}");
        let layers = by.iter().map(|by| self.add("application/x-signature", by.as_bytes())).collect::<Vec<_>>();
        let manifest = json!({ "schemaVersion": 2, "mediaType": media_type::MANIFEST, "config": config,
            "layers": layers });
        let signatures = self.add(media_type::MANIFEST, &canonical_value(manifest));
        self.beside.insert(format!("sha256-{}.sig", self.root.digest.hex()), signatures);
    }

    fn refer(&mut self, subject: Descriptor, name: &str) -> Descriptor {
        let mut entry = self.manifest(name, Some(&subject));
        entry["artifactType"] = json!(format!("application/x-{name}"));
        let referrer = Referrer::from_entry(entry).unwrap();
        let descriptor = referrer.descriptor.clone();
        self.referrers.entry(subject.digest).or_default().push(referrer);
        descriptor
    }
}

impl ImageSource for Sample {
    fn name(&self) -> String {
        "the sample".to_owned()
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(self.root.clone())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        Ok(self.content[&descriptor.digest].clone())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        let path = self.folder.path().join(descriptor.digest.hex());
        std::fs::write(&path, &self.content[&descriptor.digest]).unwrap();
        Ok(BlobFile::whole(path))
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        Ok(self.referrers.get(subject).cloned().unwrap_or_default())
    }

    fn beside(&self, tag: &str) -> Result<Option<Descriptor>> {
        Ok(self.beside.get(tag).cloned())
    }
}

/// Everything that hangs on a source's root: document bytes and blob bytes by digest, who refers to whom, and tags.
type Content = (Digest, BTreeMap<Digest, Vec<u8>>, Vec<(Digest, Digest)>, Vec<(String, Digest)>);

fn content(source: &dyn ImageSource) -> Content {
    let image = WholeImage::read(source, &[], OPTIONS).unwrap();
    let mut all = BTreeMap::new();
    for document in image.graph.documents() {
        all.insert(document.descriptor.digest, document.bytes.clone());
    }
    for blob in image.graph.blobs() {
        let file = source.blob(blob).unwrap();
        let bytes = std::fs::read(&file.path).unwrap();
        let bytes = bytes[file.offset as usize..][..blob.size as usize].to_vec();
        assert_eq!(Digest::of(&bytes), blob.digest);
        all.insert(blob.digest, bytes);
    }
    let referrers = image.referrers.iter().map(|(subject, referrer)| (*subject, referrer.descriptor.digest)).collect();
    (image.root.digest, all, referrers, image.beside)
}

#[test]
fn an_image_comes_back_from_every_medium_with_its_referrers() {
    let (setup, sample) = (Setup::new(), Sample::new());
    let expected = content(&sample);
    assert_eq!((expected.2.len(), expected.3.len()), (2, 1), "an SBOM and its signature, and cosign's");
    for (number, kind) in setup.kinds().iter().enumerate() {
        let report = setup.write(kind, &sample).unwrap();
        assert_eq!((report.documents, report.skipped), (6, 0), "kind {number}");
        let cache = Cache::open(&setup.path(&format!("other-cache-{number}"))).unwrap();
        assert!(content(&*setup.read(kind, &cache).unwrap()) == expected, "kind {number}");
    }
}

#[test]
fn what_tags_have_beside_an_image_is_never_lost_at_a_registry() {
    let setup = Setup::new();
    let signed = |by: &[&str]| {
        let mut sample = Sample::new();
        sample.sign(by);
        sample
    };
    let tag = signed(&[]).beside.into_keys().next().unwrap();
    for has_referrers in [true, false] {
        let kind = Kind::Registry(MemoryRegistry::start(has_referrers));
        let Kind::Registry(server) = &kind else { unreachable!() };
        let there = || server.contents().tagged("app", &tag).unwrap();
        let (one, two) = (signed(&["ours"]), signed(&["ours", "theirs"]));
        setup.write(&kind, &one).unwrap();
        assert_eq!(there(), one.beside[&tag].digest);
        setup.write(&kind, &two).unwrap();
        assert_eq!(there(), two.beside[&tag].digest, "what is there is among what comes");
        setup.write(&kind, &one).unwrap();
        assert_eq!(there(), two.beside[&tag].digest, "there is more than comes");
        let error = setup.write(&kind, &signed(&["strangers"])).unwrap_err();
        assert!(matches!(&error, StoreError::OtherBeside { what } if what.ends_with(&tag)), "{error}");
        assert_eq!(there(), two.beside[&tag].digest);
    }
}

#[test]
fn a_docker_archive_has_the_image_and_nothing_that_refers_to_it() {
    let (setup, mut sample) = (Setup::new(), Sample::new());
    let manifest: Descriptor = serde_json::from_value(sample.manifest("amd64", None)).unwrap();
    sample.root = manifest.clone();
    sample.refer(manifest, "sbom");
    sample.sign(&["ours"]);
    let path = setup.path("docker.tar");
    let destination = crate::archive::DockerArchiveDestination::new(&path, None);
    copy_image(&sample, &[&destination], OPTIONS).unwrap();
    let members = crate::archive::Members::open(&path).unwrap();
    let has = |layer: &[u8]| members.has(&format!("{}.tar", Digest::of(layer).hex()));
    assert!(members.has("manifest.json") && has(b"shared") && has(b"amd64"));
    assert!(!has(b"sbom") && !has(b"ours"));
}

#[test]
fn a_layout_with_signatures_beside_one_image_has_one_image() {
    let (setup, sample) = (Setup::new(), Sample::new());
    setup.write(&Kind::Layout(setup.path("layout")), &sample).unwrap();
    let source = LayoutSource::open(&setup.path("layout"), None).unwrap();
    assert_eq!(source.root().unwrap().digest, sample.root.digest);
    let Err(error) = LayoutSource::open(&setup.path("layout"), Some("2")) else { panic!("there is no such tag") };
    assert!(matches!(&error, StoreError::NoTag { tags, .. } if tags == &["1"]), "{error}");
}

#[test]
fn every_medium_is_a_source_for_every_other() {
    let (setup, sample) = (Setup::new(), Sample::new());
    let expected = content(&sample);
    for (number, from) in setup.kinds().iter().enumerate() {
        setup.write(from, &sample).unwrap();
        let others = Setup::new();
        for (other, to) in others.kinds().iter().enumerate() {
            let source = setup.read(from, &setup.cache).unwrap();
            others.write(to, &*source).unwrap();
            assert!(content(&*others.read(to, &others.cache).unwrap()) == expected, "from {number} to {other}");
        }
    }
}

#[test]
fn a_second_copy_moves_no_bytes_to_a_layout_or_a_registry() {
    let (setup, sample) = (Setup::new(), Sample::new());
    for kind in setup.kinds().iter().take(3) {
        let first = setup.write(kind, &sample).unwrap();
        let before = if let Kind::Registry(server) = kind { server.lines().len() } else { 0 };
        let second = setup.write(kind, &sample).unwrap();
        assert_eq!((second.sent, second.skipped), (0, first.sent));
        if let Kind::Registry(server) = kind {
            let lines = server.lines().split_off(before);
            assert!(
                lines
                    .iter()
                    .all(|line| line.starts_with("HEAD") || line.contains("/referrers/") || line.contains("sha256-")),
                "{lines:#?}"
            );
            assert_eq!(lines.iter().filter(|line| line.contains("/blobs/")).count(), 0, "{lines:#?}");
        }
    }
}

#[test]
fn an_index_without_its_manifests_is_completed() {
    let (setup, sample) = (Setup::new(), Sample::new());
    let kind = Kind::Registry(MemoryRegistry::start(true));
    setup.write(&kind, &sample).unwrap();
    let Kind::Registry(server) = &kind else { unreachable!() };
    let index = Index::parse(sample.content[&sample.root.digest].clone()).unwrap();
    let lost = index.entries()[1].digest;
    server.contents().remove_manifest(&lost.to_string());
    assert_eq!(setup.write(&kind, &sample).unwrap().documents, 1);
    assert!(server.contents().has_manifest(&lost.to_string()));
}

#[test]
fn a_survey_says_what_a_copy_does_and_changes_nothing() {
    let (setup, sample) = (Setup::new(), Sample::new());
    let server = MemoryRegistry::start(true);
    let target: Reference = format!("{}/app:1", server.address()).parse().unwrap();
    let survey = || {
        let destinations =
            RegistryDestination::of(&setup.registry, std::slice::from_ref(&target), &setup.cache, &NoProgress);
        survey_image(&sample, &[&destinations[0]], OPTIONS).unwrap().remove(0)
    };
    let promised = survey();
    assert!(server.lines().iter().all(|line| line.starts_with("HEAD")), "{:?}", server.lines());
    let kind = Kind::Registry(server);
    let done = setup.write(&kind, &sample).unwrap();
    assert_eq!(promised, done);
    assert_eq!(survey(), PushReport { skipped: done.sent, ..PushReport::default() });
}

#[test]
fn sizes_that_no_disk_holds_are_summed_up_without_an_overflow() {
    let setup = Setup::new();
    let layer = |name: &[u8]| Descriptor::new(media_type::LAYER_GZIP, Digest::of(name), u64::MAX);
    let config = Descriptor::of(media_type::CONFIG, b"{}");
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer(b"one"), layer(b"two")] });
    let mut sample = Sample::new();
    sample.root = sample.add(media_type::MANIFEST, &canonical_value(manifest));
    let server = MemoryRegistry::start(true);
    let target: Reference = format!("{}/app:1", server.address()).parse().unwrap();
    let survey = || {
        let targets = std::slice::from_ref(&target);
        let destinations = RegistryDestination::of(&setup.registry, targets, &setup.cache, &NoProgress);
        let report = survey_image(&sample, &[&destinations[0]], OPTIONS).unwrap().remove(0);
        (report.sent, report.skipped, PushReport::sum(&[report, report]).sent)
    };
    assert_eq!(survey(), (u64::MAX, 0, u64::MAX));
    let bytes = sample.content[&sample.root.digest].clone();
    server.contents().add_manifest("app", &sample.root.digest.to_string(), media_type::MANIFEST, &bytes);
    assert_eq!(survey(), (0, u64::MAX, 0), "it is there");
}

#[test]
fn inside_one_registry_blobs_are_mounted_and_tags_move_last() {
    let (setup, sample) = (Setup::new(), Sample::new());
    let server = MemoryRegistry::start(true);
    let targets: Vec<Reference> =
        ["a:1", "b:1", "a:2"].map(|name| format!("{}/{name}", server.address()).parse().unwrap()).into();
    let destinations = RegistryDestination::of(&setup.registry, &targets, &setup.cache, &NoProgress);
    let destinations: Vec<&dyn Destination> = destinations.iter().map(|d| d as &dyn Destination).collect();
    let reports = copy_image(&sample, &destinations, OPTIONS).unwrap();
    assert_eq!(reports.len(), 2, "one repository was named twice");
    assert_eq!((reports[1].sent, reports[1].mounted), (0, reports[0].sent));
    let lines = server.lines();
    let tags: Vec<&str> = lines[lines.len() - 3..].iter().map(|line| line.rsplit('/').next().unwrap()).collect();
    assert_eq!(tags, ["1", "2", "1"], "{lines:#?}");
}

#[test]
fn a_target_pinned_to_another_digest_takes_nothing() {
    let (setup, sample) = (Setup::new(), Sample::new());
    let server = MemoryRegistry::start(true);
    let target = |digest| format!("{}/app@{digest}", server.address()).parse::<Reference>().unwrap();
    let push = |target: Reference| {
        let destinations = RegistryDestination::of(&setup.registry, &[target], &setup.cache, &NoProgress);
        copy_image(&sample, &[&destinations[0]], OPTIONS)
    };
    assert!(matches!(push(target(Digest::of(b"other"))), Err(StoreError::Digest { .. })));
    assert_eq!(server.lines(), Vec::<String>::new());
    push(target(sample.root.digest)).unwrap();
    assert!(server.contents().has_manifest(&sample.root.digest.to_string()));
}

fn layout_with(folder: &Path, sample: &Sample) {
    let setup = Setup::new();
    setup.write(&Kind::Layout(folder.to_owned()), sample).unwrap();
}

#[test]
fn a_layout_whose_blob_was_changed_is_never_published() {
    let (setup, sample) = (Setup::new(), Sample::new());
    let folder = setup.path("broken");
    layout_with(&folder, &sample);
    let shared = Digest::of(b"shared");
    std::fs::write(folder.join("blobs/sha256").join(shared.hex()), b"sharex").unwrap();
    for kind in setup.kinds() {
        let error = setup.write(&kind, &LayoutSource::open(&folder, None).unwrap()).unwrap_err();
        assert!(matches!(error, StoreError::Digest { .. }), "{error:?}");
        match &kind {
            Kind::Registry(server) => assert!(!server.contents().has_manifest("1")),
            Kind::Layout(path) => assert!(!path.join("index.json").exists()),
            Kind::Archive(path) => assert!(!path.exists()),
        }
    }
}

#[test]
fn foreign_layers_and_endlessly_nested_indexes_are_refused() {
    let setup = Setup::new();
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let layer = Descriptor::of(foreign, b"windows");
    let manifest =
        json!({ "schemaVersion": 2, "config": Descriptor::of(media_type::CONFIG, b"{}"), "layers": [layer] });
    let deep = (0..6).fold(json!({ "schemaVersion": 2, "manifests": [] }), |inner, _| {
        let bytes = canonical_value(inner);
        std::fs::write(setup.path("x"), &bytes).unwrap();
        json!({ "schemaVersion": 2, "manifests": [Descriptor::of(media_type::INDEX, &bytes)] })
    });
    for (document, media_type, expected) in [
        (manifest, media_type::MANIFEST, "not distributable"),
        (deep, media_type::INDEX, "nests indexes more than 4 deep"),
    ] {
        let mut sample = Sample::new();
        // All inner documents are the same to a source that gives what it is asked for.
        let bytes = canonical_value(document);
        sample.root = sample.add(media_type, &bytes);
        let nested = Nested(sample, bytes);
        let error = setup.write(&Kind::Layout(setup.path("out")), &nested).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// Gives the root's bytes for any document that it does not know.
struct Nested(Sample, Vec<u8>);

impl ImageSource for Nested {
    fn name(&self) -> String {
        "the nested sample".to_owned()
    }

    fn root(&self) -> Result<Descriptor> {
        self.0.root()
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        if self.0.content.contains_key(&descriptor.digest) {
            return self.0.document(descriptor);
        }
        // Another digest each time, so that nothing was seen before.
        let inner = Descriptor::of(media_type::INDEX, descriptor.digest.hex().as_bytes());
        Ok(canonical_value(json!({ "schemaVersion": 2, "manifests": [inner], "was": self.1.len() })))
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        self.0.blob(descriptor)
    }
}
