//! Base images from OCI layouts and OCI archives of any tool, verified into the cache.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use shipwheel_oci::{Descriptor, Digest, ImageConfig, Index, Manifest, Platform, media_type};

use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::image::PlatformImage;
use crate::layout::{Layout, REF_NAME};
use crate::registry::LARGEST_MANIFEST;

/// How deep indexes may lie in one another.
const DEPTH: usize = 4;

impl Layout {
    /// One platform's image, with config and layers verified and taken into the cache.
    ///
    /// `tag` chooses among images by their `org.opencontainers.image.ref.name`.
    ///
    /// # Errors
    /// When there is no such image, or a blob is not what its descriptor says.
    pub fn resolve(&self, tag: Option<&str>, platform: &Platform, cache: &Cache) -> Result<PlatformImage> {
        let import = |descriptor: &Descriptor| {
            if cache.has(descriptor) {
                return Ok(());
            }
            let path = self.blob_path(&descriptor.digest);
            let file = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let place = self.path().display().to_string();
                    return Err(StoreError::Missing { digest: descriptor.digest, place });
                }
                file => file.map_err(StoreError::file("open", &path))?,
            };
            import_blob(cache, descriptor, file, &path)
        };
        let base = Base { name: self.path().display().to_string(), index: self.index()?, cache, import: &import };
        base.resolve(tag, platform)
    }
}

/// Resolves one platform's image in an OCI archive; its blobs go into the cache.
///
/// # Errors
/// When the file is no OCI archive, has no such image, or a blob is not what its name says.
pub fn resolve_archive(path: &Path, tag: Option<&str>, platform: &Platform, cache: &Cache) -> Result<PlatformImage> {
    let name = path.display().to_string();
    let index = import_archive(path, cache)?;
    let import = |descriptor: &Descriptor| match cache.has(descriptor) {
        true => Ok(()),
        false => Err(StoreError::Missing { digest: descriptor.digest, place: name.clone() }),
    };
    Base { name: name.clone(), index, cache, import: &import }.resolve(tag, platform)
}

/// Takes an archive's blobs into the cache and gives its `index.json`; nothing is unpacked by name.
fn import_archive(path: &Path, cache: &Cache) -> Result<Index> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(StoreError::file("open", path))?;
    let mut archive = tar::Archive::new(io::BufReader::new(file));
    let mut index = None;
    for entry in archive.entries().map_err(StoreError::file("read", path))? {
        let mut entry = entry.map_err(StoreError::file("read", path))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let inside = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let size = entry.size();
        if inside == "index.json" {
            let mut bytes = Vec::new();
            (&mut entry).take(LARGEST_MANIFEST).read_to_end(&mut bytes).map_err(StoreError::file("read", path))?;
            index = Some(Index::parse(bytes).map_err(StoreError::image(format!("index.json in {name}")))?);
        } else if let Some(digest) = inside.strip_prefix("blobs/sha256/").and_then(|hex| Digest::from_hex(hex).ok()) {
            let descriptor = Descriptor::new("", digest, size);
            if !cache.has(&descriptor) {
                import_blob(cache, &descriptor, entry, path)?;
            }
        }
    }
    let no_index = || StoreError::Image { what: name.clone(), cause: "no index.json in it: no OCI archive".into() };
    index.ok_or_else(no_index)
}

/// Copies a blob into the cache, where it stays only if it is what the descriptor says.
fn import_blob(cache: &Cache, descriptor: &Descriptor, reader: impl Read, path: &Path) -> Result<()> {
    let mut writer = cache.blob_writer()?;
    // One byte more than promised is enough to know, however many there are.
    io::copy(&mut reader.take(descriptor.size.saturating_add(1)), &mut writer)
        .map_err(StoreError::file("copy to the cache from", path))?;
    let what = format!("blob {} of {}", descriptor.digest.short(), path.display());
    writer.finish_expected(&descriptor.digest, Some(descriptor.size), &what).map(|_| ())
}

/// An `index.json` whose blobs `import` brings into the cache.
struct Base<'a> {
    name: String,
    index: Index,
    cache: &'a Cache,
    import: &'a dyn Fn(&Descriptor) -> Result<()>,
}

impl Base<'_> {
    fn resolve(&self, tag: Option<&str>, platform: &Platform) -> Result<PlatformImage> {
        let chosen = |entry: &&Descriptor| {
            let name = entry.annotations.get(REF_NAME);
            // umoci and buildx write the tag, others the whole reference.
            tag.is_none_or(|tag| name.is_some_and(|name| name == tag || name.ends_with(&format!(":{tag}"))))
        };
        let entries: Vec<Descriptor> = self.index.entries().iter().filter(chosen).cloned().collect();
        let mut found = Vec::new();
        match self.find(&entries, platform, DEPTH, &mut found)? {
            Some(manifest) => self.image(manifest, platform),
            None => {
                let (platform, name) = (platform.clone(), self.name.clone());
                let cause = shipwheel_oci::IndexError::NoPlatform { platform, name: name.clone(), found };
                Err(StoreError::Image { what: name, cause: cause.into() })
            }
        }
    }

    /// The bytes of a document, verified.
    fn read(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        if descriptor.size > LARGEST_MANIFEST {
            let what = format!("{} in {}", descriptor.digest, self.name);
            return Err(StoreError::TooLarge { what, limit: LARGEST_MANIFEST });
        }
        (self.import)(descriptor)?;
        self.cache.read_blob(&descriptor.digest)
    }

    /// Looks for a platform's manifest through nested indexes; notes the platforms it sees.
    fn find(
        &self,
        entries: &[Descriptor],
        platform: &Platform,
        depth: usize,
        found: &mut Vec<Platform>,
    ) -> Result<Option<Vec<u8>>> {
        for entry in entries {
            if media_type::is_index(&entry.media_type) && depth > 0 {
                let index = Index::parse(self.read(entry)?).map_err(StoreError::image(&self.name))?;
                if let Some(manifest) = self.find(index.entries(), platform, depth - 1, found)? {
                    return Ok(Some(manifest));
                }
            } else if media_type::is_manifest(&entry.media_type)
                && entry.platform.as_ref().is_none_or(|p| p == platform)
            {
                let bytes = self.read(entry)?;
                let own = self.platform_of(&bytes)?;
                if own == *platform {
                    return Ok(Some(bytes));
                }
                found.push(own);
            } else {
                found.extend(entry.platform.clone().filter(|platform| platform.os != "unknown"));
            }
        }
        Ok(None)
    }

    /// What the config says: tools that write one platform leave it out of the index.
    fn platform_of(&self, manifest: &[u8]) -> Result<Platform> {
        let manifest = Manifest::parse(manifest.to_vec()).map_err(StoreError::image(&self.name))?;
        let config = ImageConfig::parse(&self.read(manifest.config())?).map_err(StoreError::image(&self.name))?;
        config.platform().map_err(StoreError::image(&self.name))
    }

    fn image(&self, manifest: Vec<u8>, platform: &Platform) -> Result<PlatformImage> {
        let image = PlatformImage::read(manifest, platform, &self.name, None, |config| self.read(config))?;
        for layer in image.manifest.layers() {
            (self.import)(layer)?;
        }
        Ok(image)
    }
}
