//! A requirement that says where its distribution is, as it is found on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipwheel_oci::{Digest, Hasher};
use shipwheel_python::lock::{LockedPackage, LockedSdist, LockedWheel, Origin, name_in_url};
use shipwheel_python::requirements::{Place, Placed, RequirementsError, placed};
use shipwheel_python::wheel::{StrongHash, WheelName};
use shipwheel_python::{CoreMetadata, DistributionName, Repository, Version};

use super::lock_error::LockError;
use super::placed_error::{PlacedError, PlacedErrorKind as Kind};
use crate::error::BuildError;
use crate::project::hashed::Hashed;
use crate::project::text_files::normal;
use crate::project::workspace::Workspace;
use crate::wheel::project_error::ProjectError;
use crate::wheel::project_sources::ProjectSources;
use shipwheel_store::{FileAction, open_regular};

/// A requirement with what is at its place.
pub(crate) struct PlacedRequirement {
    /// The file that names it.
    pub(crate) file: PathBuf,
    /// The line.
    pub(crate) placed: Placed,
    /// What is there.
    pub(crate) found: Found,
}

/// What is at a place.
pub(crate) enum Found {
    /// A project: its folder, absolute, and what its files say that it requires.
    Folder(PathBuf, Option<CoreMetadata>),
    /// A wheel, absolute.
    Wheel(PathBuf, WheelName, Digest),
    /// An archive of sources, absolute.
    Sdist(PathBuf, Digest),
    /// A file of another machine.
    Address(String),
    /// A commit in a repository.
    Repository(Repository),
}

/// Where paths of requirements are looked for, and what they may reach.
#[derive(Clone, Copy)]
pub(crate) struct Places<'p> {
    /// Where pip would be started: its paths are relative to that, whatever file names them.
    pub(crate) root: &'p Path,
    /// What may be read.
    pub(crate) workspace: &'p Workspace,
}

impl Places<'_> {
    /// The requirements of some files that say where they are, with those that the projects among them name.
    ///
    /// # Errors
    /// When a line cannot be read, nothing is at a place, it is outside of the workspace, or may move.
    pub(crate) fn find(&self, files: &[(PathBuf, Arc<str>)]) -> Result<Vec<PlacedRequirement>, BuildError> {
        let mut all: Vec<PlacedRequirement> = Vec::new();
        for (file, text) in files {
            let shown = file.display().to_string();
            let lines = placed(text);
            let lines =
                lines.map_err(|problems| LockError::NotLockable(RequirementsError { file: shown, problems }))?;
            for line in lines {
                all.push(self.one(file, line)?);
            }
        }
        let mut next = 0;
        while next < all.len() {
            for line in all[next].named_by_project() {
                if !all.iter().any(|known| known.name() == line.name.as_ref()) {
                    let file = all[next].file.clone();
                    all.push(self.one(&file, line)?);
                }
            }
            next += 1;
        }
        Ok(all)
    }

    fn one(&self, file: &Path, placed: Placed) -> Result<PlacedRequirement, BuildError> {
        let found = match &placed.place {
            Place::Url(url) => Found::Address(url.clone()),
            Place::Git(repository) if repository.commit().is_none() => {
                return Err(Kind::Moves(repository.clone()).of(file, &placed).into());
            }
            Place::Git(repository) => Found::Repository(repository.clone()),
            Place::Path(path) => {
                let beside = file.parent().unwrap_or(Path::new("/"));
                let [first, second] = [self.root.join(path), beside.join(path)].map(|path| normal(&path));
                let path = if first.exists() { first.clone() } else { second };
                if !path.exists() {
                    return Err(Kind::Nowhere { looked: first }.of(file, &placed).into());
                }
                self.workspace.check(&path)?;
                at_path(path, file, &placed)?
            }
        };
        Ok(PlacedRequirement { file: file.to_owned(), placed, found })
    }
}

fn at_path(path: PathBuf, file: &Path, placed: &Placed) -> Result<Found, BuildError> {
    if path.is_dir() {
        let sources = ProjectSources::collect(&path).map_err(|error| in_line(error, file, placed))?;
        let declared = sources.declared(None);
        return Ok(Found::Folder(path, declared));
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let is_wheel = name.ends_with(".whl");
    if !is_wheel && !name.ends_with(".tar.gz") && !name.ends_with(".zip") {
        return Err(Kind::NotInstallable.of(file, placed).into());
    }
    let digest = Hashed::read(&path)?.digest;
    if !placed.hashes.is_empty() && !placed.hashes.sha256.contains(&digest) && !has_stronger(&path, placed)? {
        return Err(Kind::Hash(digest).of(file, placed).into());
    }
    match is_wheel {
        true => {
            let name = name.parse().map_err(|cause| Kind::WheelName(cause).of(file, placed))?;
            Ok(Found::Wheel(path, name, digest))
        }
        false => Ok(Found::Sdist(path, digest)),
    }
}

/// Whether a file has one of the hashes that a line lists in place of a sha256.
fn has_stronger(path: &Path, placed: &Placed) -> Result<bool, BuildError> {
    if placed.hashes.stronger.is_empty() {
        return Ok(false);
    }
    let mut file = open_regular(path).map_err(BuildError::file(FileAction::Open, path))?;
    let found = StrongHash::first_of(&placed.hashes.stronger, &mut file);
    Ok(found.map_err(BuildError::file(FileAction::Read, path))?.is_some())
}

/// What is wrong with a project, with the line that names it.
pub(crate) fn in_line(error: BuildError, file: &Path, placed: &Placed) -> BuildError {
    match error {
        // What a build said is its cause, and told as one.
        BuildError::Project(cause) if !matches!(cause, ProjectError::Build { .. }) => {
            Kind::Project(Box::new(cause)).of(file, placed).into()
        }
        other => other,
    }
}

impl PlacedRequirement {
    /// Its distribution, as far as that is known without a build.
    pub(crate) fn name(&self) -> Option<&DistributionName> {
        match &self.found {
            Found::Folder(_, Some(declared)) => Some(&declared.name),
            Found::Wheel(_, name, _) => Some(&name.distribution),
            Found::Folder(_, None) | Found::Sdist(..) | Found::Address(_) | Found::Repository(_) => {
                self.placed.name.as_ref()
            }
        }
    }

    /// Where it is on this machine.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.found {
            Found::Folder(path, _) | Found::Wheel(path, ..) | Found::Sdist(path, _) => Some(path),
            Found::Address(_) | Found::Repository(_) => None,
        }
    }

    /// What the files of a project say that is at a place, too.
    fn named_by_project(&self) -> Vec<Placed> {
        let Found::Folder(_, Some(declared)) = &self.found else { return Vec::new() };
        let lines = placed(&declared.requires.join("\n")).unwrap_or_default();
        // What an extra asks for is needed only with it, and then wherever the project is.
        let lines = lines.into_iter().filter_map(|line| {
            let text = line.marker.as_ref().map(ToString::to_string).unwrap_or_default();
            let is_of_extra = text.contains("extra");
            let is_wanted = !is_of_extra || self.placed.extras.iter().any(|extra| text.contains(extra.as_str()));
            let marker = if is_of_extra { self.placed.marker.clone() } else { line.marker.clone() };
            is_wanted.then_some(Placed { line: self.placed.line, marker, ..line })
        });
        lines.collect()
    }

    /// Adds what it asks for to a key: a lock that was made with it is older than another one.
    ///
    /// Of a project that only its build backend knows, these are the files that the backend reads it from.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn add_to(&self, hasher: &mut Hasher) -> Result<(), BuildError> {
        match &self.found {
            Found::Folder(_, Some(CoreMetadata { name, requires, extras, .. })) => {
                hasher.field("folder").field(name.as_str()).fields(requires).fields(extras);
            }
            Found::Folder(folder, None) => {
                let files = ["pyproject.toml", "setup.cfg", "setup.py", "requirements.txt"];
                for path in files.map(|name| folder.join(name)).iter().filter(|path| path.is_file()) {
                    hasher.field("file").field(Hashed::read(path)?.digest.as_bytes());
                }
            }
            Found::Wheel(_, _, digest) | Found::Sdist(_, digest) => {
                hasher.field("digest").field(digest.as_bytes());
            }
            // The line says it, unless a project's file does.
            Found::Address(_) | Found::Repository(_) => {
                hasher.field(self.placed.to_string());
            }
        }
        Ok(())
    }

    /// The same as a distribution of a lock; paths are absolute.
    ///
    /// # Errors
    /// When nothing names it, or a file of another machine has no hash.
    pub(crate) fn package(&self) -> Result<LockedPackage, PlacedError> {
        let Placed { line, marker, hashes, place, .. } = &self.placed;
        let mut package = LockedPackage {
            name: self.package_name()?,
            version: None,
            marker: marker.clone(),
            requires_python: None,
            wheels: Vec::new(),
            sdist: None,
            origin: None,
            line: *line,
        };
        let wheel = |name: WheelName, sha256| LockedWheel {
            name,
            url: None,
            path: None,
            size: None,
            sha256,
            stronger: Vec::new(),
        };
        let sdist = |sha256| LockedSdist { url: None, path: None, sha256, stronger: Vec::new() };
        match &self.found {
            Found::Folder(path, _) => package.origin = Some(Origin::Directory(path.display().to_string())),
            Found::Repository(repository) => package.origin = Some(Origin::Git(repository.clone())),
            Found::Wheel(path, name, digest) => {
                let path = Some(path.display().to_string());
                package.wheels.push(LockedWheel { path, ..wheel(name.clone(), Some(*digest)) });
            }
            Found::Sdist(path, digest) => {
                package.sdist = Some(LockedSdist { path: Some(path.display().to_string()), ..sdist(Some(*digest)) });
            }
            Found::Address(url) => {
                if hashes.is_empty() {
                    return Err(Kind::NoHash.of(&self.file, &self.placed));
                }
                let (url, sha256) = (Some(url.clone()), hashes.sha256.first().copied());
                let stronger = if sha256.is_some() { Vec::new() } else { hashes.stronger.clone() };
                match wheel_name(&place.to_string()) {
                    Some(name) => package.wheels.push(LockedWheel { url, stronger, ..wheel(name, sha256) }),
                    None => package.sdist = Some(LockedSdist { url, stronger, ..sdist(sha256) }),
                }
            }
        }
        package.version = package.wheels.first().map(|wheel| Version::clone(&wheel.name.version));
        Ok(package)
    }

    fn package_name(&self) -> Result<DistributionName, PlacedError> {
        let own = match &self.found {
            // A folder is installed under the name of its wheel, whatever stands here.
            Found::Folder(path, _) => path.file_name().and_then(|name| name.to_str()?.parse().ok()),
            Found::Address(url) => wheel_name(url).map(|name| name.distribution),
            Found::Wheel(..) | Found::Sdist(..) | Found::Repository(_) => None,
        };
        self.name().cloned().or(own).ok_or_else(|| Kind::Unnamed.of(&self.file, &self.placed))
    }
}

/// The name of the wheel at an address, if there is one.
fn wheel_name(url: &str) -> Option<WheelName> {
    name_in_url(url).parse().ok()
}
