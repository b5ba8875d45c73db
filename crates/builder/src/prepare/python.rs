//! The Python of steps: an interpreter of this machine, and an environment with what the lock has for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use fs_err as fs;
use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::layer::VENV;
use shipwheel_python::install::{Scheme, Settled, install, virtual_environment};
use shipwheel_python::select::SelectedWheel;
use shipwheel_python::{Libc, Target};
use shipwheel_store::FileAction;

use super::preparation::Preparation;
use super::prepare_error::PrepareError;
use crate::disk::written::write_file;
use crate::error::BuildError;
use crate::lock::lock_error::LockError;
use crate::lock::pinned_lock::KeptLock;
use crate::program::uv;
use crate::session::Session;
use crate::wheel::local_projects;
use crate::wheel::select::{Selected, Selector};
use crate::wheel::wheels::{Wheels, scheme};

/// Prints what an interpreter is: of an environment, the one that it was made from.
const IDENTIFY: &str = "\
import os, sys
try: libc = os.confstr('CS_GNU_LIBC_VERSION') or ''
except (AttributeError, OSError, ValueError): libc = ''
print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3], libc.replace(' ', '-') or '-', \
getattr(sys, '_base_executable', None) or sys.executable)";

/// The musl of every Alpine since 3.13; an interpreter does not tell.
const MUSL: Libc = Libc::Musl { major: 1, minor: 2 };

/// An interpreter of this machine with the wheels for it.
pub(super) struct StepPython {
    executable: PathBuf,
    version: PythonVersion,
    installed: Vec<SelectedWheel>,
    wheels: Wheels,
    settled: Settled,
}

impl StepPython {
    /// Finds the interpreter, and selects the wheels for it. Of several, the first with the image's version is taken.
    ///
    /// # Errors
    /// When there is none, or the lock does not have everything for it.
    pub(super) fn find(preparation: &Preparation<'_>, step: &str) -> Result<Self, BuildError> {
        let (executable, target) = interpreter(preparation, step)?;
        let targets = BTreeMap::from([(target.platform.clone(), target.clone())]);
        let selected = match (&preparation.definition.spec.python, &preparation.project.lock) {
            (Some(python), Some(lock)) => {
                let Preparation { session, project, origins, .. } = *preparation;
                let selector = Selector { session, python, project, lock, origins };
                selector.select(&targets).map_err(|error| no_wheels(error, step, &target, preparation.python))?
            }
            _ => Selected::default(),
        };
        let local = local_projects::build(preparation.session, preparation.project, &targets, &selected)?;
        let installed: Vec<_> = local.values().chain(selected.wheels.values()).flatten().cloned().collect();
        let wheels = Wheels::new(Arc::clone(preparation.origins), installed.iter().cloned());
        let prefer =
            preparation.definition.spec.python.as_ref().map(|python| python.prefer.as_slice()).unwrap_or_default();
        let settled = wheels.settle(preparation.session, &installed, prefer, target.python)?;
        Ok(Self { executable, version: target.python, installed, wheels, settled })
    }

    /// Adds the version and the wheels to a key.
    pub(super) fn add_to(&self, hasher: &mut Hasher) {
        hasher.field("python").field(self.version.to_string());
        hasher.fields(self.installed.iter().map(|wheel| wheel.sha256.as_bytes()));
    }

    /// Makes an environment in a folder; commands are in its `bin`.
    ///
    /// # Errors
    /// When a wheel cannot be obtained, or the disk cannot be written.
    pub(super) fn write(&self, session: &Session<'_>, folder: &Path) -> Result<(), BuildError> {
        let digests: Vec<Digest> = self.installed.iter().map(|wheel| wheel.sha256).collect();
        self.wheels.fetch(session, &digests)?;
        let scheme = self.scheme(folder)?;
        let skeleton = virtual_environment(&scheme, &self.executable.display().to_string())?;
        write(&skeleton, folder, &BTreeSet::new())?;
        let nothing = BTreeSet::new();
        for wheel in &self.installed {
            let left_out = self.settled.left_out.get(&wheel.name).unwrap_or(&nothing);
            let installed = install(&self.wheels.open(session, &wheel.sha256)?, &scheme)?;
            write(&installed.tree, folder, left_out)?;
        }
        Ok(())
    }

    /// That of the image, with scripts that start the interpreter of the folder. Where no script can name that, only
    /// `python -m` works.
    fn scheme(&self, folder: &Path) -> Result<Scheme, BuildError> {
        let scheme = scheme(self.version)?;
        let python = folder.join("bin/python").display().to_string();
        Ok(scheme.clone().with_interpreter(&python).unwrap_or(scheme))
    }
}

/// Writes what a tree has in the environment's folder of the image, less some paths.
fn write(tree: &Tree, folder: &Path, left_out: &BTreeSet<TreePath>) -> Result<(), BuildError> {
    let place = |path: &TreePath| Some(folder.join(path.as_str().strip_prefix(VENV)?.trim_start_matches('/')));
    for (path, node) in tree.iter().filter(|(path, _)| !left_out.contains(path)) {
        let Some(host) = place(path) else { continue };
        match node {
            Node::Directory(_) => fs::create_dir_all(&host).map_err(BuildError::file(FileAction::Create, &host))?,
            Node::File(metadata, content) => write_file(&host, content, metadata.mode & 0o111 != 0)?,
            Node::Symlink(target) => std::os::unix::fs::symlink(target.as_str(), &host)
                .map_err(BuildError::file(FileAction::Create, &host))?,
        }
    }
    Ok(())
}

fn no_wheels(error: BuildError, step: &str, target: &Target, wanted: Option<u32>) -> BuildError {
    match error {
        BuildError::Lock(LockError::Coverage(cause)) => {
            let (step, python) = (step.to_owned(), target.python.to_string());
            PrepareError::NoWheels { step, python, wanted, cause: Box::new(cause) }.into()
        }
        other => other,
    }
}

/// The interpreter that steps are given: of the image's minor version if there is one, else the first on `PATH`.
fn interpreter(preparation: &Preparation<'_>, step: &str) -> Result<(PathBuf, Target), BuildError> {
    let Preparation { session, definition, project, python: wanted, .. } = preparation;
    let named = wanted.map(|minor| format!("python3.{minor}"));
    let names = named.into_iter().chain(["python3".to_owned(), "python".to_owned()]);
    let on_path = names.flat_map(|name| session.on_path(&name).collect::<Vec<_>>());
    let mut found: Vec<_> = on_path.filter_map(|path| identify(session, &path)).collect();
    let is_wanted = |(_, target): &(PathBuf, Target)| wanted.is_none_or(|minor| target.python.minor == minor);
    let known = || {
        let path = uv::find_minor(session, (*wanted)?)?;
        identify(session, &path).filter(is_wanted)
    };
    let first = found.iter().position(is_wanted).map(|n| found.swap_remove(n)).or_else(known);
    // A lock that was made beside requirements holds for its Python and later ones.
    let locked = definition.spec.python.as_ref().zip(project.lock.as_ref());
    let kept = locked.map(|(python, lock)| KeptLock::of(lock, python)).transpose()?.flatten();
    let oldest = kept.map_or(0, |kept| kept.made_for);
    let listed: Vec<String> = found.iter().map(|(_, target)| target.python.to_string()).collect();
    first.or_else(|| found.into_iter().find(|(_, target)| target.python.minor >= oldest)).ok_or_else(|| {
        let found = if listed.is_empty() { "none on PATH".to_owned() } else { format!("only {}", listed.join(", ")) };
        PrepareError::NoPython { step: step.to_owned(), wanted: *wanted, found }.into()
    })
}

/// An interpreter with what wheels are selected for; `None` for one that is no CPython.
fn identify(session: &Session<'_>, path: &Path) -> Option<(PathBuf, Target)> {
    let mut command = Command::new(path);
    // With the whole environment: a script that selects an interpreter needs it.
    command.args(["-s", "-S", "-c", IDENTIFY]).env_clear().envs(&session.environment);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.trim_end().splitn(4, ' ').collect();
    let ["cpython", version, libc, executable] = words[..] else { return None };
    let target = Target { python: version.parse().ok()?, platform: session.host_platform(), libc: libc_of(libc) };
    Some((PathBuf::from(executable), target))
}

/// `glibc-2.36`.
fn libc_of(text: &str) -> Libc {
    let numbers = text.strip_prefix("glibc-").and_then(|version| version.split_once('.'));
    let parsed = numbers.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parsed.map_or(MUSL, |(major, minor)| Libc::Glibc { major, minor })
}
