//! The files of an image in which its interpreter finds modules, looked up as CPython's `PathFinder` does.

use std::collections::BTreeSet;
use std::ops::Bound;

/// What a name is in a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A package with an `__init__`: the file that its import runs.
    Package(String),
    /// A module of one file.
    Module(String),
    /// A folder without an `__init__`: a part of a namespace package (PEP 420).
    Portion,
}

/// The absolute paths of all files that may be modules, and of all that lie beside them.
#[derive(Debug, Clone, Default)]
pub struct ModuleFiles {
    paths: BTreeSet<String>,
}

impl ModuleFiles {
    /// Files by their absolute paths in the image.
    pub fn new(paths: impl IntoIterator<Item = String>) -> Self {
        Self { paths: paths.into_iter().collect() }
    }

    /// Whether there is a file at a path.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// What `name` is in a folder: a package before an extension module, a source and a lone pyc.
    pub(super) fn find(&self, folder: &str, name: &str) -> Option<Found> {
        let below = format!("{folder}/{name}");
        let package = format!("{below}/__init__");
        self.module(&package)
            .map(Found::Package)
            .or_else(|| self.module(&below).map(Found::Module))
            .or_else(|| self.range(&format!("{below}/")).next().map(|_| Found::Portion))
    }

    /// The file of a module whose path without suffix is given.
    fn module(&self, stem: &str) -> Option<String> {
        let prefix = format!("{stem}.");
        let extension = self.range(&prefix).find(|path| path.ends_with(".so"));
        let plain = ["py", "pyc"].map(|suffix| format!("{stem}.{suffix}")).into_iter().find(|path| self.has(path));
        extension.map(str::to_owned).or(plain)
    }

    /// The file below a folder that is this module: where a changed `sys.path` may find it.
    pub(super) fn anywhere(&self, folder: &str, name: &str) -> Option<Found> {
        let (module, package) = (format!("/{name}.py"), format!("/{name}/__init__.py"));
        let found = self.range(folder).find(|path| path.ends_with(&package) || path.ends_with(&module))?;
        Some(match found.ends_with(&package) {
            true => Found::Package(found.to_owned()),
            false => Found::Module(found.to_owned()),
        })
    }

    fn range<'s>(&'s self, prefix: &'s str) -> impl Iterator<Item = &'s str> {
        let from = (Bound::Included(prefix), Bound::Unbounded);
        self.paths.range::<str, _>(from).map(String::as_str).take_while(move |path| path.starts_with(prefix))
    }
}
