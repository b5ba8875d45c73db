//! What `run` and `load` are given: an image that is there, or an application that is built first.

use std::path::Path;

use shipwheel_builder::{Built, Definition, Session, build};
use shipwheel_oci::{Platform, Reference};
use shipwheel_plan::layer::LayerKind;

use crate::choices::ChoiceArguments;
use crate::failure::Failure;
use crate::image_argument::ImageArgument;
use crate::open;

/// An image, or what one is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A layout, an archive or a reference.
    Image(ImageArgument),
    /// A definition, by its name, its path or its folder; `None` for the only one in images/, or else that of the working directory.
    Definition(Option<String>),
}

impl Subject {
    /// What a text names: what is a layout, an archive or a reference, is an image.
    ///
    /// # Errors
    /// When it can be none of these.
    pub(crate) fn of(text: Option<&str>, root: &Path) -> Result<Self, Failure> {
        let Some(text) = text else { return Ok(Self::Definition(None)) };
        let path = Path::new(text);
        let is_layout = path.join("oci-layout").exists() || path.join("index.json").exists();
        let is_definition = match path.metadata() {
            Ok(metadata) if metadata.is_dir() => !is_layout,
            Ok(_) => path.extension().is_some_and(|extension| extension == "toml"),
            Err(_) => !text.contains(':') && root.join("images").join(text).join("image.toml").exists(),
        };
        if is_definition {
            return Ok(Self::Definition(Some(text.to_owned())));
        }
        let image = text.parse().map_err(|error| Failure::usage(format!("`{text}`: {error}"), None))?;
        Ok(Self::Image(image))
    }

    /// The reference, of an image in a registry.
    pub(crate) fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Image(image) => image.reference(),
            Self::Definition(_) => None,
        }
    }
}

/// How a definition is built for this machine.
pub(crate) struct Making<'m> {
    pub(crate) root: &'m Path,
    pub(crate) name: Option<&'m str>,
    pub(crate) profile: Option<&'m str>,
    pub(crate) platform: &'m Platform,
    pub(crate) may_build_project: bool,
}

impl Making<'_> {
    /// Reads the definition, for the one platform.
    ///
    /// # Errors
    /// When it has problems, or is not for the platform.
    pub(crate) fn definition(&self) -> Result<Definition, Failure> {
        let mut definition = open::definition(self.root, self.name, self.profile, &ChoiceArguments::default())?;
        if !definition.spec.platforms.contains(self.platform) {
            let message = format!("{} is not for {}", definition.file, self.platform);
            return Err(Failure::usage(message, Some("add it to `platforms`, or name another one with `--platform`")));
        }
        definition.spec.platforms = vec![self.platform.clone()];
        definition.may_build_project |= self.may_build_project;
        definition.read_image_lock().map_err(Failure::while_doing("read image.lock"))?;
        Ok(definition)
    }

    /// Builds a definition into the cache.
    ///
    /// # Errors
    /// As `image`.
    pub(crate) fn build(session: &mut Session<'_>, definition: &Definition) -> Result<Built, Failure> {
        build(session, definition).map_err(Failure::while_doing(format!("build image `{}`", definition.name)))
    }
}

/// How many layers of what was built are below those that a change of the application changes.
pub(crate) fn ground(built: &Built) -> Option<usize> {
    let layers = &built.platforms.first()?.layers;
    Some(layers.iter().position(|layer| layer.kind >= LayerKind::Application).unwrap_or(layers.len()))
}

/// This machine's platform, unless another one is asked for.
pub(crate) fn platform(asked: Option<&Platform>) -> Platform {
    asked.cloned().unwrap_or_else(|| Platform::normalized("linux", std::env::consts::ARCH, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_told_from_an_image() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["app", "layout", "images/web"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["layout/oci-layout", "archive.tar", "image.toml", "images/web/image.toml"] {
            std::fs::write(at(name), "").unwrap();
        }
        let path = |name: &str| at(name).display().to_string();
        for (text, is_definition) in [
            (path("app"), true),
            (path("image.toml"), true),
            ("web".to_owned(), true),
            ("web:1".to_owned(), false),
            (path("layout"), false),
            (path("archive.tar"), false),
            (format!("oci:{}", path("layout")), false),
            ("registry.example/web".to_owned(), false),
        ] {
            let subject = Subject::of(Some(&text), folder.path()).unwrap();
            assert_eq!(matches!(subject, Subject::Definition(_)), is_definition, "{text}");
        }
        assert_eq!(Subject::of(None, folder.path()).unwrap(), Subject::Definition(None));
        assert!(Subject::of(Some("Not:An:Image"), folder.path()).is_err());
    }
}
