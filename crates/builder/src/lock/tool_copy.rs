//! A folder with copies of what Poetry and PDM read of a project, without what makes them run code of it.
//!
//! In the project's own folder they would start a Python that lies in it (`.venv`, `.pdm-python`), and load plugins and
//! hooks of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use shipwheel_python::lock::LockTool;
use shipwheel_python::pyproject::{package_sources, without_hooks};
use shipwheel_store::FileAction;
use tempfile::TempDir;

use super::lock_error::LockError;
use crate::disk::text::{text, text_if_there};
use crate::error::BuildError;
use crate::session::Session;

/// What keeps the tools from making or looking for environments.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("POETRY_VIRTUALENVS_CREATE", "false"),
    ("POETRY_VIRTUALENVS_IN_PROJECT", "false"),
    ("PDM_USE_VENV", "false"),
    ("PDM_IGNORE_SAVED_PYTHON", "1"),
    ("PDM_CHECK_UPDATE", "false"),
];

/// The copies, removed when dropped.
pub(crate) struct ToolCopy {
    folder: TempDir,
    tool: LockTool,
    program: PathBuf,
}

impl ToolCopy {
    /// A copy of a pyproject.toml, for the user's own program of a tool.
    ///
    /// # Errors
    /// When the tool is not on `PATH`, or the copy cannot be written.
    pub(crate) fn new(session: &Session<'_>, lock: &Path, tool: LockTool, project: &str) -> Result<Self, BuildError> {
        let program = session.on_path(tool.name()).next();
        let program = program.ok_or_else(|| LockError::NoTool { lock: lock.to_owned(), tool })?;
        let this = Self { folder: session.cache.scratch_dir()?, tool, program };
        this.write("pyproject.toml", &without_hooks(project))?;
        Ok(this)
    }

    /// Takes along what the tool's settings in a folder say about where packages come from, and nothing else of them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn take_sources(&self, folder: &Path) -> Result<(), BuildError> {
        let name = format!("{}.toml", self.tool.name());
        match text_if_there(&folder.join(&name))? {
            Some(settings) => self.write(&name, &package_sources(&settings)),
            None => Ok(()),
        }
    }

    /// Writes a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, name: impl AsRef<Path>, text: &str) -> Result<(), BuildError> {
        let path = self.folder.path().join(name);
        fs_err::write(&path, text).map_err(BuildError::file(FileAction::Write, &path))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When the tool did not write it.
    pub(crate) fn read(&self, name: impl AsRef<Path>) -> Result<String, BuildError> {
        text(&self.folder.path().join(name))
    }

    /// The tool, started in the copy; its words come first.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let project = match self.tool {
            LockTool::Pdm => "--project",
            LockTool::Poetry | LockTool::Uv => "--directory",
        };
        let mut command = Command::new(&self.program);
        command.args(words).arg(project).arg(self.folder.path());
        command.current_dir(self.folder.path()).envs(ENVIRONMENT);
        command
    }
}
