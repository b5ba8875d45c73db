//! Measures how much faster an image starts with its bytecode than without it.
//!
//! This runs code of the image, because the user asks for it: it imports modules and nothing else, confined. A build
//! never runs what it compiles.

mod budget;
mod files;
mod modules;
mod profile;
mod run;
mod started;
mod trees;

use std::path::{Path, PathBuf};
use std::time::Duration;

use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_oci::{ImageConfig, Platform};
use shipwheel_python::elf::ElfFacts;
use shipwheel_store::{Cache, FileAction, ImageSource};

use crate::confine::confinement::Confinement;
use crate::confine::sandbox::Sandbox;
use crate::confine::start_way::{Machine, StartWay};
use crate::error::BuildError;
use crate::inspect::finding::Findings;
use crate::inspect::image_error::ImageError;
use crate::inspect::opened::{OpenedPlatform, open};
use crate::inspect::python::ImagePython;
use crate::interpreter::interpreter_error::{InterpreterError, InterpreterFault};
use crate::interpreter::rootfs::library_folders;
use crate::session::{Report, host_platform};
pub use profile::{Import, StartupProfile};
use run::{Launch, Origins, Surroundings, confinement_in_root};
use started::Sample;

/// The user and group that the image's code has where shipwheel is root: `nobody`, who owns no other files.
const NOBODY: u32 = 65534;

/// How to measure.
pub struct StartupOptions<'a> {
    /// Where the image is unpacked to while it is measured.
    pub cache: &'a Cache,
    /// Receives the steps.
    pub report: &'a dyn Report,
    /// How the image's code is confined.
    pub sandbox: Sandbox,
    /// The platform; `None` means this machine's.
    pub platform: Option<Platform>,
    /// The modules to import, each in separate starts; if empty, what the image's command imports.
    pub modules: Vec<String>,
    /// How many starts each median is over.
    pub runs: usize,
    /// Whether to start once more, to learn what each import takes.
    pub profile: bool,
    /// Whether to start once more, to learn which files it reads.
    pub files: bool,
}

/// The medians of one kind of start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StartupCost {
    /// From start to end, without what confining it takes.
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
    /// Where a start of the image as it is goes, if that was asked for.
    pub profile: Option<StartupProfile>,
    /// Paths in the image of the files that a start of it reads, in their order, if that was asked for.
    pub files: Vec<String>,
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
/// an import fails; also when a part of the sandbox is missing and it is required.
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
    let (way, user) = way(options, &folder.path().join("empty"))?;
    let trees = [folder.path().join("with"), folder.path().join("without")];
    trees::write(&tree, &trees[0], &trees[1])?;
    let launch = match way {
        StartWay::Root => {
            user.map_or(Ok(()), |user| trees.iter().try_for_each(|tree| trees::give(tree, user)))?;
            Launch::Root { user }
        }
        StartWay::Loader => by_loader(&tree, opened, &python)?,
    };
    let surroundings = surroundings(&tree, opened, &python, (options.sandbox.clone(), launch));
    if way == StartWay::Loader && !surroundings.works(&trees[0]) {
        return Err(InterpreterError::NoLaunch.into());
    }
    let measured = wanted(&tree, opened, &python, options).into_iter().map(|name| {
        options.report.step(&format!("startup: {}", name.as_deref().unwrap_or("the bare interpreter")));
        measure(&surroundings, (&trees, &tree), name, (options, &folder.path().join("said")))
    });
    let modules = measured.collect::<Result<_, _>>()?;
    let way = match way {
        StartWay::Root => "user namespace",
        StartWay::Loader => "dynamic loader",
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

/// How the image is started, and as which user; tried in a folder that is made for it.
fn way(options: &StartupOptions<'_>, empty: &Path) -> Result<(StartWay, Option<u32>), BuildError> {
    fs_err::create_dir(empty).map_err(BuildError::file(FileAction::Create, empty))?;
    let is_root = rustix::process::geteuid().is_root();
    let nobody = is_root && std::os::unix::fs::chown(empty, Some(NOBODY), Some(NOBODY)).is_ok();
    let mut users = nobody.then_some(Some(NOBODY)).into_iter().chain([None]);
    let works =
        |user: &Option<u32>| options.sandbox.rehearse(confinement_in_root(Confinement::default(), "/", *user), empty);
    let user = users.find(works);
    let is_user = !is_root || user.is_some_and(|user| user.is_some());
    let machine = Machine { kernel: options.sandbox.kernel(), namespaces: user.is_some(), is_user };
    let (way, lacks) = StartWay::on(machine);
    options.sandbox.admit_start(lacks, |warning| options.report.warning(warning))?;
    Ok((way, user.flatten()))
}

fn surroundings(
    tree: &Tree,
    opened: &OpenedPlatform,
    python: &ImagePython,
    (sandbox, launch): (Sandbox, Launch),
) -> Surroundings {
    let env = opened.config.env();
    let named = named_python(tree, env.get("PATH").map(String::as_str).unwrap_or_default());
    Surroundings {
        sandbox,
        workdir: folder_of(tree, &opened.config),
        python: named.unwrap_or_else(|| python.facts.executable.clone()),
        env,
        launch,
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
    (trees, tree): (&[PathBuf; 2], &Tree),
    name: Option<String>,
    (options, said): (&StartupOptions<'_>, &Path),
) -> Result<StartupModule, BuildError> {
    let (module, runs) = (name.as_deref(), options.runs.max(1));
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
    let profile = match options.profile {
        true => Some(StartupProfile {
            imports: surroundings.imports(&trees[0], module, said)?,
            compiled: origins[0].compiled.clone(),
        }),
        false => None,
    };
    let files = match options.files {
        true => surroundings.files(&trees[0], module, (tree, said))?,
        false => Vec::new(),
    };
    let [with, without] = samples;
    let (with, without) = (cost(&with, &origins[0]), cost(&without, &origins[1]));
    Ok(StartupModule { with, without, profile, files, name })
}

fn cost(samples: &[Sample], origins: &Origins) -> StartupCost {
    StartupCost {
        wall: median(samples.iter().map(|sample| sample.wall).collect()),
        cpu: median(samples.iter().map(|sample| sample.cpu).collect()),
        peak: median(samples.iter().map(|sample| sample.peak).collect()),
        from_pycs: origins.from_pycs,
        compiled: origins.compiled.len(),
    }
}

/// The middle one; of an even number the lower of the two.
fn median<T: Ord + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}
