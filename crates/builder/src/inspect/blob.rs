//! One blob of an image: hashed where it is on disk, and unpacked on the way if it is a layer.

use std::fs::File;
use std::io::{self, Read};

use shipwheel_oci::{Descriptor, Digest, Hasher};
use shipwheel_store::{BlobFile, Cache, FileAction, ImageSource, StoreError};

use super::chain::chain;
use super::finding::{Finding, FindingKind};
use crate::disk::tar::{Tar, unpack};
use crate::disk::unpack_error::UnpackError;
use crate::error::BuildError;

/// A blob that differs or is missing is a finding; a network that is down is an error.
///
/// # Errors
/// Errors that keep every blob from being read.
pub(super) fn refusal(error: StoreError, descriptor: &Descriptor) -> Result<Finding, StoreError> {
    let finding = match &error {
        StoreError::Digest { expected, found, .. } => {
            Finding::problem(FindingKind::BlobDigest, expected.to_string(), found.to_string())
        }
        StoreError::Size { expected, found, .. } => {
            Finding::problem(FindingKind::BlobSize, format!("{expected} bytes"), format!("{found} bytes"))
        }
        StoreError::Missing { origin, .. } => {
            Finding::problem(FindingKind::Blob, "a blob", format!("none in {origin}"))
        }
        StoreError::Status { status: 404, .. } => Finding::problem(FindingKind::Blob, "a blob", "none in the registry"),
        StoreError::Image { cause, .. } => Finding::problem(FindingKind::Blob, "a document", cause.to_string()),
        StoreError::TooLarge { limit, .. } => {
            Finding::problem(FindingKind::Blob, format!("at most {limit} bytes"), "more than that")
        }
        StoreError::TooDeep { limit, .. } => {
            let expected = format!("at most {limit} indexes on the way to a manifest");
            Finding::problem(FindingKind::Document, expected, "more, which were not read")
        }
        StoreError::TooManyDocuments { limit, .. } => {
            let expected = format!("at most {limit} manifests");
            Finding::problem(FindingKind::Document, expected, "more, which were not read")
        }
        StoreError::Foreign { digest, media_type } => {
            return Ok(Finding::problem(FindingKind::Blob, "a layer that registries distribute", media_type.clone())
                .of_blob(digest));
        }
        StoreError::File { .. }
        | StoreError::Occupied { .. }
        | StoreError::Place(_)
        | StoreError::Settings { .. }
        | StoreError::Url { .. }
        | StoreError::Client(_)
        | StoreError::Docker { .. }
        | StoreError::Unreachable { .. }
        | StoreError::Broken { .. }
        | StoreError::Overdue { .. }
        | StoreError::Status { .. }
        | StoreError::Answer { .. }
        | StoreError::Credentials { .. }
        | StoreError::NotAnImage { .. }
        | StoreError::OtherBeside { .. }
        | StoreError::Several { .. }
        | StoreError::NoImage { .. }
        | StoreError::SeveralImages { .. }
        | StoreError::NoTag { .. }
        | StoreError::NoPlatform { .. }
        | StoreError::BrokenCache { .. }
        | StoreError::OnePlatformOnly { .. }
        | StoreError::Join(_) => return Err(error),
    };
    Ok(finding.of_blob(&descriptor.digest))
}

/// Hashes a blob to its end, and unpacks it if it is a layer.
///
/// # Errors
/// When it cannot be read, or the cache cannot be written.
pub(super) fn read_blob(
    source: &dyn ImageSource,
    cache: &Cache,
    blob: &Descriptor,
    is_layer: bool,
) -> Result<(Option<Tar>, Vec<Finding>), BuildError> {
    let file = match source.blob(blob) {
        Ok(file) => file,
        Err(error) => return Ok((None, vec![refusal(error, blob)?])),
    };
    let unreadable = || BuildError::file(FileAction::Read, &file.path);
    let mut reader = BlobReader::open(&file, blob).map_err(unreadable())?;
    let unpacked = is_layer.then(|| unpack(cache, &mut reader, &blob.media_type, &blob.digest.to_string()));
    // Bytes after the last gzip member, or after a fault, are part of the blob as well.
    io::copy(&mut reader, &mut io::sink()).map_err(unreadable())?;
    let mut findings = Vec::new();
    let (found, size) = reader.finish();
    if size != blob.size {
        let [expected, found] = [blob.size, size].map(|size| format!("{size} bytes"));
        findings.push(Finding::problem(FindingKind::BlobSize, expected, found).of_blob(&blob.digest));
    }
    if found != blob.digest {
        let finding = Finding::problem(FindingKind::BlobDigest, blob.digest.to_string(), found.to_string());
        findings.push(finding.of_blob(&blob.digest));
    }
    let tar = match unpacked {
        None => None,
        Some(Ok(tar)) => Some(tar),
        Some(Err(UnpackError::Store(error))) => return Err(error.into()),
        Some(Err(UnpackError::File(error))) => return Err(error.into()),
        Some(Err(error)) => {
            let found = format!("a broken one ({}); its files were not checked", chain(&error));
            findings.push(Finding::problem(FindingKind::Layer, "a readable layer", found).of_blob(&blob.digest));
            None
        }
    };
    Ok((tar, findings))
}

/// Reads a blob where it is on disk, and knows its digest and size afterwards.
pub(super) struct BlobReader {
    file: io::Take<File>,
    hasher: Hasher,
    size: u64,
}

impl BlobReader {
    pub(super) fn open(file: &BlobFile, blob: &Descriptor) -> io::Result<Self> {
        // A file of its own is read to its end; the size of an archive's member was checked when it was found.
        let limit = if file.offset == 0 { u64::MAX } else { blob.size };
        Ok(Self { file: file.open()?.take(limit), hasher: Hasher::new(), size: 0 })
    }

    fn finish(self) -> (Digest, u64) {
        (self.hasher.finish(), self.size)
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.size += read as u64;
        Ok(read)
    }
}
