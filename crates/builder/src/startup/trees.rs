//! An image's files on disk, twice: as they are, and without the bytecode that has a source.
//!
//! Links are written as relative ones to where they lead inside the tree, so that nothing on
//! disk leads out of the folder; those that lead nowhere are left out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{lchown, symlink};
use std::path::{Path, PathBuf};

use fs_err as fs;
use shipwheel_layer::{Node, Tree, TreePath};

use crate::disk::written::write_file;
use crate::error::BuildError;
use shipwheel_store::FileAction;

/// Writes a tree below two folders: all of it, and all but what CPython could compile again.
///
/// Files are hard links of one another: both runs find the same pages in memory.
///
/// # Errors
/// When a layer's file cannot be read or the disk not be written.
pub(super) fn write(tree: &Tree, whole: &Path, bare: &Path) -> Result<(), BuildError> {
    let mut links = Vec::new();
    for folder in [whole, bare] {
        fs::create_dir_all(folder).map_err(BuildError::file(FileAction::Create, folder))?;
    }
    for (path, node) in tree.iter() {
        let (one, other) = (whole.join(relative_path(path)), bare.join(relative_path(path)));
        let in_both = !is_bytecode(tree, path);
        match node {
            Node::Directory(_) => {
                fs::create_dir_all(&one).map_err(BuildError::file(FileAction::Create, &one))?;
                if in_both {
                    fs::create_dir_all(&other).map_err(BuildError::file(FileAction::Create, &other))?;
                }
            }
            Node::File(metadata, content) => {
                write_file(&one, content, metadata.mode & 0o111 != 0)?;
                if in_both {
                    fs::hard_link(&one, &other).map_err(BuildError::file(FileAction::Write, &other))?;
                }
            }
            Node::Symlink(_) => links.push((path, one, in_both.then_some(other))),
        }
    }
    // Last: nothing is written through a link.
    for (path, one, other) in links {
        let Some((target, _)) = tree.resolve(path) else { continue };
        let target = relative(path, &target);
        for link in [Some(one), other].into_iter().flatten() {
            symlink(&target, &link).map_err(BuildError::file(FileAction::Write, &link))?;
        }
    }
    Ok(())
}

/// Gives a folder and all that is in it to a user and its group; links are given themselves.
///
/// # Errors
/// When the disk refuses.
pub(super) fn give(path: &Path, user: u32) -> Result<(), BuildError> {
    lchown(path, Some(user), Some(user)).map_err(BuildError::file(FileAction::Write, path))?;
    if !fs::symlink_metadata(path).map_err(BuildError::file(FileAction::Read, path))?.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(BuildError::file(FileAction::Read, path))? {
        give(&entry.map_err(BuildError::file(FileAction::Read, path))?.path(), user)?;
    }
    Ok(())
}

/// Whether CPython would do without this file, and be slower.
fn is_bytecode(tree: &Tree, path: &TreePath) -> bool {
    let in_cache = path.as_str().split('/').any(|part| part == "__pycache__");
    let source = path.as_str().strip_suffix('c').filter(|source| source.ends_with(".py"));
    let has_source = || source.and_then(|s| TreePath::new(s).ok()).is_some_and(|s| tree.resolve(&s).is_some());
    in_cache || has_source()
}

/// A path without its leading slash, for the disk: names need not be UTF-8 there either.
fn relative_path(path: &TreePath) -> &Path {
    Path::new(OsStr::from_bytes(path.as_bytes().strip_prefix(b"/").unwrap_or_default()))
}

/// The way from a link to another path of the image.
fn relative(link: &TreePath, target: &TreePath) -> PathBuf {
    let depth = link.ancestors().filter(|above| !above.is_root()).count();
    let up: PathBuf = std::iter::repeat_n("..", depth).collect();
    let way = up.join(relative_path(target));
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use shipwheel_layer::Content;

    use super::*;

    #[test]
    fn links_stay_inside_and_bytecode_is_in_one_folder_alone() {
        let mut tree = Tree::new();
        let file = |text: &'static str| Content::from_bytes(text.as_bytes());
        tree.insert_file("/app/m.py", 0o644, file("x = 1")).expect("new");
        tree.insert_file("/app/__pycache__/m.cpython-311.pyc", 0o644, file("pyc")).expect("new");
        tree.insert_file("/app/n.pyc", 0o644, file("no source")).expect("new");
        tree.insert_file("/app/run", 0o755, file("#!")).expect("new");
        tree.insert_symlink("/app/out", "../../../../../../etc/hostname").expect("new");
        tree.insert_symlink("/app/absolute", "/app/m.py").expect("new");
        tree.insert_symlink("/top", "app").expect("new");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (whole, bare) = (folder.path().join("a"), folder.path().join("b"));
        write(&tree, &whole, &bare).expect("written");
        for root in [&whole, &bare] {
            let read = |path: &str| fs::read_to_string(root.join(path)).ok();
            assert_eq!(read("app/absolute").as_deref(), Some("x = 1"));
            assert_eq!(read("top/m.py").as_deref(), Some("x = 1"));
            assert_eq!(read("app/n.pyc").as_deref(), Some("no source"));
            assert!(fs::symlink_metadata(root.join("app/out")).is_err(), "it leads nowhere in the image");
            let mode = fs::metadata(root.join("app/run")).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o755);
        }
        assert!(whole.join("app/__pycache__/m.cpython-311.pyc").is_file());
        assert!(!bare.join("app/__pycache__").exists());
    }
}
