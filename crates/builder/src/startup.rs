//! Measures how much faster an image starts with its bytecode than without it.
//!
//! This runs code of the image, because the user asks for it: it imports modules and nothing else. A build
//! never runs what it compiles.

mod modules;
mod run;
mod trees;

use std::path::{Path, PathBuf};
use std::time::Duration;

use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_oci::{ImageConfig, Platform};
use shipwheel_python::elf::ElfFacts;
use shipwheel_store::{Cache, ImageSource};

use crate::error::BuildError;
use crate::inspect::finding::Findings;
use crate::inspect::image_error::ImageError;
use crate::inspect::opened::{OpenedPlatform, open};
use crate::inspect::python::ImagePython;
use crate::interpreter::interpreter_error::{InterpreterError, InterpreterFault};
use crate::interpreter::rootfs::library_folders;
use crate::session::{Report, host_platform};
use run::{Launch, Sample, Surroundings};

/// How to measure.
pub struct StartupOptions<'a> {
    /// Where the image is unpacked to while it is measured.
    pub cache: &'a Cache,
    /// Receives the steps.
    pub report: &'a dyn Report,
    /// The platform; `None` means this machine's.
    pub platform: Option<Platform>,
    /// The modules to import, each in separate starts; if empty, what the image's command imports.
    pub modules: Vec<String>,
    /// How many starts each median is over.
    pub runs: usize,
}

/// The medians of one kind of start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartupCost {
    /// From start to end.
    pub wall: Duration,
    /// User and system time.
    pub cpu: Duration,
    /// The most memory it had, in bytes.
    pub peak: u64,
    /// Modules that came from pycs.
    pub from_pycs: usize,
    /// Modules that were compiled.
    pub compiled: usize,
}

/// One module with and without bytecode.
#[derive(Debug, Clone, PartialEq)]
pub struct StartupModule {
    /// Its name; `None` for the bare interpreter.
    pub name: Option<String>,
    /// The image as it is.
    pub with: StartupCost,
    /// The image without the bytecode that has a source.
    pub without: StartupCost,
}

/// All measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct StartupReport {
    /// The platform.
    pub platform: Platform,
    /// How the interpreter was started: `user namespace` or `dynamic loader`.
    pub way: &'static str,
    /// How many starts each median is over.
    pub runs: usize,
    /// One for each module.
    pub modules: Vec<StartupModule>,
}

/// Measures how an image starts.
///
/// # Errors
/// When the image cannot be read or does not verify, has no Python, is for another machine, or
/// an import fails.
pub fn startup(source: &dyn ImageSource, options: &StartupOptions<'_>) -> Result<StartupReport, BuildError> {
    let platform = options.platform.clone().unwrap_or_else(host_platform);
    if platform != host_platform() {
        return Err(ImageError::OtherMachine { platform, machine: host_platform() }.into());
    }
    if let Some(name) = options.modules.iter().find(|name| !modules::is_module(name)) {
        return Err(ImageError::NotAModule { module: name.clone() }.into());
    }
    options.report.step(&format!("startup: unpacking {platform}"));
    let mut findings = Findings::default();
    let image = open(source, options.cache, std::slice::from_ref(&platform), &mut findings)?;
    let tree = image.platforms.first().and_then(|opened| Some((opened, image.tree(opened, &mut findings)?)));
    let (opened, tree) = match tree {
        Some(found) if findings.is_empty() => found,
        _ => return Err(ImageError::Unsound { problems: findings.len(), warnings: 0 }.into()),
    };
    let mut found = Vec::new();
    let python = ImagePython::find(&tree, &opened.config, &mut found)?;
    let python = python.ok_or_else(|| ImageError::NoPython { image: source.name() })?;
    let folder = options.cache.scratch_dir()?;
    let trees = [folder.path().join("with"), folder.path().join("without")];
    trees::write(&tree, &trees[0], &trees[1])?;
    let surroundings = surroundings(&tree, opened, &python, &trees[0])?;
    let measured = wanted(&tree, opened, &python, options).into_iter().map(|name| {
        options.report.step(&format!("startup: {}", name.as_deref().unwrap_or("the bare interpreter")));
        measure(&surroundings, &trees, name, options.runs.max(1), &folder.path().join("said"))
    });
    let modules = measured.collect::<Result<_, _>>()?;
    let way = match surroundings.launch {
        Launch::Namespace { .. } => "user namespace",
        Launch::Loader { .. } => "dynamic loader",
    };
    Ok(StartupReport { platform, way, runs: options.runs.max(1), modules })
}

/// The modules to measure.
fn wanted(
    tree: &Tree,
    opened: &OpenedPlatform,
    python: &ImagePython,
    options: &StartupOptions<'_>,
) -> Vec<Option<String>> {
    if !options.modules.is_empty() {
        return options.modules.iter().cloned().map(Some).collect();
    }
    let env = opened.config.env();
    let path = env.get("PATH").map(String::as_str).unwrap_or_default();
    vec![modules::of_command(tree, &opened.config.command(), path, &python.roots)]
}

/// Namespaces where this machine allows them, else the image's own loader.
fn surroundings(
    tree: &Tree,
    opened: &OpenedPlatform,
    python: &ImagePython,
    root: &Path,
) -> Result<Surroundings, BuildError> {
    let env = opened.config.env();
    let unshare = ["/usr/bin/unshare", "/bin/unshare"].map(PathBuf::from).into_iter().find(|path| path.is_file());
    let workdir = folder_of(tree, &opened.config);
    let named = named_python(tree, env.get("PATH").map(String::as_str).unwrap_or_default());
    let mut surroundings = Surroundings {
        env,
        workdir,
        python: named.unwrap_or_else(|| python.facts.executable.clone()),
        launch: Launch::Namespace { unshare: unshare.unwrap_or_default() },
    };
    if surroundings.works(root) {
        return Ok(surroundings);
    }
    surroundings.launch = by_loader(tree, opened, python)?;
    match surroundings.works(root) {
        true => Ok(surroundings),
        false => Err(InterpreterError::NoLaunch.into()),
    }
}

fn by_loader(tree: &Tree, opened: &OpenedPlatform, python: &ImagePython) -> Result<Launch, BuildError> {
    let fail = || InterpreterError::Undescribed {
        path: python.facts.executable.clone(),
        fault: InterpreterFault::LoaderMissing,
    };
    let resolve = |path: &str| TreePath::new(path).ok().and_then(|path| tree.resolve(&path));
    let Some((_, Node::File(_, content))) = resolve(&python.facts.executable) else { return Err(fail().into()) };
    let facts = ElfFacts::read(&content.to_vec()?).ok().flatten();
    let loader = facts.and_then(|facts| facts.interpreter).and_then(|loader| resolve(&loader)).ok_or_else(fail)?;
    let site = format!("/lib/python{}.{}/site-packages", python.facts.version.major, python.facts.version.minor);
    let sites = tree.iter().filter(|(path, node)| node.is_directory() && path.as_str().ends_with(&site));
    Ok(Launch::Loader {
        loader: loader.0.to_string(),
        libraries: library_folders(&opened.platform),
        python: python.facts.executable.clone(),
        modules: sites.map(|(path, _)| path.to_string()).collect(),
    })
}

/// `WorkingDir`, where it is a folder of the image.
fn folder_of(tree: &Tree, config: &ImageConfig) -> String {
    let folder = config.working_dir();
    let found = TreePath::new(&folder).ok().and_then(|path| tree.resolve(&path));
    found.filter(|(_, node)| node.is_directory()).map_or_else(|| "/".to_owned(), |_| folder)
}

/// The name that `PATH` finds: the one of a virtual environment, which knows its modules by it.
fn named_python(tree: &Tree, path: &str) -> Option<String> {
    let names = path.split(':').flat_map(|folder| ["python3", "python"].map(|name| format!("{folder}/{name}")));
    names.into_iter().find(|name| {
        let path = TreePath::new(name).ok().filter(|_| name.starts_with('/'));
        path.is_some_and(|path| matches!(tree.resolve(&path), Some((_, Node::File(..)))))
    })
}

/// Starts both trees by turns, after one start of each that fills the page cache.
fn measure(
    surroundings: &Surroundings,
    trees: &[PathBuf; 2],
    name: Option<String>,
    runs: usize,
    said: &Path,
) -> Result<StartupModule, BuildError> {
    let module = name.as_deref();
    let mut origins = Vec::new();
    for tree in trees {
        origins.push(surroundings.origins(tree, module, said)?);
    }
    let mut samples = [Vec::new(), Vec::new()];
    for run in 0..=runs {
        for (tree, samples) in trees.iter().zip(&mut samples) {
            let sample = surroundings.measure(tree, module)?;
            if run > 0 {
                samples.push(sample);
            }
        }
    }
    let [with, without] = samples;
    Ok(StartupModule { with: cost(&with, origins[0]), without: cost(&without, origins[1]), name })
}

fn cost(samples: &[Sample], (from_pycs, compiled): (usize, usize)) -> StartupCost {
    StartupCost {
        wall: median(samples.iter().map(|sample| sample.wall).collect()),
        cpu: median(samples.iter().map(|sample| sample.cpu).collect()),
        peak: median(samples.iter().map(|sample| sample.peak).collect()),
        from_pycs,
        compiled,
    }
}

/// The middle one; of an even number the lower of the two.
fn median<T: Ord + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}
