//! Every pyc against a fresh compile of its source: what hides other code is found.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use shipwheel_layer::Tree;
use shipwheel_oci::{Digest, Hasher, Platform};
use shipwheel_python::{InvalidationMode, Optimization, PythonVersion, canonical};
use shipwheel_store::Cache;
use tempfile::TempDir;

use super::bytecode::Pair;
use super::finding::{Finding, FindingKind};
use super::python::ImagePython;
use crate::error::BuildError;
use crate::interpreter::{Compiler, Job, Rootfs};

/// Compilers out of the image itself, by full version.
///
/// They have a cache of their own, gone with this: what an image's interpreter says must
/// never become part of a build, and what builds compiled must not answer for it.
pub(crate) struct Rebuilder {
    jobs: usize,
    cache: Cache,
    _folder: TempDir,
    compilers: BTreeMap<PythonVersion, Compiler>,
}

impl Rebuilder {
    /// # Errors
    /// When no scratch folder can be made.
    pub(crate) fn new(cache: &Cache, jobs: usize) -> Result<Self, BuildError> {
        let folder = cache.scratch_dir()?;
        let cache = Cache::open(folder.path())?;
        Ok(Self { jobs, cache, _folder: folder, compilers: BTreeMap::new() })
    }

    /// Takes in the interpreter of the platform that this machine can run.
    ///
    /// # Errors
    /// When it does not start or is not what it says.
    pub(crate) fn take(&mut self, tree: &Tree, python: &ImagePython, platform: &Platform) -> Result<(), BuildError> {
        let mut hasher = Hasher::new();
        hasher.field("verify").field(python.facts.version.to_string());
        let key = hasher.finish();
        Rootfs::publish(&self.cache, &key, tree, &python.facts, platform)?;
        let missing = || BuildError::InterpreterProcess { reason: "it is not on disk".to_owned() };
        let rootfs = Rootfs::open(&self.cache, &key, &python.facts, platform)?.ok_or_else(missing)?;
        let compiler = Compiler::start(&self.cache, rootfs, python.facts.version, self.jobs)?;
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
        let Some(optimization) = Optimization::from_level(python.level.into()) else {
            return not_rebuilt(format!("level {} is none that can be compiled", python.level));
        };
        let by_source: BTreeMap<&str, &Pair> = pairs.iter().map(|pair| (pair.source_path.as_str(), pair)).collect();
        let jobs = pairs.iter().map(|pair| Job { path: pair.source_path.clone(), source: pair.source.clone() });
        let findings = Mutex::new(Vec::new());
        let add = |finding| findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
        let mode = InvalidationMode::UncheckedHash;
        let failures = compiler.compile(jobs.collect(), optimization, mode, &|job, fresh| {
            let Some(pair) = by_source.get(job.path.as_str()) else { return Ok(()) };
            let found = pair.pyc.to_vec()?;
            // Where it was compiled is not what it does: both get the path that the image has.
            if canonical(&found[16..], python.minor(), Some(&job.path)).ok().as_deref() != Some(&fresh[16..]) {
                add(other_code(pair, "its source's code", format!("code {}", Digest::of(&found[16..]).short())));
            }
            Ok(())
        })?;
        let mut findings = findings.into_inner().unwrap_or_else(PoisonError::into_inner);
        for failure in failures {
            if let Some(pair) = by_source.get(failure.path.as_str()) {
                findings.push(other_code(pair, "a source that compiles", failure.reason));
            }
        }
        Ok((pairs.len(), findings))
    }
}

fn other_code(pair: &Pair, expected: &str, found: String) -> Finding {
    let finding = Finding::problem(FindingKind::OtherCode, expected, found);
    finding.at(&pair.pyc_path).in_layer_of(&pair.pyc)
}
