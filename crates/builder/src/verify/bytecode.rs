//! Every pyc of an image: is it one that its interpreter loads, and of which source?

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use shipwheel_bytecode::{PythonVersion, begins_with_magic_number, magic_number};
use shipwheel_layer::{Content, Node, Tree, TreePath};

use super::judge::{Judge, of_wrong_size};
use super::pycs::{CachedName, Found, Place, Source, Wanted, find};
use crate::error::BuildError;
use crate::inspect::finding::{Finding, FindingKind, Severity};
use crate::inspect::python::ImagePython;

/// A pyc with its source: what a fresh compile is compared with.
pub(crate) struct Pair {
    pub(crate) pyc_path: String,
    pub(crate) pyc: Content,
    /// The layer that it is in.
    pub(crate) layer: String,
    pub(crate) source_path: String,
    pub(crate) source: Content,
    /// The level that its name says.
    pub(crate) level: u32,
    /// Whether the image runs at this level.
    pub(crate) is_loaded: bool,
}

/// What became of pycs.
#[derive(Default)]
pub(crate) struct Checked {
    /// How many pycs of this interpreter there are.
    pub(crate) pycs: usize,
    /// How many of them have no source that they could be compiled from.
    pub(crate) sourceless: usize,
    pub(crate) findings: Vec<Finding>,
    pub(crate) pairs: Vec<Pair>,
}

/// Checks every pyc in a tree.
///
/// # Errors
/// When a layer's file cannot be read.
pub(crate) fn check(tree: &Tree, python: &ImagePython) -> Result<Checked, BuildError> {
    let (prefixes, scripts) = (python.cache_prefixes(), scripts(tree, python)?);
    let found = find(tree, &Wanted { prefixes: &prefixes, levels: &python.levels })?;
    let checker = Checker { tree, python, judge: judge(python), scripts: &scripts };
    let checked: Vec<One> = found.par_iter().map(|found| checker.one(found)).collect::<Result<_, BuildError>>()?;
    let mut all = Checked::default();
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for (found, one) in found.iter().zip(checked) {
        match one.other_tag {
            Some(tag) => *others.entry(tag).or_default() += 1,
            None => all.pycs += 1,
        }
        all.sourceless += usize::from(one.is_sourceless);
        let at = |finding: Finding| finding.at(found.path.to_string()).in_layer_of(&found.content);
        all.findings.extend(one.finding.map(at));
        all.pairs.extend(one.pair);
    }
    all.findings.extend(scripts.into_values());
    all.findings.extend(others.into_iter().map(|(tag, count)| {
        let expected = format!("bytecode of {}", python.facts.version.cache_tag());
        let found = format!("{count} pycs of {tag}, whose code is compared with no source");
        Finding::warning(FindingKind::OtherPython, expected, found)
    }));
    Ok(all)
}

/// What this image's interpreter makes of pycs.
pub(super) fn judge(python: &ImagePython) -> Judge {
    let PythonVersion { minor, .. } = python.facts.version;
    Judge { name: format!("Python {}", python.facts.version), magic_number: python.facts.magic_number, minor }
}

/// The files of bytecode that the image's commands run, by their real paths.
fn scripts(tree: &Tree, python: &ImagePython) -> Result<BTreeMap<TreePath, Finding>, BuildError> {
    let mut scripts = BTreeMap::new();
    for path in python.starts.iter().filter_map(|start| start.file()) {
        let (path, is_folder) = match tree.resolve(&path) {
            // A folder is run by its `__main__`.
            Some((_, Node::Directory(_))) => match (path.join("__main__.py"), path.join("__main__.pyc")) {
                (Ok(source), Ok(pyc)) if tree.resolve(&source).is_none() => (pyc, true),
                _ => continue,
            },
            Some(_) | None => (path, false),
        };
        let Some((real, Node::File(_, content))) = tree.resolve(&path) else { continue };
        if is_folder || begins_with_magic_number(&content.head(4)?) {
            let finding =
                Finding::problem(FindingKind::Script, "a command that runs a source", "bytecode, which it runs");
            scripts.insert(real, finding.at(path.to_string()).in_layer_of(content));
        }
    }
    Ok(scripts)
}

#[derive(Default)]
struct One {
    finding: Option<Finding>,
    pair: Option<Pair>,
    is_sourceless: bool,
    /// The tag of another interpreter that the pyc is for.
    other_tag: Option<String>,
}

impl From<Finding> for One {
    fn from(finding: Finding) -> Self {
        Self { finding: Some(finding), ..Self::default() }
    }
}

struct Checker<'a> {
    tree: &'a Tree,
    python: &'a ImagePython,
    judge: Judge,
    scripts: &'a BTreeMap<TreePath, Finding>,
}

impl Checker<'_> {
    fn one(&self, found: &Found) -> Result<One, BuildError> {
        match &found.place {
            Place::Cached { name, source, has_own_level } => self.cached(found, name, source.as_ref(), has_own_level),
            Place::Unnamed => Ok(self.unnamed()),
            Place::Module { source: Some(source) } => self.beside(found, source),
            Place::Module { source: None } | Place::Anywhere => self.sourceless(found),
        }
    }

    fn unnamed(&self) -> One {
        let expected = format!("a pyc of {}", self.python.facts.version.cache_tag());
        Finding::warning(FindingKind::CacheTag, expected, "a name that it never loads").into()
    }

    /// A pyc that is named for a source and an interpreter.
    fn cached(
        &self,
        found: &Found,
        name: &CachedName,
        source: Option<&Source>,
        has_own_level: &BTreeSet<u32>,
    ) -> Result<One, BuildError> {
        let is_own = name.tag == self.python.facts.version.cache_tag();
        let other = if is_own { None } else { other_interpreter(self.tree, &name.tag) };
        if !is_own && other.is_none() {
            return Ok(self.unnamed());
        }
        let Some((source_path, source)) = source else {
            let expected = format!("{}.py in the folder above", name.stem);
            let finding = Finding::warning(FindingKind::Orphan, expected, "no source, so it is never loaded");
            return Ok(finding.into());
        };
        let judge = other.as_ref().unwrap_or(&self.judge);
        let finding = match bytes(&found.content)? {
            Ok(bytes) => judge.with_source(&bytes, source),
            Err(finding) => Some(finding),
        };
        if other.is_some() {
            return Ok(One { finding, other_tag: Some(name.tag.clone()), ..One::default() });
        }
        let is_loaded = self.python.levels.contains(&name.level);
        let pair = finding.is_none().then(|| Pair {
            pyc_path: found.path.to_string(),
            pyc: found.content.clone(),
            layer: found.content.source_name(),
            source_path: source_path.to_string(),
            source: source.clone(),
            level: name.level,
            is_loaded,
        });
        let finding = if is_loaded { finding } else { Some(self.wrong_level(name, has_own_level)) };
        Ok(One { finding, pair, ..One::default() })
    }

    /// Bytecode of another level is unused if that of the image's own levels exists too, and a problem if not.
    fn wrong_level(&self, name: &CachedName, has_own_level: &BTreeSet<u32>) -> Finding {
        let levels: Vec<String> = self.python.levels.iter().map(u32::to_string).collect();
        let expected = format!("level {}, which the image runs at", levels.join(" or "));
        let found = format!("level {}, which is never loaded", name.level);
        match has_own_level.len() == self.python.levels.len() {
            true => Finding::warning(FindingKind::Unused, expected, found),
            false => Finding::problem(FindingKind::Level, expected, found),
        }
    }

    /// A pyc beside its source, which is loaded instead; its code is compared all the same.
    fn beside(&self, found: &Found, (source_path, source): &Source) -> Result<One, BuildError> {
        let expected = "a pyc in its source's place";
        let finding = Finding::warning(FindingKind::Unused, expected, "its source beside it, which is loaded instead");
        let is_sound = bytes(&found.content)?.is_ok_and(|bytes| self.judge.with_source(&bytes, source).is_none());
        let pair = is_sound.then(|| Pair {
            pyc_path: found.path.to_string(),
            pyc: found.content.clone(),
            layer: found.content.source_name(),
            source_path: source_path.to_string(),
            source: source.clone(),
            level: self.python.level,
            is_loaded: false,
        });
        Ok(One { finding: Some(finding), pair, ..One::default() })
    }

    /// A pyc that nothing can be compared with.
    fn sourceless(&self, found: &Found) -> Result<One, BuildError> {
        let is_module = matches!(found.place, Place::Module { .. });
        let finding = match bytes(&found.content)? {
            Ok(bytes) if is_module => self.judge.alone(&bytes),
            Ok(_) => None,
            Err(finding) => is_module.then_some(finding),
        };
        if self.scripts.contains_key(&found.real) {
            return Ok(One { is_sourceless: true, ..One::default() });
        }
        let hidden = hides(self.tree, self.python, &found.path);
        let finding = finding.unwrap_or_else(|| match (hidden, is_module) {
            (Some(source), _) => hiding(&source),
            (None, true) => Finding::warning(FindingKind::Sourceless, "a source to compare it with", "none"),
            (None, false) => {
                let found = "bytecode of Python under another name, and no source";
                Finding::warning(FindingKind::Sourceless, "a source to compare it with", found)
            }
        });
        Ok(One { finding: Some(finding), is_sourceless: true, ..One::default() })
    }
}

/// A module without a source that is found before one which has a source.
pub(super) fn hiding(source: &TreePath) -> Finding {
    let found = format!("none, and {source} is a source of the same module elsewhere");
    let finding = Finding::warning(FindingKind::Sourceless, "a source to compare it with", found);
    Finding { severity: Severity::Problem, ..finding }
}

/// The source, in another place that the interpreter looks in, of the module that a pyc stands for.
fn hides(tree: &Tree, python: &ImagePython, pyc: &TreePath) -> Option<TreePath> {
    python.search_path.folders().filter(|place| pyc.starts_with(&place.real)).find_map(|place| {
        let inside = pyc.as_str()[place.real.as_str().len()..].trim_start_matches('/');
        source_of_module(tree, python, inside, Some(&place.real))
    })
}

/// The source of a module, by the path of its pyc inside a place of `sys.path`, in any other of those places.
pub(super) fn source_of_module(
    tree: &Tree,
    python: &ImagePython,
    inside: &str,
    except: Option<&TreePath>,
) -> Option<TreePath> {
    let module = inside.strip_suffix(".pyc")?;
    let module = module.strip_suffix("/__init__").unwrap_or(module);
    let is_module = module.split('/').all(shipwheel_python::is_identifier);
    if !is_module || module == "__main__" {
        return None;
    }
    let others = python.search_path.folders().filter(|place| except != Some(&place.real));
    let names = [format!("{module}.py"), format!("{module}/__init__.py")];
    let sources = others.flat_map(|place| names.iter().filter_map(|name| place.path.join(name).ok()));
    sources.into_iter().find(|source| matches!(tree.resolve(source), Some((_, Node::File(..)))))
}

/// The other Python that a tag belongs to, if the image has it as well.
fn other_interpreter(tree: &Tree, tag: &str) -> Option<Judge> {
    let minor = tag.strip_prefix("cpython-3")?.parse::<u32>().ok()?;
    let landmarks = ["/usr", "/usr/local"].map(|prefix| format!("{prefix}/lib/python3.{minor}/os.py"));
    landmarks.iter().find(|path| TreePath::new(path).is_ok_and(|path| tree.resolve(&path).is_some()))?;
    let magic_number = magic_number(&PythonVersion { major: 3, minor, micro: 0 }, None)?;
    Some(Judge { name: format!("Python 3.{minor}"), magic_number, minor })
}

/// The bytes of a pyc, or why it cannot be one.
fn bytes(pyc: &Content) -> Result<Result<Vec<u8>, Finding>, BuildError> {
    match of_wrong_size(pyc.size()) {
        Some(finding) => Ok(Err(finding)),
        None => Ok(Ok(pyc.to_vec()?)),
    }
}
