//! What a project of Poetry asks for, as its pyproject.toml says it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::lock::graph::Edge;
use crate::marker::Marker;
use crate::name::{DistributionName, normalized};
use crate::poetry_versions::PoetryVersions;
use crate::pyproject::Pyproject;

/// The group of what a project needs at run time.
pub(super) const MAIN: &str = "main";

/// The edges from a project itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roots(pub(super) Vec<Edge>);

/// A dependency: its versions, a table, or several for different environments.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum RawDependency {
    Versions(String),
    Table(RawTable),
    Several(Vec<RawDependency>),
}

/// A dependency with more than versions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawTable {
    version: Option<String>,
    markers: Option<String>,
    python: Option<String>,
    platform: Option<String>,
    extras: Vec<String>,
    pub(super) optional: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawPoetry {
    dependencies: BTreeMap<String, RawDependency>,
    dev_dependencies: BTreeMap<String, RawDependency>,
    group: BTreeMap<String, RawGroup>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawGroup {
    dependencies: BTreeMap<String, RawDependency>,
}

impl RawDependency {
    /// The tables that it stands for.
    pub(super) fn tables(&self) -> Vec<RawTable> {
        match self {
            Self::Versions(text) => vec![RawTable { version: Some(text.clone()), ..RawTable::default() }],
            Self::Table(table) => vec![table.clone()],
            Self::Several(all) => all.iter().flat_map(Self::tables).collect(),
        }
    }
}

impl RawTable {
    /// The edge to a distribution; what cannot be read of it holds everywhere.
    pub(super) fn edge(&self, name: &DistributionName) -> Edge {
        let versions = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        let platform = self.platform.as_deref().filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let platform = platform.map(|platform| format!("sys_platform == '{platform}'"));
        let markers = self.markers.iter().filter(|text| !text.trim().is_empty()).chain(&platform);
        Edge {
            name: name.clone(),
            extras: self.extras.iter().map(|extra| normalized(extra)).collect(),
            versions: versions(&self.version).unwrap_or_default(),
            markers: markers.filter_map(|text| text.parse::<Marker>().ok()).collect(),
            python: versions(&self.python).unwrap_or_else(PoetryVersions::default),
        }
    }
}

impl Roots {
    /// What some groups ask for, the main one among them; nothing where the text cannot be read.
    pub(super) fn of(pyproject: &str, groups: &BTreeSet<String>) -> Self {
        let file: toml::Table = pyproject.parse().unwrap_or_default();
        let poetry = file.get("tool").and_then(|tool| tool.get("poetry")).cloned();
        let poetry: RawPoetry = poetry.and_then(|table| table.try_into().ok()).unwrap_or_default();
        let own = [(MAIN, &poetry.dependencies), ("dev", &poetry.dev_dependencies)];
        let sections =
            own.into_iter().chain(poetry.group.iter().map(|(name, group)| (name.as_str(), &group.dependencies)));
        let wanted = sections.filter(|(group, _)| groups.contains(&normalized(group)));
        let named =
            wanted.flat_map(|(_, dependencies)| dependencies).filter_map(|(name, raw)| Some((name.parse().ok()?, raw)));
        let is_python = |name: &DistributionName| name.as_str() == "python";
        let named = named.filter(|(name, _)| !is_python(name));
        let mut edges: Vec<Edge> =
            named.flat_map(|(name, raw)| raw.tables().into_iter().map(move |table| table.edge(&name))).collect();
        let project = Pyproject::parse(pyproject).ok().and_then(|file| file.project);
        let standard =
            project.iter().flat_map(|project| project.dependencies.iter().chain(project.extras.values().flatten()));
        edges.extend(standard.map(Edge::from));
        Self(edges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_ask_for_something_is_read() {
        let text = "[tool.poetry.dependencies]\npython = '^3.8'\nA_b = '*'\nc = {version = '^1', extras = ['X'], optional = true}\n\
            d = [{version = '1', python = '<3.9'}, {version = '2', markers = \"os_name == 'nt'\", platform = 'linux'}]\n\
            e = {path = '../e'}\n[tool.poetry.dev-dependencies]\nf = '*'\n[tool.poetry.group.Docs.dependencies]\ng = '*'\n\
            [project]\nname = 'x'\nversion = '1'\ndependencies = ['h>1']\n";
        let names = |groups: &[&str]| -> String {
            let groups = groups.iter().map(|group| (*group).to_owned()).collect();
            let edges = Roots::of(text, &groups).0;
            edges.iter().map(|edge| format!("{}{}", edge.name, edge.markers.len())).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&["main"]), "a-b0 c0 d0 d2 e0 h0");
        assert_eq!(names(&["main", "dev", "docs"]), "a-b0 c0 d0 d2 e0 f0 g0 h0");
        assert_eq!(Roots::of("no toml [", &BTreeSet::new()), Roots::default());
    }
}
