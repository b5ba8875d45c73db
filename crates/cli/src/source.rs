//! Where an image is read from: a layout folder, an archive, a registry.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use shipwheel_oci::Reference;
use shipwheel_store::{ArchiveSource, Cache, LayoutSource, Progress, Registry, RegistrySource, Source, StoreError};

/// An image in a folder or a file, as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceArgument {
    /// `oci` or `oci-archive`, if it was typed.
    kind: Option<&'static str>,
    /// The path, with a tag behind it if no such file is there.
    text: String,
}

impl FromStr for SourceArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, text) = match text.split_once(':') {
            Some(("oci", rest)) => (Some("oci"), rest),
            Some(("oci-archive", rest)) => (Some("oci-archive"), rest),
            Some((kind @ ("docker-archive" | "docker" | "dir" | "docker-daemon"), _)) => {
                return Err(format!("`{kind}` is no kind of source; known are oci and oci-archive"));
            }
            _ => (None, text),
        };
        match text.is_empty() {
            true => Err("it names no file or folder".to_owned()),
            false => Ok(Self { kind, text: text.to_owned() }),
        }
    }
}

impl SourceArgument {
    /// Opens it.
    ///
    /// # Errors
    /// When it is not there, or no layout or archive.
    pub(crate) fn open(&self) -> Result<Box<dyn Source>, StoreError> {
        let (path, tag) = self.split();
        let is_archive = self.kind.map_or_else(|| path.is_file(), |kind| kind == "oci-archive");
        Ok(match is_archive {
            true => Box::new(ArchiveSource::open(&path, tag)?),
            false => Box::new(LayoutSource::open(&path, tag)?),
        })
    }

    fn split(&self) -> (PathBuf, Option<&str>) {
        let whole = Path::new(&self.text);
        match self.text.rsplit_once(':') {
            Some((path, tag)) if !whole.exists() && !tag.contains('/') => (path.into(), Some(tag)),
            _ => (whole.into(), None),
        }
    }
}

impl fmt::Display for SourceArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An image anywhere: what is there on disk is a path, all else a reference to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImageArgument {
    /// A layout folder or an archive.
    Local(SourceArgument),
    /// In a registry.
    Registry(Reference),
}

impl FromStr for ImageArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let local: SourceArgument = text.parse()?;
        let is_path = local.kind.is_some() || local.split().0.exists() || text.starts_with(['/', '.']);
        if is_path {
            return Ok(Self::Local(local));
        }
        let reference = text.parse().map_err(|error| format!("no such file or folder, and {error}"))?;
        Ok(Self::Registry(reference))
    }
}

impl fmt::Display for ImageArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(source) => source.fmt(f),
            Self::Registry(reference) => reference.fmt(f),
        }
    }
}

impl ImageArgument {
    /// Opens it; a registry's blobs come by way of the cache.
    ///
    /// # Errors
    /// When it is not there, or no layout or archive.
    pub(crate) fn open<'a>(
        &self,
        registry: &'a Registry,
        cache: &'a Cache,
        progress: &'a dyn Progress,
    ) -> Result<Box<dyn Source + 'a>, StoreError> {
        Ok(match self {
            Self::Local(source) => source.open()?,
            Self::Registry(reference) => Box::new(RegistrySource::new(registry, reference.clone(), cache, progress)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_disk_is_a_path_and_all_else_a_reference() {
        let here = tempfile().display().to_string();
        for (text, local) in [
            (here.clone(), true),
            (format!("{here}:1.0"), true),
            ("oci:nowhere".to_owned(), true),
            ("./nowhere".to_owned(), true),
            ("/nowhere/at/all".to_owned(), true),
            ("registry.example/app:1.0".to_owned(), false),
            ("nowhere".to_owned(), false),
        ] {
            let image: ImageArgument = text.parse().unwrap();
            assert_eq!(matches!(image, ImageArgument::Local(_)), local, "{text}");
        }
        assert!("Nowhere:UPPER/x".parse::<ImageArgument>().is_err());
    }

    #[test]
    fn sources_parse_by_their_kind_and_tag() {
        let folder = tempfile();
        let here = folder.display().to_string();
        for (text, kind, path, tag) in [
            (format!("oci:{here}"), Some("oci"), here.clone(), None),
            (format!("oci:{here}:1.0"), Some("oci"), here.clone(), Some("1.0")),
            (format!("{here}:1.0"), None, here.clone(), Some("1.0")),
            ("oci-archive:a.tar".to_owned(), Some("oci-archive"), "a.tar".to_owned(), None),
            ("oci-archive:a.tar:v".to_owned(), Some("oci-archive"), "a.tar".to_owned(), Some("v")),
            ("./a:b/c".to_owned(), None, "./a:b/c".to_owned(), None),
        ] {
            let source: SourceArgument = text.parse().unwrap();
            assert_eq!(source.kind, kind, "{text}");
            assert_eq!(source.split(), (path.into(), tag), "{text}");
        }
        for text in ["", "oci:", "docker-archive:x"] {
            assert!(text.parse::<SourceArgument>().is_err(), "{text}");
        }
    }

    /// A folder that is there on every machine.
    fn tempfile() -> PathBuf {
        std::env::temp_dir()
    }
}
