//! What of `[tool.uv]` a uv.lock is made from, besides the requirements.
//!
//! A value that cannot be read is `None`, and is then not compared: whether it is right, uv says when it locks.

use std::collections::BTreeMap;

use pep440_rs::VersionSpecifiers;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::dependency::Dependency;
use crate::marker::Marker;
use crate::name::{DistributionName, normalized};

/// Settings of uv that change what is locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvInputs {
    /// `constraint-dependencies`.
    pub constraints: Option<Vec<Dependency>>,
    /// `override-dependencies`.
    pub overrides: Option<Vec<Dependency>>,
    /// `exclude-dependencies`.
    pub excludes: Option<Vec<DistributionName>>,
    /// `environments`.
    pub environments: Option<Vec<Marker>>,
    /// `conflicts`: sets of things.
    pub conflicts: Option<Vec<Vec<UvConflicting>>>,
    /// `sources`, by the normalized name of the distribution.
    pub sources: BTreeMap<String, UvSource>,
    /// The Python versions that a group asks for, by its normalized name.
    pub group_pythons: BTreeMap<String, VersionSpecifiers>,
}

/// One of things that conflict: a distribution, or an extra or a group of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UvConflicting {
    /// The distribution; the project itself where none is named.
    pub package: Option<DistributionName>,
    /// An extra.
    pub extra: Option<String>,
    /// A dependency group.
    pub group: Option<String>,
}

/// Where a distribution comes from, if not from the usual index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UvSource {
    /// A repository: its address, and the revision, tag or branch.
    Git(String, String),
    /// The address of a file.
    Url(String),
    /// A folder or a file of the user's own, or a member of the workspace.
    Local,
    /// An index of its own.
    Index,
    /// One of several, by marker, extra or group.
    Several,
}

/// The table as TOML has it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct RawInputs {
    constraint_dependencies: Option<toml::Value>,
    override_dependencies: Option<toml::Value>,
    exclude_dependencies: Option<toml::Value>,
    environments: Option<toml::Value>,
    conflicts: Option<toml::Value>,
    sources: toml::Table,
    dependency_groups: toml::Table,
}

impl UvInputs {
    /// Reads what can be read.
    pub(super) fn of(raw: RawInputs) -> Self {
        let markers = raw.environments.map(|value| match value {
            toml::Value::String(text) => toml::Value::Array(vec![text.into()]),
            other => other,
        });
        let python = |table: &toml::Value| table.get("requires-python")?.as_str()?.parse().ok();
        let groups = raw.dependency_groups.iter();
        let sources = raw.sources.iter();
        Self {
            constraints: parsed(raw.constraint_dependencies),
            overrides: parsed(raw.override_dependencies),
            excludes: parsed(raw.exclude_dependencies),
            environments: parsed(markers),
            conflicts: read(raw.conflicts),
            sources: sources.map(|(name, value)| (normalized(name), UvSource::of(value))).collect(),
            group_pythons: groups.filter_map(|(name, table)| Some((normalized(name), python(table)?))).collect(),
        }
    }
}

impl UvSource {
    fn of(value: &toml::Value) -> Self {
        let text = |key: &str| value.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let is_conditional = ["marker", "extra", "group"].iter().any(|key| value.get(key).is_some());
        let revision = || text("rev").or_else(|| text("tag")).or_else(|| text("branch")).unwrap_or_default();
        match (text("git"), text("url")) {
            _ if is_conditional || !value.is_table() => Self::Several,
            (Some(git), _) => Self::Git(git, revision()),
            (None, Some(url)) => Self::Url(url),
            (None, None) if value.get("path").is_some() || value.get("workspace").is_some() => Self::Local,
            (None, None) if value.get("index").is_some() => Self::Index,
            (None, None) => Self::Several,
        }
    }
}

fn read<T: DeserializeOwned + Default>(value: Option<toml::Value>) -> Option<T> {
    value.map_or_else(|| Some(T::default()), |value| value.try_into().ok())
}

fn parsed<T: std::str::FromStr>(value: Option<toml::Value>) -> Option<Vec<T>> {
    read::<Vec<String>>(value)?.iter().map(|text| text.parse().ok()).collect()
}
