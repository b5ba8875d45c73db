//! Images as single files: OCI archives (a layout in a tar) and what `docker load` takes.
//!
//! Both are the same bytes for the same image: entries in a fixed order, without times and owners.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use serde_json::json;
use shipwheel_oci::{Descriptor, Reference, canonical_value};
use tar::{EntryType, Header};

use crate::error::Result;
use crate::image::{Blobs, PlatformImage, StoredImage};
use crate::layout::{OCI_LAYOUT, top_index, write_renamed};

/// Writes an OCI archive, which appears when it is complete.
///
/// # Errors
/// When a blob cannot be had, or the file cannot be written.
pub fn write_oci_archive(path: &Path, image: &StoredImage, name: Option<&Reference>, blobs: &Blobs<'_>) -> Result<()> {
    let sources = blobs.layer_paths(image)?;
    let index = top_index(image, name, false);
    write_renamed(path, |file| {
        let mut tar = TarWriter::new(file);
        tar.directory("blobs/")?;
        tar.directory("blobs/sha256/")?;
        for (layer, source) in image.layers().iter().zip(&sources) {
            tar.blob(&blob_name(layer.descriptor), layer.descriptor, File::open(source)?)?;
        }
        for (descriptor, bytes) in image.configs().into_iter().chain(image.documents()) {
            tar.blob(&blob_name(descriptor), descriptor, bytes)?;
        }
        tar.bytes("index.json", index.raw())?;
        tar.bytes("oci-layout", OCI_LAYOUT)?;
        tar.finish()
    })
}

fn blob_name(descriptor: &Descriptor) -> String {
    format!("blobs/sha256/{}", descriptor.digest.hex())
}

/// Writes one platform's image as `docker save` does: for `docker load`, `podman load` and skopeo.
///
/// Layers stay compressed as they are: all three recognise compression by its first bytes, and
/// know a layer by its diff id.
///
/// # Errors
/// When a blob cannot be had, or the file cannot be written.
pub fn write_docker_archive(
    path: &Path,
    image: &PlatformImage,
    name: Option<&Reference>,
    blobs: &Blobs<'_>,
) -> Result<()> {
    let single = StoredImage::single(image.clone());
    let sources = blobs.layer_paths(&single)?;
    let layer_name = |descriptor: &Descriptor| format!("{}.tar", descriptor.digest.hex());
    let config_name = format!("{}.json", image.manifest.config().digest.hex());
    let tag = name.and_then(|name| name.tag().map(|tag| format!("{}/{}:{tag}", name.registry(), name.repository())));
    let manifest = canonical_value(json!([{
        "Config": config_name,
        "RepoTags": tag.into_iter().collect::<Vec<_>>(),
        "Layers": image.manifest.layers().iter().map(layer_name).collect::<Vec<_>>(),
    }]));
    write_renamed(path, |file| {
        let mut tar = TarWriter::new(file);
        for (layer, source) in single.layers().iter().zip(&sources) {
            tar.blob(&layer_name(layer.descriptor), layer.descriptor, File::open(source)?)?;
        }
        tar.bytes(&config_name, &image.config)?;
        tar.bytes("manifest.json", &manifest)?;
        tar.finish()
    })
}

/// Writes tar entries that depend on their name and content alone.
///
/// Not `tar::Builder`: it takes data that is shorter or longer than its header says.
pub(crate) struct TarWriter<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> TarWriter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out: BufWriter::with_capacity(256 << 10, out) }
    }

    fn header(&mut self, name: &str, kind: EntryType, mode: u32, size: u64) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_path(name)?;
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.out.write_all(header.as_bytes())
    }

    pub(crate) fn directory(&mut self, name: &str) -> io::Result<()> {
        self.header(name, EntryType::Directory, 0o755, 0)
    }

    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.entry(name, bytes.len() as u64, bytes)
    }

    fn blob(&mut self, name: &str, descriptor: &Descriptor, reader: impl Read) -> io::Result<()> {
        self.entry(name, descriptor.size, reader)
    }

    fn entry(&mut self, name: &str, size: u64, reader: impl Read) -> io::Result<()> {
        self.entry_with(name, size, |out| {
            let copied = io::copy(&mut reader.take(size.saturating_add(1)), out)?;
            if copied != size {
                return Err(io::Error::other(format!("{name} has {copied} bytes, expected {size}")));
            }
            Ok(())
        })
    }

    /// An entry whose bytes `fill` writes: exactly as many as it says.
    pub(crate) fn entry_with(
        &mut self,
        name: &str,
        size: u64,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        self.header(name, EntryType::Regular, 0o644, size)?;
        fill(&mut self.out)?;
        let padding = (512 - size % 512) % 512;
        io::copy(&mut io::repeat(0).take(padding), &mut self.out).map(|_| ())
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&[0; 1024])?;
        self.out.flush()
    }
}
