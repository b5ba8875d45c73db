//! Modules that could be imported and have no bytecode: each start compiles them again.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_python::is_identifier;

use crate::inspect::chain::shown;
use crate::inspect::finding::{Finding, FindingKind};
use crate::inspect::python::ImagePython;

/// Which folders lack bytecode, one finding for each package, the standard library being one.
pub(crate) fn check(tree: &Tree, python: &ImagePython) -> Vec<Finding> {
    let mut folders: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
    let mut count = |folder: &str, source: &str| {
        let Some(pyc) = pyc_of(python, source) else { return };
        let (all, missing) = folders.entry(folder.to_owned()).or_default();
        *all += 1;
        if tree.resolve(&pyc).is_none() {
            missing.insert(source.to_owned());
        }
    };
    for source in &python.facts.sources {
        count(&python.facts.stdlib, source.path.as_str());
    }
    for (path, node) in tree.iter() {
        if let (Node::File(..), Some(folder)) = (node, importable_below(path, python)) {
            count(&folder, path.as_str());
        }
    }
    let lacking = folders.into_iter().filter(|(_, (_, missing))| !missing.is_empty());
    lacking
        .map(|(folder, (all, missing))| {
            let inside = |path: &String| path.strip_prefix(&folder).unwrap_or(path).trim_start_matches('/').to_owned();
            let names: BTreeSet<String> = missing.iter().map(inside).filter(|name| !name.is_empty()).collect();
            let names = if names.is_empty() { String::new() } else { format!(": {}", shown(&names)) };
            let found = format!("none for {} of {all} modules{names}", missing.len());
            let expected = format!("bytecode of level {}", python.level);
            Finding::warning(FindingKind::MissingBytecode, expected, found).at(folder)
        })
        .collect()
}

/// Where a module's bytecode is looked for; `None` where no file can have that name, so that none is missing.
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
