//! The cache: blobs by digest, small records by key, folders by key; safe against kills and other processes.
//!
//! Everything appears by one rename of something that is complete. A build never needs the cache:
//! without it, it takes longer and gives the same result.

use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use shipwheel_oci::{Descriptor, Digest, HashWriter};
use tempfile::{NamedTempFile, TempDir};

use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// The length of the digest in front of an entry.
const ENTRY_DIGEST: usize = 32;

/// Leftovers of killed processes are removed at this age: no process writes one file for longer.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 3600);

/// A cache folder. Cheap to clone; any number of threads and processes may use one folder.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
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
    /// When the folder cannot be made.
    pub fn open(root: &Path) -> Result<Self> {
        // The working directory may change later; the folder must not.
        let root = std::path::absolute(root).map_err(StoreError::file(FileAction::Locate, root))?;
        for folder in ["blobs/sha256", "records", "folders", "locks", "tmp"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(StoreError::file(FileAction::Create, &path))?;
        }
        let cache = Self { root };
        cache.remove_leftovers();
        Ok(cache)
    }

    /// The cache's own folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn remove_leftovers(&self) {
        let Ok(entries) = fs::read_dir(self.root.join("tmp")) else { return };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > LEFTOVER_AGE) {
                // The first process removes it; what cannot be removed is left to the next run.
                let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
            }
        }
    }

    fn blob_file(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    /// The file of a blob, if it is there.
    pub fn blob_path(&self, digest: &Digest) -> Option<PathBuf> {
        self.blob_size(digest).map(|_| self.blob_file(digest))
    }

    /// The file of a blob that has to be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn require_blob(&self, digest: &Digest) -> Result<PathBuf> {
        self.blob_path(digest).ok_or_else(|| StoreError::missing(*digest, "the cache"))
    }

    /// A blob's size, if it is there.
    pub fn blob_size(&self, digest: &Digest) -> Option<u64> {
        let metadata = fs::metadata(self.blob_file(digest)).ok()?;
        // A machine that loses power leaves names without data.
        let usable = metadata.is_file() && (metadata.len() > 0 || *digest == Digest::of(b""));
        usable.then_some(metadata.len())
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
        File::open(&path).map_err(StoreError::file(FileAction::Open, &path))
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
            fs::remove_file(&path).map_err(StoreError::file(FileAction::Remove, &path))?;
            return Err(StoreError::Digest { what: path.display().to_string(), expected: *digest, found });
        }
        Ok(bytes)
    }

    /// Begins a blob whose digest is not yet known.
    ///
    /// # Errors
    /// When no file can be made.
    pub fn blob_writer(&self) -> Result<BlobWriter> {
        Ok(BlobWriter { cache: self.clone(), writer: HashWriter::new(self.scratch_file()?) })
    }

    /// Stores bytes as a blob.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn insert_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        if self.blob_size(&digest) != Some(bytes.len() as u64) {
            let mut file = self.scratch_file()?;
            file.write_all(bytes).map_err(StoreError::file(FileAction::Write, file.path()))?;
            self.publish(file, &self.blob_file(&digest))?;
        }
        Ok(digest)
    }

    /// Takes a file of [`Cache::scratch_file`] in as a blob, hashing it.
    ///
    /// # Errors
    /// When it cannot be read or moved.
    pub fn insert_file(&self, file: NamedTempFile) -> Result<(Digest, u64)> {
        let mut reader = file.reopen().map_err(StoreError::file(FileAction::Open, file.path()))?;
        let mut hasher = HashWriter::new(io::sink());
        io::copy(&mut reader, &mut hasher).map_err(StoreError::file(FileAction::Read, file.path()))?;
        let (_, digest, size) = hasher.finish();
        self.publish(file, &self.blob_file(&digest))?;
        Ok((digest, size))
    }

    /// A file inside the cache that is removed when dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch_file(&self) -> Result<NamedTempFile> {
        let folder = self.root.join("tmp");
        NamedTempFile::new_in(&folder).map_err(StoreError::file(FileAction::CreateIn, &folder))
    }

    /// A folder inside the cache that is removed when dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch_dir(&self) -> Result<TempDir> {
        let folder = self.root.join("tmp");
        TempDir::new_in(&folder).map_err(StoreError::file(FileAction::CreateIn, &folder))
    }

    fn publish(&self, file: NamedTempFile, path: &Path) -> Result<()> {
        let done = file.persist(path).map_err(|error| error.error);
        done.map(|_| ()).map_err(StoreError::file(FileAction::Write, path))
    }

    fn keyed(&self, area: &str, kind: &str, key: &Digest) -> PathBuf {
        debug_assert!(kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "a kind is a word of the code");
        self.root.join(area).join(kind).join(key.hex())
    }

    /// A record, if it is there; one that does not parse counts as absent.
    pub fn record<T: DeserializeOwned>(&self, kind: &str, key: &Digest) -> Option<T> {
        let bytes = fs::read(self.keyed("records", kind, key)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes a record, in place of any that was there.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn put_record<T: Serialize>(&self, kind: &str, key: &Digest, value: &T) -> Result<()> {
        let path = self.keyed("records", kind, key);
        create_parent(&path)?;
        let bytes = shipwheel_oci::canonical_json(value);
        let mut file = self.scratch_file()?;
        file.write_all(&bytes).map_err(StoreError::file(FileAction::Write, file.path()))?;
        self.publish(file, &path)
    }

    /// Removes a record, if it is there.
    pub fn remove_record(&self, kind: &str, key: &Digest) {
        // A record that could not be removed is found stale the next time.
        let _ = fs::remove_file(self.keyed("records", kind, key));
    }

    /// The bytes of a key, if they are there and complete.
    pub fn entry(&self, kind: &str, key: &Digest) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.keyed("entries", kind, key)).ok()?;
        let body = bytes.split_off(bytes.len().min(ENTRY_DIGEST));
        // The digest in front tells a complete entry from one that a power failure cut off.
        (Digest::of(&body).as_bytes()[..] == bytes[..]).then_some(body)
    }

    /// Stores bytes under a key, in place of any that were there.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn put_entry(&self, kind: &str, key: &Digest, bytes: &[u8]) -> Result<()> {
        let path = self.keyed("entries", kind, key);
        create_parent(&path)?;
        let mut file = self.scratch_file()?;
        let written = file.write_all(Digest::of(bytes).as_bytes()).and_then(|()| file.write_all(bytes));
        written.map_err(StoreError::file(FileAction::Write, file.path()))?;
        self.publish(file, &path)
    }

    /// Waits until no other process or thread holds the key, and holds it.
    ///
    /// Holding one key twice on one thread waits forever.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn hold(&self, kind: &str, key: &Digest) -> Result<KeyHold> {
        let path = self.keyed("locks", kind, key);
        create_parent(&path)?;
        let file = File::create(&path).map_err(StoreError::file(FileAction::Create, &path))?;
        file.lock().map_err(StoreError::file(FileAction::Hold, &path))?;
        Ok(KeyHold { _file: file })
    }

    /// A folder that was published under the key.
    pub fn folder(&self, kind: &str, key: &Digest) -> Option<PathBuf> {
        Some(self.keyed("folders", kind, key)).filter(|path| path.is_dir())
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
        let path = self.keyed("folders", kind, key);
        let _hold = self.hold(kind, key)?;
        if path.is_dir() {
            return Ok(path);
        }
        create_parent(&path)?;
        let folder = self.scratch_dir()?;
        fill(folder.path())?;
        fs::rename(folder.path(), &path).map_err(StoreError::file(FileAction::Create, &path))?;
        // Moved: there is nothing left to remove.
        let _ = folder.keep();
        Ok(path)
    }
}

fn create_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(StoreError::file(FileAction::Create, parent))
}

/// A blob being written: hashed as it comes; removed unless finished.
pub struct BlobWriter {
    cache: Cache,
    writer: HashWriter<NamedTempFile>,
}

impl BlobWriter {
    /// Puts the blob into the cache, under the digest it turned out to have.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn finish(self) -> Result<(Digest, u64)> {
        let (file, digest, size) = self.writer.finish();
        self.cache.publish(file, &self.cache.blob_file(&digest))?;
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
        self.cache.publish(file, &self.cache.blob_file(&digest))?;
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
