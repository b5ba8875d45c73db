//! Layouts and archives: written, read back, and kept from harm.

use shipwheel_oci::{ImageConfig, Manifest, Platform, media_type};

use super::*;
use crate::testing::http;
use crate::{Cache, CredentialSources, ErrorKind, NoProgress, PlatformImage, Registry, resolve_archive};
use crate::{write_docker_archive, write_oci_archive};

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

    fn blobs(&self) -> Blobs<'_> {
        Blobs { cache: &self.cache, registry: &self.registry, concurrency: 2, progress: &NoProgress }
    }

    fn image(&self, platform: Platform, layer: &[u8]) -> PlatformImage {
        self.cache.insert_bytes(layer).unwrap();
        let config = ImageConfig::empty(&platform).to_json();
        let layers = vec![Descriptor::of(media_type::LAYER_GZIP, layer)];
        let manifest = Manifest::assemble(Descriptor::of(media_type::CONFIG, &config), layers, &BTreeMap::new());
        PlatformImage { platform, manifest, config, origin: None }
    }

    fn single(&self, layer: &[u8]) -> StoredImage {
        StoredImage::single(self.image(Platform::linux_amd64(), layer))
    }

    fn multi(&self) -> StoredImage {
        let images = vec![self.image(Platform::linux_amd64(), b"x86"), self.image(Platform::linux_arm64(), b"arm")];
        let entry = |image: &PlatformImage| {
            let mut entry = image.manifest.descriptor().clone();
            entry.platform = Some(image.platform.clone());
            entry
        };
        StoredImage::with_index(Index::assemble(images.iter().map(entry).collect(), &BTreeMap::new()), images)
    }

    fn write(&self, name: &str, image: &StoredImage) -> Result<Layout> {
        let layout = Layout::create(&self.path(name))?;
        layout.write_image(image, Some(&"registry.example/app:1".parse().unwrap()), &self.blobs())?;
        Ok(layout)
    }

    fn other_cache(&self) -> Cache {
        Cache::open(&self.path("other-cache")).unwrap()
    }
}

fn blob_count(path: &Path) -> usize {
    fs::read_dir(path.join("blobs/sha256")).unwrap().count()
}

#[test]
fn what_is_written_reads_back_for_every_platform() {
    let setup = Setup::new();
    let image = setup.multi();
    let layout = setup.write("layout", &image).unwrap();
    let archive = setup.path("image.tar");
    write_oci_archive(&archive, &image, Some(&"registry.example/app:1".parse().unwrap()), &setup.blobs()).unwrap();
    for expected in image.images() {
        let cache = setup.other_cache();
        for tag in [None, Some("1")] {
            let from_layout = layout.resolve(tag, &expected.platform, &cache).unwrap();
            let from_archive = resolve_archive(&archive, tag, &expected.platform, &cache).unwrap();
            for found in [from_layout, from_archive] {
                assert_eq!(found.manifest.raw(), expected.manifest.raw());
                assert_eq!(found.config, expected.config);
                assert!(found.manifest.layers().iter().all(|layer| cache.has(layer)));
            }
        }
        assert!(layout.resolve(Some("2"), &expected.platform, &cache).is_err());
    }
}

#[test]
fn one_platform_stands_in_the_index_itself() {
    let setup = Setup::new();
    let image = setup.single(b"layer");
    let index = setup.write("layout", &image).unwrap().index().unwrap();
    assert_eq!(index.entries().len(), 1);
    assert_eq!(index.entries()[0].digest, image.images()[0].manifest.descriptor().digest);
    assert_eq!(index.entries()[0].platform, Some(Platform::linux_amd64()));
}

#[test]
fn an_image_replaces_the_one_before_and_leaves_none_of_its_blobs() {
    let setup = Setup::new();
    let layout = setup.write("layout", &setup.multi()).unwrap();
    fs::write(layout.path().join(".shipwheel-left"), b"by a kill").unwrap();
    assert_eq!(blob_count(layout.path()), 7);
    setup.write("layout", &setup.single(b"x86")).unwrap();
    assert_eq!(blob_count(layout.path()), 3);
    assert!(!layout.path().join(".shipwheel-left").exists());
    fs::remove_file(layout.path().join("index.json")).unwrap();
    setup.write("layout", &setup.single(b"x86")).unwrap();
}

#[test]
fn folders_of_others_are_left_alone() {
    let setup = Setup::new();
    fs::create_dir(setup.path("home")).unwrap();
    fs::write(setup.path("home").join("thesis.txt"), b"").unwrap();
    let foreign = setup.write("foreign", &setup.single(b"layer")).unwrap();
    let text = fs::read_to_string(foreign.path().join("index.json")).unwrap().replace(OWN.0, "other.tool");
    fs::write(foreign.path().join("index.json"), text).unwrap();
    for name in ["home", "foreign"] {
        let error = setup.write(name, &setup.single(b"layer")).unwrap_err();
        assert!(matches!(error, StoreError::Occupied { .. }) && error.kind() == ErrorKind::Output, "{error}");
    }
    fs::write(setup.path("file"), b"").unwrap();
    assert_eq!(setup.write("file", &setup.single(b"layer")).unwrap_err().kind(), ErrorKind::Output);
}

#[test]
fn a_blob_that_was_changed_is_not_taken() {
    let setup = Setup::new();
    let image = setup.single(b"layer");
    let layout = setup.write("layout", &image).unwrap();
    for digest in [image.root().digest, image.images()[0].manifest.config().digest, Digest::of(b"layer")] {
        let path = layout.blob_path(&digest);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[0] ^= 1;
        for bad in [bad, good[1..].to_vec(), [&good[..], b"more"].concat()] {
            fs::write(&path, &bad).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::open(folder.path()).unwrap();
            let error = layout.resolve(None, &Platform::linux_amd64(), &cache).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
        }
        fs::remove_file(&path).unwrap();
        let error = layout.resolve(None, &Platform::linux_amd64(), &setup.other_cache()).unwrap_err();
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        fs::write(&path, &good).unwrap();
    }
}

#[test]
fn layouts_without_platforms_are_read_by_their_configs() {
    let setup = Setup::new();
    let layout = setup.write("layout", &setup.single(b"layer")).unwrap();
    let mut entries = layout.index().unwrap().entries().to_vec();
    entries[0].platform = None;
    fs::write(layout.path().join("index.json"), Index::assemble(entries, &BTreeMap::new()).raw()).unwrap();
    fs::remove_file(layout.path().join("oci-layout")).unwrap();
    let cache = setup.other_cache();
    layout.resolve(None, &Platform::linux_amd64(), &cache).unwrap();
    let error = layout.resolve(None, &Platform::linux_arm64(), &cache).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("found linux/amd64"), "{cause}");
}

#[test]
fn an_archive_is_the_same_bytes_wherever_it_is_made() {
    let setup = Setup::new();
    let image = setup.single(b"layer");
    let name = "registry.example/app:1".parse().unwrap();
    for file in ["a", "b"] {
        write_oci_archive(&setup.path(&format!("{file}.oci")), &image, Some(&name), &setup.blobs()).unwrap();
        let path = setup.path(&format!("{file}.docker"));
        write_docker_archive(&path, &image.images()[0], Some(&name), &setup.blobs()).unwrap();
    }
    for kind in ["oci", "docker"] {
        let [a, b] = ["a", "b"].map(|file| fs::read(setup.path(&format!("{file}.{kind}"))).unwrap());
        assert!(a == b, "{kind}");
        let mut archive = tar::Archive::new(&a[..]);
        let headers: Vec<_> = archive.entries().unwrap().map(|entry| entry.unwrap().header().clone()).collect();
        assert!(headers.iter().all(|header| header.mtime().unwrap() == 0 && header.uid().unwrap() == 0), "{kind}");
    }
}

#[test]
fn a_docker_archive_names_its_parts() {
    let setup = Setup::new();
    let path = setup.path("image.tar");
    let image = setup.image(Platform::linux_amd64(), b"layer");
    write_docker_archive(&path, &image, Some(&"registry.example/app:1".parse().unwrap()), &setup.blobs()).unwrap();
    let bytes = fs::read(path).unwrap();
    let mut archive = tar::Archive::new(&bytes[..]);
    let mut entries = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        io::Read::read_to_end(&mut entry, &mut content).unwrap();
        entries.insert(entry.path().unwrap().display().to_string(), content);
    }
    let manifest: serde_json::Value = serde_json::from_slice(&entries["manifest.json"]).unwrap();
    assert_eq!(manifest[0]["RepoTags"][0], "registry.example/app:1");
    assert_eq!(entries[manifest[0]["Config"].as_str().unwrap()], image.config);
    assert_eq!(entries[manifest[0]["Layers"][0].as_str().unwrap()], b"layer");
}

#[test]
fn hostile_archives_are_errors_and_write_nothing_outside() {
    let setup = Setup::new();
    let entry = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        [header.as_bytes(), bytes, &vec![0; (512 - bytes.len() % 512) % 512][..]].concat()
    };
    let wrong = format!("blobs/sha256/{}", Digest::of(b"right").hex());
    for archive in [
        b"no tar".to_vec(),
        Vec::new(),
        entry("../outside", b"x"),
        entry("blobs/sha256/../../../outside", b"x"),
        entry("index.json", b"{"),
        [entry("index.json", br#"{"schemaVersion":2,"manifests":[]}"#), entry(&wrong, b"wrong")].concat(),
    ] {
        let path = setup.path("hostile.tar");
        fs::write(&path, archive).unwrap();
        assert!(resolve_archive(&path, None, &Platform::linux_amd64(), &setup.other_cache()).is_err());
    }
    assert!(!setup.path("outside").exists() && !setup.path("other-cache/outside").exists());
    assert_eq!(blob_count(setup.other_cache().root()), 0);
}
