//! `verify`, `startup` and a base agree on an image, whatever medium it is in.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops loudly"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use shipwheel_builder::{
    BuildError, ImageError, Report, Sandbox, StartupOptions, VerifyOptions, VerifyReport, startup, verify,
};
use shipwheel_loopback::MemoryRegistry;
use shipwheel_oci::{Descriptor, DiffId, Digest, ImageConfig, Index, Manifest, Platform, media_type};
use shipwheel_store::auth::CredentialSources;
use shipwheel_store::http::{Http, HttpOptions};
use shipwheel_store::{
    Cache, ErrorKind, ImageSource, LocalImage, NoProgress, PlatformImage, Registry, RegistrySource, StoreError,
};

struct Silent;

impl Report for Silent {
    fn step(&self, _: &str) {}

    fn warning(&self, _: &str) {}
}

/// What is wrong with the image.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Other bytes under the manifest's digest.
    OtherManifest,
    /// The config is not there.
    NoConfig,
    /// The config is not one.
    BrokenConfig,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Medium {
    Registry,
    Layout,
    OciArchive,
    DockerArchive,
}

const MEDIA: [Medium; 4] = [Medium::Registry, Medium::Layout, Medium::OciArchive, Medium::DockerArchive];

/// An image of one platform, in parts, with a fault.
struct Parts {
    index: Index,
    manifest: Manifest,
    manifest_bytes: Vec<u8>,
    config: Option<Vec<u8>>,
    layer: Vec<u8>,
}

fn parts(platform: &Platform, fault: Fault) -> Parts {
    let layer = vec![0; 1024];
    let mut config = ImageConfig::empty(platform);
    config.push_layer(DiffId::of(&layer), "1970-01-01T00:00:00Z", "the test");
    let config = if fault == Fault::BrokenConfig { b"[]".to_vec() } else { config.to_json() };
    let layers = vec![Descriptor::of(media_type::LAYER, &layer)];
    let manifest = Manifest::assemble(Descriptor::of(media_type::CONFIG, &config), layers, &BTreeMap::new());
    let mut entry = manifest.descriptor().clone();
    entry.platform = Some(platform.clone());
    let index = Index::assemble(vec![entry], &BTreeMap::new());
    let mut manifest_bytes = manifest.raw().to_vec();
    if fault == Fault::OtherManifest {
        manifest_bytes[0] ^= 1;
    }
    let config = (fault != Fault::NoConfig).then_some(config);
    Parts { index, manifest, manifest_bytes, config, layer }
}

impl Parts {
    fn layout_files(&self) -> Vec<(String, Vec<u8>)> {
        let path = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
        let mut files = vec![
            ("index.json".to_owned(), self.index.raw().to_vec()),
            (path(&self.manifest.descriptor().digest), self.manifest_bytes.clone()),
            (path(&Digest::of(&self.layer)), self.layer.clone()),
        ];
        files.extend(self.config.clone().map(|config| (path(&self.manifest.config().digest), config)));
        files
    }

    fn docker_files(&self) -> Vec<(String, Vec<u8>)> {
        let manifest = br#"[{"Config":"config.json","RepoTags":null,"Layers":["layer.tar"]}]"#.to_vec();
        let files = [("manifest.json", Some(manifest)), ("config.json", self.config.clone())];
        let files = files.into_iter().chain([("layer.tar", Some(self.layer.clone()))]);
        files.filter_map(|(name, bytes)| Some((name.to_owned(), bytes?))).collect()
    }

    fn push(&self, server: &MemoryRegistry) {
        let mut contents = server.contents();
        contents.add_blob("app", &self.layer);
        self.config.iter().for_each(|config| contents.add_blob("app", config));
        let digest = self.manifest.descriptor().digest.to_string();
        contents.add_manifest("app", &digest, media_type::MANIFEST, &self.manifest_bytes);
        contents.add_manifest("app", "1", media_type::INDEX, self.index.raw());
    }
}

fn tar_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The three readers of one image, each with a cache of its own.
struct Readers<'a> {
    medium: Medium,
    folder: &'a Path,
    server: &'a MemoryRegistry,
}

impl Readers<'_> {
    fn write(&self, parts: &Parts) {
        match self.medium {
            Medium::Registry => parts.push(self.server),
            Medium::Layout => {
                std::fs::create_dir_all(self.folder.join("image/blobs/sha256")).unwrap();
                for (name, bytes) in parts.layout_files() {
                    std::fs::write(self.folder.join("image").join(name), bytes).unwrap();
                }
            }
            Medium::OciArchive => std::fs::write(self.folder.join("image"), tar_of(&parts.layout_files())).unwrap(),
            Medium::DockerArchive => std::fs::write(self.folder.join("image"), tar_of(&parts.docker_files())).unwrap(),
        }
    }

    fn with<T>(&self, read: impl FnOnce(&dyn ImageSource, &Cache) -> Result<T, BuildError>) -> Result<T, BuildError> {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        if self.medium == Medium::Registry {
            let options = HttpOptions { retry_delay: Duration::from_millis(5), ..HttpOptions::default() };
            let registry = Registry::new(Http::new(options).unwrap(), CredentialSources::none());
            let target = format!("{}/app:1", self.server.address()).parse().unwrap();
            return read(&RegistrySource::new(&registry, target, &cache, &NoProgress), &cache);
        }
        let path = self.folder.join("image").display().to_string();
        read(&*path.parse::<LocalImage>().unwrap().open()?, &cache)
    }

    fn verify(&self, platforms: &[Platform]) -> Result<VerifyReport, BuildError> {
        self.with(|source, cache| {
            let platforms = platforms.to_vec();
            verify(
                source,
                &VerifyOptions {
                    sandbox: Sandbox::new("shipwheel".into(), false),
                    cache,
                    report: &Silent,
                    jobs: 1,
                    platforms,
                    rebuild: false,
                },
            )
        })
    }

    fn startup(&self) -> Result<(), BuildError> {
        self.with(|source, cache| startup(source, &options(cache, None)).map(drop))
    }

    fn base(&self, platform: &Platform) -> Result<(), BuildError> {
        self.with(|source, cache| Ok(PlatformImage::of(source, platform, cache).map(drop)?))
    }
}

fn options(cache: &Cache, platform: Option<Platform>) -> StartupOptions<'_> {
    let sandbox = Sandbox::new("shipwheel".into(), false);
    StartupOptions {
        cache,
        report: &Silent,
        sandbox,
        platform,
        modules: Vec::new(),
        runs: 1,
        profile: false,
        files: false,
    }
}

fn host_and_foreign() -> (Platform, Platform) {
    let both = (Platform::linux_amd64(), Platform::linux_arm64());
    if cfg!(target_arch = "x86_64") { both } else { (both.1, both.0) }
}

#[test]
fn a_platform_that_a_sound_image_lacks_is_the_same_error_for_every_reader() {
    let (host, foreign) = host_and_foreign();
    for medium in MEDIA {
        let (folder, server) = (tempfile::tempdir().unwrap(), MemoryRegistry::start(true));
        let readers = Readers { medium, folder: folder.path(), server: &server };
        readers.write(&parts(&foreign, Fault::None));
        assert_eq!(readers.verify(&[]).unwrap().problems(), 0, "{medium:?}");
        let only = std::slice::from_ref(&host);
        for error in [readers.verify(only).err(), readers.startup().err(), readers.base(&host).err()] {
            let Some(BuildError::Store(StoreError::NoPlatform { platform, found, .. })) = &error else {
                panic!("{medium:?}: {error:?}");
            };
            assert_eq!((platform, &found[..]), (&host, std::slice::from_ref(&foreign)), "{medium:?}");
        }
    }
}

#[test]
fn a_broken_image_is_broken_for_every_reader_and_never_lacks_its_platform() {
    let (host, _) = host_and_foreign();
    // A docker-archive has no manifest, and without a good config nothing can open it.
    let media = MEDIA.into_iter().filter(|medium| *medium != Medium::DockerArchive);
    for (medium, fault) in media
        .flat_map(|medium| [Fault::OtherManifest, Fault::NoConfig, Fault::BrokenConfig].map(|fault| (medium, fault)))
    {
        let (folder, server) = (tempfile::tempdir().unwrap(), MemoryRegistry::start(true));
        let readers = Readers { medium, folder: folder.path(), server: &server };
        readers.write(&parts(&host, fault));
        let case = format!("{medium:?} with {fault:?}");
        for platforms in [&[][..], std::slice::from_ref(&host)] {
            let report = readers.verify(platforms).unwrap_or_else(|error| panic!("{case}: {error:?}"));
            assert!(report.problems() > 0, "{case}");
        }
        let error = readers.startup().unwrap_err();
        assert!(matches!(error, BuildError::Image(ImageError::Unsound { .. })), "{case}: {error:?}");
        let error = readers.base(&host).unwrap_err();
        assert!(!matches!(error, BuildError::Store(StoreError::NoPlatform { .. })), "{case}: {error:?}");
    }
}

#[test]
fn what_another_machine_runs_cannot_be_started_here() {
    let (host, foreign) = host_and_foreign();
    let (folder, server) = (tempfile::tempdir().unwrap(), MemoryRegistry::start(true));
    let readers = Readers { medium: Medium::Layout, folder: folder.path(), server: &server };
    readers.write(&parts(&foreign, Fault::None));
    let error = readers.with(|source, cache| startup(source, &options(cache, Some(foreign.clone())))).unwrap_err();
    assert_eq!(error.to_string(), format!("this machine runs {host}, and cannot start {foreign}"));
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.hint().unwrap().contains("leave out `--platform`"), "{error}");
}
