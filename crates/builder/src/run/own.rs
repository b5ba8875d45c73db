//! The own way to run an image: a container of namespaces, which shipwheel makes itself, with or without root.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use shipwheel_store::{Cache, FileAction};
use tempfile::TempDir;

use super::account::Account;
use super::tree_folder::{Owners, copy};
use crate::confine::container::{Container, Identity, Process, ROOT, UPPER, Volume, WORK, WritableLayer, lower};
use crate::confine::root_mounts::LAYING;
use crate::confine::sandbox::{Sandbox, spawn};
use crate::error::BuildError;

/// Who root of an image is where shipwheel is root: a user who owns no other files.
const NOBODY: u32 = 65534;

/// The file in a container's folder that describes it.
const DESCRIPTION: &str = "container.json";

/// The folder in a container's folder that it is tried in.
const TRIAL: &str = "trial";

/// What one container is made of.
pub(super) struct OwnRun<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) cache: &'a Cache,
    pub(super) account: &'a Account,
    pub(super) process: Process,
    pub(super) volumes: Vec<Volume>,
    pub(super) texts: Vec<(String, String)>,
}

/// A container that is ready to be started: its folder is removed when it has ended.
pub(super) struct OwnContainer {
    pub(super) folder: TempDir,
    /// Whether the files were copied, because they could not be laid over one another.
    pub(super) is_copied: bool,
}

/// Who the user of an image is on this machine, and who owns the files.
pub(super) fn identity(account: &Account) -> (Identity, Owners) {
    let Account { user, group, groups, .. } = account.clone();
    match (rustix::process::geteuid().is_root(), user) {
        (false, _) => (Identity::Mapped { user, group }, Owners::One { owner: None, account: account.clone() }),
        (true, 0) => (Identity::Root { host: NOBODY }, Owners::One { owner: Some(NOBODY), account: account.clone() }),
        (true, _) => (Identity::Real { user, group, groups }, Owners::Image),
    }
}

impl OwnRun<'_> {
    fn container(&self, lowers: Vec<PathBuf>, layer: WritableLayer) -> Container {
        Container {
            lowers,
            layer,
            volumes: self.volumes.clone(),
            texts: self.texts.clone(),
            identity: identity(self.account).0,
            process: self.process.clone(),
        }
    }

    /// Whether this machine can have a container of these at all, tried with one that has no files; else why not.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(super) fn works(&self) -> Result<Result<(), String>, BuildError> {
        let folder = self.cache.scratch_dir()?;
        let container = self.container(Vec::new(), WritableLayer::Copy);
        let works = rehearse(self.sandbox, &container, &folder.path().join(TRIAL));
        self.cache.discard(folder);
        works
    }

    /// Makes the folder of a container over others, or over a copy of them where the kernel cannot lay them over one
    /// another here.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(super) fn prepare(self, folders: Vec<PathBuf>) -> Result<OwnContainer, BuildError> {
        let folder = self.cache.scratch_dir()?;
        let mut container = self.container(folders, WritableLayer::Overlay);
        let trial = folder.path().join(TRIAL);
        if rehearse(self.sandbox, &container, &trial)?.is_err_and(|reason| reason.starts_with(LAYING)) {
            container.layer = WritableLayer::Copy;
        }
        fill(&container, folder.path())?;
        if container.layer == WritableLayer::Copy {
            container.lowers.iter().try_for_each(|lower| copy(lower, &folder.path().join(ROOT)))?;
        }
        Ok(OwnContainer { folder, is_copied: container.layer == WritableLayer::Copy })
    }
}

impl OwnContainer {
    /// The command that starts it.
    pub(super) fn command(&self, sandbox: &Sandbox) -> Command {
        let mut command = sandbox.container(DESCRIPTION, false);
        command.current_dir(self.folder.path());
        command
    }
}

/// Makes a container in a folder of its own, up to the point where it would become the program; what it says if it
/// does not come so far.
fn rehearse(sandbox: &Sandbox, container: &Container, folder: &Path) -> Result<Result<(), String>, BuildError> {
    fs::create_dir_all(folder).map_err(BuildError::file(FileAction::Create, folder))?;
    fill(container, folder)?;
    let mut command = sandbox.container(DESCRIPTION, true);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let ended = spawn(command).and_then(std::process::Child::wait_with_output);
    Ok(match ended {
        Err(error) => Err(error.to_string()),
        Ok(ended) if ended.status.success() => Ok(()),
        Ok(ended) => Err(String::from_utf8_lossy(&ended.stderr).trim().trim_start_matches("error: ").to_owned()),
    })
}

/// Makes the folders of a container, and the file that describes it; what is there already stays.
fn fill(container: &Container, folder: &Path) -> Result<(), BuildError> {
    let mounted = (0..container.lowers.len()).map(lower);
    for name in [ROOT, UPPER, WORK].map(str::to_owned).into_iter().chain(mounted) {
        let path = folder.join(name);
        fs::create_dir_all(&path).map_err(BuildError::file(FileAction::Create, &path))?;
    }
    // The top of an overlay has what its upper folder has.
    let upper = folder.join(UPPER);
    if let Some(top) = container.lowers.first() {
        let like = fs::metadata(top).map_err(BuildError::file(FileAction::Read, top))?;
        if rustix::process::geteuid().is_root() {
            chown(&upper, Some(like.uid()), Some(like.gid())).map_err(BuildError::file(FileAction::Write, &upper))?;
        }
        fs::set_permissions(&upper, like.permissions()).map_err(BuildError::file(FileAction::Write, &upper))?;
    }
    let (path, text) = (folder.join(DESCRIPTION), serde_json::to_vec(container).map_err(BuildError::internal)?);
    fs::write(&path, text).map_err(BuildError::file(FileAction::Write, &path))
}
