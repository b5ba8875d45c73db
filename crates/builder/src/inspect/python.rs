//! What an image's interpreter will load: version, level, and where it looks.

use std::collections::BTreeMap;

use shipwheel_bytecode::Optimization;
use shipwheel_layer::{Tree, TreePath};
use shipwheel_oci::ImageConfig;
use shipwheel_plan::facts::PythonFacts;

use super::finding::{Finding, FindingKind};
use crate::error::BuildError;
use crate::interpreter::detect::find_python;
use crate::interpreter::interpreter_error::InterpreterError;

/// An image's interpreter with the settings that it will run under.
pub(crate) struct ImagePython {
    pub(crate) facts: PythonFacts,
    /// The level that it runs at, by the image's `PYTHONOPTIMIZE`.
    pub(crate) level: u32,
    /// Folders that modules of the application are imported from.
    pub(crate) roots: Vec<TreePath>,
}

impl ImagePython {
    /// Finds the interpreter; `None` if the image has no interpreter, or one that cannot be described.
    ///
    /// # Errors
    /// When a layer's file cannot be read.
    pub(crate) fn find(
        tree: &Tree,
        config: &ImageConfig,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Self>, BuildError> {
        let env = config.env();
        let facts = match find_python(tree, env.get("PATH").map(String::as_str)) {
            Ok(Some(facts)) => facts,
            Ok(None) => return Ok(None),
            Err(BuildError::Interpreter(InterpreterError::Undescribed { path, fault })) => {
                let expected = "an interpreter that can be described";
                findings.push(Finding::problem(FindingKind::Interpreter, expected, fault.to_string()).at(path));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if let Some(prefix) = env.get("PYTHONPYCACHEPREFIX").filter(|prefix| !prefix.is_empty()) {
            let found = format!("PYTHONPYCACHEPREFIX={prefix}: no bytecode beside a source is loaded");
            findings.push(Finding::problem(FindingKind::Environment, "PYTHONPYCACHEPREFIX unset", found));
        }
        let roots = roots(tree, config, &env);
        let level =
            Optimization::level_of_environment(env.get("PYTHONOPTIMIZE").map(String::as_str).unwrap_or_default());
        Ok(Some(Self { facts, level, roots }))
    }

    /// The minor version, as the readers of bytecode want it.
    pub(crate) fn minor(&self) -> u8 {
        u8::try_from(self.facts.version.minor).unwrap_or_default()
    }
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
