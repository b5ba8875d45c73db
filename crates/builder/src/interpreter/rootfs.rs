//! The part of a base's tree that its interpreter needs, on disk, and the command that runs it.
//!
//! No namespace, no chroot, no root: the base's own dynamic loader is started by its path and
//! told every library folder. Links are resolved inside the tree, so that nothing on disk leads
//! out of the folder.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use fs_err as fs;
use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_oci::{Digest, Hasher, Platform};
use shipwheel_plan::facts::PythonFacts;
use shipwheel_python::elf::ElfFacts;
use shipwheel_store::{Cache, FileAction, read_small};

use super::interpreter_error::{InterpreterError, InterpreterFault};
use crate::confine::confinement::Confinement;
use crate::error::BuildError;

/// An interpreter on disk, ready to be run.
#[derive(Debug, Clone)]
pub(crate) struct Rootfs {
    identity: Digest,
    folder: PathBuf,
    loader: PathBuf,
    executable: PathBuf,
    libraries: Vec<PathBuf>,
}

/// The library folders of a platform, in the order in which the loader must search them:
/// `usr/local/lib` first, else a Python there finds another one's library.
pub(crate) fn library_folders(platform: &Platform) -> Vec<String> {
    let triplet = platform.triplet();
    let folders = [
        "/usr/local/lib",
        &format!("/lib/{triplet}"),
        &format!("/usr/lib/{triplet}"),
        "/lib64",
        "/usr/lib64",
        "/lib",
        "/usr/lib",
    ];
    folders.iter().map(|folder| (*folder).to_owned()).collect()
}

/// The names of all shared libraries in the folders that a platform's loader searches.
///
/// # Errors
/// When a folder's name is not allowed, which does not happen.
pub(crate) fn find_libraries(tree: &Tree, platform: &Platform) -> Result<Vec<String>, BuildError> {
    let mut names = std::collections::BTreeSet::new();
    let local = format!("/usr/local/lib/{}", platform.triplet());
    for folder in library_folders(platform).into_iter().chain([local]) {
        let folder = TreePath::new(&folder).map_err(BuildError::internal)?;
        let Some((folder, _)) = tree.resolve(&folder) else { continue };
        let libraries = tree.below(&folder).map(|(path, _)| path).filter(|path| {
            path.parent().as_ref() == Some(&folder) && path.name().contains(".so") && tree.resolve(path).is_some()
        });
        names.extend(libraries.map(|path| path.name().to_owned()));
    }
    Ok(names.into_iter().collect())
}

/// The largest executable of an interpreter; a static one with its debug information has 100 MiB.
const MAX_EXECUTABLE: u64 = 1 << 30;

impl Rootfs {
    /// Puts the interpreter of a tree on disk, in the cache, unless it is there; gives its identity, the digest
    /// of every file that is written. It is kept under that digest, so no two interpreters share a folder.
    ///
    /// # Errors
    /// When the tree's interpreter is not an ELF file with a loader, or the cache cannot be written.
    pub(crate) fn publish(
        cache: &Cache,
        tree: &Tree,
        python: &PythonFacts,
        platform: &Platform,
    ) -> Result<Digest, BuildError> {
        let files = needed(tree, python, platform)?;
        let identity = identity(tree, &files, python, platform)?;
        cache.publish_folder("rootfs", &identity, |folder| {
            for path in &files {
                if let Some((_, Node::File(metadata, content))) = tree.resolve(path) {
                    write_file(&folder.join(path.relative()), metadata.mode & 0o111 != 0, &content.to_vec()?)?;
                }
            }
            Ok::<(), BuildError>(())
        })?;
        Ok(identity)
    }

    /// Whether the interpreter of an identity is on disk.
    pub(crate) fn is_published(cache: &Cache, identity: &Digest) -> bool {
        cache.folder("rootfs", identity).is_some()
    }

    /// The interpreter that [`Rootfs::publish`] put on disk.
    ///
    /// # Errors
    /// When its loader cannot be found.
    pub(crate) fn open(
        cache: &Cache,
        identity: &Digest,
        python: &PythonFacts,
        platform: &Platform,
    ) -> Result<Option<Self>, BuildError> {
        let Some(folder) = cache.folder("rootfs", identity) else { return Ok(None) };
        let executable = folder.join(python.executable.trim_start_matches('/'));
        let elf = read_small(&executable, MAX_EXECUTABLE).map_err(BuildError::file(FileAction::Read, &executable))?;
        let loader = loader_of(&elf).ok_or_else(|| InterpreterError::Undescribed {
            path: python.executable.clone(),
            fault: InterpreterFault::NoLoader,
        })?;
        let loader = folder.join(loader.trim_start_matches('/'));
        let libraries = library_folders(platform).iter().map(|f| folder.join(&f[1..])).filter(|f| f.is_dir()).collect();
        Ok(Some(Self { identity: *identity, loader, executable, libraries, folder }))
    }

    /// How the interpreter is started, to be given its arguments: by its own loader, which an emulator may run. It may
    /// read its own folder and nothing else.
    pub(crate) fn confinement(&self, emulator: Option<&Path>) -> Confinement {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut readable = vec![self.folder.clone().into()];
        if let Some(emulator) = emulator {
            arguments.push(self.loader.clone().into());
            readable.push(emulator.into());
        }
        // musl's loader has no cache, and takes no option that it does not know.
        if !self.loader.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-musl-")) {
            arguments.push("--inhibit-cache".into());
        }
        let libraries: Vec<&OsStr> = self.libraries.iter().map(|path| path.as_os_str()).collect();
        arguments.extend(["--library-path".into(), libraries.join(OsStr::new(":")), self.executable.clone().into()]);
        let program = emulator.unwrap_or(&self.loader).into();
        Confinement { program, arguments, readable, ..Confinement::default() }
    }

    /// The digest of all its files: loader, libraries, executable and standard library.
    pub(crate) fn identity(&self) -> Digest {
        self.identity
    }

    /// Whether a loaded library is in this folder.
    pub(crate) fn contains(&self, library: &Path) -> bool {
        library.starts_with(&self.folder)
    }
}

/// The digest of everything that may run: each file's path, whether it is executable, and its bytes.
fn identity(tree: &Tree, files: &[TreePath], python: &PythonFacts, platform: &Platform) -> Result<Digest, BuildError> {
    let mut hasher = Hasher::new();
    hasher.field("rootfs").field(platform.to_string()).field(&python.executable);
    for path in files {
        if let Some((_, Node::File(metadata, content))) = tree.resolve(path) {
            let digest = Digest::of(&content.to_vec()?);
            hasher.field(path.as_str()).field([u8::from(metadata.mode & 0o111 != 0)]).field(digest.as_bytes());
        }
    }
    Ok(hasher.finish())
}

/// The paths to write, all of them resolvable to files in the tree.
fn needed(tree: &Tree, python: &PythonFacts, platform: &Platform) -> Result<Vec<TreePath>, BuildError> {
    let fail = |fault| InterpreterError::Undescribed { path: python.executable.clone(), fault };
    let path = |text: &str| TreePath::new(text).map_err(|_| fail(InterpreterFault::Path));
    let executable = path(&python.executable)?;
    let Some(Node::File(_, content)) = tree.node(&executable) else {
        return Err(fail(InterpreterFault::NotAFile).into());
    };
    let loader = loader_of(&content.to_vec()?).ok_or_else(|| fail(InterpreterFault::NoLoader))?;
    let mut paths = vec![executable, path(&loader)?];
    let stdlib = path(&python.stdlib)?;
    // Packages, and what is neither CPython's nor has a name that a worker could be told.
    let is_other =
        |p: &TreePath| p.as_str().contains("/site-packages/") || p.as_str().contains("/dist-packages/") || !p.is_utf8();
    paths.extend(tree.below(&stdlib).map(|(path, _)| path.clone()).filter(|path| !is_other(path)));
    // A folder that is a link, such as a merged `/lib`, is written only under its real name.
    for folder in library_folders(platform) {
        let Some((folder, _)) = tree.resolve(&path(&folder)?) else { continue };
        let is_library = |p: &TreePath| p.parent().as_ref() == Some(&folder) && p.name().contains(".so") && p.is_utf8();
        paths.extend(tree.below(&folder).map(|(path, _)| path.clone()).filter(is_library));
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// The dynamic loader that an ELF file asks for.
fn loader_of(elf: &[u8]) -> Option<String> {
    let facts = ElfFacts::read(elf).ok().flatten()?;
    facts.interpreter.filter(|name| name.starts_with('/'))
}

fn write_file(path: &Path, executable: bool, bytes: &[u8]) -> Result<(), BuildError> {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(BuildError::file(FileAction::Create, parent))?;
    fs::write(path, bytes).map_err(BuildError::file(FileAction::Write, path))?;
    if executable {
        let mode = std::fs::Permissions::from_mode(0o755);
        fs::set_permissions(path, mode).map_err(BuildError::file(FileAction::Write, path))?;
    }
    Ok(())
}
