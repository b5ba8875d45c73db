//! An image definition on disk, or derived from a folder: its name, its folder, its text and what it says.

use std::path::{Path, PathBuf};

use shipwheel_layer::FirstFiles;
use shipwheel_oci::Platform;
use shipwheel_plan::derive::{Choices, DeriveError, Derived, Folder, NamedText, Translated, derive, from_dockerfile};
use shipwheel_plan::dockerfile::MAX_DOCKERFILE;
use shipwheel_plan::image_lock::{IMAGE_LOCK, ImageLock, LockedPlatform};
use shipwheel_plan::spec::{Base, ImageSpec, Located, Problem, SpecError};
use shipwheel_python::pyproject::Pyproject;

use super::definition_error::DefinitionError;
use super::folder;
use super::text_files::{TextFiles, normal};
use super::workspace::Workspace;
use crate::disk::text::write_text;
use crate::error::BuildError;
use crate::lock::image_lock_error::ImageLockError;
use crate::wheel::project_error::ProjectError;
use crate::wheel::project_sources::ProjectSources;
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::{FileAction, read_small_text};

/// Where definitions are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Places<'p> {
    /// The folder with a folder for each image.
    pub images: &'p Path,
    /// The user's home, which is never the workspace of a definition.
    pub home: Option<&'p Path>,
}

/// How far a build is held to image.lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locked {
    /// It takes the base from it, and says what else differs below the application.
    #[default]
    Pins,
    /// It fails where anything differs but the application's own layers and what follows from them.
    Dependencies,
    /// It fails where anything differs.
    All,
}

/// An image.toml with the folder that its paths are relative to.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The image's name: what the file says, else its folder's.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// The file's name, as shown in errors.
    pub file: String,
    /// The file's text.
    pub text: String,
    /// What it says, with the profile applied.
    pub spec: ImageSpec,
    /// Whether the file does not exist, and its text was derived from the folder's files.
    pub derived: bool,
    /// What image.lock beside it pins, if a command asked for it: see [`Definition::read_image_lock`].
    pub image_lock: Option<ImageLock>,
    /// How far a build is held to image.lock.
    pub locked: Locked,
    /// What its paths may reach.
    pub(crate) workspace: Workspace,
    /// The texts that it was derived from.
    pub(crate) texts: TextFiles,
    /// Whether the build backend of the application's own project may run: a user who writes an image.toml says so by
    /// `app.project`; one that is derived waits for a flag or an answer.
    pub may_build_project: bool,
}

impl Definition {
    /// Reads a definition: a name below `images`, a folder with an image.toml, or such a file; without a name the only
    /// one below `images`, or where there is none, that of the working directory.
    ///
    /// For a folder without one it is derived from the folder's files and the user's choices.
    ///
    /// # Errors
    /// When there is no such definition (the error lists the existing ones), it has problems, or cannot be derived.
    pub fn load(
        places: Places<'_>,
        wanted: Option<&str>,
        profile: Option<&str>,
        choices: &Choices,
    ) -> Result<Self, BuildError> {
        let (path, text, listed) = match find(places.images, wanted)? {
            Found::File(path) => {
                check_place(&path, places.home)?;
                let text = read_small_text(&path, MAX_SETTINGS).map_err(BuildError::file(FileAction::Read, &path))?;
                (path, text, None)
            }
            Found::Folder(folder) => {
                let listed = folder::list(&folder)?;
                (folder.join(FILE), complete(&folder, derive_from(&folder, &listed, choices)?)?, Some(listed))
            }
        };
        let derived = listed.is_some();
        let file = format!("{}{}", path.display(), if derived { " (derived)" } else { "" });
        let spec = ImageSpec::parse(&text, &file, profile)?;
        let absolute = folder_of(&path)?;
        let workspace = Workspace::of(&absolute, places.home, &spec.allow_outside);
        let workspace = workspace.map_err(|problem| SpecError::one(&file, &text, problem))?;
        let folder_name = absolute.file_name().map_or("image".to_owned(), |name| name.to_string_lossy().to_lowercase());
        let name = spec.name.clone().unwrap_or(folder_name);
        let mut texts = TextFiles::within(workspace.clone());
        // A text with replaced bytes is not the file's: whoever needs that file reports that it is not UTF-8.
        let listed = listed.into_iter().flat_map(|listed| listed.texts);
        for (below, text) in listed.filter(|(_, text)| !text.contains(char::REPLACEMENT_CHARACTER)) {
            texts.insert(&absolute.join(below), &text);
        }
        let mut definition = Self {
            name,
            folder: absolute,
            file,
            text,
            spec,
            derived,
            may_build_project: !derived,
            image_lock: None,
            locked: Locked::Pins,
            workspace,
            texts,
        };
        definition.read_first_files()?;
        Ok(definition)
    }

    /// Reads the list of what a start reads, where the definition names one.
    fn read_first_files(&mut self) -> Result<(), SpecError> {
        let Some(first) = &self.spec.layers.first else { return Ok(()) };
        let problem = |reason: String| self.problem(Problem::new(first.span.clone(), reason));
        let text = read_small_text(&self.path(first)?, MAX_SETTINGS)
            .map_err(|error| problem(format!("`{}` cannot be read: {error}", first.value)))?;
        let files = FirstFiles::parse(&text).map_err(|error| problem(format!("`{}`: {error}", first.value)))?;
        self.spec.layers.first_files = files;
        Ok(())
    }

    /// The path of the image.lock beside the definition.
    pub fn image_lock_path(&self) -> PathBuf {
        self.folder.join(IMAGE_LOCK)
    }

    /// Reads image.lock, if it is there; builds of this definition then take the base that it pins.
    ///
    /// # Errors
    /// When it has problems, cannot be read, or is not there and has to be.
    pub fn read_image_lock(&mut self) -> Result<(), BuildError> {
        let path = self.image_lock_path();
        let name = Path::new(&self.file).with_file_name(IMAGE_LOCK).display().to_string();
        let text = self.texts.read_if_there(&path)?;
        self.image_lock = text.map(|text| ImageLock::parse(&text, &name)).transpose()?;
        match (&self.image_lock, self.locked) {
            (None, Locked::Dependencies | Locked::All) => Err(ImageLockError::NotThere { path }.into()),
            _ => Ok(()),
        }
    }

    /// What image.lock pins for a base of this definition and a platform.
    pub(crate) fn pins(&self, base: &Base, platform: &Platform) -> Option<&LockedPlatform> {
        self.image_lock.as_ref()?.pins(base, platform)
    }

    /// The build that nobody has allowed yet: of the project in a folder whose image.toml is derived.
    pub fn unallowed_build(&self) -> Option<ProjectError> {
        let app = self.spec.app.as_ref()?;
        let project = app.project.as_ref().filter(|_| !self.may_build_project)?;
        // What is wrong with the folder is said when it is read.
        let folder = normal(&self.path(project).ok()?);
        let sources = ProjectSources::collect(&folder).ok()?;
        // Any version will do to learn whether the backend would run: which one it is, git may say later.
        let why = sources.static_wheel(Some("0")).err()?;
        let text = self.texts.clone().read(&folder.join("pyproject.toml")).unwrap_or_default();
        let backend = Pyproject::parse(&text).ok().and_then(|pyproject| pyproject.build_backend);
        let backend = backend.unwrap_or_else(|| "setuptools".to_owned());
        Some(ProjectError::NotAllowed { folder, backend, why })
    }

    /// Derives the image.toml of a folder that has none; what is there already is not looked at.
    ///
    /// # Errors
    /// When the folder cannot be read, or does not look like an application.
    pub fn derive(folder: &Path, choices: &Choices) -> Result<Derived, BuildError> {
        derive_from(folder, &folder::list(folder)?, choices)
    }

    /// Writes the derived image.toml of a folder; the path of the file, and why keys are missing in it.
    ///
    /// # Errors
    /// When there is one already and `force` is not set, when none can be derived, or written.
    pub fn init(folder: &Path, force: bool, choices: &Choices) -> Result<(PathBuf, Vec<DeriveError>), BuildError> {
        let path = folder.join(FILE);
        if path.exists() && !force {
            return Err(DefinitionError::Exists { path }.into());
        }
        let derived = Self::derive(folder, choices)?;
        write_text(&path, &derived.toml)?;
        Ok((path, derived.missing))
    }

    /// Writes the image.toml that a Dockerfile of a folder comes to; the path of the file, and what became of each line.
    ///
    /// # Errors
    /// As [`Definition::init`], and when the Dockerfile cannot be read.
    pub fn init_from(
        folder: &Path,
        dockerfile: &Path,
        force: bool,
        choices: &Choices,
    ) -> Result<(PathBuf, Translated), BuildError> {
        let path = folder.join(FILE);
        if path.exists() && !force {
            return Err(DefinitionError::Exists { path }.into());
        }
        // Below the application's folder, or as the user's shell completes it.
        let below = folder.join(dockerfile);
        let file = if below.exists() { below } else { dockerfile.to_owned() };
        let text = read_small_text(&file, MAX_DOCKERFILE).map_err(BuildError::file(FileAction::Read, &file))?;
        let name = dockerfile.display().to_string();
        let from = NamedText { name: &name, text: &text };
        let translated = from_dockerfile(&folder::list(folder)?, from, choices)
            .map_err(|cause| DefinitionError::Derive { folder: folder.to_owned(), cause })?;
        write_text(&path, &translated.toml)?;
        Ok((path, translated))
    }

    /// The path that a key of this file names, below its folder.
    ///
    /// # Errors
    /// When it leads out of the workspace and of what `allow-outside` names.
    pub(crate) fn path(&self, named: &Located<String>) -> Result<PathBuf, SpecError> {
        let path = self.folder.join(&named.value);
        let Some(real) = self.workspace.escape(&path) else { return Ok(path) };
        let root = self.workspace.root().display();
        let message = format!("`{}` is {}, outside of the workspace {root}", named.value, real.display());
        let hint = format!("if it belongs to the image, add `allow-outside = [\"{}\"]`", named.value);
        Err(self.problem(Problem::new(named.span.clone(), message).with_hint(hint)))
    }

    /// A problem of this file, as an error.
    pub(crate) fn problem(&self, problem: Problem) -> SpecError {
        SpecError::one(&self.file, &self.text, problem)
    }
}

/// Checks that a definition's file is no link to a file elsewhere: an error would show its lines.
fn check_place(path: &Path, home: Option<&Path>) -> Result<(), BuildError> {
    match Workspace::of(&folder_of(path)?, home, &[]) {
        Ok(workspace) => Ok(workspace.check(path)?),
        Err(_) => Ok(()),
    }
}

/// The absolute folder of a file; the parent of a bare file name is empty: the working directory.
fn folder_of(path: &Path) -> Result<PathBuf, BuildError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::path::absolute(folder).map_err(BuildError::file(FileAction::Locate, folder))
}

fn derive_from(folder: &Path, listed: &Folder, choices: &Choices) -> Result<Derived, BuildError> {
    derive(listed, choices).map_err(|cause| DefinitionError::Derive { folder: folder.to_owned(), cause }.into())
}

/// The text of what was derived, if an image can be built from it.
fn complete(folder: &Path, derived: Derived) -> Result<String, BuildError> {
    match derived.missing.into_iter().next() {
        Some(cause) => Err(DefinitionError::Derive { folder: folder.to_owned(), cause }.into()),
        None => Ok(derived.toml),
    }
}

/// The name of a definition's file.
const FILE: &str = "image.toml";

/// What was asked for.
enum Found {
    /// A definition.
    File(PathBuf),
    /// A folder without one.
    Folder(PathBuf),
}

fn find(images: &Path, wanted: Option<&str>) -> Result<Found, BuildError> {
    let known = known(images);
    let not_found = |wanted, known| DefinitionError::NotFound { wanted, images: images.to_owned(), known }.into();
    let Some(wanted) = wanted else {
        return match &known[..] {
            [only] => Ok(Found::File(images.join(only).join(FILE))),
            // What a user means who stands in the folder of an application.
            [] => find(images, Some(".")),
            _ => Err(not_found("the only image".to_owned(), known)),
        };
    };
    let as_path = Path::new(wanted);
    // What is there and is no file is refused when it is read: deriving in its place would surprise.
    let is_there = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok();
    let candidates = [as_path.join(FILE), images.join(wanted).join(FILE)];
    let named = Some(as_path.to_owned()).filter(|path| is_there(path) && !path.is_dir());
    let file = named.or_else(|| candidates.into_iter().find(is_there)).map(Found::File);
    let folder = || [as_path.to_owned(), images.join(wanted)].into_iter().find(|path| path.is_dir()).map(Found::Folder);
    file.or_else(folder).ok_or_else(|| not_found(format!("`{wanted}`"), known))
}

fn known(images: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(images).into_iter().flatten().flatten();
    let with_definition = entries.filter(|entry| entry.path().join(FILE).is_file());
    let mut names: Vec<String> = with_definition.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_the_only_image_is_meant_or_else_the_working_directory() {
        let folder = tempfile::tempdir().expect("a folder");
        let images = folder.path().join("images");
        assert!(matches!(find(&images, None), Ok(Found::Folder(path)) if path == Path::new(".")));
        let define = |name: &str| {
            std::fs::create_dir_all(images.join(name)).expect("our own folder");
            std::fs::write(images.join(name).join(FILE), "").expect("our own folder");
        };
        // A folder of pictures.
        std::fs::create_dir_all(images.join("icons")).expect("our own folder");
        assert!(matches!(find(&images, None), Ok(Found::Folder(path)) if path == Path::new(".")));
        define("web");
        assert!(matches!(find(&images, None), Ok(Found::File(path)) if path == images.join("web/image.toml")));
        define("worker");
        assert!(find(&images, None).err().is_some_and(|error| error.to_string().contains("the only image")));
    }
}
