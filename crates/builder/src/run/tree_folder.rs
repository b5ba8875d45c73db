//! An image's files on disk, to be the root of a container: with the rights that the image's user has.
//!
//! Nothing is written through a link, and no set-user-ID file or device is written at all. The names below the folder
//! are the image's: nobody but a container looks at them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::path::{Path, PathBuf};

use fs_err as fs;
use shipwheel_layer::{Metadata, Node, Tree, TreePath};
use shipwheel_store::{FileAction, open_regular};

use super::account::Account;
use crate::disk::written::write_file;
use crate::error::BuildError;

/// Who owns the files, and what their permissions become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owners {
    /// Those that the image names: only root can do that.
    Image,
    /// One user of this machine owns all of them. The permissions of the owner are those that the image gives to an
    /// account: that user is the account in the container.
    One { owner: Option<u32>, account: Account },
}

impl Owners {
    /// What stands for the rule in the name of a folder.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Image => "image".to_owned(),
            // Root may do all that its owner may.
            Self::One { owner, account } if account.user == 0 => format!("root {owner:?}"),
            Self::One { owner, account } => {
                let Account { user, group, groups, .. } = account;
                format!("one {owner:?} {user} {group} {groups:?}")
            }
        }
    }

    /// The permission bits of an entry on disk.
    fn mode(&self, metadata: Metadata, is_folder: bool) -> u32 {
        // A folder's sticky bit keeps users apart; no other of those bits may do what it does elsewhere.
        let kept = if is_folder { 0o1777 } else { 0o777 };
        let mode = metadata.mode & kept;
        match self {
            Self::One { account, .. } if account.user != 0 => {
                let shift = match metadata {
                    Metadata { uid, .. } if uid == account.user => 6,
                    Metadata { gid, .. } if gid == account.group || account.groups.contains(&gid) => 3,
                    _ => 0,
                };
                let rights = (mode >> shift) & 0o7;
                (mode & 0o1000) | (rights << 6) | (rights << 3) | rights
            }
            Self::One { .. } | Self::Image => mode,
        }
    }

    fn owner(&self, metadata: Metadata) -> Option<(u32, u32)> {
        match self {
            Self::Image => Some((metadata.uid, metadata.gid)),
            Self::One { owner, .. } => owner.map(|owner| (owner, owner)),
        }
    }
}

/// Where the links of a tree lead on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// Where they say, seen from a root of their own.
    AsTheyAre,
    /// To where they lead in the tree; those that lead nowhere are left out, so that none leads out of the folder.
    Inside,
}

/// Writes a tree below a folder, which must be empty.
///
/// # Errors
/// When a layer's file cannot be read or the disk not be written.
pub(super) fn write(tree: &Tree, folder: &Path, owners: &Owners, inside: Links) -> Result<(), BuildError> {
    let (mut folders, mut links) = (Vec::new(), Vec::new());
    let top = Metadata::root(0o755);
    folders.push((folder.to_owned(), top));
    for (path, node) in tree.iter().filter(|(path, _)| !path.is_root()) {
        let target = folder.join(relative(path));
        match node {
            Node::Directory(metadata) => {
                fs::create_dir(&target).map_err(BuildError::file(FileAction::Create, &target))?;
                folders.push((target, *metadata));
            }
            Node::File(metadata, content) => {
                write_file(&target, content, false)?;
                finish(&target, *metadata, owners, false)?;
            }
            Node::Symlink(text) if inside == Links::AsTheyAre => {
                links.push((target, PathBuf::from(OsStr::from_bytes(text.as_bytes()))));
            }
            Node::Symlink(_) => links.extend(tree.resolve(path).map(|(to, _)| (target, way(path, &to)))),
        }
    }
    // Last: nothing is written through a link.
    for (link, text) in links {
        symlink(&text, &link).map_err(BuildError::file(FileAction::Write, &link))?;
        chown(&link, top, owners)?;
    }
    // The innermost first: those that nobody may write to are filled by then.
    folders.into_iter().rev().try_for_each(|(path, metadata)| finish(&path, metadata, owners, true))
}

fn finish(path: &Path, metadata: Metadata, owners: &Owners, is_folder: bool) -> Result<(), BuildError> {
    chown(path, metadata, owners)?;
    let mode = std::fs::Permissions::from_mode(owners.mode(metadata, is_folder));
    fs::set_permissions(path, mode).map_err(BuildError::file(FileAction::Write, path))
}

fn chown(path: &Path, metadata: Metadata, owners: &Owners) -> Result<(), BuildError> {
    let Some((user, group)) = owners.owner(metadata) else { return Ok(()) };
    lchown(path, Some(user), Some(group)).map_err(BuildError::file(FileAction::Write, path))
}

/// The way from a link to another path of the tree.
fn way(link: &TreePath, to: &TreePath) -> PathBuf {
    let depth = link.ancestors().filter(|above| !above.is_root()).count();
    let way = std::iter::repeat_n("..", depth).collect::<PathBuf>().join(relative(to));
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

/// A path without its leading slash, for the disk: names need not be UTF-8 there either.
fn relative(path: &TreePath) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(path.as_bytes().strip_prefix(b"/").unwrap_or_default()))
}

/// Copies what was written below a folder into another one, over what is there; what cannot be read stays empty.
///
/// # Errors
/// When the disk cannot be read or written.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), BuildError> {
    let metadata = fs::symlink_metadata(from).map_err(read(from))?;
    if metadata.is_dir() {
        if !fs::symlink_metadata(to).is_ok_and(|there| there.is_dir()) {
            // A folder takes the place of a file or a link below.
            let _ = fs::remove_file(to);
            fs::create_dir(to).map_err(written(to))?;
        }
        let unlocked = std::fs::Permissions::from_mode(0o700);
        fs::set_permissions(to, unlocked).map_err(written(to))?;
        match fs::read_dir(from) {
            // The image's user may not look into it either.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(read(from)(error)),
            Ok(entries) => {
                for entry in entries {
                    let name = entry.map_err(read(from))?.file_name();
                    copy(&from.join(&name), &to.join(&name))?;
                }
            }
        }
    } else {
        let _ = fs::remove_file(to);
        match metadata.is_symlink() {
            true => symlink(fs::read_link(from).map_err(read(from))?, to).map_err(written(to))?,
            false => copy_file(from, to).map_err(written(to))?,
        }
    }
    keep_owner(&metadata, to).map_err(written(to))?;
    if !metadata.is_symlink() {
        fs::set_permissions(to, metadata.permissions()).map_err(written(to))?;
    }
    Ok(())
}

fn read(path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    BuildError::file(FileAction::Read, path)
}

fn written(path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    BuildError::file(FileAction::Write, path)
}

fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut target = fs::File::create(to)?;
    match open_regular(from) {
        // The image's user may not read it either.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        source => std::io::copy(&mut source?, target.file_mut()).map(drop),
    }
}

fn keep_owner(metadata: &std::fs::Metadata, to: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    match rustix::process::geteuid().is_root() {
        true => lchown(to, Some(metadata.uid()), Some(metadata.gid())),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use shipwheel_layer::Content;

    use super::*;

    fn account(user: u32) -> Account {
        Account { user, group: user, groups: vec![50], home: None }
    }

    #[test]
    fn an_owner_has_the_rights_that_the_image_gives_to_its_user() {
        let one = |user| Owners::One { owner: None, account: account(user) };
        let of = |uid, gid, mode| Metadata { uid, gid, mode };
        for (owners, metadata, is_folder, expected) in [
            (one(7), of(0, 0, 0o755), true, 0o555),
            (one(7), of(7, 0, 0o750), true, 0o777),
            (one(7), of(0, 7, 0o750), true, 0o555),
            (one(7), of(0, 50, 0o460), false, 0o666),
            (one(7), of(0, 0, 0o600), false, 0),
            (one(7), of(0, 0, 0o1777), true, 0o1777),
            (one(7), of(0, 0, 0o4755), false, 0o555),
            (one(0), of(3, 3, 0o4755), false, 0o755),
            (one(0), of(0, 0, 0o3750), true, 0o1750),
            (Owners::Image, of(0, 0, 0o6640), false, 0o640),
        ] {
            assert_eq!(owners.mode(metadata, is_folder), expected, "{owners:?} {metadata:?}");
        }
    }

    #[test]
    fn a_tree_is_written_with_its_links_as_they_are_and_copied_without_following_any() {
        let outside = tempfile::tempdir().unwrap();
        let mut tree = Tree::new();
        let file = |text: &'static str| Content::from_bytes(text.as_bytes());
        tree.insert_file("/etc/a", 0o644, file("x = 1")).unwrap();
        tree.insert_file("/bin/su", 0o4755, file("#!")).unwrap();
        tree.insert_symlink("/proc", outside.path().to_str().unwrap()).unwrap();
        tree.insert_symlink("/up", "../../..").unwrap();
        tree.insert_directory("/locked", 0o555).unwrap();
        tree.insert_file("/locked/in", 0o400, file("secret")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        fs::create_dir(&one).unwrap();
        write(&tree, &one, &Owners::One { owner: None, account: account(7) }, Links::AsTheyAre).unwrap();
        fs::create_dir(&two).unwrap();
        // What is below is replaced, and never written through.
        symlink(outside.path(), two.join("etc")).unwrap();
        copy(&one, &two).unwrap();
        for root in [&one, &two] {
            assert_eq!(fs::read_to_string(root.join("etc/a")).unwrap(), "x = 1");
            assert_eq!(fs::read_link(root.join("proc")).unwrap(), outside.path());
            assert_eq!(fs::read_link(root.join("up")).unwrap(), Path::new("../../.."));
            let mode = |path: &str| fs::symlink_metadata(root.join(path)).unwrap().permissions().mode() & 0o7777;
            assert_eq!((mode("bin/su"), mode("locked"), mode("locked/in"), mode("")), (0o555, 0o555, 0, 0o555));
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        for root in [one, two] {
            // As a user who is not root, this folder could not be emptied.
            fs::set_permissions(root.join("locked"), std::fs::Permissions::from_mode(0o700)).unwrap();
            ["etc", "bin", "locked", ""].iter().for_each(|path| {
                fs::set_permissions(root.join(path), std::fs::Permissions::from_mode(0o700)).unwrap();
            });
        }
    }
}
