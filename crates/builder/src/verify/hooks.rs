//! What runs or decides at every start besides the program itself: `.pth` files, `sitecustomize`, variables.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Content, Node, Tree, TreePath};
use shipwheel_oci::ImageConfig;

use crate::inspect::finding::{Finding, FindingKind};
use crate::inspect::python::ImagePython;
use crate::loading::archive::Archive;
use crate::loading::place::absolute;
use crate::loading::pth::{PathLine, is_well_known};
use crate::loading::search_path::{Origin, PathFile, SearchPlace, VirtualEnvironment};
use crate::loading::user_site::user_base;

/// Debian's `sitecustomize.py`, the same since Python 2.
const DEBIAN: &str = "# install the apport exception handler if available\ntry:\n    import apport_python_hook\n\
    except ImportError:\n    pass\nelse:\n    apport_python_hook.install()\n";

/// Modules that `site` imports by name.
const CUSTOMIZERS: [&str; 2] = ["sitecustomize", "usercustomize"];

/// Variables that make Python import or run something, or look elsewhere, with what they do.
const VARIABLES: [(&str, &str); 5] = [
    ("PYTHONHOME", "the standard library is loaded from there"),
    ("PYTHONSTARTUP", "an interactive Python runs that file"),
    ("PYTHONINSPECT", "Python reads more code from its input after the program"),
    ("PYTHONPLATLIBDIR", "the standard library is loaded from another folder"),
    ("PYTHON_PRESITE", "Python imports that module before anything else"),
];

/// Variables that make a shell run a file first.
const SHELL: [&str; 2] = ["BASH_ENV", "ENV"];

/// All of it.
pub(super) fn check(tree: &Tree, config: &ImageConfig, python: &ImagePython) -> Vec<Finding> {
    let mut findings = variables(config, python);
    findings.extend(python.search_path.path_files.iter().flat_map(path_file));
    findings.extend(customizers(tree, python));
    findings.extend(python.search_path.places.iter().filter_map(place));
    findings.extend(beside_executables(tree, python));
    findings
}

/// What the variables and the options of all starts say.
fn variables(config: &ImageConfig, python: &ImagePython) -> Vec<Finding> {
    let mut found: BTreeSet<(FindingKind, String, String)> = BTreeSet::new();
    let mut add = |kind, expected: &str, text: String| found.insert((kind, expected.to_owned(), text));
    let environments = python.starts.iter().map(|start| start.environment.clone()).chain([config.env()]);
    for environment in environments {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        for name in SHELL {
            if let Some(value) = set(name) {
                let text = format!("{name}={value}: a shell runs that file first");
                add(FindingKind::Environment, &format!("{name} unset"), text);
            }
        }
    }
    for start in &python.starts {
        let value = |name: &str| start.options.variable(&start.environment, name);
        for (name, effect) in VARIABLES {
            if let Some(value) = value(name) {
                add(FindingKind::Environment, &format!("{name} unset"), format!("{name}={value}: {effect}"));
            }
        }
        if let Some(base) = user_base(start) {
            let text = format!("PYTHONUSERBASE={base}: packages of a user are loaded from there");
            add(FindingKind::Environment, "PYTHONUSERBASE unset", text);
        }
        if let Some(value) = value("PYTHONBREAKPOINT").filter(|value| *value != "0") {
            let text = format!("PYTHONBREAKPOINT={value}: `breakpoint()` imports and calls that");
            add(FindingKind::Environment, "PYTHONBREAKPOINT unset or 0", text);
        }
        let filters = value("PYTHONWARNINGS").into_iter().flat_map(|it| it.split(',')).map(str::to_owned);
        for filter in filters.chain(start.options.warnings.iter().cloned()).filter(|it| imports(it)) {
            let text = format!("{filter}: Python imports the module of that category");
            add(FindingKind::Environment, "warning filters with categories of Python itself", text);
        }
        if let Some(option) = start.options.extended.iter().find(|option| option.starts_with("presite")) {
            let text = format!("-X {option}: Python imports that module before anything else");
            add(FindingKind::Environment, "no `-X presite`", text);
        }
        if let Some(word) = &start.options.unknown {
            let text = format!("`{word}` and what a shell adds to it when it runs");
            add(FindingKind::Environment, "options of Python that are written out in the command", text);
        }
    }
    let mut findings: Vec<Finding> =
        found.into_iter().map(|(kind, expected, found)| Finding::warning(kind, expected, found)).collect();
    let prefixes = python.starts.iter().filter_map(|start| start.options.cache_prefix.as_ref());
    let prefixes: BTreeSet<&str> = prefixes.map(|(_, said)| said.as_str()).collect();
    findings.extend(prefixes.into_iter().map(|said| {
        let found = format!("{said}: no bytecode beside a source is loaded");
        Finding::problem(FindingKind::Environment, "bytecode in `__pycache__`", found)
    }));
    findings
}

/// Whether a warning filter names a category of a module: `action:message:category:module:line`.
fn imports(filter: &str) -> bool {
    filter.split(':').nth(2).is_some_and(|category| category.contains('.'))
}

/// The lines of a `.pth` file that run at every start.
fn path_file(file: &PathFile) -> Vec<Finding> {
    let finding = |found: String| {
        let finding = Finding::warning(FindingKind::StartupCode, "a `.pth` file that only names folders", found);
        finding.at(file.path.to_string()).in_layer_of(&file.content)
    };
    let Some(lines) = &file.lines else { return vec![finding(format!("{} bytes, not read", file.content.size()))] };
    let executed = lines.iter().filter_map(|line| match line {
        PathLine::Executes(line) if !is_well_known(line) => {
            Some(finding(format!("`{}`, run at every start", cut(line))))
        }
        PathLine::Executes(_) | PathLine::Adds(_) => None,
    });
    executed.collect()
}

/// `sitecustomize` and `usercustomize`, in any form, anywhere on the search path.
fn customizers(tree: &Tree, python: &ImagePython) -> Vec<Finding> {
    if python.starts.iter().all(|start| start.options.has_no_site) {
        return Vec::new();
    }
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    for place in &python.search_path.places {
        let inside = if place.is_folder { in_folder(tree, place) } else { in_archive(tree, place) };
        for (path, content) in inside {
            let text = "code that runs at every start";
            let finding = Finding::warning(FindingKind::StartupCode, "no such module", text);
            found.entry(path.clone()).or_insert_with(|| finding.at(path).in_layer_of(&content));
        }
    }
    found.into_values().collect()
}

/// The files of a folder that are such a module, or the packages' first files.
fn in_folder(tree: &Tree, place: &SearchPlace) -> Vec<(String, Content)> {
    let is_customizer = |path: &TreePath| {
        let name = path.name().split('.').next().unwrap_or_default();
        let is_loaded = [".py", ".pyc", ".so"].iter().any(|suffix| path.name().ends_with(suffix));
        CUSTOMIZERS.contains(&name) && (is_loaded || !path.name().contains('.'))
    };
    let below = tree.below(&place.real).map(|(path, _)| path);
    let own = below.filter(|path| path.parent().as_ref() == Some(&place.real) && is_customizer(path));
    let files = own.flat_map(|path| match tree.resolve(path) {
        Some((_, Node::File(_, content))) => vec![(path.to_string(), content.clone())],
        Some((real, Node::Directory(_))) => {
            let inits = tree.below(&real).filter(|(it, _)| it.parent().as_ref() == Some(&real));
            let inits = inits.filter(|(it, _)| it.name().starts_with("__init__."));
            let inits = inits.filter_map(|(it, _)| match tree.resolve(it) {
                Some((_, Node::File(_, content))) => Some((it.to_string(), content.clone())),
                _ => None,
            });
            inits.collect()
        }
        Some((_, Node::Symlink(_))) | None => Vec::new(),
    });
    files.filter(|(_, content)| !is_debians(content)).collect()
}

fn in_archive(tree: &Tree, place: &SearchPlace) -> Vec<(String, Content)> {
    let Some(Node::File(_, content)) = tree.node(&place.real) else { return Vec::new() };
    let Ok(Some(archive)) = Archive::open(content) else { return Vec::new() };
    let names = archive.names().filter(|name| {
        CUSTOMIZERS.iter().any(|it| {
            let rest = name.strip_prefix(it).unwrap_or_default();
            [".py", ".pyc", "/__init__.py", "/__init__.pyc"].contains(&rest)
        })
    });
    names.map(|name| (format!("{}/{name}", place.real), content.clone())).collect()
}

fn is_debians(content: &Content) -> bool {
    content.size() == DEBIAN.len() as u64 && content.to_vec().is_ok_and(|bytes| bytes == DEBIAN.as_bytes())
}

/// A place on the search path that an interpreter has not by itself.
fn place(place: &SearchPlace) -> Option<Finding> {
    let kind = if place.is_folder { "a folder" } else { "a file" };
    let note = |said: String| {
        let found = format!("{kind} that {said} adds");
        Some(Finding::note(FindingKind::SearchPath, "the usual places of modules", found).at(place.path.to_string()))
    };
    match &place.origin {
        Origin::Variable(said) => note(said.clone()),
        Origin::PathFile(file) => note(file.to_string()),
        Origin::Interpreter if !place.is_folder => {
            let found = "an archive that goes before the standard library";
            let finding = Finding::warning(FindingKind::SearchPath, "no such file", found);
            Some(finding.at(place.path.to_string()))
        }
        Origin::Interpreter | Origin::Command | Origin::Packages => None,
    }
}

/// Files beside an interpreter that say where its library is.
fn beside_executables(tree: &Tree, python: &ImagePython) -> Vec<Finding> {
    let mut found: BTreeMap<String, Finding> = BTreeMap::new();
    let own = TreePath::new(&python.facts.executable).ok();
    for executable in python.starts.iter().map(|start| &start.executable).chain(&own) {
        if let Some(finding) = elsewhere(tree, python, executable) {
            found.entry(finding.path.clone().unwrap_or_default()).or_insert(finding);
        }
        let Some(folder) = executable.parent() else { continue };
        let names = [format!("{}._pth", executable.name()), "pybuilddir.txt".to_owned()];
        for path in names.iter().filter_map(|name| folder.join(name).ok()) {
            if let Some((_, Node::File(_, content))) = tree.resolve(&path) {
                let text = "a file that decides where Python looks for its library";
                let finding = Finding::warning(FindingKind::SearchPath, "no such file", text);
                found.insert(path.to_string(), finding.at(path.to_string()).in_layer_of(content));
            }
        }
    }
    found.into_values().collect()
}

/// An environment whose `home` is not where its interpreter is.
fn elsewhere(tree: &Tree, python: &ImagePython, executable: &TreePath) -> Option<Finding> {
    let environment = VirtualEnvironment::of(tree, executable)?;
    let home = environment.home?;
    let folder = absolute("/", &home)?;
    let real = tree.resolve(&folder).map(|(path, _)| path);
    let own = TreePath::new(&python.facts.executable).ok()?;
    let names = [own.name(), executable.name(), "python3", "python"];
    let leads_here =
        names.iter().filter_map(|name| tree.resolve(&folder.join(name).ok()?)).any(|(path, _)| path == own);
    if real == own.parent() || leads_here {
        return None;
    }
    let expected = format!("`home` with {}", python.facts.executable);
    let finding = Finding::warning(FindingKind::SearchPath, expected, format!("`home = {}`", cut(&home)));
    Some(finding.at(environment.file.to_string()))
}

/// The beginning of a text.
fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_category_with_a_module_is_imported() {
        for (filter, expected) in [
            ("error", false),
            ("ignore::DeprecationWarning", false),
            ("ignore:a.b:DeprecationWarning:c.d", false),
            ("all:0:antigravity.x:0:0", true),
            ("error::evil.Warning", true),
        ] {
            assert_eq!(imports(filter), expected, "{filter}");
        }
    }
}
