//! An image definition on disk: its name, its folder, its text and what it says.

use std::path::{Path, PathBuf};

use shipwheel_plan::{ImageSpec, Problem, SpecError};

use crate::error::BuildError;

/// An image.toml with the folder that its paths are relative to.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The image's name: its folder's.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// The file's name, as shown in errors.
    pub file: String,
    /// The file's text.
    pub text: String,
    /// What it says, with the profile applied.
    pub spec: ImageSpec,
}

impl Definition {
    /// Reads a definition: a name below `images`, a folder with an image.toml, or such a file.
    ///
    /// # Errors
    /// When there is none (the error lists those there are), or it has problems.
    pub fn load(images: &Path, wanted: Option<&str>, profile: Option<&str>) -> Result<Self, BuildError> {
        let path = find(images, wanted)?;
        let text = fs_err::read_to_string(&path).map_err(BuildError::file("read", &path))?;
        let file = path.display().to_string();
        let spec = ImageSpec::parse(&text, &file, profile)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let absolute = std::path::absolute(&folder).map_err(BuildError::file("locate", &folder))?;
        let name = absolute.file_name().map_or("image".to_owned(), |name| name.to_string_lossy().to_lowercase());
        Ok(Self { name, folder: absolute, file, text, spec })
    }

    /// A problem of this file, as an error.
    pub(crate) fn problem(&self, problem: Problem) -> SpecError {
        SpecError::one(&self.file, &self.text, problem)
    }
}

fn find(images: &Path, wanted: Option<&str>) -> Result<PathBuf, BuildError> {
    let known = known(images);
    let Some(wanted) = wanted else {
        return match &known[..] {
            [only] => Ok(images.join(only).join("image.toml")),
            _ => {
                Err(BuildError::NoDefinition { wanted: "the only image".to_owned(), images: images.to_owned(), known })
            }
        };
    };
    let as_path = Path::new(wanted);
    let candidates = [as_path.to_owned(), as_path.join("image.toml"), images.join(wanted).join("image.toml")];
    let found = candidates.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| BuildError::NoDefinition { wanted: format!("`{wanted}`"), images: images.to_owned(), known })
}

fn known(images: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(images).into_iter().flatten().flatten();
    let with_definition = entries.filter(|entry| entry.path().join("image.toml").is_file());
    let mut names: Vec<String> = with_definition.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
