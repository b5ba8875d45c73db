//! An image in a file or a folder of this machine, as users write it: `PATH[:TAG]`, with or without its medium.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use shipwheel_oci::names_host;

use crate::archive::{ArchiveSource, DockerArchiveSource, Members};
use crate::error::{Result, StoreError};
use crate::image::ImageSource;
use crate::layout::LayoutSource;
use crate::medium::Medium;
use crate::not_an_image::NotAnImage;

/// How names of files end that are archives or meant as such, or definitions of images.
const ENDINGS: [&str; 8] = ["tar", "tgz", "gz", "xz", "zst", "zip", "toml", "json"];

/// A layout folder, an OCI archive or a docker-archive: `PATH`, `oci:PATH`, `oci-archive:PATH` or `docker-archive:PATH`,
/// each with `:TAG` behind it if the layout or the archive holds several images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalImage {
    text: String,
    medium: Option<Medium>,
    /// The path, with a tag behind it if no such file is there.
    rest: String,
    /// Where relative paths begin.
    folder: PathBuf,
}

impl FromStr for LocalImage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (medium, rest) = match text.split_once(':') {
            Some((kind @ ("docker" | "dir" | "docker-daemon"), _)) => {
                return Err(format!("`{kind}` is not a kind of source; expected {}", Medium::names()));
            }
            Some((name, rest)) => Medium::of(name).map_or((None, text), |medium| (Some(medium), rest)),
            None => (None, text),
        };
        if rest.is_empty() {
            return Err("it does not name a file or folder".to_owned());
        }
        Ok(Self { text: text.to_owned(), medium, rest: rest.to_owned(), folder: PathBuf::new() })
    }
}

impl fmt::Display for LocalImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rest)
    }
}

impl LocalImage {
    /// The same with a path that is relative to a folder.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self }
    }

    /// Whether it names its medium, is written as a path, or is there, or its folder is: then it is not taken for a
    /// reference to a registry.
    pub fn is_local(&self) -> bool {
        self.medium.is_some() || is_written_as_path(&self.text) || self.exists() || self.is_in_a_folder()
    }

    /// Whether it is below a folder that is there, and names no registry: a file with a slip in its name must not be
    /// asked of Docker Hub.
    fn is_in_a_folder(&self) -> bool {
        let (path, _) = self.split();
        let first = self.rest.split_once('/').map_or("", |(first, _)| first);
        !first.is_empty() && !names_host(first) && path.parent().is_some_and(Path::is_dir)
    }

    /// Whether the file or the folder is there.
    pub fn exists(&self) -> bool {
        self.split().0.exists()
    }

    /// Opens the image.
    ///
    /// # Errors
    /// When it is not there, is not a layout or an archive, or does not hold exactly one image of the tag.
    pub fn open(&self) -> Result<Box<dyn ImageSource>> {
        let (path, tag) = self.split();
        if let Some(found) = NotAnImage::of(&path, self.medium) {
            return Err(StoreError::NotAnImage { path, found });
        }
        match self.medium.unwrap_or(if path.is_file() { Medium::OciArchive } else { Medium::Layout }) {
            Medium::Layout => Ok(Box::new(LayoutSource::open(&path, tag)?)),
            // The members say which of both an archive is, whatever it was called.
            Medium::OciArchive | Medium::DockerArchive => Self::open_archive(&path, tag),
        }
    }

    fn open_archive(path: &Path, tag: Option<&str>) -> Result<Box<dyn ImageSource>> {
        let members = Members::open(path)?;
        // Docker 25 and later write an OCI archive that is a docker-archive as well: it loses nothing.
        match (members.has("index.json"), members.has("manifest.json")) {
            (true, _) => Ok(Box::new(ArchiveSource::of(members, tag)?)),
            (false, true) => Ok(Box::new(DockerArchiveSource::of(&members, tag)?)),
            (false, false) => {
                let cause = "it has neither index.json nor manifest.json: not an OCI archive and not a docker-archive";
                Err(StoreError::Image { what: path.display().to_string(), cause: cause.into() })
            }
        }
    }

    /// The path and the tag: what is behind the last colon is a tag only if there is no file with that name.
    fn split(&self) -> (PathBuf, Option<&str>) {
        let whole = self.folder.join(&self.rest);
        match self.rest.rsplit_once(':') {
            Some((path, tag)) if !whole.exists() && !tag.contains('/') => (self.folder.join(path), Some(tag)),
            Some(_) | None => (whole, None),
        }
    }
}

/// Whether a text can only be meant as a path: by how it begins, or by how its name ends.
fn is_written_as_path(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or(text);
    let name = name.split([':', '@']).next().unwrap_or(name);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    text.starts_with(['/', '.', '~'])
        || text.ends_with('/')
        || ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_image_has_a_medium_a_path_and_a_tag() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().display().to_string();
        for (text, medium, path, tag) in [
            (format!("oci:{here}"), Some(Medium::Layout), here.clone(), None),
            (format!("oci:{here}:1.0"), Some(Medium::Layout), here.clone(), Some("1.0")),
            (format!("{here}:1.0"), None, here.clone(), Some("1.0")),
            ("oci-archive:a.tar".to_owned(), Some(Medium::OciArchive), "a.tar".to_owned(), None),
            ("oci-archive:a.tar:v".to_owned(), Some(Medium::OciArchive), "a.tar".to_owned(), Some("v")),
            ("docker-archive:a.tar".to_owned(), Some(Medium::DockerArchive), "a.tar".to_owned(), None),
            ("./a:b/c".to_owned(), None, "./a:b/c".to_owned(), None),
        ] {
            let image: LocalImage = text.parse().unwrap();
            assert_eq!(image.medium, medium, "{text}");
            assert_eq!(image.split(), (path.into(), tag), "{text}");
        }
        for text in ["", "oci:", "docker-daemon:x", "dir:x"] {
            assert!(text.parse::<LocalImage>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_path_is_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("out/deep")).unwrap();
        std::fs::create_dir(folder.path().join("registry.example")).unwrap();
        for (text, is_local) in [
            ("./x", true),
            ("../x", true),
            ("/x", true),
            ("~/x", true),
            ("x/", true),
            ("nothing.tar", true),
            ("nothing.TAR:1.0", true),
            ("a/nothing.tar.gz", true),
            ("image.toml", true),
            ("oci:nowhere", true),
            ("out", true),
            ("out:1.0", true),
            ("out/y", true),
            ("out/y:1.0", true),
            ("out/deep/y", true),
            ("out/nowhere/y", false),
            ("other/y", false),
            ("nowhere", false),
            ("nowhere:1.0", false),
            ("python:3.13", false),
            ("team/app.v2:1.0", false),
            // Names of registries, whatever folders there are.
            ("registry.example/y", false),
            ("registry.example/y:1.0", false),
            ("localhost/y", false),
            ("127.0.0.1:5000/y", false),
        ] {
            let image = text.parse::<LocalImage>().unwrap().relative_to(folder.path());
            assert_eq!(image.is_local(), is_local, "{text}");
        }
    }

    #[test]
    fn a_path_without_an_image_says_so_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("app")).unwrap();
        let here = folder.path().display();
        for (text, message, hint) in [
            (format!("{here}/app"), "is no image: the folder has no index.json", "`shipwheel image "),
            (format!("oci:{here}/app:1.0"), "is no image: the folder has no index.json", "`shipwheel image "),
            (format!("{here}/nothing.tar:1.0"), "nothing.tar is not there", "check the path"),
        ] {
            let Err(error) = text.parse::<LocalImage>().unwrap().open() else { panic!("{text} is no image") };
            let (said, advice) = (error.to_string(), error.hint().unwrap());
            assert!(said.contains(message) && advice.contains(hint), "{said}: {advice}");
            assert_eq!(error.kind(), crate::ErrorKind::Configuration);
        }
    }

    #[test]
    fn a_relative_path_begins_at_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("base")).unwrap();
        let image = |text: &str| text.parse::<LocalImage>().unwrap().relative_to(folder.path());
        assert!(image("base").exists() && image("base:3.13").exists() && !image("other").exists());
        assert_eq!(image("base:3.13").split(), (folder.path().join("base"), Some("3.13")));
    }
}
