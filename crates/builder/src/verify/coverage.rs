//! Modules that could be imported and have no bytecode: each start compiles them again.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::Tree;

use crate::inspect::chain::shown;
use crate::inspect::finding::{Finding, FindingKind};
use crate::inspect::modules::importable;
use crate::inspect::python::ImagePython;

/// Which folders lack bytecode, one finding for each package, the standard library being one.
pub(crate) fn check(tree: &Tree, python: &ImagePython) -> Vec<Finding> {
    let mut folders: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
    for module in importable(tree, python) {
        let (all, missing) = folders.entry(module.folder).or_default();
        *all += 1;
        if tree.resolve(&module.pyc).is_none() {
            missing.insert(module.source.to_string());
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
