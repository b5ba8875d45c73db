//! What is at a path that was to be an image and is none.

use std::io::Read as _;
use std::path::Path;

use crate::disk::small_file::open_regular;
use crate::medium::Medium;

/// Why no image can be at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAnImage {
    /// Nothing is there.
    Absent,
    /// A folder without `index.json`: an application, perhaps.
    Folder,
    /// A file, where a layout's folder was named.
    File,
    /// An image definition.
    Definition,
    /// A compressed file.
    Compressed,
}

/// How compressed files begin: gzip, zstd, xz, bzip2.
const COMPRESSED: [&[u8]; 4] = [&[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd], &[0xfd, b'7', b'z', b'X', b'Z'], b"BZh"];

impl NotAnImage {
    /// Looks at a path, for an image of this medium; `None` if it can be one, or cannot be looked at.
    pub(crate) fn of(path: &Path, medium: Option<Medium>) -> Option<Self> {
        let is_archive = matches!(medium, Some(Medium::OciArchive | Medium::DockerArchive));
        match path.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(Self::Absent),
            Err(_) => None,
            Ok(found) if found.is_dir() => {
                let has_index = path.join("index.json").symlink_metadata().is_ok();
                (!is_archive && !has_index).then_some(Self::Folder)
            }
            Ok(found) if !found.is_file() => None,
            Ok(_) if medium == Some(Medium::Layout) => Some(Self::File),
            Ok(_) if path.extension().is_some_and(|extension| extension == "toml") => Some(Self::Definition),
            Ok(_) => is_compressed(path).then_some(Self::Compressed),
        }
    }

    /// What is said of the path.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Absent => "is not there",
            Self::Folder => "is no image: the folder has no index.json",
            Self::File => "is a file, and not the folder of a layout",
            Self::Definition => "is the definition of an image, and no image",
            Self::Compressed => "is a compressed file, and not an archive of an image",
        }
    }

    /// What to do about it.
    pub(crate) fn hint(self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::Absent => {
                "check the path; an image in a registry is named with its host: registry.example/NAME, docker.io/NAME"
                    .to_owned()
            }
            Self::Folder | Self::Definition => format!(
                "an image is the folder of an OCI layout or an archive; if this is an application, build its image \
                 first: `shipwheel image {path} --output oci:FOLDER`"
            ),
            Self::File => format!("for an archive write `oci-archive:{path}`, or only the path"),
            Self::Compressed => {
                "decompress it first, with `gunzip`, `unzstd` or `unxz`: its layers are compressed already".to_owned()
            }
        }
    }
}

/// Whether a file begins as one of a program that compresses.
fn is_compressed(path: &Path) -> bool {
    let mut start = [0; 5];
    let read = open_regular(path).and_then(|mut file| file.read(&mut start));
    read.is_ok_and(|length| COMPRESSED.iter().any(|magic| start[..length].starts_with(magic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["app", "layout"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for (name, content) in [
            ("layout/index.json", b"{}".as_slice()),
            ("a.tar", b"blobs/"),
            ("a.tar.gz", b"\x1f\x8b\x08\x00\x00\x00"),
            ("short", b"\x1f"),
            ("a.zst", b"\x28\xb5\x2f\xfd\x00"),
            ("image.toml", b""),
        ] {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        for (name, medium, expected) in [
            ("nothing", None, Some(NotAnImage::Absent)),
            ("nothing.tar", Some(Medium::OciArchive), Some(NotAnImage::Absent)),
            ("app", None, Some(NotAnImage::Folder)),
            ("app", Some(Medium::Layout), Some(NotAnImage::Folder)),
            // What reads archives says itself that it is no file.
            ("app", Some(Medium::OciArchive), None),
            ("layout", None, None),
            ("a.tar", None, None),
            ("a.tar", Some(Medium::Layout), Some(NotAnImage::File)),
            ("a.tar.gz", None, Some(NotAnImage::Compressed)),
            ("a.zst", Some(Medium::DockerArchive), Some(NotAnImage::Compressed)),
            ("short", None, None),
            ("image.toml", None, Some(NotAnImage::Definition)),
        ] {
            assert_eq!(NotAnImage::of(&folder.path().join(name), medium), expected, "{name} {medium:?}");
        }
    }
}
