//! Files that are read whole, and files that are opened at all: regular ones only, and never more than a limit.
//!
//! A named pipe would block until somebody writes to it, and a device may have no end. A length that is asked for is
//! no limit: it is 0 for many files in /proc, and the file may grow.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

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
    #[error("it has more than {limit} bytes, which is the limit")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
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
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    check_regular(&file.metadata()?)?;
    Ok(file)
}

/// Reads a whole regular file of at most `limit` bytes.
///
/// # Errors
/// When it is anything else, longer, or cannot be read.
pub fn read_small(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(SmallFileError::TooLarge { limit }.into());
    }
    Ok(bytes)
}

/// Reads a regular file of at most `limit` bytes as UTF-8.
///
/// # Errors
/// As [`read_small`], and when it is not UTF-8.
pub fn read_small_text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read_small(path, limit)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(error.to_string(), "it has more than 4 bytes, which is the limit");
        assert_eq!(read_small(&path("none"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_limit_holds_for_files_that_say_they_are_empty() {
        assert!(read_small(Path::new("/proc/self/environ"), 1 << 20).is_ok());
        assert!(read_small(Path::new("/proc/self/environ"), 3).is_err());
    }
}
