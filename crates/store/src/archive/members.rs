//! Where the members of a tar are in its file. Nothing is unpacked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};

use shipwheel_layer::{ByteSource, Entries, EntryKind, ReadError};

use crate::blob_file::BlobFile;
use crate::disk::small_file::open_regular;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// More files than any archive of an image has.
const MAX_MEMBERS: usize = 1 << 20;

/// The files in a tar, by name.
pub(crate) struct Members {
    path: PathBuf,
    /// Where each begins, and how long it is.
    files: BTreeMap<String, (u64, u64)>,
    /// Links that older versions of Docker write for layers that several images share.
    links: BTreeMap<String, String>,
}

impl Members {
    /// Reads the headers of a tar, as strictly as those of layers: what programs read differently is an error, and so
    /// are two files of one name, of which some take the first and some the last.
    ///
    /// # Errors
    /// When the file cannot be read, is not a tar, or is one that programs read differently.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = |cause: String| StoreError::Image { what: path.display().to_string(), cause: cause.into() };
        let source = TarFile::open(path).map_err(StoreError::file(FileAction::Open, path))?;
        let mut members = Self { path: path.to_owned(), files: BTreeMap::new(), links: BTreeMap::new() };
        let (mut entries, mut names) = (Entries::new(&source), BTreeSet::new());
        while let Some(entry) = entries.next_entry().map_err(|cause| failed(broken(&cause, &source)))? {
            let written = String::from_utf8_lossy(&entry.path).into_owned();
            let name = normalized(None, &written);
            if written.split('/').any(|part| part == "..") {
                return Err(failed(format!("`{written}` leads out of its folder")));
            }
            if entry.kind != EntryKind::Directory && !names.insert(name.clone()) {
                return Err(failed(format!("two entries have the name `{name}`, and programs take one or the other")));
            }
            if names.len() > MAX_MEMBERS {
                return Err(StoreError::TooLarge {
                    what: format!("the list of files of {}", path.display()),
                    limit: MAX_MEMBERS as u64,
                });
            }
            match entry.kind {
                EntryKind::File { offset, size } => drop(members.files.insert(name, (offset, size))),
                EntryKind::Symlink(target) => {
                    let target = normalized(Path::new(&name).parent(), &String::from_utf8_lossy(&target));
                    members.links.insert(name, target);
                }
                EntryKind::HardLink(target) => {
                    members.links.insert(name, normalized(None, &String::from_utf8_lossy(&target)));
                }
                EntryKind::Directory | EntryKind::Special => {}
            }
        }
        Ok(members)
    }

    /// The tar's own path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file of this name is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<(u64, u64)> {
        self.files.get(name).or_else(|| self.files.get(self.links.get(name)?)).copied()
    }

    /// A file with its size.
    pub(super) fn file(&self, name: &str) -> Option<(BlobFile, u64)> {
        self.find(name).map(|(offset, size)| (BlobFile::part(&self.path, offset), size))
    }

    /// The bytes of a file that is at most `limit` bytes long.
    ///
    /// # Errors
    /// When it is not there, too long, or cannot be read.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let what = || format!("{name} in {}", self.path.display());
        let none = || StoreError::Image { what: what(), cause: "the archive has no such file".into() };
        let (file, size) = self.file(name).ok_or_else(none)?;
        if size > limit {
            return Err(StoreError::TooLarge { what: what(), limit });
        }
        let mut bytes = Vec::new();
        let reader = file.open().map_err(StoreError::file(FileAction::Open, &self.path))?;
        reader.take(size).read_to_end(&mut bytes).map_err(StoreError::file(FileAction::Read, &self.path))?;
        Ok(bytes)
    }
}

/// What is wrong with an archive. Of a file that does not even begin as one, its bytes are nothing to be shown.
fn broken(cause: &ReadError, source: &TarFile) -> String {
    let mut magic = [0; 5];
    match source.read_exact_at(&mut magic, 257) {
        Ok(()) if &magic == b"ustar" => format!("expected a tar archive: {}", said(cause)),
        Ok(()) | Err(_) => "expected a tar archive, and it does not begin as one".to_owned(),
    }
}

/// An error with what it is about.
fn said(error: &ReadError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

/// A tar on disk.
struct TarFile {
    path: PathBuf,
    file: File,
    size: u64,
}

impl TarFile {
    fn open(path: &Path) -> std::io::Result<Self> {
        let file = open_regular(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size })
    }
}

impl ByteSource for TarFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
        FileExt::read_exact_at(&self.file, buffer, offset)
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// A name, or the target of a link, as a name in the archive.
fn normalized(folder: Option<&Path>, target: &str) -> String {
    let mut parts = Vec::new();
    for part in folder.unwrap_or(Path::new("")).join(target).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use tar::{Builder, EntryType, Header};

    use super::*;

    /// A tar of entries: type, name, data or the target of a link.
    fn opened(entries: &[(EntryType, &str, &str)]) -> Result<Members> {
        let mut builder = Builder::new(Vec::new());
        for (kind, name, text) in entries {
            let mut header = Header::new_ustar();
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            let name_field = &mut header.as_ustar_mut().expect("ustar").name;
            name_field[..name.len()].copy_from_slice(name.as_bytes());
            let data = match kind {
                EntryType::Regular | EntryType::XHeader | EntryType::GNUSparse => text.as_bytes(),
                EntryType::Directory => b"",
                _ => {
                    header.set_link_name(text).expect("a name");
                    b""
                }
            };
            header.set_size(data.len() as u64);
            header.set_cksum();
            builder.append(&header, data).expect("to memory");
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), builder.into_inner().expect("to memory")).expect("written");
        let members = Members::open(file.path())?;
        assert_eq!(members.read("a", 100).ok(), members.find("a").map(|_| b"one".to_vec()));
        Ok(members)
    }

    const FILE: EntryType = EntryType::Regular;

    #[test]
    fn names_are_those_of_the_unpacked_files() {
        let members = opened(&[
            (EntryType::Directory, "./x/", ""),
            (FILE, "./a", "one"),
            (FILE, "x//y", "two"),
            (EntryType::Symlink, "x/z", "../a"),
            (EntryType::Link, "b", "x/y"),
            (EntryType::Directory, "./x/", ""),
        ]);
        let members = members.unwrap();
        assert!(["a", "x/y", "x/z", "b"].iter().all(|name| members.has(name)) && !members.has("x"));
    }

    #[test]
    fn archives_that_programs_read_differently_are_refused() {
        for (entries, expected) in [
            (&[(FILE, "a", "one"), (FILE, "a", "two")][..], "two entries have the name `a`"),
            (&[(FILE, "a", "one"), (FILE, "./a", "two")], "two entries have the name `a`"),
            (&[(FILE, "a", "one"), (EntryType::Symlink, "a", "b")], "two entries have the name `a`"),
            (&[(FILE, "x/../a", "one")], "leads out of its folder"),
            (&[(EntryType::GNUSparse, "a", "one")], "expected a tar archive: "),
            (&[(EntryType::XHeader, "p", "11 path=b\n11 path=c\n"), (FILE, "a", "one")], "expected a tar archive: "),
        ] {
            let error = opened(entries).err().map(|error| said_by(&error)).unwrap_or_default();
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }

    fn said_by(error: &StoreError) -> String {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        format!("{error}: {cause}")
    }
}
