//! What every backend is asked with: the tables of pyproject.toml and the folder's files.

use crate::name::DistributionName;
use crate::project::keys::Keys;
use crate::project::not_static::NotStatic;
use crate::project::project_files::ProjectFiles;

/// A project, before its backend is asked.
pub(super) struct Input<'f> {
    pub(super) files: &'f ProjectFiles<'f>,
    /// `[project]`; empty for Poetry's older form.
    pub(super) project: Keys<'f>,
    pub(super) tool: Keys<'f>,
    /// The name as it was written.
    pub(super) raw_name: &'f str,
    pub(super) name: DistributionName,
    /// Fields of METADATA that a setup.py says, where it stands for `[project]`.
    pub(super) script: Option<Vec<(&'static str, String)>>,
    /// The names of `[build-system] requires`, normalized.
    pub(super) requires: Vec<DistributionName>,
}

impl<'f> Input<'f> {
    /// The name as file names have it: `my_app`.
    pub(super) fn module_name(&self) -> String {
        self.name.as_str().replace('-', "_")
    }

    /// Checks that the build needs nothing but these: anything else may be a plug-in.
    pub(super) fn needs_only(&self, known: &[&str]) -> Result<(), NotStatic> {
        let other = self.requires.iter().find(|name| !known.contains(&name.as_str()));
        other.map_or(Ok(()), |name| {
            Err(NotStatic::because(format!("its build requires {name}, which may change what is built")))
        })
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        self.requires.iter().any(|required| required.as_str() == name)
    }

    /// The keys that `[project]` leaves to the backend.
    pub(super) fn dynamic(&self) -> Result<Vec<&'f str>, NotStatic> {
        Ok(self.project.texts("dynamic")?.unwrap_or_default())
    }

    /// Checks that the backend makes up nothing but these.
    pub(super) fn dynamic_only(&self, known: &[&str]) -> Result<(), NotStatic> {
        let other = self.dynamic()?.into_iter().find(|key| !known.contains(key));
        other.map_or(Ok(()), |key| Err(NotStatic::because(format!("`{key}` is dynamic"))))
    }

    pub(super) fn is_dynamic(&self, key: &str) -> Result<bool, NotStatic> {
        Ok(self.dynamic()?.contains(&key))
    }

    /// The version that was given for one that comes from tags.
    pub(super) fn tagged_version(&self, tool: super::version_tool::VersionTool) -> Result<String, NotStatic> {
        self.files.version.map(str::to_owned).ok_or(NotStatic::Version(tool))
    }
}
