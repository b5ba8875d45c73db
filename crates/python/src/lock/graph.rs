//! The graph of a lock that says what needs what, walked in one environment.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;

use crate::dependency::Dependency;
use crate::marker::{Environment, Marker};
use crate::name::{DistributionName, normalized};
use crate::poetry_versions::PoetryVersions;

/// How often versions are chosen anew because something else asks for less; more is a lock that cannot be met.
const ROUNDS: usize = 20;

/// That something needs a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) name: DistributionName,
    /// The extras that are asked for, normalized.
    pub(super) extras: BTreeSet<String>,
    pub(super) versions: PoetryVersions,
    /// All of these must hold.
    pub(super) markers: Vec<Marker>,
    /// The Python versions with which it is needed.
    pub(super) python: PoetryVersions,
}

/// A version of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: DistributionName,
    pub(super) version: Version,
    /// The Python versions that it runs with.
    pub(super) python: PoetryVersions,
    pub(super) edges: Vec<Edge>,
    /// What each extra needs besides, by its normalized name.
    pub(super) extras: BTreeMap<String, Vec<Edge>>,
}

/// What is asked of each distribution.
type Asked<'g> = BTreeMap<&'g DistributionName, Vec<&'g PoetryVersions>>;

impl From<&Dependency> for Edge {
    fn from(dependency: &Dependency) -> Self {
        Self {
            name: dependency.name.clone(),
            extras: dependency.extras.iter().map(|extra| normalized(extra)).collect(),
            versions: dependency.versions.clone().into(),
            markers: dependency.marker.iter().cloned().collect(),
            python: PoetryVersions::default(),
        }
    }
}

impl Edge {
    /// Whether it is needed in an environment.
    pub(super) fn holds(&self, environment: &Environment) -> bool {
        self.markers.iter().all(|marker| marker.evaluate(environment))
            && environment.python().is_none_or(|version| self.python.allow(&version))
    }
}

/// The places of all nodes that some edges lead to in an environment.
///
/// Of a distribution with several versions, the newest is taken that all who need it allow.
pub(super) fn reached(nodes: &[Node], roots: &[Edge], environment: &Environment) -> BTreeSet<usize> {
    let mut asked = Asked::new();
    let mut reached = BTreeSet::new();
    for _ in 0..ROUNDS {
        let (found, now) = round(nodes, roots, environment, &asked);
        reached = found;
        if now == asked {
            break;
        }
        asked = now;
    }
    reached
}

/// One walk, with what was asked in the one before.
fn round<'g>(
    nodes: &'g [Node],
    roots: &'g [Edge],
    environment: &Environment,
    before: &Asked<'g>,
) -> (BTreeSet<usize>, Asked<'g>) {
    let (mut reached, mut asked) = (BTreeSet::new(), Asked::new());
    let mut seen: BTreeSet<(usize, Option<&str>)> = BTreeSet::new();
    let mut open: Vec<&Edge> = roots.iter().rev().filter(|edge| edge.holds(environment)).collect();
    while let Some(edge) = open.pop() {
        let all = asked.entry(&edge.name).or_default();
        if !all.contains(&&edge.versions) {
            all.push(&edge.versions);
        }
        let Some(at) = pick(nodes, edge, environment, before) else { continue };
        reached.insert(at);
        for extra in [None].into_iter().chain(edge.extras.iter().map(|extra| Some(extra.as_str()))) {
            if seen.insert((at, extra)) {
                let node = &nodes[at];
                let edges = extra.map_or(Some(&node.edges), |extra| node.extras.get(extra));
                let environment = environment.clone().with_extras(extra);
                open.extend(edges.into_iter().flatten().filter(|edge| edge.holds(&environment)));
            }
        }
    }
    asked.values_mut().for_each(|all| all.sort_by_key(|versions| format!("{versions:?}")));
    (reached, asked)
}

/// The node that an edge leads to.
fn pick(nodes: &[Node], edge: &Edge, environment: &Environment, before: &Asked<'_>) -> Option<usize> {
    let of_name = nodes.iter().enumerate().filter(|(_, node)| node.name == edge.name);
    let others = before.get(&edge.name).map(Vec::as_slice).unwrap_or_default();
    // What fits more of these counts more; a lock whose versions nothing fits has still been made from something.
    let rank = |node: &Node| {
        let runs = environment.python().is_none_or(|version| node.python.allow(&version));
        let is_allowed = edge.versions.allow(&node.version);
        (is_allowed, runs, others.iter().all(|versions| versions.allow(&node.version)), node.version.clone())
    };
    of_name.max_by_key(|(_, node)| rank(node)).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Libc, Target};

    fn edge(text: &str) -> Edge {
        Edge::from(&text.parse::<Dependency>().expect("a dependency"))
    }

    fn node(name: &str, version: &str, edges: &[&str]) -> Node {
        let (python, extras) = (PoetryVersions::default(), BTreeMap::new());
        let (name, version) = (name.parse().expect("a name"), version.parse().expect("a version"));
        Node { name, version, python, edges: edges.iter().map(|text| edge(text)).collect(), extras }
    }

    #[test]
    fn versions_are_chosen_that_all_allow_and_extras_are_followed() {
        let target = Target {
            python: "3.11.2".parse().expect("valid"),
            platform: "linux/arm64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 36 },
        };
        let mut nodes = vec![
            node("a", "1", &["b", "c ; sys_platform == 'win32'"]),
            node("b", "1.0", &[]),
            node("b", "2.0", &["only-new"]),
            node("c", "1", &[]),
            node("d", "1", &["b<2", "a"]),
            node("e", "1", &[]),
            node("only-new", "1", &[]),
        ];
        nodes[0].extras = [("x".to_owned(), vec![edge("e ; extra == 'x'"), edge("c ; extra == 'y'")])].into();
        let shown = |roots: &[&str]| -> Vec<String> {
            let roots: Vec<Edge> = roots.iter().map(|text| edge(text)).collect();
            let found = reached(&nodes, &roots, &Environment::new(&target));
            found.into_iter().map(|at| format!("{} {}", nodes[at].name, nodes[at].version)).collect()
        };
        assert_eq!(shown(&["a"]), ["a 1", "b 2.0", "only-new 1"]);
        assert_eq!(shown(&["a[X]", "d"]), ["a 1", "b 1.0", "d 1", "e 1"], "d allows only the older b");
        assert_eq!(shown(&["c ; python_version < '3'", "missing"]), [""; 0]);
    }
}
