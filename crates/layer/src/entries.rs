//! The entries of a tar, each as Go's archive/tar, GNU tar, libarchive and Python's tarfile all read it.
//!
//! Where these differ, an image would have other files in one runtime than in another, or than shipwheel verified. So
//! whatever they read differently is an error. Their rules are in the comments; `tests/tests/tars` asks them.

mod header;
mod number;
mod pax;
mod refusal;

use std::io::{self, BufRead as _, Read as _, Seek as _, SeekFrom};

use crate::byte_reader::ByteReader;
use crate::byte_source::ByteSource;
use crate::read_error::ReadError;
use header::{BLOCK, Extension, Header, Kind, Type, text};
use pax::Records;
use refusal::Refusal;

/// The longest name or pax records of an entry, in bytes, as in Go's archive/tar.
const MAX_EXTENSION: u64 = 1 << 20;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, and where its data is in the source, in bytes.
    File {
        /// Where its data begins.
        offset: u64,
        /// Its length.
        size: u64,
    },
    /// A directory.
    Directory,
    /// A symbolic link, its target as written.
    Symlink(Vec<u8>),
    /// Another name for the file at this path.
    HardLink(Vec<u8>),
    /// A device or a pipe.
    Special,
}

/// An entry, with all that extended headers say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as written, never empty; a directory's may end with a slash.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, with set-uid, set-gid and sticky.
    pub mode: u32,
    /// The owner's number.
    pub uid: u64,
    /// The group's number.
    pub gid: u64,
    /// Seconds since 1970.
    pub modified: i64,
}

/// Reads the entries of a tar one after another; nothing is kept of those before.
pub struct Entries<'a> {
    source: &'a dyn ByteSource,
    reader: ByteReader<&'a dyn ByteSource>,
    /// Where the next header begins.
    next: u64,
}

impl<'a> Entries<'a> {
    /// The entries of a tar that is all of a source.
    pub fn new(source: &'a dyn ByteSource) -> Self {
        Self { source, reader: ByteReader::new(source), next: 0 }
    }

    /// The next entry; `None` at the end. It must not be called again after that, or after an error.
    ///
    /// # Errors
    /// When the tar is broken, or programs would read it differently.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ReadError> {
        let mut extensions = Extensions::default();
        loop {
            let start = self.next;
            let block = self.read_block()?.filter(|block| block.iter().any(|byte| *byte != 0));
            let Some(block) = block else {
                return self.end(&extensions).map(|()| None);
            };
            let stop = |this: &Self, refusal| this.refused(shown(text(&block[..100])), start, refusal);
            let header = Header::parse(&block).map_err(|refusal| stop(self, refusal))?;
            let entry_type = match header.kind {
                Kind::Entry(entry_type) => entry_type,
                Kind::Extension(_) if header.size > MAX_EXTENSION => {
                    return Err(stop(self, Refusal::Ambiguous("has a name or records of more than 1 MiB")));
                }
                Kind::Extension(extension) => {
                    let data = self.read_blocks(header.size)?;
                    let extended = extensions.add(extension, &data, header.size);
                    extended.map_err(|refusal| stop(self, refusal))?;
                    continue;
                }
            };
            let entry = entry(entry_type, &header, &extensions, self.next)
                .map_err(|refusal| self.refused(shown(extensions.name_of(&header)), start, refusal))?;
            if let EntryKind::File { size, .. } = entry.kind {
                self.skip_data(size)?;
            }
            return Ok(Some(entry));
        }
    }

    /// The block of the next header; `None` where the source ends without the two empty blocks, as all programs allow.
    fn read_block(&mut self) -> Result<Option<[u8; BLOCK]>, ReadError> {
        if self.next == self.source.size() && self.next > 0 {
            return Ok(None);
        }
        let mut block = [0; BLOCK];
        let read = self.reader.seek(SeekFrom::Start(self.next)).and_then(|_| self.reader.read_exact(&mut block));
        read.map_err(|cause| self.broken(cause))?;
        self.next += BLOCK as u64;
        Ok(Some(block))
    }

    /// Passes over data and its padding, which must be there.
    fn skip_data(&mut self, size: u64) -> Result<(), ReadError> {
        let end = size.checked_next_multiple_of(BLOCK as u64).and_then(|size| self.next.checked_add(size));
        match end.filter(|end| *end <= self.source.size()) {
            Some(end) => self.next = end,
            None => return Err(self.broken(io::ErrorKind::UnexpectedEof.into())),
        }
        Ok(())
    }

    /// Reads data of at most [`MAX_EXTENSION`] bytes, with its padding.
    fn read_blocks(&mut self, size: u64) -> Result<Vec<u8>, ReadError> {
        let start = self.next;
        self.skip_data(size)?;
        let (mut data, size) = (Vec::new(), self.next - start);
        let read = self.reader.seek(SeekFrom::Start(start));
        let read = read.and_then(|_| (&mut self.reader).take(size).read_to_end(&mut data));
        read.map_err(|cause| self.broken(cause))?;
        Ok(data)
    }

    /// Checks what is left: an extended header needs an entry, and behind the first empty block all must be zeros.
    /// Some programs read on behind one empty block, and all stop at two, so that anything behind them is hidden.
    fn end(&mut self, extensions: &Extensions) -> Result<(), ReadError> {
        if !extensions.is_empty() {
            return Err(self.broken(io::Error::other("the last extended header has no entry behind it")));
        }
        // Some stop at the empty block before it, others want a whole second one.
        if (1..BLOCK as u64).contains(&(self.source.size() - self.next)) {
            return Err(self.broken(io::Error::other("its last block is cut off")));
        }
        self.reader.seek(SeekFrom::Start(self.next)).map_err(|cause| self.broken(cause))?;
        loop {
            let bytes = match self.reader.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(bytes) if bytes.iter().all(|byte| *byte == 0) => bytes.len(),
                Ok(_) => return Err(self.broken(io::Error::other("there is data behind its end"))),
                Err(cause) => return Err(self.broken(cause)),
            };
            self.reader.consume(bytes);
        }
    }

    fn broken(&self, cause: io::Error) -> ReadError {
        ReadError::Tar { name: self.source.name(), cause }
    }

    fn refused(&self, path: String, offset: u64, refusal: Refusal) -> ReadError {
        let name = self.source.name();
        match refusal {
            Refusal::Ambiguous(reason) => ReadError::Ambiguous { name, path, offset, reason },
            Refusal::Form(reason) => ReadError::Form { name, path, offset, reason },
        }
    }
}

/// What extended headers say about the entry that they stand before.
#[derive(Default)]
struct Extensions {
    records: Option<Records>,
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    global: bool,
}

impl Extensions {
    fn is_empty(&self) -> bool {
        self.is_only_global() && !self.global
    }

    fn is_only_global(&self) -> bool {
        self.records.is_none() && self.name.is_none() && self.link.is_none()
    }

    /// Adds the data of an extended header, which is the first `size` bytes of its blocks.
    ///
    /// Python and GNU tar read on into the padding, up to a NUL.
    /// Of two names, and of a pax and a GNU name, some programs use the first and some the second; a global header
    /// makes Go forget the pax records before it.
    fn add(&mut self, extension: Extension, blocks: &[u8], size: u64) -> Result<(), Refusal> {
        let (data, padding) = blocks.split_at(usize::try_from(size).unwrap_or(blocks.len()).min(blocks.len()));
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Refusal::Ambiguous("is an extended header with more data than its size"));
        }
        let first = match extension {
            Extension::Pax | Extension::GlobalPax => self.is_only_global(),
            Extension::LongName => self.records.is_none() && self.name.is_none(),
            Extension::LongLink => self.records.is_none() && self.link.is_none(),
        };
        if !first {
            return Err(Refusal::Ambiguous("is a second extended header of one entry"));
        }
        match extension {
            Extension::Pax => self.records = Some(Records::parse(data)?),
            Extension::GlobalPax => {
                pax::check_global(data)?;
                self.global = true;
            }
            Extension::LongName => self.name = Some(long_name(data)?),
            Extension::LongLink => self.link = Some(long_name(data)?),
        }
        Ok(())
    }

    fn name_of<'a>(&'a self, header: &'a Header) -> &'a [u8] {
        let recorded = self.records.as_ref().and_then(|records| records.path.as_ref());
        recorded.or(self.name.as_ref()).unwrap_or(&header.name)
    }

    /// The link target, where extended headers have one.
    fn link(&self) -> Option<&Vec<u8>> {
        self.records.as_ref().and_then(|records| records.link.as_ref()).or(self.link.as_ref())
    }
}

/// A name in the form of GNU tar: up to a NUL, or without one.
fn long_name(data: &[u8]) -> Result<Vec<u8>, Refusal> {
    match text(data) {
        // Go uses the name of the header instead.
        b"" => Err(Refusal::Ambiguous("is an empty long name")),
        name => Ok(name.to_vec()),
    }
}

/// Joins a header with the extended headers before it; `offset` is where its data begins.
fn entry(kind: Type, header: &Header, extensions: &Extensions, offset: u64) -> Result<Entry, Refusal> {
    let path = extensions.name_of(header);
    if path.is_empty() {
        return Err(Refusal::Ambiguous("has no name"));
    }
    let records = extensions.records.as_ref();
    let size = records.and_then(|records| records.size).unwrap_or(header.size);
    let kind = match file_or_directory(kind, header, path)? {
        Type::OldFile | Type::File => EntryKind::File { offset, size },
        // Some programs pass over data of such entries, others read it as the next header.
        _ if size != 0 => return Err(Refusal::Ambiguous("is not a file and has a size")),
        Type::Symlink => EntryKind::Symlink(link_target(header, extensions)?),
        Type::HardLink => EntryKind::HardLink(file_name(link_target(header, extensions)?)?),
        Type::Special => EntryKind::Special,
        Type::Directory => EntryKind::Directory,
    };
    if extensions.link().is_some() && !matches!(kind, EntryKind::Symlink(_) | EntryKind::HardLink(_)) {
        return Err(Refusal::Ambiguous("is not a link and has a link target"));
    }
    Ok(Entry {
        path: path.to_vec(),
        kind,
        mode: u32::from(header.mode & 0o7777),
        uid: records.and_then(|records| records.uid).unwrap_or(header.uid.into()),
        gid: records.and_then(|records| records.gid).unwrap_or(header.gid.into()),
        modified: records.and_then(|records| records.modified).unwrap_or(header.modified),
    })
}

/// Tells files from directories. A slash at the end makes a directory of any file for GNU tar and libarchive, and only
/// of a v7 file for Go and Python, which look at different names: the last one and the header's.
fn file_or_directory(kind: Type, header: &Header, path: &[u8]) -> Result<Type, Refusal> {
    let [last, own] = [path, &header.name].map(|name| name.ends_with(b"/"));
    match kind {
        Type::OldFile if last && own => Ok(Type::Directory),
        Type::OldFile if last || own => Err(Refusal::Ambiguous("is a file with the name of a directory")),
        Type::File if last => Err(Refusal::Ambiguous("is a file with the name of a directory")),
        kind => Ok(kind),
    }
}

/// The target of a link. For libarchive, a link whose header has none is a file, whatever an extended header says.
fn link_target(header: &Header, extensions: &Extensions) -> Result<Vec<u8>, Refusal> {
    if header.link.is_empty() {
        return Err(Refusal::Ambiguous("is a link without a target in its header"));
    }
    Ok(extensions.link().unwrap_or(&header.link).clone())
}

/// The target of a hard link: a name that ends like a directory's is no file's for a file system, and is one for Go and
/// Python, which clean it first.
fn file_name(target: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    match target.split(|byte| *byte == b'/').next_back() {
        Some(b"" | b"." | b"..") => Err(Refusal::Ambiguous("is a hard link to the name of a directory")),
        _ => Ok(target),
    }
}

/// A name for an error.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests;
