//! The lock that a definition names, as its file has it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipwheel_plan::spec::{Located, Problem, PythonSpec};
use shipwheel_python::Target;
use shipwheel_python::index::IndexAddresses;
use shipwheel_python::lock::{Lock, Origin};
use shipwheel_python::lock::{LockForm, Selectable, UvChoice, UvLock};
use shipwheel_python::marker::Environment;
use shipwheel_python::pyproject::{Pyproject, UvSettings};
use shipwheel_python::select::Selection;

use super::input_files::check_places;
use super::lock_error::LockError;
use super::placed_requirement::{PlacedRequirement, Places};
use super::requirement_files::RequirementFiles;
use super::tool_lock::{Origins, ToolLock};
use super::uv_choice;
use crate::disk::text::text_if_there;
use crate::error::BuildError;
use crate::project::definition::Definition;
use crate::project::text_files::TextFiles;
use crate::project::workspace::Workspace;
use shipwheel_store::FileAction;

/// A lock file that was read.
pub(crate) struct LockFile {
    /// Its path, absolute.
    pub(crate) path: PathBuf,
    /// Its form.
    pub(crate) form: LockForm,
    /// Its text.
    pub(crate) text: Arc<str>,
    /// The text of the pyproject.toml beside it.
    pub(crate) pyproject: Option<Arc<str>>,
    /// The text of the Pipfile beside a Pipfile.lock.
    pipfile: Option<Arc<str>>,
    /// What its requirements say that is at a place, where it is a file of requirements.
    pub(crate) placed: Vec<PlacedRequirement>,
    content: Content,
    /// What its paths may reach.
    workspace: Workspace,
}

/// A lock as it is read.
enum Content {
    Pylock(Lock),
    Uv(Box<(UvLock, UvChoice)>),
    Requirements(RequirementFiles),
    Tool(Box<ToolLock>),
    /// A pyproject.toml.
    Text,
}

impl LockFile {
    /// Reads the lock that a definition names.
    ///
    /// # Errors
    /// When it does not exist, has an unknown form, cannot be read, or cannot select what the definition asks for.
    pub(crate) fn read(
        definition: &Definition,
        python: &PythonSpec,
        texts: &mut TextFiles,
    ) -> Result<Self, BuildError> {
        let path = definition.path(&python.lock)?;
        if form_of(&path) == Some(LockForm::Requirements) {
            check_places(&path, &python.allow_build, &definition.workspace, 0)?;
        }
        let text = read_text(definition, &python.lock, &path, texts)?;
        let form = form_of(&path).ok_or_else(|| LockError::UnknownForm { path: path.clone() })?;
        check_wanted(definition, python, form)?;
        let shown = path.display().to_string();
        let content = match form {
            LockForm::Pylock => Content::Pylock(Lock::parse(&text, &shown)?),
            LockForm::Uv => {
                let lock = UvLock::parse(&text, &shown)?;
                let choice = uv_choice::read(definition, python, &lock, texts)?;
                Content::Uv(Box::new((lock, choice)))
            }
            LockForm::Requirements => Content::Requirements(RequirementFiles::read(&path, texts)?),
            LockForm::Poetry | LockForm::Pdm | LockForm::Pipfile | LockForm::Project => {
                ToolLock::parse(form, &text, &shown)?.map_or(Content::Text, |lock| Content::Tool(Box::new(lock)))
            }
        };
        let workspace = definition.workspace.clone();
        let places = Places { root: &definition.folder, workspace: &workspace };
        let placed = match &content {
            Content::Requirements(files) => files.placed(places)?,
            Content::Pylock(_) | Content::Uv(_) | Content::Tool(_) | Content::Text => Vec::new(),
        };
        let pyproject = texts.read_if_there(&path.with_file_name("pyproject.toml"))?;
        let pipfile = match form {
            LockForm::Pipfile => texts.read_if_there(&path.with_file_name("Pipfile"))?,
            _ => None,
        };
        Ok(Self { path, form, text, pyproject, pipfile, placed, content, workspace })
    }

    /// The folder that paths in the lock are relative to (PEP 751).
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Where the paths of a text are looked for that was made of the lock.
    pub(crate) fn places(&self) -> Places<'_> {
        Places { root: self.folder(), workspace: &self.workspace }
    }

    /// The settings of uv beside it on where packages come from, as the text of a uv.toml.
    ///
    /// # Errors
    /// As [`lookup_in`].
    pub(crate) fn lookup(&self) -> Result<String, BuildError> {
        lookup_in(self.folder(), self.pyproject.as_deref())
    }

    /// The lock itself, where the file has the form that wheels are selected from.
    pub(crate) fn pylock(&self) -> Option<&Lock> {
        match &self.content {
            Content::Pylock(lock) => Some(lock),
            Content::Uv(_) | Content::Requirements(_) | Content::Tool(_) | Content::Text => None,
        }
    }

    /// The lock as uv wrote it, where uv did, and what of it is wanted.
    pub(crate) fn uv_lock(&self) -> Option<(&UvLock, &UvChoice)> {
        match &self.content {
            Content::Uv(it) => Some((&it.0, &it.1)),
            Content::Pylock(_) | Content::Requirements(_) | Content::Tool(_) | Content::Text => None,
        }
    }

    /// The lock as Poetry, PDM or Pipenv wrote it, where one of them did.
    pub(crate) fn tool_lock(&self) -> Option<&ToolLock> {
        match &self.content {
            Content::Tool(lock) => Some(lock),
            Content::Pylock(_) | Content::Uv(_) | Content::Requirements(_) | Content::Text => None,
        }
    }

    /// The files of its project.
    pub(super) fn origins(&self) -> Origins<'_> {
        Origins { pyproject: self.pyproject.as_deref(), pipfile: self.pipfile.as_deref() }
    }

    /// The files of requirements, where that is what it is.
    pub(crate) fn requirements(&self) -> Option<&RequirementFiles> {
        match &self.content {
            Content::Requirements(files) => Some(files),
            Content::Pylock(_) | Content::Uv(_) | Content::Tool(_) | Content::Text => None,
        }
    }

    /// The folders of this machine in which lines of requirements have files looked for.
    pub(crate) fn find_links(&self) -> Vec<PathBuf> {
        let lookups = self.requirements().map(RequirementFiles::lookups).unwrap_or_default();
        let places = IndexAddresses::of_lines(&lookups).places.into_iter().map(PathBuf::from);
        places.filter(|place| place.is_absolute() && place.is_dir()).collect()
    }

    /// Every folder that the lock names on any target, relative to the lock.
    pub(crate) fn local_folders(&self) -> impl Iterator<Item = &str> {
        let packages = self.pylock().into_iter().flat_map(|lock| &lock.packages);
        let directories = packages.filter_map(|package| match &package.origin {
            Some(Origin::Directory(folder)) => Some(folder.as_str()),
            Some(Origin::Git(_) | Origin::Vcs(_) | Origin::Archive(_)) | None => None,
        });
        let members = self.uv_lock().into_iter().flat_map(|(lock, _)| lock.local_packages());
        directories.chain(members.map(|(_, folder)| folder.path.as_str()))
    }

    /// Every file that the lock names on this machine, relative to the lock.
    pub(crate) fn local_files(&self) -> impl Iterator<Item = &str> {
        let packages = self.pylock().into_iter().flat_map(|lock| &lock.packages);
        let packages = packages.map(|package| (&package.wheels, &package.sdist, &package.origin));
        let uv = self.uv_lock().into_iter().flat_map(|(lock, _)| &lock.packages);
        let uv = uv.map(|package| (&package.wheels, &package.sdist, &package.origin));
        packages.chain(uv).flat_map(|(wheels, sdist, origin)| {
            let archive = match origin {
                Some(Origin::Archive(place)) if !place.contains("://") => Some(place),
                Some(Origin::Archive(_) | Origin::Directory(_) | Origin::Git(_) | Origin::Vcs(_)) | None => None,
            };
            let wheels = wheels.iter().filter_map(|wheel| wheel.path.as_ref());
            wheels.chain(sdist.iter().filter_map(|sdist| sdist.path.as_ref())).chain(archive).map(String::as_str)
        })
    }

    /// The folders that a uv.lock names for the project in `project` on a target, relative to the lock; those of other
    /// forms are selected with the wheels.
    pub(crate) fn project_folders(&self, project: &str, target: &Target) -> Vec<String> {
        let environment = Environment::new(target);
        let folders = self.uv_lock().and_then(|(lock, _)| lock.folders(project, &environment));
        folders.unwrap_or_default()
    }

    /// What of the lock is wanted: of other forms only that is read.
    pub(crate) fn selection(&self, python: &PythonSpec) -> Selection {
        if self.pylock().is_none() {
            return Selection::default();
        }
        let set = |texts: &[Located<String>]| texts.iter().map(|text| text.value.clone()).collect();
        Selection { extras: set(&python.extras), groups: python.groups.as_deref().map(set), ..Selection::default() }
    }
}

/// The settings of uv in a folder on where packages come from: those of uv.toml, else of its pyproject.toml, as uv has it.
///
/// What cannot be parsed here is not handed on.
///
/// # Errors
/// When a uv.toml is there and cannot be read: without it packages would come from elsewhere.
pub(crate) fn lookup_in(folder: &Path, pyproject: Option<&str>) -> Result<String, BuildError> {
    let settings = match text_if_there(&folder.join("uv.toml"))? {
        Some(text) => UvSettings::parse(&text).ok(),
        None => pyproject.and_then(|text| Pyproject::parse(text).ok()).map(|file| file.uv),
    };
    Ok(settings.map(|settings| settings.lookup(folder)).unwrap_or_default())
}

/// The form of a file, by its name.
pub(crate) fn form_of(path: &Path) -> Option<LockForm> {
    LockForm::of(path.file_name()?.to_str()?)
}

/// Options that a form cannot apply must not be passed over in silence.
fn check_wanted(definition: &Definition, python: &PythonSpec, form: LockForm) -> Result<(), BuildError> {
    let groups = python.extras.first().into_iter().chain(python.groups.iter().flatten());
    let unwanted = match form.selectable() {
        Selectable::Members => None,
        Selectable::Groups => python.package.as_ref(),
        Selectable::Nothing => groups.chain(&python.package).next(),
    };
    let Some(unwanted) = unwanted else { return Ok(()) };
    let message = format!(
        "`{}` cannot be selected from {}: it does not record extras, groups or members",
        unwanted.value, python.lock.value
    );
    let problem = Problem::new(unwanted.span.clone(), message);
    Err(definition
        .problem(
            problem.with_hint(
                "lock only what you need, or use a uv.lock or a pylock.toml, which record extras and groups",
            ),
        )
        .into())
}

/// The text of a lock; if the file does not exist, the error lists the locks that the folder has.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read_text(
    definition: &Definition,
    lock: &Located<String>,
    path: &Path,
    texts: &mut TextFiles,
) -> Result<Arc<str>, BuildError> {
    texts.read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let locks = locks_in(path.parent().unwrap_or(&definition.folder));
            let locks = if locks.is_empty() { "no lock".to_owned() } else { Vec::from_iter(locks).join(", ") };
            let problem = Problem::new(lock.span.clone(), format!("the lock file `{}` does not exist", lock.value))
                .with_hint(format!("shipwheel looked in {}, which has {locks}", definition.folder.display()));
            definition.problem(problem).into()
        }
        _ => BuildError::file(FileAction::Read, path)(error),
    })
}

fn locks_in(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let locks = entries.filter(|entry| form_of(&entry.path()).is_some());
    locks.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
