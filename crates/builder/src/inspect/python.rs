//! What an image's interpreter will load: version, levels, and where it looks.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Tree, TreePath};
use shipwheel_oci::ImageConfig;
use shipwheel_plan::facts::PythonFacts;

use super::finding::{Finding, FindingKind};
use crate::error::BuildError;
use crate::interpreter::detect::{describe_python, find_python};
use crate::interpreter::interpreter_error::InterpreterError;
use crate::loading::options::Options;
use crate::loading::place::absolute;
use crate::loading::search_path::{Installation, SearchPath, VirtualEnvironment};
use crate::loading::start::{Start, Starts};

/// An image's interpreter with the settings that it will run under.
pub(crate) struct ImagePython {
    pub(crate) facts: PythonFacts,
    /// The level that it runs at, by the image's command and `PYTHONOPTIMIZE`.
    pub(crate) level: u32,
    /// The levels of all its starts, that one among them.
    pub(crate) levels: BTreeSet<u32>,
    /// Folders that modules of the application are imported from.
    pub(crate) roots: Vec<TreePath>,
    /// How the image starts it; at least once.
    pub(crate) starts: Vec<Start>,
    /// Where it looks for modules.
    pub(crate) search_path: SearchPath,
}

impl ImagePython {
    /// Finds the interpreter; `None` if the image has no interpreter, or one that cannot be described.
    ///
    /// It is the one that the image's command starts, or else the one that `PATH` finds.
    ///
    /// # Errors
    /// When a layer's file cannot be read.
    pub(crate) fn find(
        tree: &Tree,
        config: &ImageConfig,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Self>, BuildError> {
        let env = config.env();
        let mut starts = Starts::of(tree, config).list;
        let described = match starts.first() {
            Some(start) => of_start(tree, start),
            None => Ok(None),
        };
        let described = match described {
            Ok(Some(facts)) => Ok(Some(facts)),
            Ok(None) | Err(BuildError::Interpreter(InterpreterError::Undescribed { .. })) => {
                find_python(tree, env.get("PATH").map(String::as_str))
            }
            Err(error) => Err(error),
        };
        let facts = match described {
            Ok(Some(facts)) => facts,
            Ok(None) => return Ok(None),
            Err(BuildError::Interpreter(InterpreterError::Undescribed { path, fault })) => {
                let expected = "an interpreter that can be described";
                findings.push(Finding::problem(FindingKind::Interpreter, expected, fault.to_string()).at(path));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if starts.is_empty() {
            starts.push(by_default(tree, config, &facts));
        }
        findings.extend(others(tree, &starts, &facts)?);
        let levels = starts.iter().map(|start| start.options.level).collect();
        let level = starts.first().map(|start| start.options.level).unwrap_or_default();
        let stdlib = TreePath::new(&facts.stdlib).unwrap_or_else(|_| TreePath::root());
        let search_path = SearchPath::of(tree, &starts, &Installation { version: facts.version, stdlib: &stdlib });
        let roots = roots(tree, config, &env);
        Ok(Some(Self { facts, level, levels, roots, starts, search_path }))
    }

    /// The minor version, as the readers of bytecode want it.
    pub(crate) fn minor(&self) -> u8 {
        u8::try_from(self.facts.version.minor).unwrap_or_default()
    }

    /// The folders that it looks for bytecode in instead of `__pycache__`.
    pub(crate) fn cache_prefixes(&self) -> BTreeSet<TreePath> {
        let prefixes = self.starts.iter().filter_map(|start| Some((start, start.options.cache_prefix.as_ref()?)));
        prefixes.filter_map(|(start, (prefix, _))| absolute(&start.folder, prefix)).collect()
    }
}

/// The interpreter of a start: the executable itself, or that of the environment which has a copy of it.
fn of_start(tree: &Tree, start: &Start) -> Result<Option<PythonFacts>, BuildError> {
    let own = describe_python(tree, &start.executable);
    let Err(BuildError::Interpreter(InterpreterError::Undescribed { .. })) = &own else { return own };
    let home = VirtualEnvironment::of(tree, &start.executable).and_then(|environment| environment.home);
    for name in home.iter().flat_map(|_| [start.executable.name(), "python3", "python"]) {
        let path = home.as_deref().and_then(|home| absolute(home, name));
        if let Some(Ok(Some(facts))) = path.map(|path| describe_python(tree, &path)) {
            return Ok(Some(facts));
        }
    }
    own
}

/// The start of an image whose command starts no interpreter: whatever calls it later gets the image's variables.
fn by_default(tree: &Tree, config: &ImageConfig, facts: &PythonFacts) -> Start {
    let environment = config.env();
    let folders = environment.get("PATH").map(String::as_str).unwrap_or_default().split(':');
    let names = folders.flat_map(|folder| ["python3", "python"].map(|name| format!("{folder}/{name}")));
    let found = names
        .filter_map(|path| TreePath::new(&path).ok())
        .find(|path| tree.resolve(path).is_some_and(|(real, _)| real.as_str() == facts.executable));
    let executable = found.or_else(|| TreePath::new(&facts.executable).ok()).unwrap_or_else(TreePath::root);
    let options = Options::parse(&[], &environment);
    Start { executable, options, environment, folder: config.working_dir() }
}

/// Other interpreters that the image starts: nothing here judges their bytecode.
fn others(tree: &Tree, starts: &[Start], facts: &PythonFacts) -> Result<Vec<Finding>, BuildError> {
    let mut seen = BTreeSet::from([facts.executable.clone()]);
    let mut findings = Vec::new();
    for start in starts {
        let Some((real, _)) = tree.resolve(&start.executable) else { continue };
        if !seen.insert(real.to_string()) {
            continue;
        }
        let found = match of_start(tree, start) {
            Ok(Some(other)) if other.stdlib == facts.stdlib => continue,
            Ok(Some(other)) => format!("a start of Python {} in {}", other.version, other.stdlib),
            Ok(None) => continue,
            Err(BuildError::Interpreter(error)) => error.to_string(),
            Err(error) => return Err(error),
        };
        let expected = format!("starts of Python {} in {} alone", facts.version, facts.stdlib);
        findings.push(Finding::warning(FindingKind::Interpreter, expected, found).at(start.executable.to_string()));
    }
    Ok(findings)
}

fn roots(tree: &Tree, config: &ImageConfig, env: &BTreeMap<String, String>) -> Vec<TreePath> {
    let path = env.get("PYTHONPATH").map(String::as_str).unwrap_or_default();
    let workdir = config.working_dir();
    let folders = path.split(':').chain([workdir.as_str()]).filter(|folder| folder.starts_with('/'));
    let mut roots: Vec<TreePath> = folders
        .filter_map(|folder| Some(tree.resolve(&TreePath::new(folder).ok()?)?.0))
        .filter(|folder| !folder.is_root())
        .collect();
    roots.sort();
    roots.dedup();
    roots
}
