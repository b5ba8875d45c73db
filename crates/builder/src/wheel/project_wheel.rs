//! A Python project of the user's own → a pure wheel in the cache, once for each content.
//!
//! The project's build backend runs here, because the user named the folder as a project. It runs on a
//! copy, by `uv build`, and gives a wheel for every platform or an error.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::select::SelectedWheel;

use super::project_error::{BuildInput, ProjectError};
use super::pure_wheel::{self, BuiltWheel, PureWheel};
use crate::error::BuildError;
use crate::project::application_error::{ApplicationError, Whole};
use crate::project::hashed::Hashed;
use crate::project::suspect::Suspect;
use crate::session::Session;
use shipwheel_store::{FileAction, open_regular_no_link};

/// Raise this when a project's wheel is built in another way.
const PROJECT_RECIPE: u32 = 1;

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
const NOT_COPIED_AT_TOP: [&str; 5] = ["build", "dist", "venv", "target", "image.toml"];

/// One file of a project, as it will be in the copy.
struct Copied {
    host: PathBuf,
    below: String,
    executable: bool,
    link: Option<PathBuf>,
}

/// Builds a project, or finds its wheel in the cache.
///
/// # Errors
/// When the folder is not a project, its build fails, or gives anything but one pure wheel.
pub(crate) fn build(session: &Session<'_>, folder: &Path) -> Result<SelectedWheel, BuildError> {
    if !["pyproject.toml", "setup.cfg", "setup.py"].iter().any(|name| folder.join(name).is_file()) {
        return Err(ProjectError::NoPyproject { folder: folder.to_owned() }.into());
    }
    let input = BuildInput::Project(folder.to_owned());
    let files = collect(folder)?;
    let key = key(session, &files)?;
    let built: BuiltWheel = session.cache.remember(
        "project",
        &key,
        |built: &BuiltWheel| built.is_kept(session),
        || {
            session.report.step(&format!("project: building a wheel of {}", folder.display()));
            build_copy(session, &input, &files)
        },
    )?;
    let name = built.name(&input)?;
    Ok(SelectedWheel {
        name: name.distribution.clone(),
        version: name.version.clone(),
        wheel: name,
        url: None,
        path: None,
        size: Some(built.size),
        sha256: built.digest,
    })
}

/// The project's files, sorted by path.
fn collect(folder: &Path) -> Result<Vec<Copied>, BuildError> {
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|entry| {
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
        })
        .build();
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

/// A key over all that a build can see of a project; what looks like a secret gives a warning.
fn key(session: &Session<'_>, files: &[Copied]) -> Result<Digest, BuildError> {
    let mut hasher = Hasher::new();
    hasher.field(PROJECT_RECIPE.to_le_bytes());
    for file in files {
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

/// Builds a copy: a backend writes into the folder that it builds.
fn build_copy(session: &Session<'_>, input: &BuildInput, files: &[Copied]) -> Result<BuiltWheel, BuildError> {
    let scratch = session.cache.scratch_dir()?;
    let source = scratch.path().join("source");
    for file in files {
        copy(file, &source.join(&file.below))?;
    }
    let PureWheel { path, name } = pure_wheel::build(session, input, scratch.path(), &source)?;
    let mut writer = session.cache.blob_writer()?;
    let mut reader = open_regular_no_link(&path).map_err(BuildError::file(FileAction::Open, &path))?;
    std::io::copy(&mut reader, &mut writer).map_err(BuildError::file(FileAction::Read, &path))?;
    let (digest, size) = writer.finish()?;
    Ok(BuiltWheel { file_name: name.file_name().to_owned(), size, digest })
}

/// Copies a file with one of two modes, whatever the umask.
fn copy(file: &Copied, to: &Path) -> Result<(), BuildError> {
    use std::os::unix::fs::PermissionsExt;
    if let Some(parent) = to.parent() {
        fs_err::create_dir_all(parent).map_err(BuildError::file(FileAction::Create, parent))?;
    }
    if let Some(target) = &file.link {
        return std::os::unix::fs::symlink(target, to).map_err(BuildError::file(FileAction::Create, to));
    }
    let mut from = open_regular_no_link(&file.host).map_err(BuildError::file(FileAction::Open, &file.host))?;
    let copied = fs_err::File::create(to).and_then(|mut to| std::io::copy(&mut from, &mut to));
    copied.map_err(BuildError::file(FileAction::Write, to))?;
    let mode = if file.executable { 0o755 } else { 0o644 };
    fs_err::set_permissions(to, PermissionsExt::from_mode(mode)).map_err(BuildError::file(FileAction::Write, to))
}
