//! The modules that an image's interpreter can import, and where it looks for the bytecode of each.

use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_python::is_identifier;

use super::python::ImagePython;

/// A module that could be imported.
pub(crate) struct Importable {
    /// The package or folder that it is counted under.
    pub(crate) folder: String,
    /// Its source.
    pub(crate) source: TreePath,
    /// Where its bytecode is looked for.
    pub(crate) pyc: TreePath,
}

/// The modules of the standard library, of site-packages and of the folders that the image imports from.
///
/// Those whose bytecode could have no name are not among them: none is missing.
pub(crate) fn importable(tree: &Tree, python: &ImagePython) -> Vec<Importable> {
    let mut modules = Vec::new();
    let mut add = |folder: String, source: &TreePath| {
        let pyc = pyc_of(python, source.as_str());
        modules.extend(pyc.map(|pyc| Importable { folder, source: source.clone(), pyc }));
    };
    for source in &python.facts.sources {
        add(python.facts.stdlib.clone(), &source.path);
    }
    for (path, node) in tree.iter() {
        if let (Node::File(..), Some(folder)) = (node, importable_below(path, python)) {
            add(folder, path);
        }
    }
    modules
}

/// Where a module's bytecode is looked for; `None` where no file can have that name.
fn pyc_of(python: &ImagePython, source: &str) -> Option<TreePath> {
    let (folder, name) = source.rsplit_once('/')?;
    let stem = name.strip_suffix(".py").unwrap_or(name);
    let suffix = if python.level == 0 { String::new() } else { format!(".opt-{}", python.level) };
    let pyc = format!("{folder}/__pycache__/{stem}.{}{suffix}.pyc", python.facts.version.cache_tag());
    TreePath::new(&pyc).ok()
}

/// The package or folder that a module is counted under; `None` for what no `import` can name.
fn importable_below(path: &TreePath, python: &ImagePython) -> Option<String> {
    path.name().strip_suffix(".py")?;
    let text = path.as_str();
    let own = format!("/python{}.{}/", python.facts.version.major, python.facts.version.minor);
    let site = ["/site-packages/", "/dist-packages/"].iter().find_map(|part| Some(text.find(part)? + part.len()));
    if let Some(end) = site {
        let (site, inside) = text.split_at(end);
        let package = inside.split('/').next()?;
        // Debian's `/usr/lib/python3/dist-packages` is everybody's.
        let is_own = site.contains(&own) || site.contains("/python3/");
        return (is_own && is_module(inside)).then(|| format!("{site}{package}"));
    }
    let root = python.roots.iter().find(|root| path.starts_with(root) && path != *root)?;
    let inside = &text[root.as_str().len() + 1..];
    (is_module(inside) && !text.starts_with(&python.facts.stdlib)).then(|| root.to_string())
}

/// Whether every part of a path is a name that `import` takes: templates and scripts are not.
fn is_module(path: &str) -> bool {
    path.trim_end_matches(".py").split('/').all(is_identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_what_import_can_name() {
        for (path, expected) in
            [("a/b.py", true), ("_x.py", true), ("a-b.py", false), ("{{name}}/x.py", false), ("9.py", false)]
        {
            assert_eq!(is_module(path), expected, "{path}");
        }
    }
}
