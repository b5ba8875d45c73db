//! What a path had: its content's digest, and what the file system says of it as a shortcut that cannot lie.
//!
//! A content is read again unless everything that the file system says is the same, the time of the last change of the
//! inode among it: no program can set that one. A file that changed so lately that a second change might leave the same
//! times (git calls it racy) is never taken by its times.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use shipwheel_oci::Digest;

use crate::error::BuildError;
use crate::project::hashed::Hashed;
use shipwheel_store::FileAction;

/// The coarsest times that a file system keeps are two seconds apart.
const SETTLED: i64 = 2;

/// What the file system says of a file: device, inode, mode, size, and both times with their nanoseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stat(u64, u64, u32, u64, [i64; 4]);

/// What a path had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileState {
    /// Where it leads, if it is a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// What the file system says of what it is or leads to; `None` if that is nothing.
    stat: Option<Stat>,
    /// The digest of its content, if it is or leads to a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
}

impl Stat {
    fn of(metadata: &Metadata) -> Self {
        let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
        Self(metadata.dev(), metadata.ino(), metadata.mode(), metadata.size(), times)
    }

    fn mode(&self) -> u32 {
        self.2
    }

    /// Whether nothing has changed lately.
    fn is_settled(&self, now: i64) -> bool {
        let [modified, _, changed, _] = self.4;
        modified.max(changed) < now.saturating_sub(SETTLED)
    }
}

/// What became of a path.
pub(super) enum Change {
    /// Nothing.
    None,
    /// Its times are others, and its content is the same.
    Times(FileState),
    /// It is not what it was.
    Content,
}

impl FileState {
    /// What a path has; `None` if its name or where it leads is not UTF-8.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, BuildError> {
        let Some(mut state) = Self::without_content(path)? else { return Ok(None) };
        state.digest = digest(path, &state)?;
        Ok(Some(state))
    }

    fn without_content(path: &Path) -> Result<Option<Self>, BuildError> {
        let own = missing(std::fs::symlink_metadata(path)).map_err(BuildError::file(FileAction::Read, path))?;
        let link = match own.as_ref().is_some_and(Metadata::is_symlink) {
            false => None,
            true => {
                let target = fs_err::read_link(path).map_err(BuildError::file(FileAction::Read, path))?;
                let Some(target) = target.to_str() else { return Ok(None) };
                Some(target.to_owned())
            }
        };
        let stat = match &link {
            None => own,
            Some(_) => missing(std::fs::metadata(path)).map_err(BuildError::file(FileAction::Read, path))?,
        };
        Ok(Some(Self { link, stat: stat.as_ref().map(Stat::of), digest: None }))
    }

    /// Whether nothing of it has changed lately, seen from a time in seconds.
    pub(super) fn is_settled(&self, now: i64) -> bool {
        self.stat.as_ref().is_none_or(|stat| stat.is_settled(now))
    }

    /// What became of the path since this was its state.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn change(&self, path: &Path) -> Result<Change, BuildError> {
        let Some(mut now) = Self::without_content(path)? else { return Ok(Change::Content) };
        let mode = |state: &Self| state.stat.as_ref().map(Stat::mode);
        if now.link != self.link || mode(&now) != mode(self) {
            return Ok(Change::Content);
        }
        // A folder's times say nothing that the list of its files does not.
        if now.stat == self.stat || self.digest.is_none() && !is_file(&now) {
            return Ok(Change::None);
        }
        now.digest = digest(path, &now)?;
        Ok(if now.digest == self.digest { Change::Times(now) } else { Change::Content })
    }
}

fn is_file(state: &FileState) -> bool {
    const KIND: u32 = 0o170_000;
    const REGULAR: u32 = 0o100_000;
    state.stat.as_ref().is_some_and(|stat| stat.mode() & KIND == REGULAR)
}

fn digest(path: &Path, state: &FileState) -> Result<Option<Digest>, BuildError> {
    if !is_file(state) {
        return Ok(None);
    }
    // Of the file that a link leads to: the link itself is not read.
    let real = path.canonicalize().map_err(BuildError::file(FileAction::Read, path))?;
    Ok(Some(Hashed::read(&real)?.digest))
}

fn missing(metadata: io::Result<Metadata>) -> io::Result<Option<Metadata>> {
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

    fn what(state: &FileState, path: &Path) -> &'static str {
        match state.change(path).unwrap() {
            Change::None => "none",
            Change::Times(_) => "times",
            Change::Content => "content",
        }
    }

    #[test]
    fn a_content_of_the_same_size_with_the_same_time_is_seen() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let state = FileState::of(&path).unwrap().unwrap();
        assert_eq!(what(&state, &path), "none");
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        // Coarse clocks tick every few milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::fs::write(&path, "two").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_times(FileTimes::new().set_modified(modified)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), modified);
        assert_eq!(what(&state, &path), "content");
        std::fs::write(&path, "one").unwrap();
        assert_eq!(what(&state, &path), "times");
    }

    #[test]
    fn modes_links_and_what_they_lead_to_are_seen() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let scratch = tempfile::tempdir().unwrap();
        let (file, link) = (scratch.path().join("file"), scratch.path().join("link"));
        assert_eq!(what(&FileState::of(&file).unwrap().unwrap(), &file), "none", "nothing is there still");
        let absent = FileState::of(&file).unwrap().unwrap();
        std::fs::write(&file, "one").unwrap();
        assert_eq!(what(&absent, &file), "content");
        symlink("file", &link).unwrap();
        let states = [FileState::of(&file).unwrap().unwrap(), FileState::of(&link).unwrap().unwrap()];
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!((what(&states[0], &file), what(&states[1], &link)), ("content", "content"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let state = FileState::of(&link).unwrap().unwrap();
        std::fs::write(&file, "another").unwrap();
        assert_eq!(what(&state, &link), "content");
        let state = FileState::of(&link).unwrap().unwrap();
        std::fs::remove_file(&link).unwrap();
        symlink("./file", &link).unwrap();
        assert_eq!(what(&state, &link), "content");
    }

    #[test]
    fn what_changed_lately_is_not_settled() {
        let stat = |modified, changed| Stat(1, 2, 0o100_644, 3, [modified, 0, changed, 0]);
        let state = |modified, changed| FileState { link: None, stat: Some(stat(modified, changed)), digest: None };
        for (modified, changed, settled) in
            [(90, 90, true), (97, 97, true), (98, 90, false), (90, 98, false), (90, 100, false), (200, 90, false)]
        {
            assert_eq!(state(modified, changed).is_settled(100), settled, "{modified} {changed}");
        }
    }
}
