//! Is an image what it says? Digests, diff ids, machines and bytecode of every platform, in one report.
//!
//! The image is read in place; layers are unpacked to unnamed temporary files and walked as trees
//! of values. Nothing of it runs, unless a rebuild is asked for.

mod archives;
mod bytecode;
mod coverage;
mod forms;
mod hooks;
mod judge;
mod lazy;
mod loader;
mod loader_cache;
mod native;
mod pycs;
mod rebuild;
mod records;
mod shadows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use shipwheel_layer::Tree;
use shipwheel_oci::{Digest, ImageConfig, Platform};
use shipwheel_store::{Cache, ImageSource};

use crate::confine::sandbox::Sandbox;
use crate::error::BuildError;
use crate::inspect::finding::{Finding, Findings, Severity};
use crate::inspect::opened::{OpenedImage, OpenedPlatform, open};
use crate::inspect::python::ImagePython;
use crate::interpreter::compile::Workers;
use crate::session::{Report, host_platform};
use bytecode::Checked;
use rebuild::Rebuilder;

/// How to verify.
pub struct VerifyOptions<'a> {
    /// Where layers are unpacked to while they are read.
    pub cache: &'a Cache,
    /// Receives the steps.
    pub report: &'a dyn Report,
    /// How many interpreters compile at a time.
    pub jobs: usize,
    /// How these are started.
    pub sandbox: Sandbox,
    /// The platforms to verify; if empty, all of them.
    pub platforms: Vec<Platform>,
    /// Compile every source with the image's own interpreter and compare. This runs the interpreter.
    pub rebuild: bool,
}

/// What was verified of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedPlatform {
    /// The platform.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Digest,
    /// Its layers.
    pub layers: usize,
    /// Entries of its file system; 0 if a layer could not be read.
    pub files: usize,
    /// Programs and libraries.
    pub native: usize,
    /// Pycs of its interpreter.
    pub pycs: usize,
    /// Pycs in their source's place, which nothing can be compared with.
    pub sourceless: usize,
    /// Pycs that were compared with a fresh compile; `None` if that was not asked for.
    pub rebuilt: Option<usize>,
}

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The digest of the index, or of the one manifest.
    pub root: Digest,
    /// What was verified.
    pub platforms: Vec<VerifiedPlatform>,
    /// What was found, grouped by severity, kind and platform.
    pub findings: Vec<Finding>,
    /// How many findings there are beyond those listed.
    pub dropped: usize,
    problems: usize,
    notes: usize,
}

impl VerifyReport {
    /// How many problems there are, listed or not.
    pub fn problems(&self) -> usize {
        self.problems
    }

    /// How many warnings there are, listed or not.
    pub fn warnings(&self) -> usize {
        self.findings.len() + self.dropped - self.problems - self.notes
    }

    /// How many notes there are, listed or not.
    pub fn notes(&self) -> usize {
        self.notes
    }

    /// The report with what another command found of the same image.
    #[must_use]
    pub fn with(mut self, findings: Vec<Finding>) -> Self {
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        self.problems += count(Severity::Problem);
        self.notes += count(Severity::Note);
        self.findings.extend(findings);
        self.findings.sort();
        self
    }
}

/// Verifies an image.
///
/// # Errors
/// When it cannot be read, or a platform asked for is not in it. What does not agree is a
/// finding, never an error.
pub fn verify(source: &dyn ImageSource, options: &VerifyOptions<'_>) -> Result<VerifyReport, BuildError> {
    let mut findings = Findings::default();
    options.report.step("verify: reading blobs and layers");
    let image = open(source, options.cache, &options.platforms, &mut findings)?;
    let mut rebuilder = match options.rebuild {
        true => {
            options.sandbox.admit(|warning| options.report.warning(warning))?;
            let workers = Workers { sandbox: options.sandbox.clone(), count: options.jobs };
            Some(Rebuilder::new(options.cache, workers)?)
        }
        false => None,
    };
    check_tables(&image, &mut findings);
    // This machine's platform first: its interpreter compiles for the others as well.
    let mut order: Vec<&OpenedPlatform> = image.platforms.iter().collect();
    order.sort_by_key(|platform| platform.platform != host_platform());
    let mut platforms = Vec::new();
    for platform in order {
        options.report.step(&format!("verify: {}", platform.platform));
        platforms.push(verify_platform(&image, platform, rebuilder.as_mut(), &mut findings)?);
    }
    platforms.sort_by(|a, b| a.platform.cmp(&b.platform));
    let Findings { mut list, dropped, dropped_problems, dropped_notes } = findings;
    list.sort();
    let count = |severity| list.iter().filter(|finding| finding.severity == severity).count();
    let problems = dropped_problems + count(Severity::Problem);
    let notes = dropped_notes + count(Severity::Note);
    Ok(VerifyReport { root: image.root.digest, platforms, findings: list, dropped, problems, notes })
}

/// Holds the tables of lazily pulled layers against their tars: each once, since platforms share layers. The same layer
/// under other annotations is promised another table.
fn check_tables(image: &OpenedImage, findings: &mut Findings) {
    let layers = image.platforms.iter().flat_map(|platform| platform.manifest.layers());
    let layers: BTreeMap<_, _> = layers.map(|layer| ((layer.digest, &layer.annotations), layer)).collect();
    for layer in layers.into_values() {
        let found = image.tar(layer).map(|tar| lazy::check(layer, tar.source.as_ref()));
        findings.add(None, found.unwrap_or_default());
    }
}

fn verify_platform(
    image: &OpenedImage,
    opened: &OpenedPlatform,
    rebuilder: Option<&mut Rebuilder>,
    findings: &mut Findings,
) -> Result<VerifiedPlatform, BuildError> {
    let platform = &opened.platform;
    let mut verified = VerifiedPlatform {
        platform: platform.clone(),
        manifest: opened.manifest.descriptor().digest,
        layers: opened.manifest.layers().len(),
        files: 0,
        native: 0,
        pycs: 0,
        sourceless: 0,
        rebuilt: rebuilder.is_some().then_some(0),
    };
    let Some(tree) = image.tree(opened, findings) else { return Ok(verified) };
    verified.files = tree.len();
    let (native, foreign) = native::check(&tree, platform)?;
    verified.native = native;
    findings.add(Some(platform), foreign);
    let mut found = Vec::new();
    let python = ImagePython::find(&tree, &opened.config, &mut found)?;
    findings.add(Some(platform), found);
    let Some(python) = python else {
        findings.add(Some(platform), loader::check(&tree, [&opened.config.env()].into_iter()));
        return Ok(verified);
    };
    let Checked { pycs, sourceless, findings: found, pairs } = loaded(&tree, &opened.config, &python)?;
    (verified.pycs, verified.sourceless) = (pycs, sourceless);
    findings.add(Some(platform), found);
    if let Some(rebuilder) = rebuilder {
        if *platform == host_platform() {
            rebuilder.take(&tree, &python, platform)?;
        }
        let (rebuilt, other) = rebuilder.check(&python, pairs)?;
        verified.rebuilt = Some(rebuilt);
        findings.add(Some(platform), other);
    }
    Ok(verified)
}

/// Everything that the interpreter would load, and that decides what it loads.
fn loaded(tree: &Tree, config: &ImageConfig, python: &ImagePython) -> Result<Checked, BuildError> {
    let mut checked = bytecode::check(tree, python)?;
    let archives = archives::check(tree, python);
    checked.pycs += archives.pycs;
    checked.sourceless += archives.sourceless;
    checked.pairs.extend(archives.pairs);
    checked.findings.extend(archives.findings);
    checked.findings.extend(forms::check(tree, python));
    let starts = python.starts.iter().map(|start| &start.environment);
    checked.findings.extend(loader::check(tree, starts.chain([&config.env()])));
    checked.findings.extend(shadows::check(tree, python));
    checked.findings.extend(hooks::check(tree, config, python));
    checked.findings.extend(coverage::check(tree, python));
    Ok(checked)
}
