//! The settings of uv: `[tool.uv]`, or a uv.toml.

use std::path::Path;

use serde::Deserialize;

use crate::dependency::Dependency;
use crate::name::normalized;
use crate::pyproject::error::{PyprojectError, dependencies, from_toml};
use crate::pyproject::uv_inputs::{RawInputs, UvInputs};
use crate::pyproject::uv_workspace::UvWorkspace;

/// The settings of uv that an image depends on: `[tool.uv]`, or a uv.toml.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvSettings {
    /// Whether the project is built to a wheel, where it says so.
    pub package: Option<bool>,
    /// The workspace that it is the top of.
    pub workspace: Option<UvWorkspace>,
    /// What a lock is made from, besides the requirements.
    pub inputs: UvInputs,
    /// The groups that are installed when nobody says which; `None` is uv's own default.
    pub default_groups: Option<DefaultGroups>,
    /// Members of the group `dev` in uv's older form.
    pub dev_dependencies: Vec<Dependency>,
    /// The package indexes, in the order of the file.
    pub indexes: Vec<PackageIndex>,
    /// Whether it has source distributions built, whatever a command says.
    pub forces_builds: bool,
    lookup: String,
}

/// Dependency groups that are installed when nobody says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefaultGroups {
    /// All that the project has.
    All,
    /// These, normalized.
    Named(Vec<String>),
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

    /// The settings on where packages come from and which are taken, as a uv.toml; paths are below `folder`.
    ///
    /// Everything else in the table is left out: some settings run code.
    pub fn lookup(&self, folder: &Path) -> String {
        let Ok(mut table) = self.lookup.parse::<toml::Table>() else { return String::new() };
        let below = |value: &mut toml::Value| {
            if let Some(text) = value.as_str().filter(|text| !text.contains("://")) {
                *value = folder.join(text).display().to_string().into();
            }
        };
        table.get_mut("find-links").and_then(toml::Value::as_array_mut).into_iter().flatten().for_each(below);
        for index in table.get_mut("index").and_then(toml::Value::as_array_mut).into_iter().flatten() {
            index.get_mut("url").into_iter().for_each(below);
        }
        table.to_string()
    }

    /// Checks the values of a table.
    pub(super) fn of(raw: RawUv) -> Result<Self, PyprojectError> {
        let lookup = raw.lookup();
        Ok(Self {
            forces_builds: raw.forces_builds(),
            lookup,
            inputs: UvInputs::of(raw.inputs),
            package: raw.package,
            workspace: raw.workspace,
            default_groups: raw.default_groups.as_ref().and_then(DefaultGroups::of),
            dev_dependencies: dependencies(&raw.dev_dependencies)?,
            indexes: raw.index.into_iter().map(|RawIndex { name, url, .. }| PackageIndex { name, url }).collect(),
        })
    }
}

impl DefaultGroups {
    /// `"all"`, or a list of names.
    fn of(value: &toml::Value) -> Option<Self> {
        match value {
            toml::Value::String(text) => (text == "all").then_some(Self::All),
            value => {
                let names = value.as_array()?.iter().filter_map(toml::Value::as_str);
                Some(Self::Named(names.map(normalized).collect()))
            }
        }
    }
}

/// The table as TOML has it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct RawUv {
    package: Option<bool>,
    workspace: Option<UvWorkspace>,
    #[serde(flatten)]
    inputs: RawInputs,
    dev_dependencies: Vec<String>,
    default_groups: Option<toml::Value>,
    index: Vec<RawIndex>,
    index_url: Option<toml::Value>,
    extra_index_url: Option<toml::Value>,
    find_links: Option<toml::Value>,
    no_index: Option<toml::Value>,
    index_strategy: Option<toml::Value>,
    prerelease: Option<toml::Value>,
    resolution: Option<toml::Value>,
    exclude_newer: Option<toml::Value>,
    no_binary: Option<toml::Value>,
    no_binary_package: Option<toml::Value>,
    pip: toml::Table,
}

#[derive(Deserialize)]
struct RawIndex {
    name: Option<String>,
    url: String,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    explicit: bool,
}

impl RawUv {
    /// The settings that only say where packages come from and which are taken.
    fn lookup(&self) -> String {
        let settings = [
            ("index-url", &self.index_url),
            ("extra-index-url", &self.extra_index_url),
            ("find-links", &self.find_links),
            ("no-index", &self.no_index),
            ("index-strategy", &self.index_strategy),
            ("prerelease", &self.prerelease),
            ("resolution", &self.resolution),
            ("exclude-newer", &self.exclude_newer),
        ];
        let settings = settings.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)));
        let mut table: toml::Table = settings.collect();
        let indexes: Vec<toml::Value> = self.index.iter().map(RawIndex::table).collect();
        if !indexes.is_empty() {
            table.insert("index".to_owned(), indexes.into());
        }
        table.to_string()
    }

    fn forces_builds(&self) -> bool {
        let pip = ["no-binary", "no-binary-package"].iter().any(|key| self.pip.contains_key(*key));
        self.no_binary.is_some() || self.no_binary_package.is_some() || pip
    }
}

impl RawIndex {
    fn table(&self) -> toml::Value {
        let mut table = toml::Table::new();
        table.extend(self.name.clone().map(|name| ("name".to_owned(), name.into())));
        table.insert("url".to_owned(), self.url.clone().into());
        table.insert("default".to_owned(), self.default.into());
        table.insert("explicit".to_owned(), self.explicit.into());
        table.into()
    }
}
