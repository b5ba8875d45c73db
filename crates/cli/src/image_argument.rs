//! Where an image is read from: a layout folder, an archive, a registry.

use std::fmt;
use std::str::FromStr;

use shipwheel_oci::Reference;
use shipwheel_store::{Cache, ImageSource, LocalImage, Progress, Registry, RegistrySource, StoreError};

/// An image in a folder or a file, as it is typed.
pub(crate) type SourceArgument = LocalImage;

/// An image anywhere: what is on disk or looks like a path is one, everything else is a reference to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImageArgument {
    /// A layout folder or an archive.
    Local(LocalImage),
    /// In a registry.
    Registry(Reference),
}

impl FromStr for ImageArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let local: LocalImage = text.parse()?;
        if local.is_local() {
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
    /// The reference, for an image in a registry.
    pub(crate) fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Local(_) => None,
            Self::Registry(reference) => Some(reference),
        }
    }

    /// Opens it; a registry's blobs come by way of the cache.
    ///
    /// # Errors
    /// When it is not there, or not a layout or an archive with one such image.
    pub(crate) fn open<'a>(
        &self,
        registry: &'a Registry,
        cache: &'a Cache,
        progress: &'a dyn Progress,
    ) -> Result<Box<dyn ImageSource + 'a>, StoreError> {
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
    fn a_path_on_disk_is_local_and_everything_else_is_a_reference() {
        let here = std::env::temp_dir().display().to_string();
        for (text, local) in [
            (here.clone(), true),
            (format!("{here}:1.0"), true),
            ("oci:nowhere".to_owned(), true),
            ("docker-archive:nowhere".to_owned(), true),
            ("./nowhere".to_owned(), true),
            ("nothing.tar".to_owned(), true),
            ("/nowhere/at/all".to_owned(), true),
            ("registry.example/app:1.0".to_owned(), false),
            ("nowhere".to_owned(), false),
        ] {
            let image: ImageArgument = text.parse().unwrap();
            assert_eq!(matches!(image, ImageArgument::Local(_)), local, "{text}");
        }
        assert!("Nowhere:UPPER/x".parse::<ImageArgument>().is_err());
    }
}
