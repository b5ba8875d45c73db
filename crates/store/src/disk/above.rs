//! The folders above a private one: whoever can rename it there can put another one in its place.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};

use super::place_error::PlaceError;
use super::small_file::read_small_text;
use super::user::{PRIVATE, TRUSTED_FOLDERS, is_private_group, user_name};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// So many links on the way are followed, as by the kernel.
const MAX_LINKS: usize = 40;

/// The longest map of users that is read.
const MAX_MAP: u64 = 1 << 20;

/// The user that stands for all that a user namespace has no number for: root of the machine, as a rule.
const OVERFLOW: u32 = 65534;

/// Makes the folders above a private one that are not there, and refuses those that another user could change.
///
/// # Errors
/// When one cannot be made, belongs to a user who is neither root nor this one, or can be written by others and lets
/// them rename what is not theirs (it is not sticky).
pub(super) fn make_above(path: &Path) -> Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    require_safe(path, parent)?;
    let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(parent);
    made.map_err(StoreError::file(FileAction::Create, parent))?;
    require_safe(path, parent)
}

/// Refuses a folder, as the place of `private`, that somebody else could replace, with all that it is in and with the
/// links on the way.
///
/// The home folder and what is above it are not judged: a container of a CI service may mount it with the owner that
/// it has outside, and credentials are read from there anyway. Nor are the folders that the user vouches for.
pub(super) fn require_safe(private: &Path, folder: &Path) -> Result<()> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let trusted = std::env::var_os(TRUSTED_FOLDERS).map(|folders| trusted(&folders)).unwrap_or_default();
    require_safe_below(private, folder, &User { home, trusted, ..User::this() })
}

/// The folders that a variable names, as they are written and with links followed; relative ones name nothing, and commands refuse them.
fn trusted(folders: &OsStr) -> Vec<PathBuf> {
    let named = std::env::split_paths(folders).filter(|folder| folder.is_absolute());
    named.flat_map(|folder| [folder.canonicalize().ok(), Some(folder)]).flatten().collect()
}

fn require_safe_below(private: &Path, folder: &Path, user: &User) -> Result<()> {
    let (mut place, mut links) = (PathBuf::from("/"), 0);
    let mut waiting: Vec<PathBuf> = parts(folder);
    user.require(private, &place)?;
    while let Some(part) = waiting.pop() {
        if part.as_os_str() == ".." {
            place.pop();
            continue;
        }
        let next = place.join(part);
        let metadata = match std::fs::symlink_metadata(&next) {
            Ok(metadata) => metadata,
            // What is made from here on is this user's.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::file(FileAction::Read, &next)(error)),
        };
        user.require(private, &next)?;
        if !metadata.is_symlink() {
            place = next;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            let error = io::Error::from_raw_os_error(rustix::io::Errno::LOOP.raw_os_error());
            return Err(StoreError::file(FileAction::Read, &next)(error));
        }
        let target = std::fs::read_link(&next).map_err(StoreError::file(FileAction::Read, &next))?;
        if target.is_absolute() {
            place = PathBuf::from("/");
        }
        waiting.extend(parts(&target));
    }
    Ok(())
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    parts.rev().collect()
}

/// Who runs shipwheel.
struct User {
    user: u32,
    group: u32,
    /// Whether this user namespace has no number for the machine's root.
    has_overflow: bool,
    /// The home folder that the environment names.
    home: Option<PathBuf>,
    /// Folders that the user vouches for, with all below.
    trusted: Vec<PathBuf>,
}

impl User {
    fn this() -> Self {
        let map = read_small_text(Path::new("/proc/self/uid_map"), MAX_MAP).unwrap_or_default();
        Self {
            user: rustix::process::geteuid().as_raw(),
            group: rustix::process::getegid().as_raw(),
            has_overflow: !map.is_empty() && !has_number(&map, OVERFLOW),
            home: None,
            trusted: Vec::new(),
        }
    }

    fn require(&self, private: &Path, place: &Path) -> Result<()> {
        let is_trusted = self.trusted.iter().any(|folder| place.starts_with(folder));
        if is_trusted || self.home.as_ref().is_some_and(|home| home.starts_with(place)) {
            return Ok(());
        }
        let metadata = std::fs::symlink_metadata(place).map_err(StoreError::file(FileAction::Read, place))?;
        let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
        let paths = || (private.to_owned(), place.to_owned());
        if owner != 0 && owner != self.user && !(self.has_overflow && owner == OVERFLOW) {
            let ((path, above), owner, user) = (paths(), user_name(owner), user_name(self.user));
            return Err(PlaceError::OwnerAbove { path, above, owner, user }.into());
        }
        // The group of a user alone, and root's, let nobody else in.
        let is_own = |group: u32| group == 0 || (group == self.group && is_private_group(group, self.user));
        let others = mode & if mode & 0o020 != 0 && is_own(metadata.gid()) { 0o002 } else { 0o022 };
        if metadata.is_dir() && others != 0 && mode & 0o1000 == 0 {
            let (path, above) = paths();
            return Err(PlaceError::WritableAbove { path, above, mode }.into());
        }
        Ok(())
    }
}

/// Whether a map of users (`user_namespaces(7)`: inside, outside, length) has a number.
fn has_number(map: &str, user: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(|word| word.parse::<u64>().unwrap_or_default());
        let (first, length) = (numbers.next().unwrap_or_default(), numbers.nth(1).unwrap_or_default());
        (first..first.saturating_add(length)).contains(&u64::from(user))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn folder(path: &Path, mode: u32) -> PathBuf {
        fs::create_dir_all(path).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_owned()
    }

    #[test]
    fn what_others_could_rename_is_no_place_for_a_private_folder() {
        let scratch = tempfile::tempdir().unwrap();
        for (mode, expected) in [(0o755, true), (0o700, true), (0o1777, true), (0o777, false), (0o757, false)] {
            let open = folder(&scratch.path().join(format!("{mode:o}")), mode);
            let below = folder(&open.join("a/b"), 0o755);
            for path in [open.join("cache"), below.join("cache"), below.join("not/there/cache")] {
                let made = make_above(&path);
                assert_eq!(made.is_ok(), expected, "{path:?} {made:?}");
                let is_told = |error: StoreError| {
                    let text = error.to_string();
                    text.contains(&format!("{} can be written", open.display())) && text.contains("mode 07")
                };
                assert!(expected || made.is_err_and(is_told));
            }
            assert_eq!(below.join("not").exists(), expected, "nothing is made there");
        }
    }

    #[test]
    fn the_home_folder_and_what_is_above_it_are_the_users_own_business() {
        let scratch = tempfile::tempdir().unwrap();
        let home = folder(&folder(&scratch.path().join("mounted"), 0o777).join("home"), 0o777);
        let user = User { home: Some(home.clone()), ..User::this() };
        assert!(require_safe_below(&home.join("cache"), &home, &user).is_ok());
        let open = folder(&home.join("open"), 0o777);
        assert!(require_safe_below(&open.join("cache"), &open, &user).is_err());
        assert!(require_safe_below(&home.join("cache"), &home, &User::this()).is_err());
    }

    #[test]
    fn folders_that_the_user_vouches_for_are_not_judged_and_those_beside_them_are() {
        let scratch = tempfile::tempdir().unwrap();
        let builds = folder(&scratch.path().join("builds"), 0o777);
        let project = folder(&builds.join("group/project"), 0o777);
        symlink("builds", scratch.path().join("link")).unwrap();
        let other = folder(&scratch.path().join("builds-2"), 0o777);
        let judged = |variable: &str, folder: &Path| {
            let user = User { trusted: trusted(OsStr::new(variable)), ..User::this() };
            require_safe_below(&folder.join("cache"), folder, &user)
        };
        let (builds, linked) = (builds.to_str().unwrap(), scratch.path().join("link/group/project"));
        let link = scratch.path().join("link");
        for variable in [builds, &format!("/nowhere:{builds}/"), link.to_str().unwrap()] {
            assert!(judged(variable, &project).is_ok() && judged(variable, &linked).is_ok(), "{variable}");
            assert!(judged(variable, &other).is_err(), "{variable}");
        }
        for variable in ["", "builds", project.to_str().unwrap(), "/nowhere", &format!("{builds}/../builds/group")] {
            assert!(judged(variable, &project).is_err(), "{variable}");
        }
    }

    #[test]
    fn links_on_the_way_are_followed_to_what_they_lead_to() {
        let scratch = tempfile::tempdir().unwrap();
        let open = folder(&scratch.path().join("open"), 0o777);
        let safe = folder(&scratch.path().join("safe"), 0o755);
        symlink(open.join("."), safe.join("absolute")).unwrap();
        symlink("../open", safe.join("relative")).unwrap();
        symlink("../safe/relative", safe.join("twice")).unwrap();
        symlink("loop", safe.join("loop")).unwrap();
        symlink("../safe", safe.join("back")).unwrap();
        for name in ["absolute", "relative", "twice", "loop", "back/twice", "../open"] {
            assert!(make_above(&safe.join(name).join("cache")).is_err(), "{name}");
        }
        make_above(&safe.join("back/cache")).unwrap();
    }

    #[test]
    fn what_is_made_is_for_the_user_alone() {
        let scratch = tempfile::tempdir().unwrap();
        make_above(&scratch.path().join("a/b/cache")).unwrap();
        for name in ["a", "a/b"] {
            let mode = fs::metadata(scratch.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{name}");
        }
    }

    #[test]
    fn owners_are_root_or_this_user_or_what_a_namespace_has_no_number_for() {
        let scratch = tempfile::tempdir().unwrap();
        let owner = fs::metadata(scratch.path()).unwrap().uid();
        let user = |user, has_overflow| User { user, group: 0, has_overflow, home: None, trusted: Vec::new() };
        assert!(user(owner, false).require(scratch.path(), scratch.path()).is_ok());
        if owner != 0 {
            assert!(user(owner + 1, false).require(scratch.path(), scratch.path()).is_err());
        }
        for (map, expected) in
            [("0 0 4294967295", true), ("0 1000 1", false), ("0 1000 1\n1 100000 65536\n", true), ("x", false)]
        {
            assert_eq!(has_number(map, OVERFLOW), expected, "{map}");
        }
        if User::this().user == 0 && std::os::unix::fs::chown(scratch.path(), Some(OVERFLOW), None).is_ok() {
            let refused = |error: StoreError| matches!(error, StoreError::Place(PlaceError::OwnerAbove { .. }));
            assert!(make_above(&scratch.path().join("cache")).is_err_and(refused));
            assert!(user(0, true).require(scratch.path(), scratch.path()).is_ok());
        }
    }
}
