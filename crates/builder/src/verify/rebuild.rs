//! Every pyc against a fresh compile of its source: what hides other code is found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use shipwheel_bytecode::{InvalidationMode, Optimization, PythonVersion, canonical};
use shipwheel_layer::Tree;
use shipwheel_oci::{Digest, Platform};
use shipwheel_plan::layer::Treatment;
use shipwheel_store::Cache;
use tempfile::TempDir;

use super::bytecode::Pair;
use crate::error::BuildError;
use crate::inspect::chain::shown;
use crate::inspect::finding::{Finding, FindingKind};
use crate::inspect::python::ImagePython;
use crate::interpreter::compile::{Compiler, Job, Workers};
use crate::interpreter::interpreter_error::InterpreterError;
use crate::interpreter::python::Python;
use crate::interpreter::rootfs::Rootfs;

/// Compilers out of the image itself, by full version.
///
/// They have a cache of their own, gone with this: what an image's interpreter says must
/// never become part of a build, and what builds compiled must not answer for it.
pub(crate) struct Rebuilder {
    workers: Workers,
    cache: Cache,
    _folder: TempDir,
    compilers: BTreeMap<PythonVersion, Compiler>,
}

impl Rebuilder {
    /// # Errors
    /// When no scratch folder can be made.
    pub(crate) fn new(cache: &Cache, workers: Workers) -> Result<Self, BuildError> {
        let folder = cache.scratch_dir()?;
        let cache = Cache::open(folder.path())?;
        Ok(Self { workers, cache, _folder: folder, compilers: BTreeMap::new() })
    }

    /// Takes in the interpreter of the platform that this machine can run.
    ///
    /// # Errors
    /// When it does not start or is not what it says.
    pub(crate) fn take(&mut self, tree: &Tree, python: &ImagePython, platform: &Platform) -> Result<(), BuildError> {
        let identity = Rootfs::publish(&self.cache, tree, &python.facts, platform)?;
        let rootfs =
            Rootfs::open(&self.cache, &identity, &python.facts, platform)?.ok_or(InterpreterError::NotInCache)?;
        let compiler = Compiler::start(&self.cache, Python::Base(rootfs), python.facts.version, self.workers.clone())?;
        self.compilers.insert(python.facts.version, compiler);
        Ok(())
    }

    /// Compiles every pair's source and compares; gives the number of those compared.
    ///
    /// # Errors
    /// When a source cannot be read or the interpreter not be started.
    pub(crate) fn check(&self, python: &ImagePython, pairs: Vec<Pair>) -> Result<(usize, Vec<Finding>), BuildError> {
        let not_rebuilt = |found: String| {
            let expected = format!("a fresh compile by Python {}", python.facts.version);
            Ok((0, vec![Finding::warning(FindingKind::NotRebuilt, expected, found)]))
        };
        let Some(compiler) = self.compilers.get(&python.facts.version) else {
            return not_rebuilt("the image has no interpreter of this version that runs on this machine".to_owned());
        };
        let (count, mut findings) = (pairs.len(), Vec::new());
        let mut by_level: BTreeMap<u32, Vec<&Pair>> = BTreeMap::new();
        pairs.iter().for_each(|pair| by_level.entry(pair.level).or_default().push(pair));
        for (level, pairs) in by_level {
            match Optimization::from_level(level.into()) {
                Some(optimization) => findings.extend(check_level(compiler, python, pairs, optimization)?),
                None => {
                    let paths: BTreeSet<String> = pairs.iter().map(|pair| pair.pyc_path.clone()).collect();
                    let found = format!("level {level} cannot be compiled: {}", shown(&paths));
                    findings.push(Finding::warning(FindingKind::NotRebuilt, "a level that Python compiles at", found));
                }
            }
        }
        Ok((count, findings))
    }
}

/// Compares the pairs whose names say one level.
fn check_level(
    compiler: &Compiler,
    python: &ImagePython,
    pairs: Vec<&Pair>,
    optimization: Optimization,
) -> Result<Vec<Finding>, BuildError> {
    // A level of its own is what `bytecode.override` gives a file: it keeps the name of the image's level.
    let levels = [optimization, Optimization::None, Optimization::Asserts, Optimization::Docstrings];
    let (mut open, mut findings) = (pairs, Vec::new());
    for (number, level) in levels.into_iter().enumerate().filter(|(n, level)| *n == 0 || *level != optimization) {
        let (other, failures) = compare(compiler, python, &open, level)?;
        if number == 0 {
            findings = failures;
        }
        let (rest, same): (Vec<&Pair>, Vec<&Pair>) = open.into_iter().partition(|p| other.contains(&p.pyc_path));
        if number > 0 {
            let loaded = same.into_iter().filter(|pair| pair.is_loaded);
            findings.extend(loaded.map(|pair| of_other_level(pair, optimization, level)));
        }
        open = rest;
    }
    for pair in open {
        let code = Digest::of(pair.pyc.to_vec()?.get(16..).unwrap_or_default()).short().to_string();
        findings.push(other_code(pair, "its source's code", format!("code {code}")));
    }
    Ok(findings)
}

/// Compiles pairs at a level: the paths of those pycs that hold other code, and findings of sources that do not compile.
fn compare(
    compiler: &Compiler,
    python: &ImagePython,
    pairs: &[&Pair],
    optimization: Optimization,
) -> Result<(BTreeSet<String>, Vec<Finding>), BuildError> {
    // One source may have several: in `__pycache__`, in its place, and below a folder that takes the place of those.
    let mut by_source: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
    pairs.iter().for_each(|pair| by_source.entry(pair.source_path.as_str()).or_default().push(pair));
    let treatment = Treatment { optimization, invalidation: InvalidationMode::UncheckedHash, replaces_source: false };
    let firsts = by_source.values().filter_map(|pairs| pairs.first());
    let jobs = firsts.map(|p| Job { path: p.source_path.clone(), source: p.source.clone(), treatment });
    let other = Mutex::new(BTreeSet::new());
    let failures = compiler.compile(jobs.collect(), &|job, fresh| {
        for pair in by_source.get(job.path.as_str()).into_iter().flatten() {
            let found = pair.pyc.to_vec()?;
            // Where it was compiled is not what it does: both get the path that the image has.
            let body = canonical(found.get(16..).unwrap_or_default(), python.minor(), Some(&job.path));
            if body.ok().as_deref() != Some(&fresh[16..]) {
                other.lock().unwrap_or_else(PoisonError::into_inner).insert(pair.pyc_path.clone());
            }
        }
        Ok(())
    })?;
    let findings = failures.into_iter().flat_map(|failure| {
        let pairs = by_source.get(failure.path.as_str()).into_iter().flatten();
        pairs.map(|pair| other_code(pair, "a source that compiles", failure.reason.clone())).collect::<Vec<_>>()
    });
    let findings = findings.collect();
    Ok((other.into_inner().unwrap_or_else(PoisonError::into_inner), findings))
}

/// What an override of image.toml gives a file; in an image of others it may be a mistake.
fn of_other_level(pair: &Pair, expected: Optimization, found: Optimization) -> Finding {
    let [expected, found] = [expected, found].map(|level| format!("code of level {}", level.level()));
    Finding::warning(FindingKind::Level, expected, found).at(&pair.pyc_path).in_layer(&pair.layer)
}

fn other_code(pair: &Pair, expected: &str, found: String) -> Finding {
    let finding = Finding::problem(FindingKind::OtherCode, expected, found);
    finding.at(&pair.pyc_path).in_layer(&pair.layer)
}
