//! poetry.lock: its distributions, and what is chosen of them.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::VersionSpecifiers;

use crate::lock::chosen::{Chosen, ToolPackage};
use crate::lock::graph::{Edge, Node, reached};
use crate::lock::poetry::roots::{MAIN, Roots};
use crate::marker::{Environment, Marker};
use crate::name::DistributionName;

/// A poetry.lock of any version that Poetry wrote since 1.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoetryLock {
    /// The digest of what it was made from.
    pub(super) content_hash: Option<String>,
    pub(super) requires_python: Option<VersionSpecifiers>,
    /// What the project's extras add, by their normalized names.
    pub(super) extras: BTreeMap<String, BTreeSet<DistributionName>>,
    /// Whether it says which groups need what: version 2.1 and later.
    pub(super) has_groups: bool,
    pub(super) packages: Vec<PoetryPackage>,
}

/// A distribution in a poetry.lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PoetryPackage {
    pub(super) package: ToolPackage,
    /// Whether only extras need it.
    pub(super) is_optional: bool,
    /// The groups that need it, normalized, each with where it does.
    pub(super) groups: BTreeMap<String, Option<Marker>>,
    pub(super) node: Node,
}

impl PoetryLock {
    /// Whether it was made from a pyproject.toml as it is; what cannot be told counts as made from it.
    pub fn is_of(&self, pyproject: &str) -> bool {
        let recorded = self.content_hash.as_deref();
        recorded.and_then(|hash| super::content_hash::is_of(hash, pyproject)).unwrap_or(true)
    }

    /// Whether the pyproject.toml beside it is needed to read it: the older ones do not say what the project asks for.
    pub fn needs_project(&self) -> bool {
        !self.has_groups
    }

    /// The project's extras, normalized.
    pub fn extras(&self) -> BTreeSet<String> {
        self.extras.keys().cloned().collect()
    }

    /// The groups that it says anything is needed by, normalized.
    pub fn groups(&self) -> BTreeSet<String> {
        self.packages.iter().flat_map(|package| package.groups.keys().cloned()).collect()
    }

    /// What is needed in an environment with these extras and, besides the main one, these groups; their names are
    /// normalized. `pyproject` is the text of the project's file.
    pub fn choose(
        &self,
        extras: &BTreeSet<String>,
        groups: &BTreeSet<String>,
        environment: &Environment,
        pyproject: &str,
    ) -> Chosen {
        let mut groups = groups.clone();
        groups.insert(MAIN.to_owned());
        let mut chosen = Chosen::default();
        chosen.requires_python.clone_from(&self.requires_python);
        if self.has_groups {
            let environment = environment.clone().with_extras(extras).with_groups(&groups);
            let is_needed = |package: &&PoetryPackage| {
                let mut markers = package.groups.iter().filter(|(group, _)| groups.contains(*group));
                markers.any(|(_, marker)| marker.as_ref().is_none_or(|marker| marker.evaluate(&environment)))
            };
            self.packages.iter().filter(is_needed).for_each(|package| chosen.add(&package.package));
            return chosen;
        }
        let nodes: Vec<Node> = self.packages.iter().map(|package| package.node.clone()).collect();
        let roots = self.wanted(Roots::of(pyproject, &groups), extras);
        for at in reached(&nodes, &roots, environment) {
            chosen.add(&self.packages[at].package);
        }
        chosen
    }

    /// What the project asks for itself, without the optional things that none of the extras needs.
    fn wanted(&self, roots: Roots, extras: &BTreeSet<String>) -> Vec<Edge> {
        let mut named: BTreeSet<&DistributionName> = BTreeSet::new();
        let mut open: Vec<&DistributionName> =
            self.extras.iter().filter(|(extra, _)| extras.contains(*extra)).flat_map(|(_, names)| names).collect();
        while let Some(name) = open.pop() {
            if named.insert(name) {
                let nodes = self.packages.iter().map(|package| &package.node).filter(|node| node.name == *name);
                open.extend(
                    nodes.flat_map(|node| node.edges.iter().chain(node.extras.values().flatten())).map(|it| &it.name),
                );
            }
        }
        let is_optional = |edge: &Edge| {
            let mut of_name = self.packages.iter().filter(|it| it.node.name == edge.name).peekable();
            of_name.peek().is_some() && of_name.all(|it| it.is_optional)
        };
        roots.0.into_iter().filter(|edge| !is_optional(edge) || named.contains(&edge.name)).collect()
    }
}
