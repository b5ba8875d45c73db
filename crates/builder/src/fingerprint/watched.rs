//! Files and folders that are watched: what all of them had, and what became of it since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::file_state::{Change, FileState};
use crate::project::left_out_folder::is_left_out_folder;
use crate::project::text_files::normal;
use crate::wheel::project_sources::is_copied;

/// The files and folders that decide what comes of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watched {
    roots: BTreeMap<PathBuf, Vec<Extent>>,
}

/// How much of a path is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Extent {
    /// All that it is and has.
    Everything,
    /// What an application takes of it: no folders that are left out.
    Application,
    /// What a build backend is given of it.
    Project,
    /// The file by itself.
    File,
    /// Whether it is there, and whether it is a folder.
    Kind,
}

/// What all of it had, by path.
pub(super) type States = BTreeMap<String, FileState>;

/// What became of it.
pub(super) enum Verdict {
    /// Nothing changed.
    Same,
    /// Nothing but times changed: these are the new ones.
    Touched(States),
    /// Something changed, or cannot be read any more.
    Changed,
}

impl Watched {
    /// Watches paths as well.
    pub(super) fn add(&mut self, extent: Extent, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            let extents = self.roots.entry(normal(&path)).or_default();
            extents.push(extent);
            // The first one tells most.
            extents.sort();
            extents.dedup();
        }
    }

    /// What all of it has now.
    ///
    /// `None` if something changed after `since` (in seconds) or while it was read, cannot be read, or has a name that
    /// is not UTF-8: nobody knows then whether it is what a run that began at `since` read.
    pub(super) fn states(&self, since: i64) -> Option<States> {
        let seen = self.seen()?;
        // Before anything is read: where something changed lately, that would be for nothing.
        let is_settled = seen.iter().all(|(path, state)| state.is_settled(Path::new(path), since));
        if is_settled { self.read(&seen) } else { None }
    }

    /// What was seen, with the digests of contents; `None` if one cannot be read, or not all is as it was seen by then.
    fn read(&self, seen: &States) -> Option<States> {
        let read = |(path, state): (&String, &FileState)| Some((path.clone(), state.clone().read(Path::new(path))?));
        let states = seen.par_iter().map(read).collect::<Option<States>>()?;
        (self.seen()? == *seen).then_some(states)
    }

    /// What became of all of it since it had these states; contents are read where times differ.
    pub(super) fn compare(&self, before: &States, now: i64) -> Verdict {
        let Some(seen) = self.seen().filter(|seen| seen.len() == before.len()) else { return Verdict::Changed };
        let mut unsure = Vec::new();
        for (path, state) in seen {
            let Some(known) = before.get(&path) else { return Verdict::Changed };
            match known.change(&state) {
                Change::None => {}
                Change::Times => unsure.push((path, known, state)),
                Change::Content => return Verdict::Changed,
            }
        }
        let read = |(path, known, state): (String, &FileState, FileState)| {
            let state = state.read(Path::new(&path)).filter(|state| state.has_content_of(known))?;
            Some((path, state))
        };
        let Some(mut touched) = unsure.into_par_iter().map(read).collect::<Option<States>>() else {
            return Verdict::Changed;
        };
        // The next change may leave the same times.
        touched.retain(|path, state| state.is_settled(Path::new(path), now));
        if touched.is_empty() {
            return Verdict::Same;
        }
        let mut states = before.clone();
        states.extend(touched);
        Verdict::Touched(states)
    }

    /// What the file system says of all of it; `None` if something cannot be looked at, or has a name that is not UTF-8.
    fn seen(&self) -> Option<States> {
        let mut states = States::new();
        for (root, extents) in &self.roots {
            for extent in extents {
                for path in extent.paths(root)? {
                    let name = path.to_str()?.to_owned();
                    match extent {
                        Extent::Kind => {
                            states.entry(name).or_insert(FileState::kind(&path)?);
                        }
                        Extent::Everything | Extent::Application | Extent::Project | Extent::File => {
                            states.insert(name, FileState::seen(&path)?);
                        }
                    }
                }
            }
        }
        Some(states)
    }
}

impl Extent {
    /// A root, and what of it is watched below it; `None` if a folder cannot be listed.
    fn paths(self, root: &Path) -> Option<Vec<PathBuf>> {
        let mut paths = vec![root.to_owned()];
        let is_entered: fn(&DirEntry) -> bool = match self {
            Self::File | Self::Kind => return Some(paths),
            Self::Everything => |_| true,
            Self::Application => |entry| {
                let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                entry.depth() == 0 || !is_folder || !is_left_out_folder(entry.path())
            },
            Self::Project => is_copied,
        };
        // A link to a folder stands for the folder.
        let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        if real.is_dir() {
            let walk = WalkBuilder::new(&real).standard_filters(false).filter_entry(is_entered).build();
            let below = walk.map(|entry| Some(entry.ok()?.into_path()));
            paths.extend(below.collect::<Option<Vec<_>>>()?);
        }
        Some(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(watched: &Watched, states: &States) -> &'static str {
        match watched.compare(states, i64::MAX) {
            Verdict::Same => "same",
            Verdict::Touched(_) => "touched",
            Verdict::Changed => "changed",
        }
    }

    fn watched(extent: Extent, paths: &[PathBuf]) -> Watched {
        let mut watched = Watched::default();
        watched.add(extent, paths.iter().cloned());
        watched
    }

    #[test]
    fn files_that_come_go_and_change_are_seen_and_those_of_environments_are_not() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        std::fs::create_dir_all(at("app/.venv")).unwrap();
        std::fs::write(at("app/main.py"), "print()\n").unwrap();
        let roots = [at("app"), at("absent"), at("app/../app")];
        let application = watched(Extent::Application, &roots);
        assert_eq!(application.roots.len(), 2);
        assert!(application.states(0).is_none(), "it has just changed");
        let states = application.states(i64::MAX).unwrap();
        assert_eq!(verdict(&application, &states), "same");
        std::fs::write(at("app/.venv/x"), "x").unwrap();
        assert_eq!(verdict(&application, &states), "same");
        assert_eq!(verdict(&watched(Extent::Everything, &roots), &states), "changed");
        std::fs::write(at("app/main.py"), "print()\n").unwrap();
        assert_ne!(verdict(&application, &states), "changed", "the same content");
        for (name, content) in [("app/main.py", "print(1)"), ("app/new.py", ""), ("absent", "")] {
            let (path, before) = (at(name), std::fs::read(at(name)).ok());
            std::fs::write(&path, content).unwrap();
            assert_eq!(verdict(&application, &states), "changed", "{name}");
            match before {
                Some(before) => std::fs::write(&path, before).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            assert_ne!(verdict(&application, &states), "changed", "{name} as before");
        }
        std::fs::remove_file(at("app/main.py")).unwrap();
        assert_eq!(verdict(&application, &states), "changed");
    }

    #[test]
    fn a_project_is_watched_as_it_is_copied_and_a_mark_by_what_it_is() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        std::fs::create_dir_all(at("dep/.idea")).unwrap();
        std::fs::create_dir_all(at("dep/build")).unwrap();
        let mut project = watched(Extent::Project, &[at("dep")]);
        project.add(Extent::Kind, [at(".git")]);
        let states = project.states(i64::MAX).unwrap();
        std::fs::write(at("dep/build/x"), "").unwrap();
        assert_eq!(verdict(&project, &states), "same", "no build backend is given it");
        // An application would leave this out.
        std::fs::write(at("dep/.idea/x"), "").unwrap();
        assert_eq!(verdict(&project, &states), "changed");
        let states = project.states(i64::MAX).unwrap();
        std::fs::create_dir(at(".git")).unwrap();
        assert_eq!(verdict(&project, &states), "changed");
        let states = project.states(i64::MAX).unwrap();
        std::fs::write(at(".git/HEAD"), "").unwrap();
        assert_eq!(verdict(&project, &states), "same");
        std::fs::remove_dir_all(at(".git")).unwrap();
        std::fs::write(at(".git"), "gitdir: x").unwrap();
        assert_eq!(verdict(&project, &states), "changed");
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_remembered_and_has_changed() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        std::fs::create_dir(at("app")).unwrap();
        std::fs::write(at("app/main.py"), "").unwrap();
        let mut all = watched(Extent::Application, &[at("app")]);
        all.add(Extent::File, [at("file")]);
        let states = all.states(i64::MAX).unwrap();
        // Not even root follows it; to anybody else, a folder without rights is the same.
        std::os::unix::fs::symlink("file", at("file")).unwrap();
        assert!(all.states(i64::MAX).is_none());
        assert_eq!(verdict(&all, &states), "changed");
        std::fs::remove_file(at("file")).unwrap();
        assert_eq!(verdict(&all, &states), "same");
        let own = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
        if rustix::process::geteuid().is_root() {
            return;
        }
        std::fs::set_permissions(at("app/main.py"), own(0)).unwrap();
        assert!(all.states(i64::MAX).is_none());
        std::fs::set_permissions(at("app"), own(0)).unwrap();
        assert!(all.states(i64::MAX).is_none());
        std::fs::set_permissions(at("app"), own(0o700)).unwrap();
    }

    #[test]
    fn what_changes_comes_or_goes_while_it_is_read_is_not_remembered() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        std::fs::write(at("main.py"), "one").unwrap();
        let application = watched(Extent::Application, &[scratch.path().to_owned()]);
        let seen = application.seen().unwrap();
        assert!(application.read(&seen).is_some());
        std::fs::write(at("main.py"), "other").unwrap();
        assert!(application.read(&seen).is_none());
        let seen = application.seen().unwrap();
        std::fs::write(at("new.py"), "").unwrap();
        assert!(application.read(&seen).is_none());
        let seen = application.seen().unwrap();
        std::fs::remove_file(at("new.py")).unwrap();
        assert!(application.read(&seen).is_none());
    }
}
