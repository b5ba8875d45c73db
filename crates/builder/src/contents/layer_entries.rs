//! The entries of a layer's tar: how many there are, what they take, and which of them are links.

use shipwheel_layer::{Entries, EntryKind, TreePath};

use crate::disk::tar::Tar;
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;

/// What a layer's tar has, whatever the layers above make of it.
#[derive(Default)]
pub(super) struct LayerEntries {
    /// Files, folders, links and whiteouts.
    pub(super) entries: usize,
    /// The bytes of its files.
    pub(super) bytes: u64,
    /// How many entries remove something of the layers below.
    pub(super) whiteouts: usize,
    /// Its symbolic links.
    pub(super) links: Vec<TreePath>,
}

impl LayerEntries {
    /// Reads the headers of a tar that was laid over a tree before, and so passes no limit.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(tar: &Tar) -> Result<Self, BuildError> {
        let (mut found, mut entries) = (Self::default(), Entries::new(tar.source.as_ref()));
        while let Some(entry) = entries.next_entry().map_err(ImageError::Read)? {
            found.entries += 1;
            let name = entry.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            found.whiteouts += usize::from(name.starts_with(b".wh."));
            match entry.kind {
                EntryKind::File { size, .. } => found.bytes = found.bytes.saturating_add(size),
                EntryKind::Symlink(_) => found.links.extend(TreePath::from_bytes(&entry.path)),
                EntryKind::Directory | EntryKind::HardLink(_) | EntryKind::Special => {}
            }
        }
        Ok(found)
    }
}
