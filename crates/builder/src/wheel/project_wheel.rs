//! A Python project of the user's own → a pure wheel in the cache, once for each content.
//!
//! Where its files say what the wheel is, it is made of them here. Otherwise the project's build backend runs, if the
//! user allowed it: on a copy, by `uv build`, and it gives a wheel for every platform or an error.

use std::io::Read as _;
use std::path::Path;

use shipwheel_oci::Hasher;
use shipwheel_python::project::{Content, StaticWheel};
use shipwheel_python::select::SelectedWheel;
use shipwheel_store::{FileAction, open_regular_no_link};
use zip::result::ZipError;

use super::project_error::BuildInput;
use super::project_sources::{Copied, ProjectSources};
use super::project_version;
use super::pure_wheel::{self, BuiltWheel, PureWheel};
use crate::error::BuildError;
use crate::project::hashed::Hashed;
use crate::project::project::Project;
use crate::project::suspect::Suspect;
use crate::session::Session;

/// Raise this when the wheel of a static project is made in another way.
const STATIC_RECIPE: u32 = 1;

/// Makes or builds the wheel of a project, or finds it in the cache.
///
/// # Errors
/// When the folder is not a project, its build is not allowed, fails, or gives anything but one pure wheel.
pub(crate) fn wheel(session: &Session<'_>, project: &Project, folder: &Path) -> Result<SelectedWheel, BuildError> {
    project.check_place(folder)?;
    let sources = ProjectSources::collect(folder)?;
    let input = BuildInput::Project(folder.to_owned());
    let version = project_version::version(session, folder, project.version(folder))?;
    let built = match sources.static_wheel(version.as_deref()) {
        Ok(wheel) => made(session, &sources, &wheel)?,
        Err(why) => {
            project.check_may_build(folder, why)?;
            let build = || {
                session.report.step(&format!("project: building a wheel of {}", folder.display()));
                build_copy(session, &input, &sources.files, version.as_deref())
            };
            let key = sources.key(session, version.as_deref())?;
            BuiltWheel::remembered(session, "project", &key, build)?
        }
    };
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

/// The wheel of a static project, written from its files; what looks like a secret gives a warning.
fn made(session: &Session<'_>, sources: &ProjectSources, wheel: &StaticWheel) -> Result<BuiltWheel, BuildError> {
    let mut hasher = Hasher::new();
    hasher.field("static").field(STATIC_RECIPE.to_le_bytes()).field(wheel.file_name());
    for (path, content) in &wheel.files {
        hasher.field(path);
        match content {
            Content::Text(text) => hasher.field("text").field(text),
            Content::File { path, executable } => {
                let host = sources.host(path);
                let Hashed { digest, head, .. } = Hashed::read(&host)?;
                if let Some(suspect) = Suspect::of(&host, &head) {
                    session.report.warning(&suspect.warning("and it is part of the project's wheel"));
                }
                hasher.field("file").field([u8::from(*executable)]).field(digest.as_bytes())
            }
        };
    }
    let make = || {
        session.report.step(&format!("project: {} from its sources", wheel.stem()));
        let bytes = wheel.archive(|path| read(sources, path))?;
        let digest = session.cache.insert_bytes(&bytes)?;
        Ok::<_, BuildError>(BuiltWheel { file_name: wheel.file_name(), size: bytes.len() as u64, digest })
    };
    session.cache.remember("project", &hasher.finish(), |built: &BuiltWheel| built.is_kept(session), make)
}

fn read(sources: &ProjectSources, path: &str) -> Result<Vec<u8>, BuildError> {
    let host = sources.host(path);
    let mut bytes = Vec::new();
    let mut file = open_regular_no_link(&host).map_err(BuildError::file(FileAction::Open, &host))?;
    file.read_to_end(&mut bytes).map_err(BuildError::file(FileAction::Read, &host))?;
    Ok(bytes)
}

impl From<ZipError> for BuildError {
    /// The archive is written to memory, from names that were checked.
    fn from(error: ZipError) -> Self {
        BuildError::Internal(error.to_string())
    }
}

/// Builds a copy: a backend writes into the folder that it builds.
fn build_copy(
    session: &Session<'_>,
    input: &BuildInput,
    files: &[Copied],
    version: Option<&str>,
) -> Result<BuiltWheel, BuildError> {
    let scratch = session.cache.scratch_dir()?;
    let source = scratch.path().join("source");
    for file in files {
        copy(file, &source.join(&file.below))?;
    }
    let PureWheel { path, name } = pure_wheel::build(session, input, (scratch.path(), &source), version)?;
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
