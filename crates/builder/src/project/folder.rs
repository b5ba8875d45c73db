//! An application's folder as names and a few texts: what an image.toml is derived from.

use std::path::Path;

use ignore::WalkBuilder;
use shipwheel_plan::derive::{Folder, is_read};

use super::application_error::ApplicationError;
use crate::error::BuildError;
use shipwheel_store::limits::MAX_LOCK;
use shipwheel_store::{FileAction, read_small};

/// Folders are looked into that far.
const DEPTH: usize = 4;

/// More files than any application has at that depth; the rest is not looked at.
const MAX_FILES: usize = 50_000;

/// Lists a folder, without what is hidden, cached or another environment.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn list(folder: &Path) -> Result<Folder, BuildError> {
    let mut found = Folder::default();
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .max_depth(Some(DEPTH))
        .sort_by_file_name(Ord::cmp)
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let marked = |file: &str| entry.path().join(file).is_file();
            let other = ["node_modules", "__pycache__", "site-packages"].contains(&name.as_ref())
                || name.starts_with('.')
                || marked("CACHEDIR.TAG")
                || marked("pyvenv.cfg");
            entry.depth() == 0 || !(is_folder && other)
        })
        .build();
    for entry in walk {
        let entry = entry.map_err(|cause| ApplicationError::List { folder: folder.to_owned(), cause })?;
        let below = entry.path().strip_prefix(folder).ok().and_then(Path::to_str);
        let (Some(below), true) = (below, entry.path().is_file()) else { continue };
        // What a link leads to may be anybody's file, and messages show lines of what cannot be understood. Longer texts
        // are skipped; locks are the longest that matter.
        let may_read = is_read(below) && !leads_out(folder, entry.path());
        if may_read && entry.metadata().is_ok_and(|metadata| metadata.len() <= MAX_LOCK) {
            let bytes = read_small(entry.path(), MAX_LOCK).map_err(BuildError::file(FileAction::Read, entry.path()))?;
            found.texts.insert(below.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
        }
        found.files.insert(below.to_owned());
        if found.files.len() == MAX_FILES {
            break;
        }
    }
    Ok(found)
}

/// Whether a path is a link to something outside of a folder.
fn leads_out(folder: &Path, path: &Path) -> bool {
    let real = |path: &Path| path.canonicalize();
    path.is_symlink() && !matches!((real(folder), real(path)), (Ok(folder), Ok(path)) if path.starts_with(&folder))
}
