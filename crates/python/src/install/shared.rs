//! Paths that several distributions install: whose file is there, and who leaves its own out.
//!
//! pip and uv let the last one win, whichever that is. Here equal files are one file, somebody named decides about
//! others, and only commands and what nobody imports are decided without being asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shipwheel_layer::{Content, Node, Tree, TreePath};

use crate::install::scheme::Scheme;
use crate::name::DistributionName;

/// Distributions that want different files at one path: all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("distributions install different files at the same path:{}", lines(.overlaps))]
pub struct OverlapError {
    /// Every overlap, sorted by path.
    pub overlaps: Vec<Overlap>,
}

/// One path that two distributions want for different files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// The path in the image.
    pub path: TreePath,
    /// The distribution that came first.
    pub first: DistributionName,
    /// The one that has something else there.
    pub second: DistributionName,
}

impl OverlapError {
    /// The two distributions of the first overlap.
    pub fn both(&self) -> Option<(&DistributionName, &DistributionName)> {
        self.overlaps.first().map(|overlap| (&overlap.first, &overlap.second))
    }
}

fn lines(overlaps: &[Overlap]) -> String {
    const SHOWN: usize = 10;
    let mut text: String = overlaps
        .iter()
        .take(SHOWN)
        .map(|overlap| format!("\n  {} ({} and {})", overlap.path, overlap.first, overlap.second))
        .collect();
    if overlaps.len() > SHOWN {
        text += &format!("\n  and {} more", overlaps.len() - SHOWN);
    }
    text
}

/// Who has the paths that several distributions want.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The files that a distribution leaves to another one.
    pub left_out: BTreeMap<DistributionName, BTreeSet<TreePath>>,
    /// What nobody was asked about: the first distribution has the path, the second one leaves it out.
    pub chosen: Vec<Overlap>,
}

/// A distribution's entry at a path.
type Owned<'t> = (&'t DistributionName, &'t Node);

/// Settles who has which path, among distributions in an order that does not depend on the machine.
///
/// # Errors
/// Every path at which two of them have different files that may matter, and that `prefer` does not decide, or one a
/// file and another a directory.
pub fn settle(
    trees: &[(DistributionName, Tree)],
    prefer: &[DistributionName],
    scheme: &Scheme,
) -> Result<Settled, OverlapError> {
    let mut owners: BTreeMap<&TreePath, Vec<Owned<'_>>> = BTreeMap::new();
    let mut folders: BTreeMap<&TreePath, &DistributionName> = BTreeMap::new();
    for (name, tree) in trees {
        for (path, node) in tree.iter() {
            match node.is_directory() {
                true => drop(folders.entry(path).or_insert(name)),
                false => owners.entry(path).or_default().push((name, node)),
            }
        }
    }
    let (mut settled, mut overlaps) = (Settled::default(), Vec::new());
    for (path, owners) in owners {
        let overlap = |first: &DistributionName, second: &DistributionName| Overlap {
            path: path.clone(),
            first: first.clone(),
            second: second.clone(),
        };
        if let Some(folder) = folders.get(path) {
            overlaps.push(overlap(owners[0].0, folder));
        }
        let Some(other) = owners.iter().find(|(_, node)| !is_same(owners[0].1, node)) else { continue };
        let asked = prefer.iter().find_map(|name| owners.iter().find(|(owner, _)| *owner == name));
        let (winner, is_chosen) = match asked.or_else(|| equal(&owners)) {
            Some(winner) => (winner, false),
            None if is_harmless(path, scheme, &owners) => (&owners[0], true),
            None => {
                overlaps.push(overlap(owners[0].0, other.0));
                continue;
            }
        };
        for (name, _) in owners.iter().filter(|(_, node)| !is_same(winner.1, node)) {
            settled.left_out.entry((*name).clone()).or_default().insert(path.clone());
            if is_chosen {
                settled.chosen.push(overlap(winner.0, name));
            }
        }
    }
    if overlaps.is_empty() { Ok(settled) } else { Err(OverlapError { overlaps }) }
}

fn is_same(one: &Node, other: &Node) -> bool {
    match (one, other) {
        (Node::File(a, one), Node::File(b, other)) => a == b && is_equal(one, other),
        (Node::Symlink(a), Node::Symlink(b)) => a == b,
        _ => false,
    }
}

fn is_equal(one: &Content, other: &Content) -> bool {
    let digests = one.expected().zip(other.expected()).map(|(one, other)| one == other);
    let read = || one.to_vec().ok().zip(other.to_vec().ok()).is_some_and(|(one, other)| one == other);
    one.size() == other.size() && digests.unwrap_or_else(read)
}

/// The one of equal files that can do most: it may be executed.
fn equal<'o, 't>(owners: &'o [Owned<'t>]) -> Option<&'o Owned<'t>> {
    let file = |owned: &Owned<'t>| match owned.1 {
        Node::File(metadata, content) => Some((metadata.mode, content)),
        Node::Directory(_) | Node::Symlink(_) => None,
    };
    let (_, first) = file(&owners[0])?;
    let all_equal = owners.iter().all(|owned| file(owned).is_some_and(|(_, content)| is_equal(first, content)));
    let may_run = |owned: &&Owned<'t>| file(owned).is_some_and(|(mode, _)| mode & 0o111 != 0);
    owners.iter().find(may_run).filter(|_| all_equal)
}

/// Folders at the top of site-packages that are there by a mistake in a project's packaging.
const STRAY_FOLDERS: [&str; 12] =
    ["benchmarks", "ci", "dev", "doc", "docs", "example", "examples", "test", "testing", "tests", "tools", "scripts"];

/// The beginnings of the names of files about a distribution, and whole names of what its developers use.
const STRAY_FILES: [&str; 13] = [
    "authors",
    "changelog",
    "changes",
    "contributing",
    "contributors",
    "copying",
    "history",
    "licen",
    "notice",
    "readme",
    "conftest.py",
    "pyproject.toml",
    "setup.py",
];

/// Whether it is enough to say who has a path: files about a distribution or of its developers at the top of
/// site-packages or of the environment, commands, and declarations of a namespace.
fn is_harmless(path: &TreePath, scheme: &Scheme, owners: &[Owned<'_>]) -> bool {
    let below = |folder: &str| path.as_str().strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    let Some(below) = below(&scheme.site_packages()).or_else(|| below(scheme.prefix().as_str())) else { return false };
    let is_stray = match below.split_once('/') {
        Some((Scheme::BIN, command)) => !command.contains('/'),
        Some((folder, _)) => STRAY_FOLDERS.contains(&folder),
        None => STRAY_FILES.iter().any(|start| below.to_ascii_lowercase().starts_with(start)),
    };
    is_stray || (path.name() == "__init__.py" && owners.iter().all(|(_, node)| declares_namespace(node)))
}

/// What the three ways to declare a namespace consist of, without blanks and with one kind of quotes.
const NAMESPACE_LINES: [&str; 12] = [
    "try:",
    "exceptImportError:",
    "pass",
    "importpkg_resources",
    "importpkgutil",
    "frompkgutilimportextend_path",
    "frompkg_resourcesimportdeclare_namespace",
    "pkg_resources.declare_namespace(__name__)",
    "declare_namespace(__name__)",
    "__import__('pkg_resources').declare_namespace(__name__)",
    "__path__=extend_path(__path__,__name__)",
    "__path__=pkgutil.extend_path(__path__,__name__)",
];

/// Files with a namespace's declaration are short.
const MAX_NAMESPACE: u64 = 8 << 10;

fn declares_namespace(node: &Node) -> bool {
    let Node::File(_, content) = node else { return false };
    let bytes = Some(content).filter(|content| content.size() <= MAX_NAMESPACE).and_then(|it| it.to_vec().ok());
    let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.map(|line| line.split_whitespace().collect::<String>().replace('"', "'")).all(|line| {
        let line = line.replace("__import__('pkgutil')", "pkgutil");
        line.is_empty() || NAMESPACE_LINES.contains(&line.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(name: &str, files: &[(&str, &str)]) -> (DistributionName, Tree) {
        let mut tree = Tree::new();
        for (path, text) in files {
            let (path, mode) = path.strip_prefix('*').map_or((*path, 0o644), |path| (path, 0o755));
            let path = path.replace("SITE", "opt/venv/lib/python3.11/site-packages");
            tree.insert_file(&path, mode, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
        }
        (name.parse().expect("valid"), tree)
    }

    /// Who leaves what out, and whether somebody should know; or the overlaps.
    fn settled(trees: &[(DistributionName, Tree)], prefer: &[&str]) -> Result<Vec<String>, Vec<String>> {
        let scheme = Scheme::new("/opt/venv", "3.11.2".parse().expect("valid")).expect("valid");
        let prefer: Vec<DistributionName> = prefer.iter().map(|name| name.parse().expect("valid")).collect();
        match settle(trees, &prefer, &scheme) {
            Ok(settled) => Ok(settled
                .left_out
                .iter()
                .flat_map(|(name, paths)| paths.iter().map(move |path| (name, path)))
                .map(|(name, path)| {
                    let told = settled.chosen.iter().any(|it| it.second == *name && it.path == *path);
                    format!("{name} {}{}", path.name(), if told { " told" } else { "" })
                })
                .collect()),
            Err(error) => {
                Err(error.overlaps.iter().map(|it| format!("{} {} {}", it.path, it.first, it.second)).collect())
            }
        }
    }

    #[test]
    fn equal_files_and_shared_folders_are_fine() {
        let trees = [
            tree("a", &[("/s/nvidia/__init__.py", ""), ("/s/nvidia/a/x", "1")]),
            tree("b", &[("/s/nvidia/__init__.py", ""), ("/s/nvidia/b/x", "2")]),
        ];
        assert_eq!(settled(&trees, &[]), Ok(Vec::new()));
    }

    #[test]
    fn equal_files_are_one_file_whatever_their_mode() {
        let trees = [tree("a", &[("/s/x", "1")]), tree("b", &[("*/s/x", "1")]), tree("c", &[("/s/x", "1")])];
        assert_eq!(settled(&trees, &[]), Ok(vec!["a x".to_owned(), "c x".to_owned()]));
    }

    #[test]
    fn different_files_name_both_distributions_and_the_path() {
        let trees = [
            tree("a", &[("/s/x", "1"), ("/s/y", "1")]),
            tree("b", &[("/s/x", "2"), ("/s/y/z", "1")]),
            tree("c", &[("/s/x", "1")]),
        ];
        assert_eq!(settled(&trees, &[]), Err(vec!["/s/x a b".to_owned(), "/s/y a b".to_owned()]));
        assert_eq!(settled(&trees, &["b"]), Err(vec!["/s/y a b".to_owned()]), "a folder is no choice");
    }

    #[test]
    fn the_first_preferred_distribution_has_the_path() {
        let trees =
            [tree("a", &[("/s/x", "1"), ("/s/y", "1")]), tree("b", &[("/s/x", "2")]), tree("c", &[("/s/y", "2")])];
        let lines = |lines: &[&str]| Ok(lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(settled(&trees, &["b", "a"]), lines(&["a x", "c y"]));
        assert_eq!(settled(&trees, &["a"]), lines(&["b x", "c y"]));
        assert_eq!(settled(&trees, &["b"]), Err(vec!["/s/y a c".to_owned()]));
    }

    #[test]
    fn what_no_other_module_imports_is_settled_unasked() {
        let pkg_resources = "__import__(\"pkg_resources\").declare_namespace(__name__)\n";
        let pkgutil = "# c\ntry:\n    import pkg_resources\n    pkg_resources.declare_namespace(__name__)\nexcept \
                       ImportError:\n    import pkgutil\n    __path__ = pkgutil.extend_path(__path__, __name__)\n";
        let both = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n";
        for (path, one, other, is_harmless) in [
            ("/SITE/tests/__init__.py", "1", "2", true),
            ("/SITE/tests/unit/conftest.py", "1", "2", true),
            ("/SITE/docs/index.rst", "1", "2", true),
            ("/SITE/LICENSE", "1", "2", true),
            ("/SITE/README.md", "1", "2", true),
            ("/SITE/changes.txt", "1", "2", true),
            ("/opt/venv/LICENSE.txt", "1", "2", true),
            ("/SITE/pkg/tests/__init__.py", "1", "2", false),
            ("/SITE/pkg/LICENSE", "1", "2", false),
            ("/SITE/utils.py", "1", "2", false),
            ("/opt/venv/bin/run", "1", "2", true),
            ("/opt/venv/bin/data/run", "1", "2", false),
            ("/SITE/google/__init__.py", pkg_resources, pkgutil, true),
            ("/SITE/google/__init__.py", "", both, true),
            ("/SITE/google/__init__.py", "", "x = 1\n", false),
            ("/SITE/google/other.py", "", both, false),
        ] {
            let found = settled(&[tree("a", &[(path, one)]), tree("b", &[(path, other)])], &[]);
            let name = path.rsplit('/').next().unwrap_or_default();
            assert_eq!(found.ok(), is_harmless.then(|| vec![format!("b {name} told")]), "{path} {one:?} {other:?}");
        }
    }

    #[test]
    fn ten_overlaps_are_shown_and_the_others_counted() {
        let overlap = |number: usize| Overlap {
            path: TreePath::new(&format!("/s/{number}")).expect("valid"),
            first: "a".parse().expect("valid"),
            second: "b".parse().expect("valid"),
        };
        for (count, lines, last) in [(1, 2, "/s/0 (a and b)"), (10, 11, "/s/9 (a and b)"), (12, 12, "and 2 more")] {
            let text = OverlapError { overlaps: (0..count).map(overlap).collect() }.to_string();
            assert_eq!(text.lines().count(), lines, "{text}");
            assert_eq!(text.lines().next_back().map(str::trim), Some(last));
        }
    }
}
