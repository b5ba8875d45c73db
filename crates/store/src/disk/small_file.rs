//! Files that are read whole, and files that are opened at all: regular ones only, and never more than a limit.
//!
//! A named pipe would block until somebody writes to it, and a device may have no end. A length that is asked for is
//! no limit: it is 0 for many files in /proc, and the file may grow. Clippy bans the other ways to open a file in the
//! crates that do.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// How every file is opened to read: opening it never waits, and never makes a terminal ours.
pub(super) const TO_READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Why a file is not read. It is the cause inside of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
pub enum SmallFileError {
    /// Something that is not a regular file.
    #[error("it is a {found}, expected a regular file")]
    NotAFile {
        /// What it is.
        found: &'static str,
    },
    /// More bytes than a document of that sort may have.
    #[error("it is larger than {}, the limit", size(*.limit))]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
}

impl SmallFileError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAFile { found: "folder" } => "name a file in the folder, or remove the folder",
            Self::NotAFile { .. } => {
                "shipwheel reads regular files only: save what it gives to a file, and name that one"
            }
            Self::TooLarge { .. } => "no file of its kind needs to be that large; check that it is the one you mean",
        }
    }

    /// The hint for an error of a file operation, where it is one of these.
    pub fn hint_of(error: &io::Error) -> Option<&'static str> {
        error.get_ref()?.downcast_ref::<Self>().map(Self::hint)
    }
}

/// A limit as people say it.
fn size(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{bytes} bytes"),
        mebibytes => format!("{mebibytes} MiB"),
    }
}

impl From<SmallFileError> for io::Error {
    fn from(error: SmallFileError) -> Self {
        let kind = match &error {
            SmallFileError::NotAFile { found: "folder" } => io::ErrorKind::IsADirectory,
            SmallFileError::NotAFile { .. } => io::ErrorKind::InvalidInput,
            SmallFileError::TooLarge { .. } => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// Refuses what is not a regular file.
pub(super) fn check_regular(metadata: &Metadata) -> Result<(), SmallFileError> {
    let kind = metadata.file_type();
    let found = match kind {
        _ if kind.is_file() => return Ok(()),
        _ if kind.is_dir() => "folder",
        _ if kind.is_fifo() => "named pipe",
        _ if kind.is_socket() => "socket",
        _ if kind.is_symlink() => "link",
        _ => "device",
    };
    Err(SmallFileError::NotAFile { found })
}

/// Opens a regular file to read; links to one are followed.
///
/// # Errors
/// When it is anything else, or cannot be opened.
pub fn open_regular(path: &Path) -> io::Result<File> {
    // Before it is opened: opening some devices does something.
    check_regular(&fs::metadata(path)?)?;
    open(path, TO_READ)
}

/// Opens a regular file to read that was found in a folder, where links are something else.
///
/// # Errors
/// When it is a link or anything else, or cannot be opened.
pub fn open_regular_no_link(path: &Path) -> io::Result<File> {
    check_regular(&fs::symlink_metadata(path)?)?;
    open(path, TO_READ | OFlags::NOFOLLOW)
}

fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    // Another one may have taken its place.
    check_regular(&file.metadata()?)?;
    Ok(file)
}

/// Reads a whole regular file of at most `limit` bytes.
///
/// # Errors
/// When it is anything else, longer, or cannot be read.
pub fn read_small(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_all(open_regular(path)?, limit)
}

/// Reads what is left of an open file.
pub(super) fn read_all(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(SmallFileError::TooLarge { limit }.into());
    }
    Ok(bytes)
}

/// Reads a regular file of at most `limit` bytes; `None` if nothing has the name.
///
/// # Errors
/// As [`read_small`]: what is there and cannot be read is not passed over.
pub fn read_small_if_there(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    match read_small(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a regular file of at most `limit` bytes as UTF-8; `None` if nothing has the name.
///
/// # Errors
/// As [`read_small_text`]: what is there and cannot be read is not passed over.
pub fn read_small_text_if_there(path: &Path, limit: u64) -> io::Result<Option<String>> {
    read_small_if_there(path, limit)?.map(text).transpose()
}

/// Reads a regular file of at most `limit` bytes as UTF-8.
///
/// # Errors
/// As [`read_small`], and when it is not UTF-8.
pub fn read_small_text(path: &Path, limit: u64) -> io::Result<String> {
    text(read_small(path, limit)?)
}

/// UTF-8, or UTF-16 with its mark, as `pip freeze > requirements.txt` writes it in PowerShell and pip and uv read it.
fn text(bytes: Vec<u8>) -> io::Result<String> {
    let units = |unit: fn([u8; 2]) -> u16| -> Option<String> {
        let (pairs, []) = bytes[2..].as_chunks::<2>() else { return None };
        char::decode_utf16(pairs.iter().copied().map(unit)).collect::<Result<_, _>>().ok()
    };
    let decoded = match bytes.get(..2) {
        Some([0xff, 0xfe]) => units(u16::from_le_bytes),
        Some([0xfe, 0xff]) => units(u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    };
    decoded.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_utf_8_or_utf_16_with_its_mark() {
        let little: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("flask==3\r\né😀".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> = [0xfe, 0xff].into_iter().chain("é".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for (bytes, expected) in [
            (little.clone(), Some("flask==3\r\né😀")),
            (big, Some("é")),
            (vec![0xff, 0xfe], Some("")),
            ("é".into(), Some("é")),
            (Vec::new(), Some("")),
            (little[..little.len() - 1].to_vec(), None),
            (little[..little.len() - 2].to_vec(), None),
            (vec![b'a', 0xff, 0xfe], None),
        ] {
            assert_eq!(text(bytes.clone()).ok().as_deref(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), b"words").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), 0o600.into()).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("zero")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        let said = |name: &str| read_small_text(&path(name), 5).map_err(|error| error.to_string());
        for (name, expected) in [
            ("file", Ok("words")),
            ("link", Ok("words")),
            ("pipe", Err("it is a named pipe, expected a regular file")),
            ("zero", Err("it is a device, expected a regular file")),
            ("socket", Err("it is a socket, expected a regular file")),
            ("", Err("it is a folder, expected a regular file")),
        ] {
            assert_eq!(said(name).as_deref().map_err(String::as_str), expected, "{name}");
        }
        let error = read_small(&path("file"), 4).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 4 bytes, the limit");
        assert!(SmallFileError::hint_of(&error).is_some());
        assert_eq!(SmallFileError::TooLarge { limit: 4 << 20 }.to_string(), "it is larger than 4 MiB, the limit");
        assert_eq!(read_small(&path("none"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
        for (name, expected) in
            [("file", Some(true)), ("none", Some(false)), ("file/below", Some(false)), ("pipe", None)]
        {
            let read = read_small_text_if_there(&path(name), 5);
            assert_eq!(read.ok().map(|text| text.is_some()), expected, "{name}");
        }
    }

    #[test]
    fn a_link_in_a_folder_is_not_opened_as_a_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), b"words").unwrap();
        std::os::unix::fs::symlink("file", folder.path().join("link")).unwrap();
        assert!(open_regular_no_link(&folder.path().join("file")).is_ok());
        let error = open_regular_no_link(&folder.path().join("link")).unwrap_err();
        assert_eq!(error.to_string(), "it is a link, expected a regular file");
        // What takes a file's place after it was looked at is not followed, or waited for, either.
        assert!(open(&folder.path().join("link"), TO_READ | OFlags::NOFOLLOW).is_err());
        rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("pipe"), 0o600.into()).unwrap();
        assert!(open(&folder.path().join("pipe"), TO_READ).is_err());
    }

    #[test]
    fn the_limit_holds_for_files_that_say_they_are_empty() {
        assert!(read_small(Path::new("/proc/self/environ"), 1 << 20).is_ok());
        assert!(read_small(Path::new("/proc/self/environ"), 3).is_err());
    }
}
