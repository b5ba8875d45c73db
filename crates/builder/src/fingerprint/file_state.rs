//! What a path had: its content's digest, and what the file system says of it as a shortcut that cannot lie.
//!
//! A content is read again unless everything that the file system says is the same: see [`FileStat`].

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use shipwheel_oci::Digest;
use shipwheel_store::{FileStat, open_regular};

use crate::disk::bytes::digest_of;

/// What a path had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileState {
    /// Where it leads, if it is a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// What the file system says of what it is or leads to; `None` if that is nothing.
    stat: Option<FileStat>,
    /// The digest of its content, if it is or leads to a file and was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
}

/// What became of a path, as far as the file system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// Its times are others: its content tells.
    Times,
    /// It is not what it was.
    Content,
}

impl FileState {
    /// What the file system says of a path; `None` if it cannot be looked at, or leads to a name that is not UTF-8.
    ///
    /// That nothing is there is an answer, but only where the file system gives it.
    pub(super) fn seen(path: &Path) -> Option<Self> {
        let own = existing(std::fs::symlink_metadata(path)).ok()?;
        let link = match own.as_ref().is_some_and(Metadata::is_symlink) {
            false => None,
            true => Some(std::fs::read_link(path).ok()?.to_str()?.to_owned()),
        };
        let stat = match &link {
            None => own,
            Some(_) => existing(std::fs::metadata(path)).ok()?,
        };
        Some(Self { link, stat: stat.as_ref().map(FileStat::of), digest: None })
    }

    /// Whether something is at a path, and what kind of file; `None` if it cannot be looked at.
    pub(super) fn kind(path: &Path) -> Option<Self> {
        let mode = existing(std::fs::metadata(path)).ok()?.map_or(0, |metadata| metadata.mode());
        Some(Self { link: None, stat: Some(FileStat::of_kind(mode)), digest: None })
    }

    /// The same with the digest of its content; `None` if that cannot be read.
    pub(super) fn read(self, path: &Path) -> Option<Self> {
        if !self.stat.as_ref().is_some_and(FileStat::is_file) {
            return Some(self);
        }
        let digest = open_regular(path).and_then(|file| digest_of(&file)).ok()?;
        Some(Self { digest: Some(digest), ..self })
    }

    /// Whether the content is the same as another's; what is no file has none.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    /// Whether nothing of it has changed lately, seen from a time in seconds.
    pub(super) fn is_settled(&self, path: &Path, now: i64) -> bool {
        if let Some(stat) = &self.stat {
            return stat.is_settled(now);
        }
        // What has just gone was there when it was read: the folder that had it tells.
        let place = match &self.link {
            Some(target) => path.parent().unwrap_or(Path::new("/")).join(target),
            None => path.to_owned(),
        };
        let folder = place.ancestors().skip(1).find_map(|folder| std::fs::metadata(folder).ok());
        folder.is_none_or(|folder| FileStat::of(&folder).is_settled(now))
    }

    /// What became of a path since this was its state, by what the file system says of it `now`.
    pub(super) fn change(&self, now: &Self) -> Change {
        if self.link != now.link || self.stat.as_ref().map(FileStat::mode) != now.stat.as_ref().map(FileStat::mode) {
            return Change::Content;
        }
        match (&self.stat, &now.stat) {
            (Some(before), Some(now)) if before != now && now.is_file() => match before.size() == now.size() {
                true => Change::Times,
                false => Change::Content,
            },
            // A folder's times say nothing that the list of its files does not.
            _ => Change::None,
        }
    }
}

fn existing(metadata: io::Result<Metadata>) -> io::Result<Option<Metadata>> {
    match metadata {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::FileTimes;

    fn state(path: &Path) -> FileState {
        FileState::seen(path).unwrap().read(path).unwrap()
    }

    fn what(before: &FileState, path: &Path) -> &'static str {
        let now = FileState::seen(path).unwrap();
        match before.change(&now) {
            Change::None => "none",
            Change::Times if before.has_content_of(&now.read(path).unwrap()) => "times",
            Change::Times | Change::Content => "content",
        }
    }

    #[test]
    fn a_content_of_the_same_size_with_the_same_time_is_seen() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let before = state(&path);
        assert_eq!(what(&before, &path), "none");
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        // Coarse clocks tick every few milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::fs::write(&path, "two").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_times(FileTimes::new().set_modified(modified)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), modified);
        assert_eq!(what(&before, &path), "content");
        std::fs::write(&path, "one").unwrap();
        assert_eq!(what(&before, &path), "times");
    }

    #[test]
    fn modes_links_and_what_they_lead_to_are_seen() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let scratch = tempfile::tempdir().unwrap();
        let (file, link) = (scratch.path().join("file"), scratch.path().join("link"));
        let absent = state(&file);
        assert_eq!(what(&absent, &file), "none", "nothing is there still");
        std::fs::write(&file, "one").unwrap();
        assert_eq!(what(&absent, &file), "content");
        symlink("file", &link).unwrap();
        let states = [state(&file), state(&link)];
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!((what(&states[0], &file), what(&states[1], &link)), ("content", "content"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let before = state(&link);
        std::fs::write(&file, "another").unwrap();
        assert_eq!(what(&before, &link), "content");
        let before = state(&link);
        std::fs::remove_file(&link).unwrap();
        symlink("./file", &link).unwrap();
        assert_eq!(what(&before, &link), "content");
    }

    #[test]
    fn what_cannot_be_looked_at_or_read_is_not_absent() {
        use std::os::unix::fs::symlink;
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        // Nobody, not even root, gets further than so many links, and so long a name.
        symlink("loop", at("loop")).unwrap();
        for path in [at("loop"), at("loop/below"), at(&"x".repeat(300))] {
            assert_eq!(FileState::seen(&path), None, "{path:?}");
        }
        assert_eq!(FileState::kind(&at("loop")), None);
        // What is gone or something else by now has no content, whatever was seen.
        std::fs::write(at("file"), "one").unwrap();
        let seen = FileState::seen(&at("file")).unwrap();
        std::fs::remove_file(at("file")).unwrap();
        assert_eq!(seen.clone().read(&at("file")), None);
        rustix::fs::mkfifoat(rustix::fs::CWD, at("file"), 0o600.into()).unwrap();
        assert_eq!(seen.read(&at("file")), None, "and nobody waits for it");
    }

    #[test]
    fn what_went_lately_is_not_settled() {
        let state = |stat| FileState { link: None, stat, digest: None };
        let scratch = tempfile::tempdir().unwrap();
        let changed = std::fs::metadata(scratch.path()).unwrap().ctime();
        let dangling = FileState { link: Some(scratch.path().join("x").display().to_string()), ..state(None) };
        for (later, settled) in [(0, false), (FileStat::SETTLED, false), (FileStat::SETTLED + 1, true)] {
            for below in ["x", "x/y/z"] {
                let path = scratch.path().join(below);
                assert_eq!(state(None).is_settled(&path, changed + later), settled, "{below} {later}");
            }
            assert_eq!(dangling.is_settled(Path::new("/proc/x"), changed + later), settled, "{later}");
        }
    }
}
