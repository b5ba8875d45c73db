//! What an unfinished write has put into an output folder: its mark, written first, and the names that it may remove.
//!
//! Only blobs that a journal or the replaced index names are ever removed. Neither is believed about anything except
//! the names of files in `blobs/sha256` of the same folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};

use crate::disk::{Folder, OutputFile};

/// Its name in the output folder.
pub(super) const JOURNAL: &str = ".shipwheel-unfinished";

/// The longest journal that is read: 60,000 blobs.
const MAX_JOURNAL: u64 = 4 << 20;

/// The digests of blobs that are in the folder and may belong to no image.
#[derive(Debug)]
pub(super) struct Journal {
    names: BTreeSet<String>,
    file: File,
}

impl Journal {
    /// What the journal of a write that did not end names; `None` if there is none.
    pub(super) fn names_in(folder: &Folder) -> Option<BTreeSet<String>> {
        let bytes = folder.read_small(JOURNAL, MAX_JOURNAL).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        Some(text.lines().filter(|line| is_blob_name(line)).map(str::to_owned).collect())
    }

    /// Begins a journal, in place of any that was there.
    pub(super) fn begin(folder: &Folder, names: BTreeSet<String>) -> io::Result<Self> {
        let mut file = OutputFile::begin(folder, 0o600)?;
        let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
        file.write_all(lines.as_bytes())?;
        let open = file.as_file().try_clone()?;
        file.finish(OsStr::new(JOURNAL))?;
        Ok(Self { names, file: open })
    }

    /// Notes a blob before it appears.
    pub(super) fn add(&mut self, name: &str) -> io::Result<()> {
        if self.names.insert(name.to_owned()) {
            self.file.write_all(format!("{name}\n").as_bytes())?;
        }
        Ok(())
    }

    /// All names that were noted.
    pub(super) fn names(&self) -> &BTreeSet<String> {
        &self.names
    }
}

/// Whether a name is that of a blob: a sha256 in lowercase hex.
fn is_blob_name(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}
