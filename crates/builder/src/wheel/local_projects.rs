//! The application's own wheels: the projects that the definition and its lock name, held against
//! the lock, built, and installed into each platform's environment.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{Content, Node};
use shipwheel_plan::{AppFile, PythonSpec};
use shipwheel_python::lock::UvLock;
use shipwheel_python::marker::Environment;
use shipwheel_python::{Dependency, DistributionName, Target, Version, unmet};

use super::chosen_wheel::ChosenWheel;
use crate::disk::bytes::Spool;
use crate::error::BuildError;
use crate::lock::lock_file;
use crate::project::application::Collected;
use crate::project::definition::Definition;
use crate::session::Session;
use crate::wheel::project_wheel;
use crate::wheel::wheels::WheelSources;

/// What the application's own wheels have, by path in the image.
#[derive(Default)]
pub(crate) struct OwnFiles {
    contents: BTreeMap<String, Content>,
    built: BTreeMap<PathBuf, ChosenWheel>,
}

/// The part of pyproject.toml that says what a project asks for.
#[derive(Deserialize)]
struct Pyproject {
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    name: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl OwnFiles {
    /// The content of a file.
    pub(crate) fn content(&self, path: &str) -> Option<&Content> {
        self.contents.get(path)
    }

    /// Builds the projects that a target needs, and checks what they ask for; sorted by name.
    ///
    /// # Errors
    /// When the lock lacks what a project asks for, or a project cannot be built.
    pub(crate) fn build(
        &mut self,
        session: &Session<'_>,
        definition: &Definition,
        target: &Target,
        chosen: &[ChosenWheel],
    ) -> Result<Vec<ChosenWheel>, BuildError> {
        let folders = folders(definition, target)?;
        check_lock(definition, target, chosen, &folders)?;
        let mut wheels = Vec::new();
        for folder in &folders {
            if !self.built.contains_key(folder) {
                self.built.insert(folder.clone(), project_wheel::build(session, folder)?);
            }
            wheels.push(self.built[folder].clone());
        }
        wheels.sort_by(|a, b| a.name.cmp(&b.name));
        wheels.dedup_by(|a, b| a.digest == b.digest);
        check_wheels(session, definition, target, chosen, &wheels)?;
        Ok(wheels)
    }

    /// Installs the projects' wheels; the files are sorted by path.
    ///
    /// Their contents are inflated: how a build's own zlib deflates is no business of a layer's digest.
    ///
    /// # Errors
    /// When a wheel is hostile, or has another file at a path of a dependency's.
    pub(crate) fn install(
        &mut self,
        session: &Session<'_>,
        sources: &mut WheelSources,
        own: &[ChosenWheel],
        dependencies: &[ChosenWheel],
        python: PythonVersion,
    ) -> Result<Vec<AppFile>, BuildError> {
        if own.is_empty() {
            return Ok(Vec::new());
        }
        sources.add(own);
        let digests: Vec<_> = dependencies.iter().chain(own).map(|wheel| wheel.digest).collect();
        sources.check_overlaps(session, &digests, python)?;
        let spool = Spool::new(&session.cache)?;
        let mut files = Vec::new();
        for wheel in own {
            for (path, node) in sources.install(session, &wheel.digest, python)?.tree {
                let Node::File(metadata, content) = node else { continue };
                let bytes = content.to_vec()?;
                let digest = content.expected().unwrap_or_else(|| shipwheel_oci::Digest::of(&bytes));
                let size = bytes.len() as u64;
                let kept = spool.append(&bytes).map_err(BuildError::file("write", session.cache.root()))?;
                self.contents.insert(path.to_string(), kept.with_expected(digest));
                let executable = metadata.mode & 0o111 != 0;
                files.push(AppFile { path: path.to_string(), digest, size, executable, link: None });
            }
        }
        files.sort();
        Ok(files)
    }
}

/// The plain files and the installed ones must have paths of their own.
///
/// # Errors
/// The first path that both want.
pub(crate) fn check_paths(app: &[Collected], installed: &[AppFile]) -> Result<(), BuildError> {
    let plain: BTreeMap<&str, &Collected> = app.iter().map(|it| (it.file.path.as_str(), it)).collect();
    match installed.iter().find_map(|file| plain.get(file.path.as_str())) {
        Some(collected) => Err(BuildError::SamePath {
            path: collected.file.path.clone(),
            one: collected.host.display().to_string(),
            other: "the project".to_owned(),
        }),
        None => Ok(()),
    }
}

/// A lock must have what the pyproject.toml in the definition's or the project's folder asks for.
///
/// # Errors
/// Everything that is missing or in a version that will not do.
fn check_lock(
    definition: &Definition,
    target: &Target,
    chosen: &[ChosenWheel],
    own: &[PathBuf],
) -> Result<(), BuildError> {
    let Some(python) = &definition.spec.python else { return Ok(()) };
    let project = definition.spec.app.as_ref().and_then(|app| app.project.as_ref());
    let folder = project.map_or(definition.folder.clone(), |project| definition.folder.join(&project.value));
    // A lock elsewhere is not this folder's.
    let beside = definition.folder.join(&python.lock.value).parent() == Some(definition.folder.as_path());
    if project.is_none() && !beside {
        return Ok(());
    }
    let broken = |error| BuildError::Project { folder: folder.clone(), reason: format!("pyproject.toml: {error}") };
    let dependencies = read(&folder)?.map(|project| project.dependencies).unwrap_or_default();
    let dependencies: Result<Vec<Dependency>, _> = dependencies.iter().map(|text| text.parse()).collect();
    let mut dependencies = dependencies.map_err(broken)?;
    for other in own {
        let name = read(other)?.and_then(|project| project.name?.parse::<DistributionName>().ok());
        dependencies.retain(|dependency| Some(&dependency.name) != name.as_ref());
    }
    check(python, definition, target, &folder.join("pyproject.toml"), &dependencies, chosen)
}

/// The `[project]` of a folder, where it has one.
fn read(folder: &Path) -> Result<Option<Project>, BuildError> {
    let path = folder.join("pyproject.toml");
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs_err::read_to_string(&path).map_err(BuildError::file("read", &path))?;
    let parsed: Result<Pyproject, _> = toml::from_str(&text);
    let broken = |reason| BuildError::Project { folder: folder.to_owned(), reason };
    parsed.map(|it| it.project).map_err(|error| broken(format!("pyproject.toml: {}", error.message())))
}

/// What the built wheels ask for, with what only their builds know.
fn check_wheels(
    session: &Session<'_>,
    definition: &Definition,
    target: &Target,
    chosen: &[ChosenWheel],
    own: &[ChosenWheel],
) -> Result<(), BuildError> {
    let all: Vec<ChosenWheel> = chosen.iter().chain(own).cloned().collect();
    let mut sources = WheelSources::default();
    sources.add(own);
    for wheel in own {
        let dependencies = sources.open(session, &wheel.digest)?.dependencies()?;
        match &definition.spec.python {
            Some(python) => check(python, definition, target, Path::new(&wheel.file_name), &dependencies, &all)?,
            None if dependencies.iter().any(|dependency| dependency.is_needed(&Environment::new(target))) => {
                return Err(BuildError::NoLock { project: wheel.name.clone() });
            }
            None => {}
        }
    }
    Ok(())
}

fn check(
    python: &PythonSpec,
    definition: &Definition,
    target: &Target,
    asked_by: &Path,
    dependencies: &[Dependency],
    chosen: &[ChosenWheel],
) -> Result<(), BuildError> {
    let locked: BTreeMap<DistributionName, Version> =
        chosen.iter().filter_map(|wheel| Some((wheel.name.parse().ok()?, wheel.version.parse().ok()?))).collect();
    let found = unmet(dependencies, &Environment::new(target), &locked);
    if found.is_empty() {
        return Ok(());
    }
    Err(BuildError::OldLock {
        lock: definition.folder.join(&python.lock.value),
        asked_by: asked_by.to_owned(),
        problems: found.iter().map(ToString::to_string).collect(),
    })
}

/// The folders of all projects that a target needs, absolute, the application's own first.
fn folders(definition: &Definition, target: &Target) -> Result<Vec<PathBuf>, BuildError> {
    let project = definition.spec.app.as_ref().and_then(|app| app.project.as_ref());
    let mut folders: Vec<PathBuf> =
        project.iter().map(|project| normal(&definition.folder.join(&project.value))).collect();
    if let Some(python) = &definition.spec.python {
        let lock = normal(&definition.folder.join(&python.lock.value));
        let beside = lock.parent().unwrap_or(Path::new("/")).to_owned();
        let of = folders.first().cloned().unwrap_or_else(|| normal(&definition.folder));
        let local = if lock.file_name().is_some_and(|name| name == "uv.lock") {
            let text = fs_err::read_to_string(&lock).map_err(BuildError::file("read", &lock))?;
            let below = of.strip_prefix(&beside).ok().and_then(Path::to_str).unwrap_or_default();
            UvLock::parse(&text, &lock.display().to_string())?
                .folders(below, &Environment::new(target))
                .unwrap_or_default()
        } else {
            lock_file::directories(definition, &python.lock, target)?
        };
        folders.extend(local.iter().map(|folder| normal(&beside.join(folder))));
    }
    let mut seen = std::collections::BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    Ok(folders)
}

/// A path without `.` and `..`, as it is written: links are not followed.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}
