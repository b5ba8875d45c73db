//! The version of a project whose files leave it to the tags of a repository.

use std::path::Path;

use shipwheel_python::project::{Described, version_tool};
use shipwheel_python::pyproject::Pyproject;
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::{FileAction, read_small_text_if_there};

use super::project_error::ProjectError;
use crate::error::BuildError;
use crate::program::git;
use crate::session::Session;

/// The version of a project: what is given, what the variable of its tool says, or what git does.
///
/// `None` where its files say it.
///
/// # Errors
/// When a tag should say it and none does.
pub(crate) fn version(session: &Session<'_>, folder: &Path, given: Option<&str>) -> Result<Option<String>, BuildError> {
    if given.is_some() {
        return Ok(given.map(str::to_owned));
    }
    let path = folder.join("pyproject.toml");
    let text = read_small_text_if_there(&path, MAX_SETTINGS).map_err(BuildError::file(FileAction::Read, &path))?;
    let text = text.unwrap_or_default();
    let Some(tool) = version_tool(&text) else { return Ok(None) };
    let pyproject = Pyproject::parse(&text).ok();
    let project = pyproject.and_then(|pyproject| pyproject.project_or_poetry().ok());
    if let Some(name) = project.and_then(|project| project.name)
        && let Some(version) = tool.variables(&name).iter().find_map(|name| session.variable(name))
    {
        return Ok(Some(version.to_owned()));
    }
    let no_version = |reason| ProjectError::NoVersion { folder: folder.to_owned(), tool: tool.name(), reason };
    let said = git::describe(session, folder).map_err(no_version)?;
    let described = Described::parse(&said).ok_or_else(|| no_version(format!("the tag of {said} is no version")))?;
    let version = tool.version(&described);
    session.report.step(&format!("project: {} has version {version}, by git", folder.display()));
    Ok(Some(version))
}
