//! The files of a project's folder: what a build backend sees of it, and what its wheel is made of where that is known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::CoreMetadata;
use shipwheel_python::project::{Content, FileKind, NotStatic, ProjectFiles, StaticWheel, declared, static_wheel};
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::{FileAction, read_small_text};

use super::project_error::ProjectError;
use crate::error::BuildError;
use crate::project::application_error::{ApplicationError, Whole};
use crate::project::hashed::Hashed;
use crate::project::suspect::Suspect;
use crate::session::Session;

/// Wheels that are made of sources are made in memory.
const MAX_SIZE: u64 = 256 << 20;

/// Raise this when a build backend is given other files.
const SOURCES_RECIPE: u32 = 1;

/// Files and folders that a build never needs, anywhere in a project.
const NOT_COPIED: [&str; 11] = [
    ".git",
    ".hg",
    ".svn",
    ".venv",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "node_modules",
];

/// The same, directly in the project's folder; image.toml describes the image, not the project.
const NOT_COPIED_AT_TOP: [&str; 6] = ["build", "dist", "venv", "target", "image.toml", "image.lock"];

/// What a repository of git is known by, and what says what it does not keep.
const GIT: &str = ".git";
const GITIGNORE: &str = ".gitignore";

/// One file of a project, as it will be in the copy.
pub(super) struct Copied {
    pub(super) host: PathBuf,
    pub(super) below: String,
    pub(super) executable: bool,
    pub(super) link: Option<PathBuf>,
}

/// A project's folder, and every file in it.
pub(crate) struct ProjectSources {
    pub(super) folder: PathBuf,
    /// Sorted by path.
    pub(super) files: Vec<Copied>,
}

impl ProjectSources {
    /// Lists the files of a project.
    ///
    /// # Errors
    /// When the folder is not a project, or has what cannot be copied.
    pub(crate) fn collect(folder: &Path) -> Result<Self, BuildError> {
        if !["pyproject.toml", "setup.cfg", "setup.py"].iter().any(|name| folder.join(name).is_file()) {
            return Err(ProjectError::NoPyproject { folder: folder.to_owned() }.into());
        }
        Ok(Self { folder: folder.to_owned(), files: collect(folder)? })
    }

    /// The wheel that the project's build backend would make.
    ///
    /// # Errors
    /// When only the backend knows that.
    pub(crate) fn static_wheel(&self, version: Option<&str>) -> Result<StaticWheel, NotStatic> {
        let kind = |file: &Copied| match &file.link {
            Some(_) => FileKind::Link,
            None => FileKind::Plain { executable: file.executable },
        };
        let files: BTreeMap<String, FileKind> =
            self.files.iter().map(|file| (file.below.clone(), kind(file))).collect();
        let read = |path: &str| read_small_text(&self.folder.join(path), MAX_SETTINGS).ok();
        let ignoring = Ignoring::above(&self.folder);
        let files = ProjectFiles {
            files: &files,
            read: &read,
            gitignore: ignoring.gitignore.as_deref(),
            in_git: ignoring.in_git,
            version,
        };
        let why = || NotStatic::Because("its pyproject.toml is not a text in UTF-8".to_owned());
        let text = match self.files.iter().any(|file| file.below == "pyproject.toml") {
            true => read("pyproject.toml").ok_or_else(why)?,
            false => String::new(),
        };
        let wheel = static_wheel(&text, &files)?;
        match self.size(&wheel) > MAX_SIZE {
            true => Err(NotStatic::Because("it has more than 256 MiB".to_owned())),
            false => Ok(wheel),
        }
    }

    /// What the project's files say that it requires; `None` where only its build backend knows.
    pub(crate) fn declared(&self, version: Option<&str>) -> Option<CoreMetadata> {
        if let Some(metadata) = self.static_wheel(version.or(Some("0"))).ok().and_then(|wheel| wheel.metadata()) {
            return Some(metadata);
        }
        let text = |name: &str| read_small_text(&self.folder.join(name), MAX_SETTINGS).unwrap_or_default();
        declared(&text("pyproject.toml"), &text("setup.cfg"), &text("setup.py"), version)
    }

    /// The sum of the sizes of the files that a wheel takes, as they are now.
    fn size(&self, wheel: &StaticWheel) -> u64 {
        let files = wheel.files.values().filter_map(|content| match content {
            Content::File { path, .. } => std::fs::symlink_metadata(self.host(path)).ok(),
            Content::Text(_) => None,
        });
        files.map(|metadata| metadata.len()).sum()
    }

    /// The path of one of the files on this machine.
    pub(super) fn host(&self, below: &str) -> PathBuf {
        self.folder.join(below)
    }

    /// A key over all that a build can see of a project; what looks like a secret gives a warning.
    pub(super) fn key(&self, session: &Session<'_>, version: Option<&str>) -> Result<Digest, BuildError> {
        let mut hasher = Hasher::new();
        hasher.field(SOURCES_RECIPE.to_le_bytes()).field(version.unwrap_or_default());
        for file in &self.files {
            hasher.field(&file.below).field([u8::from(file.executable)]);
            match &file.link {
                Some(target) => hasher.field("link").field(target.as_os_str().as_encoded_bytes()),
                None => {
                    let Hashed { digest, head, .. } = Hashed::read(&file.host)?;
                    if let Some(suspect) = Suspect::of(&file.host, &head) {
                        session.report.warning(&suspect.warning("and the project's build may put it into the wheel"));
                    }
                    hasher.field("file").field(digest.as_bytes())
                }
            };
        }
        Ok(hasher.finish())
    }
}

/// What a repository says of files to ignore.
struct Ignoring {
    /// The nearest .gitignore, up to the folder of the repository.
    gitignore: Option<String>,
    in_git: bool,
}

impl Ignoring {
    fn above(folder: &Path) -> Self {
        let repository = repository(folder);
        let mut places = folders_of(folder, repository);
        let plain = |folder: &Path| {
            let path = folder.join(GITIGNORE);
            let is_file = std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
            is_file.then_some(path)
        };
        let gitignore = places.find_map(plain).and_then(|path| read_small_text(&path, MAX_SETTINGS).ok());
        Self { gitignore, in_git: repository.is_some() }
    }
}

/// The repository that a folder is in.
fn repository(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.join(GIT).exists())
}

/// A folder and those above it in its repository. Without a repository, what is above is somebody else's.
fn folders_of<'f>(folder: &'f Path, repository: Option<&'f Path>) -> impl Iterator<Item = &'f Path> {
    let top = repository.unwrap_or(folder);
    folder.ancestors().take_while(move |folder| folder.starts_with(top))
}

/// The files that may say what a project's wheel leaves out, there or not: the nearest one counts.
pub(crate) fn gitignores(folder: &Path) -> impl Iterator<Item = PathBuf> {
    folders_of(folder, repository(folder)).map(|folder| folder.join(GITIGNORE))
}

/// What would make a folder above a project, or its own, a repository.
pub(crate) fn repository_marks(folder: &Path) -> impl Iterator<Item = PathBuf> {
    folder.ancestors().map(|folder| folder.join(GIT))
}

/// Whether a build backend is given an entry of a project's folder, and what is below it.
pub(crate) fn is_copied(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    // Caches and environments contain a file that marks them.
    let marked = |file: &str| is_folder && entry.path().join(file).is_file();
    let unwanted = NOT_COPIED.contains(&name.as_ref())
        || (entry.depth() == 1 && NOT_COPIED_AT_TOP.contains(&name.as_ref()))
        || (is_folder && name.ends_with(".egg-info"))
        || marked("CACHEDIR.TAG")
        || marked("pyvenv.cfg");
    entry.depth() == 0 || !unwanted
}

/// The project's files, sorted by path.
fn collect(folder: &Path) -> Result<Vec<Copied>, BuildError> {
    let walk = WalkBuilder::new(folder).standard_filters(false).filter_entry(is_copied).build();
    let mut files = Vec::new();
    for entry in walk {
        let entry = entry.map_err(|cause| ApplicationError::List { folder: folder.to_owned(), cause })?;
        if entry.file_type().is_none_or(|kind| !kind.is_dir()) {
            files.push(copied(folder, entry.path())?);
        }
    }
    files.sort_by(|a, b| a.below.cmp(&b.below));
    Ok(files)
}

fn copied(folder: &Path, host: &Path) -> Result<Copied, BuildError> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = || host.to_owned();
    let below = host.strip_prefix(folder).ok().and_then(Path::to_str);
    let below = below.ok_or_else(|| ApplicationError::NotUtf8 { path: path() })?.to_owned();
    let metadata = fs_err::symlink_metadata(host).map_err(BuildError::file(FileAction::Read, host))?;
    if metadata.is_symlink() {
        let inside = |target: PathBuf| folder.canonicalize().is_ok_and(|folder| target.starts_with(folder));
        if !host.canonicalize().is_ok_and(inside) {
            return Err(ApplicationError::LinkLeadsOut { path: path(), whole: Whole::Project }.into());
        }
        let target = fs_err::read_link(host).map_err(BuildError::file(FileAction::Read, host))?;
        if target.is_absolute() {
            return Err(ApplicationError::AbsoluteLink { path: path() }.into());
        }
        return Ok(Copied { host: host.to_owned(), below, executable: false, link: Some(target) });
    }
    if !metadata.is_file() {
        return Err(ApplicationError::Special { path: path() }.into());
    }
    let executable = metadata.permissions().mode() & 0o100 != 0;
    Ok(Copied { host: host.to_owned(), below, executable, link: None })
}
