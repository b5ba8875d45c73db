//! Zip archives that modules are imported from, and those that the image's command runs.

use std::collections::BTreeSet;

use shipwheel_layer::{Content, Node, Tree, TreePath};

use super::bytecode::{Checked, Pair, hiding, judge, source_of_module};
use super::judge::Judge;
use crate::inspect::finding::{Finding, FindingKind};
use crate::inspect::python::ImagePython;
use crate::loading::archive::Archive;

/// The most bytes that are inflated of all archives of an image.
const MAX_INFLATED: u64 = 1 << 30;

/// Checks the bytecode in every archive that is imported from or run.
pub(super) fn check(tree: &Tree, python: &ImagePython) -> Checked {
    let mut checker = Checker { tree, python, judge: judge(python), left: MAX_INFLATED, all: Checked::default() };
    let mut seen = BTreeSet::new();
    let scripts: Vec<TreePath> = python.starts.iter().filter_map(|start| start.file()).collect();
    for path in &scripts {
        if let Some((real, Node::File(_, content))) = tree.resolve(path)
            && seen.insert(real)
        {
            checker.file(path, content, true);
        }
    }
    for place in python.search_path.places.iter().filter(|place| !place.is_folder) {
        if let Some(Node::File(_, content)) = tree.node(&place.real)
            && seen.insert(place.real.clone())
        {
            checker.file(&place.real, content, false);
        }
    }
    checker.all
}

struct Checker<'a> {
    tree: &'a Tree,
    python: &'a ImagePython,
    judge: Judge,
    /// How many bytes may still be inflated.
    left: u64,
    all: Checked,
}

impl Checker<'_> {
    /// A file that the command runs, or one on `sys.path`.
    fn file(&mut self, path: &TreePath, content: &Content, is_run: bool) {
        let expected = "an archive that Python's zipimport reads";
        match Archive::open(content) {
            Ok(Some(archive)) => self.archive(path, content, &archive, is_run),
            // A script is no archive, and what is neither folder nor archive is passed over.
            Ok(None) => {}
            Err(found) => {
                let finding = Finding::warning(FindingKind::Archive, expected, found);
                self.all.findings.push(finding.at(path.to_string()).in_layer_of(content));
            }
        }
    }

    fn archive(&mut self, path: &TreePath, content: &Content, archive: &Archive, is_run: bool) {
        let names: Vec<String> = archive.names().filter(|name| name.ends_with(".pyc")).map(str::to_owned).collect();
        for name in names {
            let finding = match self.member(path, content, archive, &name) {
                Ok(finding) => finding.filter(|_| !(is_run && name == "__main__.pyc" && !archive.has("__main__.py"))),
                Err(found) => Some(Finding::warning(FindingKind::Archive, "a member that can be read", found)),
            };
            let at = |finding: Finding| finding.at(format!("{path}/{name}")).in_layer_of(content);
            self.all.findings.extend(finding.map(at));
        }
        if is_run && archive.has("__main__.pyc") && !archive.has("__main__.py") {
            let found = "bytecode, which it runs";
            let finding = Finding::problem(FindingKind::Script, "a command that runs a source", found);
            self.all.findings.push(finding.at(format!("{path}/__main__.pyc")).in_layer_of(content));
        }
    }

    /// One pyc of an archive. It goes before a source of the same name, and `__pycache__` is not looked at.
    fn member(
        &mut self,
        path: &TreePath,
        content: &Content,
        archive: &Archive,
        name: &str,
    ) -> Result<Option<Finding>, String> {
        let bytes = self.read(archive, name)?;
        self.all.pycs += 1;
        if name.split('/').any(|part| part == "__pycache__") {
            let found = "bytecode that no archive is searched for";
            return Ok(Some(Finding::warning(FindingKind::Unused, "a pyc in its source's place", found)));
        }
        let source_name = name.strip_suffix('c').unwrap_or(name);
        if !archive.has(source_name) {
            self.all.sourceless += 1;
            let hidden = source_of_module(self.tree, self.python, name, None);
            let finding = self.judge.alone(&bytes).unwrap_or_else(|| match hidden {
                Some(source) => hiding(&source),
                None => Finding::warning(FindingKind::Sourceless, "a source to compare it with", "none"),
            });
            return Ok(Some(finding));
        }
        let source = self.read(archive, source_name)?;
        // Times in an archive depend on the time zone: its code is compared, whatever they say.
        let finding = self.judge.alone(&bytes).or_else(|| self.judge.hash(&bytes, &source));
        if finding.is_none() {
            self.all.pairs.push(Pair {
                pyc_path: format!("{path}/{name}"),
                pyc: Content::from_bytes(bytes),
                layer: content.source_name(),
                source_path: format!("{path}/{source_name}"),
                source: Content::from_bytes(source),
                level: self.python.level,
                is_loaded: true,
            });
        }
        Ok(finding)
    }

    fn read(&mut self, archive: &Archive, name: &str) -> Result<Vec<u8>, String> {
        let bytes = archive.read(name)?;
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or("more than 1 GiB in the archives of one image")?;
        Ok(bytes)
    }
}
