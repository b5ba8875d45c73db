//! A pdm.lock, and what is chosen of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::dependency::Dependency;
use crate::lock::chosen::{Chosen, ToolPackage};
use crate::lock::graph::{Edge, Node, reached};
use crate::lock::pdm::sources;
use crate::marker::{Environment, Marker};
use crate::poetry_versions::PoetryVersions;
use crate::pyproject::Pyproject;

/// The group of what a project needs at run time.
const DEFAULT: &str = "default";

/// A pdm.lock of version 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PdmLock {
    /// The digest of what it was made from, with its algorithm.
    pub(super) content_hash: Option<String>,
    /// The groups and extras that were locked, normalized; `None` where it does not say.
    pub(super) groups: Option<BTreeSet<String>>,
    /// Whether it says which groups need what, and where.
    pub(super) is_inherited: bool,
    /// The environments that it was made for.
    pub(super) targets: Vec<Marker>,
    pub(super) packages: Vec<PdmPackage>,
}

/// A distribution in a pdm.lock, with some extras.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PdmPackage {
    pub(super) package: ToolPackage,
    /// The extras that this entry is about, normalized.
    pub(super) extras: BTreeSet<String>,
    /// The groups and extras of the project that need it, normalized.
    pub(super) groups: BTreeSet<String>,
    pub(super) marker: Option<Marker>,
    pub(super) dependencies: Vec<Dependency>,
}

impl PdmLock {
    /// Whether it was made from a pyproject.toml as it is; what cannot be told counts as made from it.
    pub fn is_of(&self, pyproject: &str) -> bool {
        let recorded = self.content_hash.as_deref();
        recorded.and_then(|hash| super::content_hash::is_of(hash, pyproject)).unwrap_or(true)
    }

    /// Whether the pyproject.toml beside it is needed to read it: without the strategy `inherit_metadata` it does not say
    /// what the project asks for.
    pub fn needs_project(&self) -> bool {
        !self.is_inherited
    }

    /// The groups and extras that it was made for, without the one of what is always needed; `None` where it does not say.
    pub fn groups(&self) -> Option<BTreeSet<String>> {
        let groups = self.groups.as_ref()?;
        Some(groups.iter().filter(|group| *group != DEFAULT).cloned().collect())
    }

    /// What is needed in an environment with these groups and extras besides the default one; their names are
    /// normalized. `pyproject` is the text of the project's file.
    pub fn choose(&self, groups: &BTreeSet<String>, environment: &Environment, pyproject: &str) -> Chosen {
        let mut groups = groups.clone();
        groups.insert(DEFAULT.to_owned());
        let mut chosen = Chosen::default();
        chosen.environments.clone_from(&self.targets);
        sources::lookups(pyproject).into_iter().for_each(|line| chosen.add_lookup(line));
        if !self.is_inherited {
            let nodes = self.nodes();
            let all: Vec<Node> = nodes.iter().map(|(_, node)| node.clone()).collect();
            for at in reached(&all, &roots(pyproject, &groups), environment) {
                chosen.add(&self.packages[nodes[at].0].package);
            }
            return chosen;
        }
        for package in &self.packages {
            let holds = package.marker.as_ref().is_none_or(|marker| marker.evaluate(environment));
            // What names no group is of all of them.
            let is_wanted = package.groups.is_empty() || !package.groups.is_disjoint(&groups);
            if holds && is_wanted && !self.is_there(package, &chosen) {
                chosen.add(&package.package);
            }
        }
        chosen
    }

    /// Whether an entry is about a distribution that was chosen with other extras.
    fn is_there(&self, package: &PdmPackage, chosen: &Chosen) -> bool {
        chosen.has(&package.package.name, &package.package.version)
    }

    /// The graph, each node with the place of the package that has its files.
    fn nodes(&self) -> Vec<(usize, Node)> {
        let mut nodes: Vec<(usize, Node)> = Vec::new();
        for (at, entry) in self.packages.iter().enumerate() {
            let (name, version) = (&entry.package.name, &entry.package.version);
            let known = nodes.iter().position(|(_, node)| (&node.name, &node.version) == (name, version));
            let place = known.unwrap_or_else(|| {
                let python = entry.package.requires_python.clone().map(PoetryVersions::from).unwrap_or_default();
                let (edges, extras) = (Vec::new(), BTreeMap::new());
                nodes.push((at, Node { name: name.clone(), version: version.clone(), python, edges, extras }));
                nodes.len() - 1
            });
            let node = &mut nodes[place].1;
            let edges: Vec<Edge> = entry.dependencies.iter().map(Edge::from).collect();
            if entry.extras.is_empty() {
                node.edges.extend(edges.iter().cloned());
            }
            for extra in &entry.extras {
                node.extras.entry(extra.clone()).or_default().extend(edges.iter().cloned());
            }
        }
        nodes
    }
}

/// What a project asks for itself, with some extras and groups.
fn roots(pyproject: &str, groups: &BTreeSet<String>) -> Vec<Edge> {
    let Ok(file) = Pyproject::parse(pyproject) else { return Vec::new() };
    let project = file.project.clone().unwrap_or_default();
    let extras = project.extras.into_iter().filter(|(extra, _)| groups.contains(extra)).flat_map(|(_, edges)| edges);
    let named = file.dependency_groups().unwrap_or_default();
    let named = named.into_iter().filter(|(group, _)| groups.contains(group)).flat_map(|(_, edges)| edges);
    let all: Vec<Dependency> =
        project.dependencies.into_iter().chain(extras).chain(named).chain(older(pyproject, groups)).collect();
    all.iter().map(Edge::from).collect()
}

/// PDM's own development dependencies, from before there were the standard groups.
fn older(pyproject: &str, groups: &BTreeSet<String>) -> Vec<Dependency> {
    let file: toml::Table = pyproject.parse().unwrap_or_default();
    let table = ["tool", "pdm", "dev-dependencies"]
        .iter()
        .try_fold(&toml::Value::Table(file), |value, key| value.get(key))
        .cloned();
    let sections = table.and_then(|table| table.as_table().cloned()).unwrap_or_default();
    let wanted = sections.into_iter().filter(|(group, _)| groups.contains(&crate::name::normalized(group)));
    let texts = wanted.flat_map(|(_, members)| members.as_array().cloned().unwrap_or_default());
    texts.filter_map(|text| text.as_str()?.parse().ok()).collect()
}
