//! All that a build of a definition reads of this machine's files, where all of it is known.

use std::path::PathBuf;

use shipwheel_plan::image_lock::{BaseKind, LockedBase};
use shipwheel_plan::spec::{Base, Located};
use shipwheel_python::lock::LockForm;
use shipwheel_python::project::version_tool;

use super::watched::{Extent, Watched};
use crate::disk::text::text_if_there;
use crate::error::BuildError;
use crate::lock::kept::kept_path;
use crate::lock::lock_file::LockFile;
use crate::project::definition::Definition;
use crate::project::ignored;
use crate::project::project::Project;
use crate::project::text_files::normal;
use crate::wheel::project_sources::{gitignores, repository_marks};

/// What is read of the folder of a lock besides the lock.
const BESIDE_LOCK: [&str; 4] = ["pyproject.toml", "uv.toml", "Pipfile", "setup.cfg"];

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
) -> Result<Option<Watched>, BuildError> {
    let (spec, app) = (&definition.spec, definition.spec.app.as_ref());
    let is_prepared = app.is_some_and(|app| !app.prepare.is_empty());
    if is_prepared
        || !is_pinned(definition, chosen)
        || project.lock.as_ref().is_some_and(|lock| names_places(definition, lock))
    {
        return Ok(None);
    }
    let mut watched = Watched::default();
    let below = |path: &Located<String>| definition.folder.join(&path.value);
    // Patterns may take files out of folders that are left out else.
    let includes = app.is_some_and(|app| !app.include.is_empty());
    let taken = if includes { Extent::Everything } else { Extent::Application };
    watched.add(taken, [definition.folder.clone()]);
    watched.add(taken, app.iter().flat_map(|app| &app.sources).map(below));
    watched.add(taken, spec.python.iter().flat_map(|python| &python.wheels).map(below));
    watched.add(Extent::File, ignored::paths(definition));
    watched.add(Extent::File, spec.layers.first.iter().map(below));
    let mut projects = folders;
    if let Some(lock) = &project.lock {
        projects.extend(add_lock(&mut watched, lock));
    }
    for folder in &projects {
        let text = text_if_there(&folder.join("pyproject.toml"))?.unwrap_or_default();
        if version_tool(&text).is_some() {
            return Ok(None);
        }
        watched.add(Extent::File, gitignores(folder));
        watched.add(Extent::Kind, repository_marks(folder));
    }
    watched.add(Extent::Project, projects);
    Ok(Some(watched))
}

/// Watches a lock with the files that it names; gives the folders that it names.
fn add_lock(watched: &mut Watched, lock: &LockFile) -> Vec<PathBuf> {
    let at = |path: &str| lock.folder().join(path);
    watched.add(Extent::File, [lock.path.clone(), kept_path(&lock.path)]);
    watched.add(Extent::File, BESIDE_LOCK.map(at));
    watched.add(Extent::File, lock.requirements().into_iter().flat_map(|files| files.named()));
    watched.add(Extent::File, lock.local_files().map(at));
    let mut folders: Vec<PathBuf> = lock.local_folders().map(at).collect();
    for place in lock.placed.iter().filter_map(|requirement| requirement.path()) {
        match place.is_dir() {
            true => folders.push(place.to_owned()),
            false => watched.add(Extent::File, [place.to_owned()]),
        }
    }
    folders
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
    use std::path::Path;

    use super::*;
    use crate::fingerprint::watched::Verdict;
    use crate::project::definition::Places;

    const IMAGE: &str = "base.image = \"r.example/python@sha256:\
                         e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n";

    /// What a build of the definition in a folder watches.
    fn watched(folder: &Path) -> Option<Watched> {
        let places = Places { images: Path::new("images"), home: None };
        let definition = Definition::load(places, folder.to_str(), None, &Default::default()).unwrap();
        let project = Project::read(&definition).unwrap();
        of(&definition, &project, &LockedBase::of(&definition.spec.base[0]), Vec::new()).unwrap()
    }

    #[test]
    fn all_that_decides_what_is_taken_and_copied_is_watched() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), text).unwrap();
        };
        let wheel = "python.lock = \"requirements.txt\"\npython.wheels = [\"../wheels\"]\n";
        let app = "app = { sources = [\".\", \"../shared\"] }\n";
        write("repo/images/app/image.toml", &format!("{IMAGE}{wheel}{app}"));
        write("repo/images/app/requirements.txt", "-r .cache/more.txt\n-c .cache/constraints.txt\n./dep\n");
        write("repo/images/app/.cache/more.txt", "");
        write("repo/images/app/.cache/constraints.txt", "");
        write("repo/images/app/dep/pyproject.toml", "[project]\nname = \"dep\"\nversion = \"1\"\n");
        write("repo/images/wheels/a.whl", "");
        write("repo/images/shared/x.py", "");
        write("repo/.git/HEAD", "");
        let folder = at("repo/images/app");
        let before = watched(&folder).unwrap();
        let states = before.states(i64::MAX).unwrap();
        let is_same = || !matches!(before.compare(&states, 0), Verdict::Changed);
        for (name, is_watched) in [
            (".dockerignore", true),
            ("../../.dockerignore", true),
            ("../../.gitignore", true),
            ("../.gitignore", true),
            ("dep/.gitignore", true),
            ("dep/.idea/taken", true),
            ("dep/__pycache__/x.pyc", false),
            (".cache/more.txt", true),
            (".cache/constraints.txt", true),
            (".cache/other.txt", false),
            (".venv/x", false),
            ("uv.toml", true),
            ("new.py", true),
            ("dep/new.py", true),
            ("../shared/new.py", true),
            ("../wheels/b.whl", true),
            ("../other/new.py", false),
            ("../../.git/index", false),
            ("../../pyproject.toml", false),
            ("dep/.git", true),
        ] {
            let path = folder.join(name);
            let (parent, old) = (path.parent().unwrap(), std::fs::read(&path).ok());
            let is_made = !parent.exists();
            std::fs::create_dir_all(parent).unwrap();
            std::fs::write(&path, "another text").unwrap();
            assert_eq!(is_same(), !is_watched, "{name}");
            match old {
                Some(old) => std::fs::write(&path, old).unwrap(),
                None if is_made => std::fs::remove_dir_all(parent).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            assert!(is_same(), "{name} as before");
        }
        std::fs::rename(at("repo/.git"), at("repo/other")).unwrap();
        assert!(!is_same(), "without a repository, other files say what a wheel leaves out");
    }

    #[test]
    fn what_something_else_may_decide_is_not_watched() {
        let version = "[project]\nname = \"a\"\ndynamic = [\"version\"]\n[tool.hatch.version]\nsource = \"vcs\"\n\
                       [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
        for (image, file, text, is_known) in [
            (IMAGE, "requirements.txt", "a==1\n", true),
            (IMAGE, "requirements.txt", "../a-1-py3-none-any.whl\n", false),
            ("base.image = \"r.example/python:3\"\n", "requirements.txt", "a==1\n", false),
            (IMAGE, "pyproject.toml", version, false),
        ] {
            let scratch = tempfile::tempdir().unwrap();
            let lock = scratch.path().join("app").join(file);
            for folder in [".git", "app"] {
                std::fs::create_dir(scratch.path().join(folder)).unwrap();
            }
            std::fs::write(lock.with_file_name("image.toml"), format!("{image}python.lock = \"{file}\"\n")).unwrap();
            std::fs::write(&lock, text).unwrap();
            std::fs::write(scratch.path().join("a-1-py3-none-any.whl"), "").unwrap();
            let places = Places { images: Path::new("images"), home: None };
            let definition =
                Definition::load(places, lock.parent().and_then(Path::to_str), None, &Default::default()).unwrap();
            let project = Project::read_to_lock(&definition).unwrap();
            let folders = vec![definition.folder.clone()];
            let found = of(&definition, &project, &LockedBase::of(&definition.spec.base[0]), folders).unwrap();
            assert_eq!(found.is_some(), is_known, "{image} {text}");
        }
    }
}
