//! Where the files of a lock come from: wheel folders first, then the cache, then their addresses or mirrors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use shipwheel_oci::Digest;
use shipwheel_plan::spec::{Problem, PythonSpec};
use shipwheel_python::lock::LockedWheel;
use shipwheel_python::wheel::{StrongHash, WheelName};
use shipwheel_store::http::Download;
use shipwheel_store::package_index::{IndexCredentials, IndexFetch, Keyring};
use shipwheel_store::{FileAction, open_regular};

use super::wheel_set_error::WheelSetError;
use crate::disk::bytes::digest_of;
use crate::error::BuildError;
use crate::program::keyring::KeyringProgram;
use crate::project::definition::Definition;
use crate::project::project::Project;
use crate::session::Session;

/// How many files are fetched at a time.
const CONCURRENCY: usize = 8;

/// A file that a lock lists.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) file_name: String,
    pub(crate) url: Option<String>,
    pub(crate) digest: Digest,
    pub(crate) size: Option<u64>,
}

/// Where files come from, in this order.
#[derive(Debug, Default)]
pub(crate) struct WheelOrigins {
    folders: Vec<PathBuf>,
    /// The hashes of files in them, as far as they were read.
    hashed: Mutex<BTreeMap<PathBuf, Digest>>,
    /// What paths in the lock are relative to.
    lock_folder: PathBuf,
    /// Prefixes and their replacements; the first that matches is used.
    mirrors: Vec<(String, String)>,
    credentials: IndexCredentials,
}

impl WheelOrigins {
    /// The origins that a definition, its project and the environment name.
    ///
    /// # Errors
    /// When a wheel folder does not exist, or `SHIPWHEEL_WHEEL_MIRRORS` cannot be read.
    pub(crate) fn of(
        session: &Session<'_>,
        definition: &Definition,
        python: &PythonSpec,
        project: &Project,
    ) -> Result<Self, BuildError> {
        let mut folders = Vec::new();
        for folder in &python.wheels {
            let path = definition.folder.join(&folder.value);
            if !path.is_dir() {
                let problem = Problem::new(folder.span.clone(), format!("`{}` is not a folder", folder.value));
                let hint = format!("shipwheel looked in {}", definition.folder.display());
                return Err(definition.problem(problem.with_hint(hint)).into());
            }
            folders.push(path);
        }
        folders.extend(project.lock.iter().flat_map(|lock| lock.find_links()));
        let mut mirrors = environment_mirrors(session)?;
        let mut own: Vec<_> = python.mirrors.iter().map(|(from, to)| (from.clone(), to.clone())).collect();
        own.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        mirrors.extend(own);
        let mut credentials = IndexCredentials::new(&session.environment);
        for index in &project.indexes {
            credentials.add_index(index.name.as_deref(), &index.url, &session.environment);
        }
        let lock_folder = project.lock.as_ref().map(|lock| lock.folder().to_owned()).unwrap_or_default();
        Ok(Self { folders, hashed: Mutex::default(), lock_folder, mirrors, credentials })
    }

    /// Whether the definition names folders with wheels.
    pub(crate) fn has_folders(&self) -> bool {
        !self.folders.is_empty()
    }

    /// The address that a file is fetched from.
    fn mirrored(&self, url: &str) -> String {
        let found =
            self.mirrors.iter().find_map(|(from, to)| Some(format!("{to}{}", url.strip_prefix(from.as_str())?)));
        found.unwrap_or_else(|| url.to_owned())
    }

    /// Puts into the cache what of these is not there.
    ///
    /// # Errors
    /// When one cannot be obtained or has another hash than the lock says.
    pub(crate) fn fetch(&self, session: &Session<'_>, wanted: &[Wanted]) -> Result<(), BuildError> {
        let missing = |wanted: &&Wanted| session.cache.blob_size(&wanted.digest).is_none();
        let digests: BTreeSet<Digest> = wanted.iter().filter(missing).map(|wanted| wanted.digest).collect();
        self.take_from_folders(session, digests)?;
        let mut downloads = Vec::new();
        for file in wanted.iter().filter(missing) {
            match &file.url {
                Some(_) if session.offline => return Err(session.lacking(&file.file_name).into()),
                Some(url) => {
                    let url = self.mirrored(url);
                    downloads.push(Download { url, digest: file.digest, size: file.size, name: None });
                }
                None => return Err(WheelSetError::NoAddress { wheel: file.file_name.clone() }.into()),
            }
        }
        if downloads.is_empty() {
            return Ok(());
        }
        let keyring = KeyringProgram::of(session);
        let fetched = session.http.fetch_from_indexes(&downloads, self.how(session, keyring.as_ref()));
        fetched
            .inspect_err(|error| session.outside.note_missing(error))
            .map_err(|error| WheelSetError::Fetch(error).into())
    }

    /// Takes a file into the cache that the lock names by its path.
    ///
    /// # Errors
    /// When it cannot be read or has another hash than the lock says.
    pub(crate) fn take_in(
        &self,
        session: &Session<'_>,
        path: &str,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<(), BuildError> {
        if session.cache.blob_size(digest).is_some() {
            return Ok(());
        }
        let path = self.lock_folder.join(path);
        let file = open_regular(&path).map_err(BuildError::file(FileAction::Open, &path))?;
        take(session, &file, &path, digest, size)
    }

    /// Copies wheels with the wanted hashes from the folders, whatever their names.
    fn take_from_folders(&self, session: &Session<'_>, mut wanted: BTreeSet<Digest>) -> Result<(), BuildError> {
        for path in self.wheel_files()? {
            if wanted.is_empty() {
                break;
            }
            let digest = self.digest(&path)?;
            if wanted.remove(&digest) {
                let file = open_regular(&path).map_err(BuildError::file(FileAction::Open, &path))?;
                take(session, &file, &path, &digest, None)?;
            }
        }
        Ok(())
    }

    /// Whether a wheel of the folders has one of these hashes, and its sha256; those of the same version are read.
    ///
    /// # Errors
    /// When a folder or a file in it cannot be read.
    pub(super) fn sha256_in_folders(
        &self,
        wanted: &WheelName,
        hashes: &[StrongHash],
    ) -> Result<Option<Digest>, BuildError> {
        for path in self.wheel_files()? {
            let is_of =
                |name: &WheelName| (&name.distribution, &name.version) == (&wanted.distribution, &wanted.version);
            if name_of(&path).as_ref().is_some_and(is_of) && strong_hash(&path, hashes)?.is_some() {
                return self.digest(&path).map(Some);
            }
        }
        Ok(None)
    }

    /// Takes a file into the cache whose sha256 nobody knows, from its path or its address.
    ///
    /// # Errors
    /// When it has neither, or cannot be obtained.
    pub(super) fn take_unknown(
        &self,
        session: &Session<'_>,
        file_name: &str,
        (path, url): (Option<&str>, Option<&str>),
        size: Option<u64>,
    ) -> Result<Digest, BuildError> {
        if let Some(path) = path {
            let path = self.lock_folder.join(path);
            let mut file = open_regular(&path).map_err(BuildError::file(FileAction::Open, &path))?;
            let mut writer = session.cache.blob_writer()?;
            std::io::copy(&mut file, &mut writer).map_err(BuildError::file(FileAction::Read, &path))?;
            return Ok(writer.finish()?.0);
        }
        let url = url.ok_or_else(|| WheelSetError::NoAddress { wheel: file_name.to_owned() })?;
        if session.offline {
            return Err(session.lacking(file_name).into());
        }
        let keyring = KeyringProgram::of(session);
        let fetched = session.http.fetch_unknown(&self.mirrored(url), size, self.how(session, keyring.as_ref()));
        fetched.map_err(|error| WheelSetError::Fetch(error).into())
    }

    fn how<'a>(&'a self, session: &'a Session<'_>, keyring: Option<&'a KeyringProgram<'_>>) -> IndexFetch<'a> {
        let keyring = keyring.map(|keyring| keyring as &dyn Keyring);
        let (cache, progress) = (&session.cache, session.progress);
        IndexFetch { cache, progress, concurrency: CONCURRENCY, credentials: &self.credentials, keyring }
    }

    /// The wheels in the folders that have one of these hashes, by their names.
    ///
    /// # Errors
    /// When a folder or a file in it cannot be read.
    pub(crate) fn wheels_with(
        &self,
        wanted: &BTreeSet<Digest>,
        stronger: &[StrongHash],
    ) -> Result<Vec<LockedWheel>, BuildError> {
        let mut found = Vec::new();
        for path in self.wheel_files()? {
            let Some(name) = name_of(&path) else { continue };
            let digest = self.digest(&path)?;
            let is_wanted = wanted.contains(&digest);
            let strong = if is_wanted || stronger.is_empty() { None } else { strong_hash(&path, stronger)? };
            if is_wanted || strong.is_some() {
                let (sha256, stronger) = (Some(digest), strong.into_iter().collect());
                found.push(LockedWheel { name, url: None, path: None, size: None, sha256, stronger });
            }
        }
        Ok(found)
    }

    /// The hash of a file in the folders, which may be large: it is read once. What is taken is hashed again.
    fn digest(&self, path: &Path) -> Result<Digest, BuildError> {
        let hashed = || self.hashed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hashed().get(path) {
            return Ok(*known);
        }
        let file = open_regular(path).map_err(BuildError::file(FileAction::Open, path))?;
        let digest = digest_of(&file).map_err(BuildError::file(FileAction::Read, path))?;
        hashed().insert(path.to_owned(), digest);
        Ok(digest)
    }

    /// The files in the folders that are wheels by their ending, folder after folder.
    fn wheel_files(&self) -> Result<Vec<PathBuf>, BuildError> {
        let mut all = Vec::new();
        for folder in &self.folders {
            let entries = fs_err::read_dir(folder).map_err(BuildError::file(FileAction::Read, folder))?;
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.retain(|path| path.extension().is_some_and(|extension| extension == "whl") && path.is_file());
            paths.sort();
            all.append(&mut paths);
        }
        Ok(all)
    }
}

/// The wheel that a file is by its name.
fn name_of(path: &Path) -> Option<WheelName> {
    path.file_name()?.to_str()?.parse().ok()
}

/// The first of some hashes that a file has.
fn strong_hash(path: &Path, hashes: &[StrongHash]) -> Result<Option<StrongHash>, BuildError> {
    let mut file = open_regular(path).map_err(BuildError::file(FileAction::Open, path))?;
    StrongHash::first_of(hashes, &mut file).map_err(BuildError::file(FileAction::Read, path))
}

/// Takes a file of this machine into the cache.
fn take(
    session: &Session<'_>,
    mut file: &File,
    path: &Path,
    digest: &Digest,
    size: Option<u64>,
) -> Result<(), BuildError> {
    let mut writer = session.cache.blob_writer()?;
    std::io::copy(&mut file, &mut writer).map_err(BuildError::file(FileAction::Read, path))?;
    writer.finish_expected(digest, size, &path.display().to_string())?;
    Ok(())
}

/// `SHIPWHEEL_WHEEL_MIRRORS=from=to,from=to`.
fn environment_mirrors(session: &Session<'_>) -> Result<Vec<(String, String)>, BuildError> {
    const NAME: &str = "SHIPWHEEL_WHEEL_MIRRORS";
    let pairs = session.variable(NAME).into_iter().flat_map(|text| text.split(',')).map(str::trim);
    let is_url = |text: &str| text.starts_with("https://") || text.starts_with("http://");
    let pairs = pairs.filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
        Some((from, to)) if is_url(from) && is_url(to) => Ok((from.to_owned(), to.to_owned())),
        // The value may have a password in it.
        _ => Err(WheelSetError::Mirrors { variable: NAME }.into()),
    });
    pairs.collect()
}
