//! A lock in which everything has a hash: the user's own, or the one that is kept beside requirements without hashes.

use std::path::{Path, PathBuf};

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::{Hasher, Platform};
use shipwheel_plan::spec::PythonSpec;
use shipwheel_python::lock::{Lock, LockReading, LockedPackage, LockedWheel};
use shipwheel_python::marker::Environment;
use shipwheel_python::requirements::{Found as Files, Pin, Requirements, check_hashes};
use shipwheel_python::select::{Selection, select_all};
use shipwheel_python::wheel::StrongHash;
use shipwheel_python::{Libc, Target};

use super::bundled_files;
use super::indexes::Indexes;
use super::kept::{self, Locking};
use super::lock_error::LockError;
use super::lock_file::LockFile;
use super::placed_requirement::{Found, PlacedRequirement};
use super::requirement_files::RequirementFiles;
use super::tool_lock::ToolLock;
use super::upgrade::Upgrade;
use crate::bundled::answers::About;
use crate::disk::text::write_text;
use crate::error::BuildError;
use crate::program::uv;
use crate::project::project::Project;
use crate::session::Session;
use crate::wheel::origins::WheelOrigins;

/// Raise this when the conversion changes.
const CONVERT_RECIPE: u32 = 2;

/// A lock with hashes, for a minor version of Python.
pub(crate) struct PinnedLock<'f> {
    file: &'f LockFile,
    /// The lock that is kept beside an input without hashes, and where files are found for it.
    kept: Option<Kept>,
    /// What is not on an index: distributions that say where they are.
    placed: Vec<LockedPackage>,
    /// Python 3.`minor`.
    minor: u32,
}

/// For whom a lock is read, and from where.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'r> {
    pub(crate) session: &'r Session<'r>,
    pub(crate) python: &'r PythonSpec,
    pub(crate) targets: &'r [Target],
    pub(crate) origins: &'r WheelOrigins,
}

/// Whether a file has hashes, or has to be locked first.
fn is_locked(file: &LockFile) -> bool {
    match file.form.reading() {
        LockReading::Native | LockReading::WithProject => true,
        LockReading::Requirements => file.requirements().is_some_and(RequirementFiles::has_any_hash),
        LockReading::LockFirst => false,
    }
}

/// The lock that is kept beside requirements, as it is now.
pub(crate) struct KeptLock {
    path: PathBuf,
    text: String,
    /// The minor version of Python that it was made for.
    pub(crate) made_for: u32,
}

impl KeptLock {
    /// The kept lock of a file that has to be locked first, if it was made from that file as it is.
    ///
    /// # Errors
    /// When one of the two cannot be read.
    pub(crate) fn of(file: &LockFile, python: &PythonSpec) -> Result<Option<Self>, BuildError> {
        if is_locked(file) {
            return Ok(None);
        }
        let kept = kept::made_for(file, python)?;
        Ok(kept.map(|(made_for, text)| Self { path: kept::kept_path(&file.path), text, made_for }))
    }

    /// Writes it back, where another was made since.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self) -> Result<(), BuildError> {
        write_text(&self.path, &self.text)
    }
}

/// A lock that shipwheel made, and keeps.
struct Kept {
    path: PathBuf,
    text: String,
    /// The lines of its input on where files are found: the lock itself names no index.
    lookups: String,
}

impl<'f> PinnedLock<'f> {
    /// The lock with hashes; requirements without any are locked first.
    ///
    /// # Errors
    /// When they cannot be locked.
    pub(crate) fn of(
        session: &Session<'_>,
        project: &Project,
        file: &'f LockFile,
        python: &PythonSpec,
        minor: u32,
    ) -> Result<Self, BuildError> {
        let packages = |placed: &[&PlacedRequirement]| placed.iter().map(|it| it.package()).collect::<Result<_, _>>();
        if is_locked(file) {
            let placed = packages(&file.placed.iter().collect::<Vec<_>>())?;
            return Ok(Self { file, kept: None, placed, minor });
        }
        let (path, text) = match kept::find(file, python, minor)? {
            Some(kept) => kept,
            None => {
                let upgrade = &Upgrade::default();
                kept::make(session, &Locking { project, lock: file, python, minor, upgrade })?
            }
        };
        // What has an address is in the kept lock, with its hash.
        let has_address = |it: &&PlacedRequirement| matches!(it.found, Found::Address(_));
        let mut placed: Vec<LockedPackage> =
            packages(&file.placed.iter().filter(|it| !has_address(it)).collect::<Vec<_>>())?;
        let kept = file.places().find(&[(path.clone(), text.as_str().into())])?;
        let kept: Vec<LockedPackage> = packages(&kept.iter().collect::<Vec<_>>())?;
        placed.extend(kept);
        let lookups = file.requirements().map(RequirementFiles::lookups).unwrap_or_default();
        Ok(Self { file, kept: Some(Kept { path, text, lookups }), placed, minor })
    }

    /// Whether there is such a lock, so that none has to be made.
    pub(crate) fn is_made(file: &LockFile, python: &PythonSpec, minor: u32) -> bool {
        is_locked(file) || matches!(kept::find(file, python, minor), Ok(Some(_)))
    }

    /// Adds all that decides about the wheels to a key.
    pub(crate) fn add_to(&self, hasher: &mut Hasher) {
        match (&self.kept, self.file.requirements()) {
            (Some(kept), _) => {
                hasher.field(&kept.text).field(&kept.lookups);
            }
            (None, Some(files)) => files.add_to(hasher),
            (None, None) => {
                hasher.field(&*self.file.text);
            }
        }
        hasher.fields(self.placed.iter().map(|package| format!("{package:?}")));
        // What is read beside the lock.
        let project = match self.file.form.reading() {
            LockReading::Native | LockReading::LockFirst => None,
            LockReading::Requirements if self.kept.is_some() => None,
            LockReading::Requirements | LockReading::WithProject => self.file.pyproject.as_deref(),
        };
        hasher.field(project.unwrap_or_default());
        // The user's own folders are known by their whole paths.
        if self.file.tool_lock().is_some() {
            hasher.field(self.file.folder().as_os_str().as_encoded_bytes());
        }
        // Which groups are the default ones stands beside the lock.
        hasher.fields(self.file.uv_lock().into_iter().flat_map(|(_, choice)| &choice.groups));
    }

    /// The lock for each of some targets, in the form that wheels are selected from.
    ///
    /// # Errors
    /// When it cannot be read or converted, a hash is missing or differs, or what is wanted of it conflicts.
    pub(crate) fn locks(&self, reader: Reader<'_>) -> Result<Vec<Lock>, BuildError> {
        if let Some(lock) = self.file.tool_lock() {
            return reader.targets.iter().map(|target| self.of_tool(lock, target, reader)).collect();
        }
        let Some((lock, choice)) = self.file.uv_lock() else {
            let lock = self.lock(reader)?;
            return Ok(vec![lock; reader.targets.len()]);
        };
        let locks = reader.targets.iter().map(|target| lock.select(choice, &Environment::new(target)));
        let conflict = |cause| LockError::Conflict { lock: self.file.path.clone(), cause };
        Ok(locks.collect::<Result<_, _>>().map_err(conflict)?)
    }

    /// Looks up what [`Self::locks`] will ask indexes for, as far as that is known without targets. What is found is
    /// remembered.
    ///
    /// # Errors
    /// As there, and what fails here fails there again.
    pub(crate) fn look_up(&self, reader: Reader<'_>) -> Result<(), BuildError> {
        let look_up = |files: &RequirementFiles, path: &Path, lookups: &str| {
            Conversion { reader, lock: self.file, files, path, lookups, minor: self.minor }.look_up()
        };
        match (&self.kept, self.file.requirements()) {
            (Some(Kept { path, text, lookups }), _) => look_up(&RequirementFiles::one(path, text), path, lookups),
            (None, Some(files)) => look_up(files, &self.file.path, ""),
            (None, None) => Ok(()),
        }
    }

    /// A lock that is the same for every target, with what is on no index.
    fn lock(&self, reader: Reader<'_>) -> Result<Lock, BuildError> {
        let mut lock = self.converted(reader)?;
        for placed in &self.placed {
            // Named twice, it is one, and needed wherever one of the lines says so.
            let (name, wheels, origin) = (&placed.name, &placed.wheels, &placed.origin);
            let is_same = |it: &&mut LockedPackage| (&it.name, &it.wheels, &it.origin) == (name, wheels, origin);
            match lock.packages.iter_mut().find(is_same) {
                Some(known) if known.marker == placed.marker => {}
                Some(known) => known.marker = None,
                None => lock.packages.push(placed.clone()),
            }
        }
        Ok(lock)
    }

    /// What Poetry, PDM or Pipenv locked for a target.
    fn of_tool(&self, lock: &ToolLock, target: &Target, reader: Reader<'_>) -> Result<Lock, BuildError> {
        let environment = Environment::new(target);
        let chosen = lock.choose(&self.file.path, reader.python, self.file.pyproject.as_deref(), &environment)?;
        let reader = Reader { targets: std::slice::from_ref(target), ..reader };
        let mut lock = self.of_text(&chosen.to_requirements(), reader)?;
        lock.packages.extend(chosen.packages);
        Ok(Lock { requires_python: chosen.requires_python, environments: chosen.environments, ..lock })
    }

    /// The lock of a text that was made of the lock: its paths are relative to it.
    fn of_text(&self, text: &str, reader: Reader<'_>) -> Result<Lock, BuildError> {
        let path = &self.file.path;
        let files = RequirementFiles::one(path, text);
        let mut lock =
            Conversion { reader, lock: self.file, files: &files, path, lookups: "", minor: self.minor }.run()?;
        for requirement in files.placed(self.file.places())? {
            lock.packages.push(requirement.package()?);
        }
        Ok(lock)
    }

    fn converted(&self, reader: Reader<'_>) -> Result<Lock, BuildError> {
        let path = &self.file.path;
        let convert = |files: &RequirementFiles, path: &Path, lookups: &str| {
            Conversion { reader, lock: self.file, files, path, lookups, minor: self.minor }.run()
        };
        if let Some(Kept { path, text, lookups }) = &self.kept {
            return convert(&RequirementFiles::one(path, text), path, lookups);
        }
        if let Some(files) = self.file.requirements() {
            return convert(files, path, "");
        }
        if let Some(lock) = self.file.pylock() {
            return Ok(lock.clone());
        }
        Err(BuildError::internal("a lock that was not read"))
    }
}

/// Requirements with hashes → the lock that uv makes of them, checked against the hashes.
struct Conversion<'c> {
    reader: Reader<'c>,
    /// The lock that the definition names.
    lock: &'c LockFile,
    files: &'c RequirementFiles,
    /// The file that has the hashes, for messages.
    path: &'c Path,
    /// Further lines on where files are found.
    lookups: &'c str,
    minor: u32,
}

impl Conversion<'_> {
    fn run(&self) -> Result<Lock, BuildError> {
        let requirements = self.files.requirements()?;
        if !requirements.has_all_hashes() {
            return Err(LockError::PartialHashes { path: self.path.to_owned() }.into());
        }
        let pins = requirements.pins(&environments(self.minor));
        let local = self.local(&pins)?;
        let is_here: Vec<bool> = pins.iter().map(|pin| self.is_here(&requirements, pin, &local)).collect();
        if let Some(lock) = requirements.lock_of_wheels(&pins, &local).filter(|_| !is_here.contains(&false)) {
            return Ok(lock);
        }
        let open = pins.iter().zip(&is_here).filter(|(_, is_here)| !**is_here);
        let open: Vec<Pin> = open.map(|(pin, _)| pin.clone()).collect();
        let Some(looked_up) = self.found(&open)? else {
            let input = self.lookups.to_owned() + &self.files.lines(&self.reader.python.allow_build)?;
            return self.convert(&requirements, &input, &self.lock.lookup()?);
        };
        let mut looked_up = looked_up.into_iter();
        let found = is_here.iter().map(|is_here| if *is_here { Some(Vec::new()) } else { looked_up.next().flatten() });
        requirements.lock(&pins, &found.collect(), &local).map_err(|problems| LockError::Hashes(problems).into())
    }

    /// The files of pins: what a bundle says, or the indexes; `None` where uv has to find them.
    fn found(&self, open: &[Pin]) -> Result<Option<Files>, BuildError> {
        let session = self.reader.session;
        if session.outside.is_bundle() {
            return Ok(open.iter().map(|pin| bundled_files::known(&session.outside, pin)).collect());
        }
        let Some(indexes) = self.indexes()? else { return Ok(None) };
        let found = indexes.look_up(session, open)?;
        for (pin, files) in open.iter().zip(&found) {
            bundled_files::note(&session.outside, pin, files.as_deref().unwrap_or_default());
        }
        Ok(Some(found))
    }

    /// Finds the files of all pins, for whoever asks next.
    fn look_up(&self) -> Result<(), BuildError> {
        let pins = self.files.requirements()?.pins(&environments(self.minor));
        if let Some(indexes) = self.indexes()? {
            indexes.look_up(self.reader.session, &pins)?;
        }
        Ok(())
    }

    /// The indexes that have the files, unless uv has to find them.
    fn indexes(&self) -> Result<Option<Indexes>, BuildError> {
        let lookups = self.lookups.to_owned() + &self.files.lookups();
        Indexes::of(self.reader.session, &self.reader.python.index, &lookups, &self.lock.lookup()?)
    }

    /// The wheels in the user's folders that pins list.
    fn local(&self, pins: &[Pin]) -> Result<Vec<LockedWheel>, BuildError> {
        let wanted = pins.iter().flat_map(|pin| &pin.hashes).copied().collect();
        let stronger: Vec<StrongHash> = pins.iter().flat_map(|pin| &pin.stronger).copied().collect();
        self.reader.origins.wheels_with(&wanted, &stronger)
    }

    /// Whether wheels in the user's folders are all that the targets need of a pin: no index is asked for it then.
    fn is_here(&self, requirements: &Requirements, pin: &Pin, local: &[LockedWheel]) -> bool {
        let lock = requirements.lock_of_wheels(std::slice::from_ref(pin), local);
        lock.is_some_and(|lock| {
            let each = self.reader.targets.iter().map(|target| (&lock, target));
            select_all(each, &Selection::default()).is_ok()
        })
    }

    /// The lock that uv makes of the requirements: it also looks into folders and on pages of links.
    fn convert(&self, requirements: &Requirements, input: &str, settings: &str) -> Result<Lock, BuildError> {
        let shown = self.path.display().to_string();
        let mut hasher = Hasher::new();
        hasher.field(CONVERT_RECIPE.to_le_bytes()).field(self.minor.to_le_bytes()).field(self.lookups);
        self.files.add_to(&mut hasher);
        let key = hasher.finish();
        let outside = &self.reader.session.outside;
        let known =
            match outside.is_bundle() {
                true => Some(outside.known::<String>(About::Lock, &key.hex()).ok_or_else(|| {
                    self.reader.session.lacking(format!("what indexes have for the pins of {shown}"))
                })?),
                false => self.reader.session.cache.record::<String>("pylock", &key),
            };
        let converted = match known {
            Some(converted) => converted,
            None => {
                self.reader.session.report.step(&format!("lock: converting {shown}"));
                let converted = uv::convert_requirements(self.reader.session, input, settings, self.minor)?;
                // A text with a password in it is kept nowhere.
                if !shipwheel_store::has_secret(&converted) {
                    self.reader.session.cache.put_record("pylock", &key, &converted)?;
                }
                converted
            }
        };
        if !shipwheel_store::has_secret(&converted) {
            outside.note(About::Lock, &key.hex(), &converted);
        }
        // Lines in messages are those of the conversion.
        let lock = Lock::parse(&converted, &format!("{shown} (converted)"))?;
        // No text of a bundle leads to a place of this machine.
        if outside.is_bundle() && lock.packages.iter().any(|package| package.origin.is_some()) {
            return Err(self
                .reader
                .session
                .lacking(format!("a lock of {shown} without places of other machines"))
                .into());
        }
        // uv looks the wheels up by name and version and does not compare the file's hashes.
        let checked = check_hashes(lock, requirements, &environments(self.minor));
        checked.map_err(|problems| LockError::Hashes(problems).into())
    }
}

/// Where an image of Python 3.`minor` may run, as far as a marker tells: uv leaves out what no such place needs.
fn environments(minor: u32) -> Vec<Environment> {
    let pythons = [0, 99].map(|micro| PythonVersion { major: 3, minor, micro });
    let platforms = [Platform::linux_amd64(), Platform::linux_arm64()];
    let targets = pythons.into_iter().flat_map(|python| {
        let libc = Libc::Glibc { major: 2, minor: 28 };
        platforms.clone().map(|platform| Target { python, platform, libc })
    });
    targets.map(|target| Environment::new(&target)).collect()
}
