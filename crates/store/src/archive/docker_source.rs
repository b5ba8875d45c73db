//! An image in a docker-archive, to read from: the format of `docker save` before Docker 25, and of skopeo and podman.
//!
//! The format has no manifest: shipwheel makes one from the config and the layers. Newer versions of Docker write OCI
//! archives.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde::Deserialize;
use shipwheel_oci::{Descriptor, DiffId, Digest, ImageConfig, Manifest, media_type, require_plain_archive};

use super::members::Members;
use crate::blob_file::BlobFile;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::image::ImageSource;
use crate::limits::{MAX_CONFIG, MAX_MANIFEST};

/// An image in a docker-archive.
pub(crate) struct DockerArchiveSource {
    name: String,
    manifest: Manifest,
    blobs: BTreeMap<Digest, BlobFile>,
}

/// An image in `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ArchivedImage {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

impl ArchivedImage {
    fn tags(&self) -> &[String] {
        self.repo_tags.as_deref().unwrap_or_default()
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.tags().iter().any(|own| own == tag || own.ends_with(&format!(":{tag}")))
    }
}

impl DockerArchiveSource {
    /// The image of this tag; without one, the only image there is.
    ///
    /// # Errors
    /// When the archive does not hold exactly one such image, or a part of it is missing.
    pub(crate) fn of(members: &Members, tag: Option<&str>) -> Result<Self> {
        let name = members.path().display().to_string();
        let bytes = members.read("manifest.json", MAX_MANIFEST)?;
        let all: Result<Vec<ArchivedImage>, _> =
            require_plain_archive(&bytes).and_then(|()| serde_json::from_slice(&bytes));
        let all = all.map_err(StoreError::image(format!("manifest.json in {name}")))?;
        let image = select(&all, tag, &name)?;
        let config = members.read(&image.config, MAX_CONFIG)?;
        let diff_ids = ImageConfig::parse(&config).and_then(|config| config.diff_ids());
        let diff_ids = diff_ids.map_err(StoreError::image(&name))?;
        if diff_ids.len() != image.layers.len() {
            let cause = format!("it has {} layers and {} diff ids", image.layers.len(), diff_ids.len());
            return Err(StoreError::Image { what: name, cause: cause.into() });
        }
        let mut blobs = BTreeMap::new();
        let mut layers = Vec::new();
        for (layer, diff_id) in image.layers.iter().zip(diff_ids) {
            let (descriptor, file) = describe(members, layer, diff_id)?;
            blobs.insert(descriptor.digest, file);
            layers.push(descriptor);
        }
        let descriptor = Descriptor::of(media_type::CONFIG, &config);
        blobs.extend(members.file(&image.config).map(|(file, _)| (descriptor.digest, file)));
        Ok(Self { name, manifest: Manifest::assemble(descriptor, layers, &BTreeMap::new()), blobs })
    }
}

fn select<'a>(all: &'a [ArchivedImage], tag: Option<&str>, name: &str) -> Result<&'a ArchivedImage> {
    let fits = |image: &&ArchivedImage| tag.is_none_or(|tag| image.has_tag(tag));
    let found: Vec<&ArchivedImage> = all.iter().filter(fits).collect();
    let tags = || all.iter().flat_map(ArchivedImage::tags).cloned().collect();
    match (&found[..], tag) {
        ([image], _) => Ok(image),
        (_, Some(tag)) => Err(StoreError::NoTag { what: name.to_owned(), tag: tag.to_owned(), tags: tags() }),
        ([], None) => Err(StoreError::NoImage { what: name.to_owned() }),
        (_, None) => Err(StoreError::SeveralImages { what: name.to_owned(), count: all.len(), tags: tags() }),
    }
}

/// The descriptor of a layer. The digest of an uncompressed one is its diff id, which a copy verifies.
fn describe(members: &Members, layer: &str, diff_id: DiffId) -> Result<(Descriptor, BlobFile)> {
    let what = || format!("{layer} in {}", members.path().display());
    let none = || StoreError::Image { what: what(), cause: "the archive has no such file".into() };
    let (file, size) = members.file(layer).ok_or_else(none)?;
    let failed = || StoreError::file(FileAction::Read, members.path());
    let mut start = Vec::new();
    file.open().and_then(|reader| reader.take(4).read_to_end(&mut start)).map_err(failed())?;
    let media_type = match start.as_slice() {
        [0x1f, 0x8b, ..] => media_type::LAYER_GZIP,
        [0x28, 0xb5, 0x2f, 0xfd] => media_type::LAYER_ZSTD,
        _ => {
            let digest =
                diff_id.to_string().parse().map_err(StoreError::image::<shipwheel_oci::DigestError>(what()))?;
            return Ok((Descriptor::new(media_type::LAYER, digest, size), file));
        }
    };
    let hashed = file.open().and_then(|reader| Digest::of_reader(reader.take(size)));
    let (digest, _) = hashed.map_err(failed())?;
    Ok((Descriptor::new(media_type, digest, size), file))
}

impl ImageSource for DockerArchiveSource {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(self.manifest.descriptor().clone())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        match descriptor.digest == self.manifest.descriptor().digest {
            true => Ok(self.manifest.raw().to_vec()),
            false => Err(StoreError::missing(descriptor.digest, self.name())),
        }
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        let file = self.blobs.get(&descriptor.digest).cloned();
        file.ok_or_else(|| StoreError::missing(descriptor.digest, self.name()))
    }
}
