//! Sources of content on disk: files, and spools that grow while others read them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shipwheel_layer::{ByteSource, Content};
use shipwheel_oci::{Digest, HashWriter};
use shipwheel_store::{Cache, StoreError, open_regular};

use crate::error::BuildError;

/// A file that is read at any offset.
pub(crate) struct FileSource {
    file: File,
    size: u64,
    name: String,
}

impl FileSource {
    /// Opens a file; errors call it `name`.
    pub(crate) fn new(file: File, name: impl Into<String>) -> io::Result<Self> {
        Ok(Self { size: file.metadata()?.len(), file, name: name.into() })
    }
}

impl ByteSource for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// A file that is opened for each read: thousands of them hold no file descriptor.
pub(crate) struct PathSource {
    path: PathBuf,
    size: u64,
    name: String,
}

impl PathSource {
    /// The file at a path, which has `size` bytes.
    pub(crate) fn new(path: &Path, size: u64) -> Arc<Self> {
        Arc::new(Self { path: path.to_owned(), size, name: path.display().to_string() })
    }

    /// A blob of the cache; `name` is what it is to people.
    pub(crate) fn blob(cache: &Cache, digest: &Digest, name: &str) -> Result<Arc<dyn ByteSource>, StoreError> {
        let path = cache.require_blob(digest)?;
        Ok(Arc::new(Self { size: cache.blob_size(digest).unwrap_or_default(), path, name: name.to_owned() }))
    }
}

impl ByteSource for PathSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        open_regular(&self.path)?.read_exact_at(buffer, offset)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// The digest of what is left of a file.
pub(crate) fn digest_of(mut file: &File) -> io::Result<Digest> {
    let mut hasher = HashWriter::new(io::sink());
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finish().1)
}

/// An unnamed temporary file that many threads append to and read from: what is made during a build does
/// not stay in memory.
pub(crate) struct Spool {
    file: File,
    end: AtomicU64,
}

impl Spool {
    /// An empty spool in the cache's scratch space; gone with its last user.
    pub(crate) fn new(cache: &Cache) -> Result<Arc<Self>, BuildError> {
        let file = cache.scratch_file()?;
        Ok(Arc::new(Self { file, end: AtomicU64::new(0) }))
    }

    /// Appends bytes and gives them back as a content.
    pub(crate) fn append(self: &Arc<Self>, bytes: &[u8]) -> io::Result<Content> {
        let size = bytes.len() as u64;
        let offset = self.end.fetch_add(size, Ordering::Relaxed);
        self.file.write_all_at(bytes, offset)?;
        Ok(Content::from_slice(self.clone(), offset, size))
    }
}

impl ByteSource for Spool {
    fn size(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn name(&self) -> String {
        "the spool".to_owned()
    }
}
