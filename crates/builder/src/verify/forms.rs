//! Modules that are there in several forms in one folder: `m/`, `m.so`, `m.py`, `m.pyc`. Python loads only one.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Content, Node, Tree, TreePath};
use shipwheel_python::is_identifier;

use super::records::Records;
use crate::inspect::chain::shown;
use crate::inspect::finding::{Finding, FindingKind, Severity};
use crate::inspect::python::ImagePython;

/// A form, in the order in which `FileFinder` looks for them (`importlib/_bootstrap_external.py`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Extension,
    Source,
    Bytecode,
}

/// A file that a module may be loaded from.
struct Candidate<'a> {
    /// A package goes before a plain module of the same name.
    is_plain: bool,
    form: Form,
    /// Among extension modules: that of the version, that of the stable ABI, that of any.
    suffix: usize,
    path: TreePath,
    content: &'a Content,
}

/// What forms were found of the modules of each folder.
pub(super) fn check(tree: &Tree, python: &ImagePython) -> Vec<Finding> {
    let tag = python.facts.version.cache_tag();
    let mut modules: BTreeMap<(TreePath, String), Vec<Candidate<'_>>> = BTreeMap::new();
    for (path, node) in tree.iter() {
        for (folder, module, candidate) in candidates(tree, path, node, &tag) {
            modules.entry((folder, module)).or_default().push(candidate);
        }
    }
    let mut records = None;
    let mut findings = Vec::new();
    let mut installed: BTreeMap<TreePath, BTreeSet<String>> = BTreeMap::new();
    for ((_, module), mut candidates) in modules {
        candidates.sort_by_key(|it| (it.is_plain, it.form, it.suffix));
        let Some((winner, others)) = candidates.split_first().filter(|(_, others)| !others.is_empty()) else {
            continue;
        };
        // Bytecode beside the source that is loaded instead has a finding of its own.
        let is_beside = |it: &Candidate<'_>| {
            it.form == Form::Bytecode && winner.form == Form::Source && it.is_plain == winner.is_plain
        };
        if others.iter().all(is_beside) {
            continue;
        }
        let records = records.get_or_insert_with(|| Records::read(tree));
        if winner.form != Form::Bytecode
            && let Some(owner) = records.owner_of_all(candidates.iter().map(|it| &it.path))
        {
            installed.entry(owner.clone()).or_default().insert(winner.path.to_string());
            continue;
        }
        findings.push(finding(&module, winner, others));
    }
    findings.extend(installed.into_iter().map(|(owner, paths)| {
        let found = format!("{} that are loaded instead of another form: {}", paths.len(), shown(&paths));
        Finding::note(FindingKind::TwoForms, "one form of each module", found).at(owner.to_string())
    }));
    findings
}

fn finding(module: &str, winner: &Candidate<'_>, others: &[Candidate<'_>]) -> Finding {
    let paths: BTreeSet<String> = others.iter().map(|it| it.path.to_string()).collect();
    let found = format!("this file, which is loaded instead of {}", shown(&paths));
    let hides_source = winner.form == Form::Bytecode && others.iter().any(|it| it.form == Form::Source);
    let severity = if hides_source { Severity::Problem } else { Severity::Warning };
    let finding = Finding::warning(FindingKind::TwoForms, format!("one form of the module `{module}`"), found);
    Finding { severity, ..finding.at(winner.path.to_string()).in_layer_of(winner.content) }
}

/// The modules that an entry is a form of: a file, the `__init__` of a package, or a link to a package.
fn candidates<'a>(
    tree: &'a Tree,
    path: &TreePath,
    node: &'a Node,
    tag: &str,
) -> Vec<(TreePath, String, Candidate<'a>)> {
    let Some(folder) = path.parent() else { return Vec::new() };
    let content = match node {
        Node::Directory(_) => return Vec::new(),
        Node::File(_, content) => content,
        Node::Symlink(_) => match tree.resolve(path) {
            Some((_, Node::File(_, content))) => content,
            Some((real, Node::Directory(_))) => return linked_package(tree, path, &real, tag),
            Some((_, Node::Symlink(_))) | None => return Vec::new(),
        },
    };
    let Some((module, form, suffix)) = module_of(path.name(), tag) else { return Vec::new() };
    let candidate = |is_plain: bool| Candidate { is_plain, form, suffix, path: path.clone(), content };
    let mut found = vec![(folder.clone(), module.to_owned(), candidate(true))];
    if module == "__init__"
        && let Some(above) = folder.parent()
        && is_identifier(folder.name())
    {
        found.push((above, folder.name().to_owned(), candidate(false)));
    }
    found
}

/// The package that a link to a folder is.
fn linked_package<'a>(
    tree: &'a Tree,
    link: &TreePath,
    real: &TreePath,
    tag: &str,
) -> Vec<(TreePath, String, Candidate<'a>)> {
    let Some(folder) = link.parent().filter(|_| is_identifier(link.name())) else { return Vec::new() };
    let names =
        ["__init__.py".to_owned(), "__init__.pyc".to_owned(), "__init__.so".to_owned(), "__init__.abi3.so".to_owned()];
    let found = names.iter().filter_map(|name| {
        let (_, form, suffix) = module_of(name, tag)?;
        match tree.resolve(&real.join(name).ok()?)? {
            (_, Node::File(_, content)) => {
                let path = link.join(name).ok()?;
                Some((
                    folder.clone(),
                    link.name().to_owned(),
                    Candidate { is_plain: false, form, suffix, path, content },
                ))
            }
            _ => None,
        }
    });
    found.collect()
}

/// The module that a file's name stands for, its form, and the place of its suffix among those of its form.
pub(super) fn module_of<'a>(name: &'a str, tag: &str) -> Option<(&'a str, Form, usize)> {
    let (module, form, suffix) = if let Some(module) = name.strip_suffix(".py") {
        (module, Form::Source, 0)
    } else if let Some(module) = name.strip_suffix(".pyc") {
        (module, Form::Bytecode, 0)
    } else {
        let stem = name.strip_suffix(".so")?;
        match stem.split_once('.') {
            None => (stem, Form::Extension, 2),
            Some((module, "abi3")) => (module, Form::Extension, 1),
            Some((module, own)) => {
                let rest = own.strip_prefix(tag)?;
                (rest.is_empty() || rest.starts_with(['-', 't', 'd'])).then_some((module, Form::Extension, 0))?
            }
        }
    };
    is_identifier(module).then_some((module, form, suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_a_module_in_one_form() {
        for (name, expected) in [
            ("m.py", Some(("m", Form::Source, 0))),
            ("m.pyc", Some(("m", Form::Bytecode, 0))),
            ("m.so", Some(("m", Form::Extension, 2))),
            ("m.abi3.so", Some(("m", Form::Extension, 1))),
            ("m.cpython-311-x86_64-linux-gnu.so", Some(("m", Form::Extension, 0))),
            ("m.cpython-312-x86_64-linux-gnu.so", None),
            ("m.cpython-311.pyc", None),
            ("lib-m.so", None),
            ("m.so.1", None),
            ("m.txt", None),
        ] {
            assert_eq!(module_of(name, "cpython-311"), expected, "{name}");
        }
    }
}
