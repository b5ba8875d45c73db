//! Where the members of a tar are in its file. Nothing is unpacked.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use crate::blob_file::BlobFile;
use crate::disk::small_file::open_regular;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// The files in a tar, by name.
pub(crate) struct Members {
    path: PathBuf,
    /// Where each begins, and how long it is.
    files: BTreeMap<String, (u64, u64)>,
    /// Links that older versions of Docker write for layers that several images share.
    links: BTreeMap<String, String>,
}

impl Members {
    /// Reads the headers of a tar.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a tar.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = || {
            let what = path.display().to_string();
            move |cause| StoreError::Image { what, cause: format!("expected a tar archive: {cause}").into() }
        };
        let file = open_regular(path).map_err(StoreError::file(FileAction::Open, path))?;
        let mut members = Self { path: path.to_owned(), files: BTreeMap::new(), links: BTreeMap::new() };
        let mut archive = tar::Archive::new(file);
        for entry in archive.entries_with_seek().map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
            let kind = entry.header().entry_type();
            if kind.is_file() {
                members.files.insert(name, (entry.raw_file_position(), entry.size()));
            } else if kind.is_symlink() || kind.is_hard_link() {
                let target = entry.link_name_bytes().unwrap_or_default();
                let folder = if kind.is_symlink() { Path::new(&name).parent() } else { None };
                let target = normalized(folder, &String::from_utf8_lossy(&target));
                members.links.insert(name, target);
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

/// The target of a link as a name in the archive.
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
