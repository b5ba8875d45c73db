//! Where an image goes: a layout folder, an archive.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use shipwheel_builder::Session;
use shipwheel_oci::Reference;
use shipwheel_store::{Layout, StoreError, StoredImage, write_docker_archive, write_oci_archive};

/// An output as it is typed: `oci:FOLDER`, `oci-archive:FILE`, `docker-archive:FILE` or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OutputArgument {
    /// An OCI image layout folder.
    Layout(PathBuf),
    /// An OCI image layout in a tar.
    OciArchive(PathBuf),
    /// What `docker load` takes: one platform.
    DockerArchive(PathBuf),
}

impl FromStr for OutputArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, path) = match text.split_once(':') {
            Some((kind, path)) if !kind.contains('/') => (kind, path),
            _ => ("oci", text),
        };
        if path.is_empty() {
            return Err("it names no file or folder".to_owned());
        }
        match kind {
            "oci" => Ok(Self::Layout(path.into())),
            "oci-archive" => Ok(Self::OciArchive(path.into())),
            "docker-archive" => Ok(Self::DockerArchive(path.into())),
            other => Err(format!("`{other}` is no kind of output; known are oci, oci-archive and docker-archive")),
        }
    }
}

impl OutputArgument {
    /// The file or folder.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Layout(path) | Self::OciArchive(path) | Self::DockerArchive(path) => path,
        }
    }

    /// Writes an image; what was there before is whole until the new one is.
    pub(crate) fn write(&self, session: &Session<'_>, image: &StoredImage, name: &Reference) -> Result<(), StoreError> {
        let blobs = session.blobs();
        match self {
            Self::Layout(path) => Layout::create(path)?.write_image(image, Some(name), &blobs),
            Self::OciArchive(path) => write_oci_archive(path, image, Some(name), &blobs),
            Self::DockerArchive(path) => write_docker_archive(path, &image.images()[0], Some(name), &blobs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_parse_by_their_kind() {
        for (text, expected) in [
            ("target/x", Ok(OutputArgument::Layout("target/x".into()))),
            ("oci:x", Ok(OutputArgument::Layout("x".into()))),
            ("oci-archive:a.tar", Ok(OutputArgument::OciArchive("a.tar".into()))),
            ("docker-archive:a:b.tar", Ok(OutputArgument::DockerArchive("a:b.tar".into()))),
            ("./a:b", Ok(OutputArgument::Layout("./a:b".into()))),
            ("zip:x", Err("`zip` is no kind of output; known are oci, oci-archive and docker-archive".to_owned())),
            ("oci:", Err("it names no file or folder".to_owned())),
        ] {
            assert_eq!(text.parse::<OutputArgument>(), expected, "{text}");
        }
    }
}
