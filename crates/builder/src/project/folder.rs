//! An application's folder as names and a few texts: what an image.toml is derived from.

use std::path::Path;

use ignore::WalkBuilder;
use shipwheel_plan::derive::{DEPTH, Folder, also_read, is_read};

use super::application_error::ApplicationError;
use super::uv_workspace;
use crate::error::BuildError;
use shipwheel_store::limits::MAX_LOCK;
use shipwheel_store::{FileAction, read_small};

/// More files than any application has at that depth; the rest is not looked at.
const MAX_FILES: usize = 50_000;

/// A module that a person wrote is shorter, and all of an application's together are.
const MAX_MODULE: u64 = 1 << 20;
const MAX_MODULES: u64 = 32 << 20;

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
                || marked("pyvenv.cfg")
                || marked("oci-layout");
            entry.depth() == 0 || !(is_folder && other)
        })
        .build();
    let mut left = MAX_MODULES;
    for entry in walk {
        let entry = entry.map_err(|cause| ApplicationError::List { folder: folder.to_owned(), cause })?;
        let below = entry.path().strip_prefix(folder).ok().and_then(Path::to_str);
        let (Some(below), true) = (below, entry.path().is_file()) else { continue };
        let size = entry.metadata().map_or(0, |metadata| metadata.len());
        let is_too_much = below.ends_with(".py") && (size > MAX_MODULE || size > left);
        if is_read(below) && !is_too_much {
            read(folder, below, &mut found)?;
            left -= if below.ends_with(".py") { size.min(left) } else { 0 };
        }
        found.files.insert(below.to_owned());
        if found.files.len() == MAX_FILES {
            break;
        }
    }
    read_also(folder, &mut found)?;
    found.workspace = uv_workspace::above(folder)?;
    Ok(found)
}

/// Reads a text, where it may be read.
///
/// What a link leads to may be anybody's file, and messages show lines of what cannot be understood. Longer texts are
/// skipped; locks are the longest that matter.
fn read(folder: &Path, below: &str, found: &mut Folder) -> Result<(), BuildError> {
    let path = folder.join(below);
    if !leads_out(folder, &path) && path.metadata().is_ok_and(|metadata| metadata.len() <= MAX_LOCK) {
        let bytes = read_small(&path, MAX_LOCK).map_err(BuildError::file(FileAction::Read, &path))?;
        found.texts.insert(below.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(())
}

/// Reads the texts that other texts name, and those that they name.
fn read_also(folder: &Path, found: &mut Folder) -> Result<(), BuildError> {
    let mut named: Vec<String> = found.texts.iter().flat_map(|(path, text)| also_read(path, text)).collect();
    while let Some(below) = named.pop() {
        // What the walk did not find is hidden, deep, or not there.
        let is_file =
            found.files.contains(&below) || folder.join(&below).is_file() && !leads_out(folder, &folder.join(&below));
        if !is_file || found.texts.contains_key(&below) {
            continue;
        }
        read(folder, &below, found)?;
        found.files.insert(below.clone());
        named.extend(found.texts.get(&below).into_iter().flat_map(|text| also_read(&below, text)));
    }
    Ok(())
}

/// Whether a path is, or is below, a link to something outside of a folder.
fn leads_out(folder: &Path, path: &Path) -> bool {
    let real = |path: &Path| path.canonicalize();
    !matches!((real(folder), real(path)), (Ok(folder), Ok(path)) if path.starts_with(&folder))
}
