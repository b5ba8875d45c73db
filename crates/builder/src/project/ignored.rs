//! The .dockerignore files that hold for an application's sources: one for each folder that they are relative to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipwheel_plan::dockerignore::{Dockerignore, Rule};
use shipwheel_store::limits::MAX_SETTINGS;
use shipwheel_store::{FileAction, read_small};

use super::application_error::ApplicationError;
use super::definition::Definition;
use super::workspace::Workspace;
use crate::error::BuildError;

/// A .dockerignore that was read.
#[derive(Debug, Clone)]
pub(crate) struct IgnoreFile {
    path: PathBuf,
    rules: Arc<Dockerignore>,
}

impl IgnoreFile {
    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The rule that leaves out a path below its folder; the folder itself is never left out.
    pub(crate) fn rule(&self, path: &str) -> Option<&Rule> {
        self.rules.leaves_out(path).filter(|_| !path.is_empty())
    }

    /// Whether a rule brings back what others leave out.
    pub(crate) fn brings_back(&self) -> bool {
        self.rules.brings_back()
    }
}

/// The name of such a file.
const DOCKERIGNORE: &str = ".dockerignore";

/// The folders that sources may be relative to: the definition's own, which may be any part of the others, first.
fn folders_of<'f>(own: &'f Path, workspace: &'f Workspace) -> impl Iterator<Item = &'f Path> {
    std::iter::once(own).chain(workspace.outside().iter().map(PathBuf::as_path)).chain([workspace.root()])
}

/// The files that hold for a definition's sources, there or not.
pub(crate) fn paths(definition: &Definition) -> impl Iterator<Item = PathBuf> {
    folders_of(&definition.folder, &definition.workspace).map(|folder| folder.join(DOCKERIGNORE))
}

/// The files of a definition, by the real paths of their folders.
#[derive(Debug, Default)]
pub(crate) struct Ignored(Vec<(PathBuf, Option<IgnoreFile>)>);

impl Ignored {
    /// Reads those of the definition's folder, of the places that `allow-outside` names, and of the workspace.
    ///
    /// # Errors
    /// When one cannot be read, or has a line that is not a pattern.
    pub(crate) fn read(definition: &Definition) -> Result<Self, BuildError> {
        let workspace = &definition.workspace;
        let own = definition.folder.canonicalize().map_err(BuildError::file(FileAction::Read, &definition.folder))?;
        let mut folders = Vec::new();
        for folder in folders_of(&own, workspace) {
            let path = folder.join(DOCKERIGNORE);
            let file = match path.is_file() {
                false => None,
                true => {
                    workspace.check(&path)?;
                    let bytes = read_small(&path, MAX_SETTINGS).map_err(BuildError::file(FileAction::Read, &path))?;
                    let rules = Dockerignore::parse(&bytes);
                    let rules = rules.map_err(|cause| ApplicationError::Dockerignore { path: path.clone(), cause })?;
                    Some(IgnoreFile { path, rules: Arc::new(rules) })
                }
            };
            folders.push((folder.to_owned(), file));
        }
        Ok(Self(folders))
    }

    /// The file that holds for a source, and the source's path below its folder.
    ///
    /// As for the contexts of a Docker build, only the file of the source's own context counts.
    pub(crate) fn of(&self, source: &Path) -> Option<(&IgnoreFile, String)> {
        // The source itself may be a link: it is its name that counts.
        let real = match (source.parent(), source.file_name()) {
            (Some(parent), Some(name)) => parent.canonicalize().ok()?.join(name),
            _ => source.canonicalize().ok()?,
        };
        let mut holding = self.0.iter().filter_map(|(folder, file)| Some((real.strip_prefix(folder).ok()?, file)));
        let (below, file) = holding.next()?;
        Some((file.as_ref()?, below.to_string_lossy().into_owned()))
    }
}
