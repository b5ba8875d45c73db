//! The cache: blobs by digest, small records by key, folders by key; safe against kills and other processes.
//!
//! Everything appears by one rename of something that is complete. A build never needs the cache:
//! without it, it takes longer and gives the same result.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use shipwheel_oci::{Descriptor, Digest, HashWriter, Reference};
use tempfile::TempDir;

use super::areas::Areas;
use super::far_side::FarSide;
use super::inventory::PACKS;
use super::journal::Journal;
use super::presence::note_use;
use crate::disk::{Folder, OutputFile, PRIVATE, UNFINISHED, file_size};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// The length of the digest in front of an entry.
const ENTRY_DIGEST: usize = 32;

/// The permissions of the cache's files.
pub(crate) const FILE_MODE: u32 = 0o600;

/// A cache folder. Cheap to clone; any number of threads and processes may use one folder.
///
/// It is private to its user. What is written and removed goes through the handles of its areas, which were opened
/// and checked once.
#[derive(Debug, Clone)]
pub struct Cache {
    pub(super) areas: Arc<Areas>,
    /// What lends records and blobs that are not here.
    far: Option<Arc<dyn FarSide>>,
    /// Hears of records.
    journal: Option<Arc<Journal>>,
}

/// A key held against other processes and threads, until dropped.
#[derive(Debug)]
pub struct KeyHold {
    _file: File,
}

impl Cache {
    /// Opens the cache in a folder, and makes the folder if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made, is a link, belongs to somebody else, or others could write to it.
    pub fn open(root: &Path) -> Result<Self> {
        Ok(Self { areas: Arc::new(Areas::open(root)?), far: None, journal: None })
    }

    /// The same cache, which has what another one lends besides: records are read there, and blobs are fetched when
    /// they are read. What it lends is not written down here, except for those blobs.
    #[must_use]
    pub fn with_far_side(self, far: Arc<dyn FarSide>) -> Self {
        Self { far: Some(far), ..self }
    }

    /// The same cache, which notes the records that are asked for or written.
    #[must_use]
    pub fn with_journal(self, journal: Arc<Journal>) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// The repository that lends a blob, if one does.
    pub fn origin(&self, digest: &Digest) -> Option<Reference> {
        self.far.as_ref()?.origin(digest)
    }

    /// Removes what is in a cache, if it is there; `keep_downloads` keeps what was fetched. After a kill at any point,
    /// nothing is there in part.
    ///
    /// # Errors
    /// When it is not the user's own, as [`Cache::open`], or cannot be removed.
    pub fn clear(root: &Path, keep_downloads: bool) -> Result<()> {
        Areas::clear(root, keep_downloads)
    }

    /// The cache's own folder.
    pub fn root(&self) -> &Path {
        self.areas.root.path()
    }

    fn blob_file(&self, digest: &Digest) -> PathBuf {
        self.areas.blobs.path().join(digest.hex())
    }

    /// The file of a blob that has to be there; one of the far side is fetched.
    ///
    /// # Errors
    /// When it is not, or cannot be fetched.
    pub fn require_blob(&self, digest: &Digest) -> Result<PathBuf> {
        if self.near_size(digest).is_none() {
            let lender = self.far.as_ref().filter(|far| far.blob_size(digest).is_some());
            lender.ok_or_else(|| StoreError::missing(*digest, "the cache"))?.fetch(digest)?;
        }
        Ok(self.blob_file(digest))
    }

    /// A blob's size, if it is there or on the far side.
    pub fn blob_size(&self, digest: &Digest) -> Option<u64> {
        self.near_size(digest).or_else(|| self.far.as_ref()?.blob_size(digest))
    }

    /// A blob's size, if it is on this machine; whoever asks uses it, and it stays for as long as this process runs.
    fn near_size(&self, digest: &Digest) -> Option<u64> {
        let stat = self.areas.presence.used(&self.areas.blobs, digest.hex().as_ref())?;
        let size = file_size(&stat)?;
        is_whole(digest, size).then_some(size)
    }

    /// Whether the blob of a descriptor is there, in its full size.
    pub fn has(&self, descriptor: &Descriptor) -> bool {
        self.blob_size(&descriptor.digest) == Some(descriptor.size)
    }

    /// Opens a blob; its bytes are not verified.
    ///
    /// # Errors
    /// When it is not there.
    pub fn open_blob(&self, digest: &Digest) -> Result<File> {
        let path = self.require_blob(digest)?;
        self.areas.blobs.open_file(digest.hex()).map_err(StoreError::file(FileAction::Open, &path))
    }

    /// Opens a blob of this machine without using it: it stays as old as it was.
    pub fn peek_blob(&self, digest: &Digest) -> Option<File> {
        let file = self.areas.blobs.open_file(digest.hex()).ok()?;
        is_whole(digest, file.metadata().ok()?.len()).then_some(file)
    }

    /// Reads a whole blob and verifies it; for manifests and configs.
    ///
    /// # Errors
    /// When it is not there; when its bytes have another digest it is removed, so that the next
    /// run fetches it again.
    pub fn read_blob(&self, digest: &Digest) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let path = self.blob_file(digest);
        self.open_blob(digest)?.read_to_end(&mut bytes).map_err(StoreError::file(FileAction::Read, &path))?;
        let found = Digest::of(&bytes);
        if found != *digest {
            self.areas.blobs.remove_file(digest.hex())?;
            return Err(StoreError::Digest { what: path.display().to_string(), expected: *digest, found });
        }
        Ok(bytes)
    }

    /// Begins a blob whose digest is not yet known.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn blob_writer(&self) -> Result<BlobWriter> {
        Ok(BlobWriter { cache: self.clone(), writer: HashWriter::new(self.begin_file()?) })
    }

    /// Stores bytes as a blob.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn insert_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        if self.near_size(&digest) != Some(bytes.len() as u64) {
            let mut file = self.begin_file()?;
            file.write_all(bytes).map_err(StoreError::file(FileAction::Write, &file.path()))?;
            publish(file, &self.areas.blobs, &digest)?;
        }
        Ok(digest)
    }

    /// A nameless file inside the cache, which is gone with its last user.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch_file(&self) -> Result<File> {
        let file = self.begin_file()?;
        file.into_nameless().map_err(StoreError::file(FileAction::CreateIn, self.areas.tmp.path()))
    }

    /// A file that gets its name when it is complete.
    pub(super) fn begin_file(&self) -> Result<OutputFile> {
        let tmp = &self.areas.tmp;
        OutputFile::begin(tmp, FILE_MODE).map_err(StoreError::file(FileAction::CreateIn, tmp.path()))
    }

    /// A folder inside the cache, for its user alone, that is removed when dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch_dir(&self) -> Result<TempDir> {
        let folder = self.areas.tmp.path();
        let mut builder = tempfile::Builder::new();
        let made = builder.prefix(UNFINISHED).permissions(Permissions::from_mode(PRIVATE)).tempdir_in(folder);
        made.map_err(StoreError::file(FileAction::CreateIn, folder))
    }

    /// Removes a folder of [`Cache::scratch_dir`], whatever permissions are in it. What cannot be removed is left to the
    /// next run.
    pub fn discard(&self, folder: TempDir) {
        let path = folder.keep();
        let _ = path.file_name().map(|name| self.areas.tmp.remove_tree(name));
    }

    /// The folder of a group of packs, if it is there.
    pub(super) fn packs(&self, kind: &str, group: &Digest) -> Option<Folder> {
        let kind = self.areas.entries.below(format!("{kind}{PACKS}")).ok().flatten()?;
        kind.below(group.hex()).ok().flatten()
    }

    /// The folder of a group of packs.
    pub(super) fn make_packs(&self, kind: &str, group: &Digest) -> Result<Folder> {
        self.areas.entries.private_below(&format!("{kind}{PACKS}"))?.private_below(&group.hex())
    }

    /// A record, if it is there; one that does not parse counts as absent.
    pub fn record<T: DeserializeOwned>(&self, kind: &str, key: &Digest) -> Option<T> {
        let parse = |bytes: Vec<u8>| {
            let value = serde_json::from_slice(&bytes).ok()?;
            self.note(kind, key, &bytes, false);
            Some(value)
        };
        read(&self.areas.records, kind, key).and_then(parse).or_else(|| parse(self.lent(kind, key)?))
    }

    /// A record or a packed value of the far side.
    pub(super) fn lent(&self, kind: &str, key: &Digest) -> Option<Vec<u8>> {
        self.far.as_ref()?.record(kind, key)
    }

    pub(super) fn note(&self, kind: &str, key: &Digest, bytes: &[u8], is_new: bool) {
        if let Some(journal) = &self.journal {
            journal.note(kind, key, bytes, is_new);
        }
    }

    /// Whether there is a record of a key, readable or not.
    pub fn has_record(&self, kind: &str, key: &Digest) -> bool {
        let area = there(&self.areas.records, kind);
        area.is_some_and(|area| self.areas.presence.used(&area, key.hex().as_ref()).is_some())
    }

    /// Writes a record, in place of any that was there.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn put_record<T: Serialize>(&self, kind: &str, key: &Digest, value: &T) -> Result<()> {
        let folder = made(&self.areas.records, kind)?;
        let bytes = shipwheel_oci::canonical_json(value);
        self.note(kind, key, &bytes, true);
        let mut file = self.begin_file()?;
        file.write_all(&bytes).map_err(StoreError::file(FileAction::Write, &file.path()))?;
        publish(file, &folder, key)
    }

    /// Removes a record, if it is there.
    pub fn remove_record(&self, kind: &str, key: &Digest) {
        // A record that could not be removed is found stale the next time.
        let _ = there(&self.areas.records, kind).map(|folder| folder.remove_file(key.hex()));
    }

    /// The bytes of a key, if they are there and complete.
    pub fn entry(&self, kind: &str, key: &Digest) -> Option<Vec<u8>> {
        body(read(&self.areas.entries, kind, key)?)
    }

    /// Stores bytes under a key, in place of any that were there.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn put_entry(&self, kind: &str, key: &Digest, bytes: &[u8]) -> Result<()> {
        let folder = made(&self.areas.entries, kind)?;
        let mut file = self.begin_file()?;
        let written = file.write_all(Digest::of(bytes).as_bytes()).and_then(|()| file.write_all(bytes));
        written.map_err(StoreError::file(FileAction::Write, &file.path()))?;
        publish(file, &folder, key)
    }

    /// Waits until no other process or thread holds the key, and holds it.
    ///
    /// Holding one key twice on one thread waits forever.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn hold(&self, kind: &str, key: &Digest) -> Result<KeyHold> {
        let folder = made(&self.areas.locks, kind)?;
        let path = folder.path().join(key.hex());
        let file = folder.open_lock(&key.hex()).map_err(StoreError::file(FileAction::Create, &path))?;
        file.lock().map_err(StoreError::file(FileAction::Hold, &path))?;
        Ok(KeyHold { _file: file })
    }

    /// A folder that was published under the key.
    pub fn folder(&self, kind: &str, key: &Digest) -> Option<PathBuf> {
        let area = there(&self.areas.folders, kind)?;
        self.areas.presence.used(&area, key.hex().as_ref())?;
        let folder = area.below(key.hex()).ok().flatten()?;
        Some(folder.path().to_owned())
    }

    /// The folder of the key; `fill` makes it if it is not there, once, however many ask at the same time.
    ///
    /// # Errors
    /// The error of `fill`, or that the folder cannot be made; nothing is left behind then.
    pub fn publish_folder<E: From<StoreError>>(
        &self,
        kind: &str,
        key: &Digest,
        fill: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let _hold = self.hold(kind, key)?;
        if let Some(path) = self.folder(kind, key) {
            return Ok(path);
        }
        let target = made(&self.areas.folders, kind)?;
        let path = target.path().join(key.hex());
        let folder = self.scratch_dir()?;
        fill(folder.path())?;
        let name = folder.path().file_name().unwrap_or_default();
        let moved = self.areas.tmp.rename(name, &target, OsStr::new(&key.hex()));
        moved.map_err(StoreError::file(FileAction::Create, &path))?;
        // Moved: there is nothing left to remove.
        let _ = folder.keep();
        Ok(path)
    }
}

/// The folder of a kind in an area, if it is there.
fn there(area: &Folder, kind: &str) -> Option<Folder> {
    area.below(kind).ok().flatten()
}

/// The folder of a kind in an area.
fn made(area: &Folder, kind: &str) -> Result<Folder> {
    debug_assert!(kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "a kind is a word of the code");
    area.private_below(kind)
}

/// Whether a blob may have its size: a machine that loses power leaves names without data.
fn is_whole(digest: &Digest, size: u64) -> bool {
    size > 0 || *digest == Digest::of(b"")
}

/// What follows the digest in front, which tells a complete entry from one that a power failure cut off.
pub(super) fn body(mut entry: Vec<u8>) -> Option<Vec<u8>> {
    let body = entry.split_off(entry.len().min(ENTRY_DIGEST));
    (Digest::of(&body).as_bytes()[..] == entry[..]).then_some(body)
}

fn read(area: &Folder, kind: &str, key: &Digest) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = there(area, kind)?.open_file(key.hex()).ok()?;
    note_use(&file);
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Gives a complete file its name.
fn publish(file: OutputFile, folder: &Folder, key: &Digest) -> Result<()> {
    let path = folder.path().join(key.hex());
    file.finish_in(folder, OsStr::new(&key.hex())).map_err(StoreError::file(FileAction::Write, &path))
}

/// A blob being written: hashed as it comes; removed unless finished.
pub struct BlobWriter {
    cache: Cache,
    writer: HashWriter<OutputFile>,
}

impl BlobWriter {
    /// Puts the blob into the cache, under the digest it turned out to have.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn finish(self) -> Result<(Digest, u64)> {
        let (file, digest, size) = self.writer.finish();
        publish(file, &self.cache.areas.blobs, &digest)?;
        Ok((digest, size))
    }

    /// Puts the blob into the cache if it is the one expected, and drops it otherwise.
    ///
    /// # Errors
    /// When the digest or the size is another; `what` names the blob in the error.
    pub fn finish_expected(self, expected: &Digest, size: Option<u64>, what: &str) -> Result<u64> {
        let what = || what.to_owned();
        let (file, digest, found) = self.writer.finish();
        if let Some(expected) = size.filter(|size| *size != found) {
            return Err(StoreError::Size { what: what(), expected, found });
        }
        if digest != *expected {
            return Err(StoreError::Digest { what: what(), expected: *expected, found: digest });
        }
        publish(file, &self.cache.areas.blobs, &digest)?;
        Ok(found)
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests;
