//! The files and folders that a build of a definition reads, where all of them are known.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use shipwheel_plan::image_lock::{BaseKind, LockedBase};
use shipwheel_plan::leftovers::is_left_out_folder;
use shipwheel_plan::spec::{Base, Located};
use shipwheel_python::lock::LockForm;
use shipwheel_python::project::version_tool;

use super::file_state::{Change, FileState};
use crate::disk::text::text_if_there;
use crate::error::BuildError;
use crate::lock::lock_file::LockFile;
use crate::project::application_error::ApplicationError;
use crate::project::definition::Definition;
use crate::project::project::Project;
use crate::project::text_files::normal;

/// What is read of the folder of a lock besides the lock.
const BESIDE_LOCK: [&str; 4] = ["pyproject.toml", "uv.toml", "Pipfile", "setup.cfg"];

/// The files and folders that decide what comes of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watched {
    roots: Vec<PathBuf>,
    /// Whether patterns may take files out of folders that are left out else.
    enters_all: bool,
}

/// What all of it had, by path.
pub(super) type States = BTreeMap<String, FileState>;

/// What became of it.
pub(super) enum Verdict {
    /// Nothing changed.
    Same,
    /// Nothing but times changed: these are the new ones.
    Touched(States),
    /// Something changed.
    Changed,
}

impl Watched {
    /// All that decides a build on the base `chosen`, with the user's own projects in `folders`.
    ///
    /// `None` where something else may decide too: a base that is not pinned, a program that is run, a repository that
    /// is asked for a version, or paths in texts that only another tool understands.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn of(
        definition: &Definition,
        project: &Project,
        chosen: &LockedBase,
        folders: Vec<PathBuf>,
    ) -> Result<Option<Self>, BuildError> {
        let (spec, app) = (&definition.spec, definition.spec.app.as_ref());
        let is_prepared = app.is_some_and(|app| !app.prepare.is_empty());
        if is_prepared
            || !is_pinned(definition, chosen)
            || project.lock.as_ref().is_some_and(|lock| names_places(definition, lock))
        {
            return Ok(None);
        }
        let mut roots = vec![definition.folder.clone()];
        let below = |path: &Located<String>| definition.folder.join(&path.value);
        roots.extend(app.iter().flat_map(|app| &app.sources).map(below));
        roots.extend(spec.python.iter().flat_map(|python| &python.wheels).map(below));
        let workspace = &definition.workspace;
        let ignoring = workspace.outside().iter().map(PathBuf::as_path).chain([workspace.root()]);
        roots.extend(ignoring.map(|folder| folder.join(".dockerignore")));
        let mut projects = folders;
        if let Some(lock) = &project.lock {
            roots.push(lock.path.clone());
            roots.extend(BESIDE_LOCK.map(|name| lock.folder().join(name)));
            projects.extend(lock.local_folders().map(|folder| lock.folder().join(folder)));
        }
        for folder in &projects {
            let text = text_if_there(&folder.join("pyproject.toml"))?.unwrap_or_default();
            if version_tool(&text).is_some() {
                return Ok(None);
            }
        }
        roots.extend(projects);
        let enters_all = app.is_some_and(|app| !app.include.is_empty());
        Ok(Some(Self::new(roots, enters_all)))
    }

    pub(super) fn new(roots: Vec<PathBuf>, enters_all: bool) -> Self {
        let mut roots: Vec<PathBuf> = roots.iter().map(|root| normal(root)).collect();
        roots.sort();
        roots.dedup();
        Self { roots, enters_all }
    }

    pub(super) fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    pub(super) fn enters_all(&self) -> bool {
        self.enters_all
    }

    /// What all of it has now; `None` if something changed after `since` (in seconds), or has a name that is not UTF-8.
    ///
    /// # Errors
    /// When something cannot be read.
    pub(super) fn states(&self, since: i64) -> Result<Option<States>, BuildError> {
        let mut states = States::new();
        for path in self.paths()? {
            let (Some(name), Some(state)) = (path.to_str(), FileState::of(&path)?) else { return Ok(None) };
            if !state.is_settled(since) {
                return Ok(None);
            }
            states.insert(name.to_owned(), state);
        }
        Ok(Some(states))
    }

    /// What became of all of it since it had these states; contents are read where times differ.
    ///
    /// # Errors
    /// When something cannot be read.
    pub(super) fn compare(&self, before: &States, now: i64) -> Result<Verdict, BuildError> {
        let paths = self.paths()?;
        if paths.len() != before.len() {
            return Ok(Verdict::Changed);
        }
        let mut touched = BTreeMap::new();
        for path in &paths {
            let Some((name, known)) = path.to_str().and_then(|name| before.get_key_value(name)) else {
                return Ok(Verdict::Changed);
            };
            match known.change(path)? {
                Change::None => {}
                // The next change may leave the same times.
                Change::Times(state) if state.is_settled(now) => drop(touched.insert(name.clone(), state)),
                Change::Times(_) => {}
                Change::Content => return Ok(Verdict::Changed),
            }
        }
        if touched.is_empty() {
            return Ok(Verdict::Same);
        }
        let mut states = before.clone();
        states.extend(touched);
        Ok(Verdict::Touched(states))
    }

    /// The paths of everything, sorted, each once.
    fn paths(&self) -> Result<Vec<PathBuf>, BuildError> {
        let mut paths = Vec::new();
        for root in &self.roots {
            // A link to a folder stands for the folder.
            let real = root.canonicalize().unwrap_or_else(|_| root.clone());
            paths.push(root.clone());
            if real.is_dir() {
                self.walk(&real, &mut paths)?;
            }
        }
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    fn walk(&self, root: &Path, paths: &mut Vec<PathBuf>) -> Result<(), BuildError> {
        let enters_all = self.enters_all;
        let mut walk = WalkBuilder::new(root);
        walk.standard_filters(false).filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let is_marked = |mark: &str| entry.path().join(mark).is_file();
            let is_left_out = || {
                is_left_out_folder(&entry.path().to_string_lossy())
                    || is_marked("pyvenv.cfg")
                    || is_marked("oci-layout")
            };
            enters_all || entry.depth() == 0 || !is_folder || !is_left_out()
        });
        for entry in walk.build() {
            let entry = entry.map_err(|cause| ApplicationError::List { folder: root.to_owned(), cause })?;
            paths.push(entry.into_path());
        }
        Ok(())
    }
}

/// Whether the base stays the same without anybody being asked.
fn is_pinned(definition: &Definition, chosen: &LockedBase) -> bool {
    let has_digest = match &definition.spec.base[..] {
        [Base::Image(reference)] => reference.value.digest().is_some(),
        _ => false,
    };
    // A layout is a folder like others, which anybody may write to.
    let is_locked = definition.image_lock.as_ref().is_some_and(|lock| lock.base == *chosen);
    has_digest || is_locked && chosen.kind != BaseKind::Layout
}

/// Whether a lock, or a file that it includes, may name places outside of its folder in a way that only other tools read.
fn names_places(definition: &Definition, lock: &LockFile) -> bool {
    // What is locked for a file elsewhere is kept beside it.
    let is_elsewhere = !normal(lock.folder()).starts_with(normal(&definition.folder));
    let is_place = |text: &str| text.contains("../") || text.contains("file:") || text.contains(" /");
    match lock.form {
        LockForm::Pylock | LockForm::Uv => false,
        LockForm::Requirements => {
            let folder = normal(lock.folder());
            let files = lock.requirements();
            is_elsewhere
                || files
                    .is_none_or(|files| files.all().any(|(path, text)| !path.starts_with(&folder) || is_place(text)))
        }
        LockForm::Poetry | LockForm::Pdm | LockForm::Pipfile | LockForm::Project => {
            is_elsewhere || is_place(&lock.text) || lock.pyproject.as_deref().is_some_and(is_place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(watched: &Watched, states: &States) -> &'static str {
        match watched.compare(states, i64::MAX).unwrap() {
            Verdict::Same => "same",
            Verdict::Touched(_) => "touched",
            Verdict::Changed => "changed",
        }
    }

    #[test]
    fn files_that_come_go_and_change_are_seen_and_those_of_environments_are_not() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        std::fs::create_dir_all(at("app/.venv")).unwrap();
        std::fs::write(at("app/main.py"), "print()\n").unwrap();
        let watched = Watched::new(vec![at("app"), at("absent"), at("app/../app")], false);
        assert_eq!(watched.roots().len(), 2);
        assert!(watched.states(0).unwrap().is_none(), "it has just changed");
        let states = watched.states(i64::MAX).unwrap().unwrap();
        assert_eq!(verdict(&watched, &states), "same");
        std::fs::write(at("app/.venv/x"), "x").unwrap();
        assert_eq!(verdict(&watched, &states), "same");
        assert_eq!(verdict(&Watched::new(vec![at("app"), at("absent")], true), &states), "changed");
        std::fs::write(at("app/main.py"), "print()\n").unwrap();
        assert_ne!(verdict(&watched, &states), "changed", "the same content");
        for (name, content) in [("app/main.py", "print(1)"), ("app/new.py", ""), ("absent", "")] {
            let (path, before) = (at(name), std::fs::read(at(name)).ok());
            std::fs::write(&path, content).unwrap();
            assert_eq!(verdict(&watched, &states), "changed", "{name}");
            match before {
                Some(before) => std::fs::write(&path, before).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            assert_ne!(verdict(&watched, &states), "changed", "{name} as before");
        }
        std::fs::remove_file(at("app/main.py")).unwrap();
        assert_eq!(verdict(&watched, &states), "changed");
    }
}
