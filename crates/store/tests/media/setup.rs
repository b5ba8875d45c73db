//! Small images, and every medium that they can be in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use shipwheel_loopback::MemoryRegistry;
use shipwheel_oci::{Descriptor, ImageConfig, Index, Manifest, Platform, Reference, media_type};
use shipwheel_store::archive::{ArchiveDestination, DockerArchiveDestination};
use shipwheel_store::auth::CredentialSources;
use shipwheel_store::http::{Http, HttpOptions};
use shipwheel_store::image::PushReport;
use shipwheel_store::layout::LayoutDestination;
use shipwheel_store::registry::RegistryDestination;
use shipwheel_store::{
    Cache, CopyOptions, Destination, ImageSource, LocalImage, NoProgress, PlatformImage, Registry, RegistrySource,
    StoreError, StoredImage, StoredSource, copy_image,
};

pub(crate) const OPTIONS: CopyOptions = CopyOptions { concurrency: 2, referrers: false };

/// A medium; the names are those of the command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Medium {
    Registry,
    Layout,
    OciArchive,
    DockerArchive,
}

pub(crate) const ALL: [Medium; 4] = [Medium::Registry, Medium::Layout, Medium::OciArchive, Medium::DockerArchive];

pub(crate) struct Setup {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) cache: Cache,
    pub(crate) registry: Registry,
    pub(crate) server: MemoryRegistry,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let options = HttpOptions { retry_delay: Duration::from_millis(5), ..HttpOptions::default() };
        let registry = Registry::new(Http::new(options).unwrap(), CredentialSources::none());
        Self { folder, cache, registry, server: MemoryRegistry::start(true) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn other_cache(&self) -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        (folder, cache)
    }

    /// An image whose one layer is in the cache.
    pub(crate) fn platform_image(&self, platform: Platform, layer: &[u8]) -> PlatformImage {
        self.cache.insert_bytes(layer).unwrap();
        let mut config = ImageConfig::empty(&platform);
        config.push_layer(shipwheel_oci::DiffId::of(layer), "1970-01-01T00:00:00Z", "the test");
        let config = config.to_json();
        let layers = vec![Descriptor::of(media_type::LAYER, layer)];
        let manifest = Manifest::assemble(Descriptor::of(media_type::CONFIG, &config), layers, &BTreeMap::new());
        PlatformImage { platform, manifest, config, origin: None }
    }

    pub(crate) fn single(&self, layer: &[u8]) -> StoredImage {
        StoredImage::single(self.platform_image(Platform::linux_amd64(), layer))
    }

    pub(crate) fn multi(&self) -> StoredImage {
        let (amd64, arm64) = (Platform::linux_amd64(), Platform::linux_arm64());
        let images = vec![self.platform_image(amd64, b"x86"), self.platform_image(arm64, b"arm")];
        StoredImage::with_index(Index::assemble(images.iter().map(entry).collect(), &BTreeMap::new()), images)
    }

    /// An image of one platform with this many indexes on the way to its manifest.
    pub(crate) fn nested(&self, indexes: usize) -> StoredImage {
        let image = self.platform_image(Platform::linux_amd64(), b"deep");
        let mut all: Vec<Index> = Vec::new();
        for _ in 0..indexes {
            let below = all.last().map_or_else(|| entry(&image), |index| index.descriptor().clone());
            all.push(Index::assemble(vec![below], &BTreeMap::new()));
        }
        StoredImage::with_indexes(all, vec![image]).unwrap()
    }

    pub(crate) fn source<'a>(&'a self, image: &'a StoredImage) -> StoredSource<'a> {
        StoredSource::new(image, &self.cache, &self.registry, &NoProgress).unwrap()
    }

    fn target(&self, name: &str) -> Reference {
        format!("{}/{name}:1", self.server.address()).parse().unwrap()
    }

    /// Writes an image to a medium under `registry.example/app:1`, as a file or a folder of this name.
    pub(crate) fn write(&self, source: &dyn ImageSource, medium: Medium, name: &str) -> Result<PushReport, StoreError> {
        let reference: Reference = "registry.example/app:1".parse().unwrap();
        let path = self.path(name);
        let destination: Box<dyn Destination + '_> = match medium {
            Medium::Registry => {
                let target = [self.target(name)];
                Box::new(RegistryDestination::of(&self.registry, &target, &self.cache, &NoProgress).remove(0))
            }
            Medium::Layout => Box::new(LayoutDestination::create(&path, Some(&reference))?),
            Medium::OciArchive => Box::new(ArchiveDestination::new(&path, Some(&reference))),
            Medium::DockerArchive => Box::new(DockerArchiveDestination::new(&path, Some(&reference))),
        };
        Ok(PushReport::sum(&copy_image(source, &[&*destination], OPTIONS)?))
    }

    /// The source of what [`write`](Self::write) wrote.
    pub(crate) fn open<'a>(
        &'a self,
        medium: Medium,
        name: &str,
        tag: Option<&str>,
        cache: &'a Cache,
    ) -> Result<Box<dyn ImageSource + 'a>, StoreError> {
        if medium == Medium::Registry {
            return Ok(Box::new(RegistrySource::new(&self.registry, self.target(name), cache, &NoProgress)));
        }
        local(&self.path(name), tag)
    }
}

/// A layout or an archive, opened as the command line and image.toml do.
pub(crate) fn local(path: &Path, tag: Option<&str>) -> Result<Box<dyn ImageSource>, StoreError> {
    let tag = tag.map_or_else(String::new, |tag| format!(":{tag}"));
    format!("{}{tag}", path.display()).parse::<LocalImage>().unwrap().open()
}

pub(crate) fn entry(image: &PlatformImage) -> Descriptor {
    let mut entry = image.manifest.descriptor().clone();
    entry.platform = Some(image.platform.clone());
    entry
}

pub(crate) fn index_json(layout: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap()
}

pub(crate) fn blob_path(layout: &Path, digest: &shipwheel_oci::Digest) -> PathBuf {
    layout.join("blobs/sha256").join(digest.hex())
}

pub(crate) fn blob_count(layout: &Path) -> usize {
    std::fs::read_dir(layout.join("blobs/sha256")).unwrap().count()
}

/// The files of a tar by name.
pub(crate) fn members(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = std::fs::read(archive).unwrap();
    let mut members = BTreeMap::new();
    for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        members.insert(entry.path().unwrap().display().to_string(), content);
    }
    members
}

/// A tar of these files.
pub(crate) fn tar_of(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with('/')) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}
