//! `[project]` (PEP 621).

use std::collections::BTreeMap;

use pep440_rs::VersionSpecifiers;
use serde::Deserialize;

use crate::dependency::Dependency;
use crate::name::{DistributionName, normalized};
use crate::pyproject::error::{PyprojectError, dependencies};

/// The text of `requires-python`, and its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiresPython {
    /// The text as it was written.
    pub text: String,
    /// The versions that it allows.
    pub versions: VersionSpecifiers,
}

/// The `[project]` table (PEP 621), as far as it decides about an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// The distribution's name.
    pub name: Option<DistributionName>,
    /// The version as it was written.
    pub version: Option<String>,
    /// The Python versions that it runs with.
    pub requires_python: Option<RequiresPython>,
    /// What it needs at run time.
    pub dependencies: Vec<Dependency>,
    /// What each extra adds, by the extra's normalized name.
    pub extras: BTreeMap<String, Vec<Dependency>>,
    /// Its commands: what each calls, `module:function`, by its name.
    pub scripts: BTreeMap<String, String>,
    /// The keys whose values the build backend makes up.
    pub dynamic: Vec<String>,
}

impl Project {
    /// Whether the build backend makes up a section: `dependencies`, `optional-dependencies.fast`.
    pub fn is_dynamic(&self, section: &str) -> bool {
        self.dynamic.iter().any(|key| section.split('.').next() == Some(key))
    }
}

/// The table as TOML has it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct RawProject {
    name: Option<String>,
    version: Option<String>,
    requires_python: Option<String>,
    dependencies: Vec<String>,
    optional_dependencies: BTreeMap<String, Vec<String>>,
    scripts: BTreeMap<String, String>,
    dynamic: Vec<String>,
}

impl Project {
    /// Checks the values of a table.
    pub(super) fn of(raw: RawProject) -> Result<Self, PyprojectError> {
        let extras = raw.optional_dependencies.iter().map(|(name, texts)| Ok((normalized(name), dependencies(texts)?)));
        Ok(Self {
            name: raw.name.as_deref().map(str::parse).transpose()?,
            version: raw.version,
            requires_python: raw.requires_python.map(RequiresPython::parse).transpose()?,
            dependencies: dependencies(&raw.dependencies)?,
            extras: extras.collect::<Result<_, PyprojectError>>()?,
            scripts: raw.scripts,
            dynamic: raw.dynamic,
        })
    }
}

impl RequiresPython {
    /// Parses a list of version specifiers and keeps its text.
    pub(crate) fn parse(text: String) -> Result<Self, PyprojectError> {
        match text.parse() {
            Ok(versions) => Ok(Self { text, versions }),
            Err(_) => Err(PyprojectError::RequiresPython { found: text }),
        }
    }
}
