//! An OCI archive (a layout in a tar), to copy from and to. Nothing is unpacked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use shipwheel_oci::{Descriptor, Digest, Index, Reference};

use super::layout::{check_document, copy_verified, unwrap_inner};
use super::top::{choose_root, referrers_in, top_index};
use crate::archive::TarWriter;
use crate::error::{Result, StoreError};
use crate::layout::{OCI_LAYOUT, write_renamed};
use crate::push::Pushed;
use crate::referrers::Referrer;
use crate::registry::LARGEST_MANIFEST;
use crate::transfer::{BlobFile, Destination, Offer, Prospect, Source};

/// An image in an archive of any tool.
pub struct ArchiveSource {
    path: PathBuf,
    tag: Option<String>,
    index: Index,
    /// Where in the file each blob begins, and how long it is.
    members: BTreeMap<Digest, (u64, u64)>,
}

impl ArchiveSource {
    /// The image of this tag; without one, the only image there is.
    ///
    /// # Errors
    /// When the file is no OCI archive.
    pub fn open(path: &Path, tag: Option<&str>) -> Result<Self> {
        let read = || StoreError::file("read", path);
        let file = File::open(path).map_err(StoreError::file("open", path))?;
        let mut archive = tar::Archive::new(file);
        let (mut index, mut members) = (None, BTreeMap::new());
        for entry in archive.entries_with_seek().map_err(read())? {
            let entry = entry.map_err(read())?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
            let place = (entry.raw_file_position(), entry.size());
            if name == "index.json" {
                index = Some(place);
            } else if let Some(digest) = name.strip_prefix("blobs/sha256/").and_then(|hex| Digest::from_hex(hex).ok()) {
                members.insert(digest, place);
            }
        }
        let no_index = || StoreError::Image {
            what: path.display().to_string(),
            cause: "no index.json in it: no OCI archive".into(),
        };
        let bytes = read_part(path, index.ok_or_else(no_index)?)?;
        let index = Index::parse(bytes).map_err(StoreError::image(format!("index.json in {}", path.display())))?;
        Ok(Self { path: path.to_owned(), tag: tag.map(str::to_owned), index, members })
    }

    fn member(&self, descriptor: &Descriptor) -> Result<(u64, u64)> {
        let place = || self.path.display().to_string();
        let missing = || StoreError::Missing { digest: descriptor.digest, place: place() };
        let (offset, size) = *self.members.get(&descriptor.digest).ok_or_else(missing)?;
        if size != descriptor.size {
            let what = format!("blob {} of {}", descriptor.digest.short(), place());
            return Err(StoreError::Size { what, expected: descriptor.size, found: size });
        }
        Ok((offset, size))
    }
}

/// A small part of a file: from an offset on, so many bytes.
fn read_part(path: &Path, (offset, size): (u64, u64)) -> Result<Vec<u8>> {
    if size > LARGEST_MANIFEST {
        return Err(StoreError::TooLarge { what: path.display().to_string(), limit: LARGEST_MANIFEST });
    }
    let mut file = File::open(path).map_err(StoreError::file("open", path))?;
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset)).map_err(StoreError::file("read", path))?;
    file.take(size).read_to_end(&mut bytes).map_err(StoreError::file("read", path))?;
    Ok(bytes)
}

impl Source for ArchiveSource {
    fn root(&self) -> Result<Descriptor> {
        choose_root(&self.index, self.tag.as_deref(), &self.path.display().to_string())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        if self.index.descriptor().digest == descriptor.digest {
            return Ok(self.index.raw().to_vec());
        }
        let bytes = read_part(&self.path, self.member(descriptor)?)?;
        let what = format!("blob {} of {}", descriptor.digest.short(), self.path.display());
        check_document(&bytes, descriptor, &what)?;
        Ok(bytes)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        let (offset, _) = self.member(descriptor)?;
        Ok(BlobFile { path: self.path.clone(), offset })
    }

    fn origin(&self, _: &Descriptor) -> Option<Reference> {
        None
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        referrers_in(&self.index, subject, |descriptor| self.document(descriptor))
    }
}

/// An archive to write. It is written when everything is known, in an order that the content alone decides.
pub struct ArchiveDestination {
    path: PathBuf,
    name: Option<Reference>,
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    blobs: BTreeMap<Digest, (Descriptor, BlobFile)>,
    documents: BTreeMap<Digest, Vec<u8>>,
    referrers: Vec<Referrer>,
}

impl ArchiveDestination {
    /// An archive at a path; what was there before stays until the new one is complete.
    pub fn new(path: &Path, name: Option<&Reference>) -> Self {
        Self { path: path.to_owned(), name: name.cloned(), content: Mutex::default() }
    }

    fn content(&self) -> std::sync::MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Destination for ArchiveDestination {
    fn is_published(&self, _: &Descriptor) -> Result<bool> {
        Ok(false)
    }

    fn has_document(&self, _: &Descriptor) -> Result<bool> {
        Ok(false)
    }

    fn survey_blob(&self, _: Offer<'_>) -> Result<Prospect> {
        Ok(Prospect::Missing)
    }

    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed> {
        let file = (offer.file)()?;
        self.content().blobs.insert(offer.descriptor.digest, (offer.descriptor.clone(), file));
        Ok(Pushed::Sent(offer.descriptor.size))
    }

    fn put_document(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<()> {
        self.content().documents.insert(descriptor.digest, bytes.to_vec());
        Ok(())
    }

    fn attach(&self, _: &Digest, referrer: &Referrer) -> Result<()> {
        self.content().referrers.push(referrer.clone());
        Ok(())
    }

    fn publish(&self, root: &Descriptor, _: &[u8]) -> Result<()> {
        let content = self.content();
        let index = top_index(root, self.name.as_ref(), &content.referrers, false);
        let write = |file: &mut File| {
            let mut tar = TarWriter::new(file);
            tar.directory("blobs/")?;
            tar.directory("blobs/sha256/")?;
            for (digest, (descriptor, file)) in &content.blobs {
                let name = format!("blobs/sha256/{}", digest.hex());
                tar.entry_with(&name, descriptor.size, |out| copy_verified(file, descriptor, out))?;
            }
            for (digest, bytes) in &content.documents {
                tar.bytes(&format!("blobs/sha256/{}", digest.hex()), bytes)?;
            }
            tar.bytes("index.json", &index)?;
            tar.bytes("oci-layout", OCI_LAYOUT)?;
            tar.finish()
        };
        write_renamed(&self.path, write).map_err(unwrap_inner)
    }

    fn place(&self) -> Option<&Reference> {
        None
    }
}
