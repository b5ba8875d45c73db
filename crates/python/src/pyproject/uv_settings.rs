//! The settings of uv: `[tool.uv]`, or a uv.toml.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::dependency::Dependency;
use crate::name::normalized;
use crate::pyproject::error::{PyprojectError, dependencies, from_toml};

/// The settings of uv that an image depends on: `[tool.uv]`, or a uv.toml.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvSettings {
    /// Whether the project is built to a wheel, where it says so.
    pub package: Option<bool>,
    /// The distributions that come from elsewhere than an index.
    pub sources: BTreeSet<String>,
    /// Members of the group `dev` in uv's older form.
    pub dev_dependencies: Vec<Dependency>,
    /// The package indexes, in the order of the file.
    pub indexes: Vec<PackageIndex>,
}

/// A package index that a project names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageIndex {
    /// Its name, by which the environment has its credentials.
    pub name: Option<String>,
    /// Its address.
    pub url: String,
}

impl UvSettings {
    /// Parses the text of a uv.toml.
    ///
    /// # Errors
    /// When it is not TOML, a setting has another type, or a requirement cannot be read.
    pub fn parse(text: &str) -> Result<Self, PyprojectError> {
        Self::of(from_toml(text)?)
    }

    /// Checks the values of a table.
    pub(super) fn of(raw: RawUv) -> Result<Self, PyprojectError> {
        Ok(Self {
            package: raw.package,
            sources: raw.sources.keys().map(|name| normalized(name)).collect(),
            dev_dependencies: dependencies(&raw.dev_dependencies)?,
            indexes: raw.index.into_iter().map(|RawIndex { name, url }| PackageIndex { name, url }).collect(),
        })
    }
}

/// The table as TOML has it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct RawUv {
    package: Option<bool>,
    sources: toml::Table,
    dev_dependencies: Vec<String>,
    index: Vec<RawIndex>,
}

#[derive(Deserialize)]
struct RawIndex {
    name: Option<String>,
    url: String,
}
