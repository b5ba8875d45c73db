//! Who brought each path of an image: what packages list first, then what distributions list.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Node, Tree, TreePath};

use super::owner::Owner;
use crate::inspect::python::ImagePython;

/// The folders that belong to the system, by the hierarchy that distributions keep to.
const SYSTEM: [&str; 17] = [
    "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "media", "mnt", "proc", "run", "sbin", "sys",
    "tmp", "usr", "var",
];

/// What was listed so far. Paths are where they are in the image, links among their folders followed.
pub(super) struct Owners<'a> {
    tree: &'a Tree,
    owners: BTreeMap<TreePath, Owner>,
    /// Folders of lists, with where each is: most files share a few.
    folders: BTreeMap<TreePath, TreePath>,
}

impl<'a> Owners<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self { tree, owners: BTreeMap::new(), folders: BTreeMap::new() }
    }

    /// Takes a path of a list: absolute, or below the root. What is listed twice stays whose it was.
    pub(super) fn add(&mut self, path: &str, owner: Owner) {
        let Some(path) = self.real(path) else { return };
        self.owners.entry(path).or_insert(owner);
    }

    /// The same for lists in which folders are files among others: what is a folder in the image is nobody's.
    pub(super) fn add_file(&mut self, path: &str, owner: Owner) {
        let Some(path) = self.real(path) else { return };
        if !self.tree.node(&path).is_some_and(Node::is_directory) {
            self.owners.entry(path).or_insert(owner);
        }
    }

    /// A listed path where it is, its own links not followed; `None` if no image can have it.
    fn real(&mut self, path: &str) -> Option<TreePath> {
        let path = TreePath::new(path).ok().filter(|path| !path.is_root())?;
        let folder = path.parent()?;
        let tree = self.tree;
        let real = self.folders.entry(folder).or_insert_with_key(|folder| match folder.is_root() {
            true => folder.clone(),
            false => tree.resolve(folder).map_or_else(|| folder.clone(), |(real, _)| real),
        });
        real.join(path.name()).ok()
    }

    /// Who brought a file. Bytecode is of whoever brought its source.
    pub(super) fn of(&self, path: &TreePath, python: Option<&Interpreter>) -> Owner {
        let own = self.owners.get(path).copied();
        let by_source = || source_of(path).and_then(|source| self.owners.get(&source).copied());
        let by_folder =
            || path.ancestors().find_map(|folder| self.owners.get(&folder).copied()).filter(is_distribution);
        own.or_else(by_source).or_else(by_folder).unwrap_or_else(|| unlisted(path, python))
    }
}

/// Folders that are listed as a whole are those of a distribution's metadata.
fn is_distribution(owner: &Owner) -> bool {
    matches!(owner, Owner::Distribution(_))
}

/// Where an image's interpreter is, and what it imports from.
pub(super) struct Interpreter {
    executable: TreePath,
    stdlib: TreePath,
    roots: BTreeSet<TreePath>,
}

impl Interpreter {
    pub(super) fn of(python: &ImagePython) -> Option<Self> {
        let executable = TreePath::new(&python.facts.executable).ok()?;
        let stdlib = TreePath::new(&python.facts.stdlib).ok()?;
        Some(Self { executable, stdlib, roots: python.roots.iter().cloned().collect() })
    }
}

/// Who brought what nobody lists.
fn unlisted(path: &TreePath, python: Option<&Interpreter>) -> Owner {
    if let Some(python) = python {
        let is_site = ["/site-packages/", "/dist-packages/"].iter().any(|folder| path.as_str().contains(folder));
        if *path == python.executable || (path.starts_with(&python.stdlib) && !is_site) {
            return Owner::Interpreter;
        }
        if python.roots.iter().any(|root| path.starts_with(root)) {
            return Owner::Application;
        }
    }
    let top = path.relative().split('/').next().unwrap_or_default();
    if SYSTEM.contains(&top) { Owner::System } else { Owner::Application }
}

/// The source that a pyc is named for; `None` for what is not named like a pyc.
pub(super) fn source_of(path: &TreePath) -> Option<TreePath> {
    let stem = path.name().strip_suffix(".pyc")?;
    let folder = path.parent()?;
    if folder.name() != "__pycache__" {
        return folder.join(&format!("{stem}.py")).ok();
    }
    // `api.cpython-311.opt-1.pyc`
    let stem = stem.rsplit_once(".opt-").map_or(stem, |(stem, _)| stem);
    let (stem, _) = stem.rsplit_once('.')?;
    folder.parent()?.join(&format!("{stem}.py")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).expect("valid")
    }

    #[test]
    fn files_are_whose_they_are_listed_as_and_bytecode_is_its_sources() {
        let mut tree = Tree::new();
        tree.insert_directory("/usr/lib", 0o755).expect("new");
        tree.insert_symlink("/lib", "usr/lib").expect("new");
        let mut owners = Owners::new(&tree);
        owners.add("lib/libc.so.6", Owner::Package(0));
        owners.add("/usr/lib/libc.so.6", Owner::Package(9));
        owners.add("/usr/lib/python3.11/os.py", Owner::Package(1));
        owners.add("/opt/venv/lib/python3.11/site-packages/a/b.py", Owner::Distribution(0));
        owners.add("/opt/venv/lib/python3.11/site-packages/a.dist-info", Owner::Distribution(0));
        owners.add("../etc/passwd", Owner::Package(2));
        let python = Interpreter {
            executable: path("/usr/bin/python3.11"),
            stdlib: path("/usr/lib/python3.11"),
            roots: [path("/usr/src/app")].into(),
        };
        for (file, expected) in [
            ("/usr/lib/libc.so.6", Owner::Package(0)),
            ("/usr/lib/python3.11/__pycache__/os.cpython-311.opt-1.pyc", Owner::Package(1)),
            ("/opt/venv/lib/python3.11/site-packages/a/__pycache__/b.cpython-311.pyc", Owner::Distribution(0)),
            ("/opt/venv/lib/python3.11/site-packages/a/b.pyc", Owner::Distribution(0)),
            ("/opt/venv/lib/python3.11/site-packages/a.dist-info/INSTALLER", Owner::Distribution(0)),
            ("/opt/venv/lib/python3.11/site-packages/c.py", Owner::Application),
            ("/usr/lib/python3.11/json/x.py", Owner::Interpreter),
            ("/usr/lib/python3.11/site-packages/x.py", Owner::System),
            ("/usr/bin/python3.11", Owner::Interpreter),
            ("/usr/src/app/main.py", Owner::Application),
            ("/etc/passwd", Owner::System),
            ("/app/main.py", Owner::Application),
        ] {
            assert_eq!(owners.of(&path(file), Some(&python)), expected, "{file}");
        }
        assert_eq!(owners.of(&path("/usr/bin/python3.11"), None), Owner::System);
    }

    #[test]
    fn a_pyc_is_named_for_a_source() {
        for (pyc, source) in [
            ("/a/__pycache__/m.cpython-311.pyc", Some("/a/m.py")),
            ("/a/__pycache__/m.cpython-311.opt-2.pyc", Some("/a/m.py")),
            ("/a/m.pyc", Some("/a/m.py")),
            ("/a/__pycache__/m.pyc", None),
            ("/a/m.py", None),
        ] {
            assert_eq!(source_of(&path(pyc)), source.map(path), "{pyc}");
        }
    }
}
