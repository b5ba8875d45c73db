//! What a step made, taken out of its copy into the cache: regular files and links inside, and no more than an image needs.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use serde::{Deserialize, Serialize};
use shipwheel_layer::TreePath;
use shipwheel_oci::Digest;
use shipwheel_plan::facts::AppFile;
use shipwheel_plan::spec::{Located, PathSet, PrepareStep, Problem, SpecError, fixed_part};
use shipwheel_store::{FileAction, open_regular_no_link};

use super::prepare_error::PrepareError;
use crate::error::BuildError;
use crate::project::collected_file::CollectedFile;
use crate::project::collector::stays_inside;
use crate::project::definition::Definition;
use crate::project::hashed::MAX_HEAD;
use crate::project::suspect::Suspect;
use crate::session::Session;

/// The most files that a step may make.
const MAX_FILES: usize = 100_000;

/// The most bytes that they may have together.
const MAX_SIZE: u64 = 4 << 30;

/// A file that a step made, as it is kept: its content is a blob of the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MadeFile {
    /// Below the folder of the image.toml.
    pub(super) path: String,
    digest: Digest,
    pub(super) size: u64,
    executable: bool,
    link: Option<String>,
}

impl MadeFile {
    /// Whether the cache still has its content.
    pub(super) fn is_kept(&self, session: &Session<'_>) -> bool {
        self.link.is_some() || session.cache.blob_size(&self.digest) == Some(self.size)
    }

    /// Whether it looks like a secret.
    ///
    /// # Errors
    /// When the cache has lost it.
    pub(super) fn suspect(&self, session: &Session<'_>) -> Result<Option<Suspect>, BuildError> {
        let mut head = Vec::new();
        if self.link.is_none() {
            let blob = session.cache.open_blob(&self.digest)?;
            let read = blob.take(MAX_HEAD).read_to_end(&mut head);
            read.map_err(BuildError::file(FileAction::Read, Path::new(&self.path)))?;
        }
        Ok(Suspect::of(Path::new(&self.path), &head))
    }

    /// As a file of the application, in this folder of the image.
    ///
    /// # Errors
    /// When its path cannot be one in an image, or the cache has lost it.
    pub(super) fn collected(
        &self,
        session: &Session<'_>,
        step: &str,
        destination: &str,
    ) -> Result<CollectedFile, BuildError> {
        let not_allowed = |cause| PrepareError::NotAllowed { step: step.to_owned(), path: self.path.clone(), cause };
        let path = TreePath::new(&format!("{destination}/{}", self.path)).map_err(not_allowed)?;
        let host = match self.link {
            Some(_) => PathBuf::from(&self.path),
            None => session.cache.require_blob(&self.digest)?,
        };
        let (digest, size, executable, link) = (self.digest, self.size, self.executable, self.link.clone());
        Ok(CollectedFile::made(host, AppFile { path, digest, size, executable, link }))
    }
}

/// The copy of a step, when it has ended.
pub(super) struct Taking<'t> {
    pub(super) session: &'t Session<'t>,
    pub(super) definition: &'t Definition,
    pub(super) step: &'t PrepareStep,
    pub(super) copy: &'t Path,
}

impl Taking<'_> {
    /// Takes the step's outputs into the cache, sorted by path.
    ///
    /// # Errors
    /// When one is missing, or what is there cannot be in an image.
    pub(super) fn take(&self) -> Result<Vec<MadeFile>, BuildError> {
        let mut total = 0;
        let mut made = Vec::new();
        for (path, host) in self.find()? {
            let file = self.keep(path, &host, MAX_SIZE - total)?;
            total += file.size;
            if made.len() == MAX_FILES {
                return Err(self.too_much(format!("{MAX_FILES} files"), file.path).into());
            }
            made.push(file);
        }
        Ok(made)
    }

    /// The files of all outputs; each output has one at least.
    fn find(&self) -> Result<BTreeMap<String, PathBuf>, BuildError> {
        let mut found = BTreeMap::new();
        for output in &self.step.outputs {
            let (top, wanted) = (fixed_part(&output.value), PathSet::of([output]));
            self.check_way(&top)?;
            let mut is_there = false;
            for entry in WalkBuilder::new(self.copy.join(&top)).standard_filters(false).follow_links(false).build() {
                let Ok(entry) = entry else { continue };
                if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                    continue;
                }
                let path = self.below(entry.path())?;
                if wanted.has(&path) {
                    is_there = true;
                    found.insert(path, entry.into_path());
                }
            }
            if !is_there {
                return Err(self.missing(output).into());
            }
        }
        Ok(found)
    }

    fn below(&self, host: &Path) -> Result<String, BuildError> {
        let below = host.strip_prefix(self.copy).unwrap_or(host);
        let path = || below.to_string_lossy().into_owned();
        Ok(below.to_str().ok_or_else(|| PrepareError::NotUtf8 { step: self.title(), path: path() })?.to_owned())
    }

    /// Checks that no folder above an output became a link.
    fn check_way(&self, top: &str) -> Result<(), PrepareError> {
        let parts: Vec<&str> = top.split('/').collect();
        for end in 1..parts.len() {
            let path = parts[..end].join("/");
            if let Ok(target) = std::fs::read_link(self.copy.join(&path)) {
                let target = target.display().to_string();
                return Err(PrepareError::LinkLeadsOut { step: self.title(), path, target });
            }
        }
        Ok(())
    }

    /// Puts a file into the cache, if it has at most `left` bytes.
    fn keep(&self, path: String, host: &Path, left: u64) -> Result<MadeFile, BuildError> {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = fs_err::symlink_metadata(host).map_err(BuildError::file(FileAction::Read, host))?;
        if metadata.is_symlink() {
            return self.link(path, host);
        }
        if !metadata.is_file() {
            return Err(PrepareError::Special { step: self.title(), path }.into());
        }
        if metadata.len() > left {
            return Err(self.too_much(format!("{} GiB", MAX_SIZE >> 30), path).into());
        }
        let mut writer = self.session.cache.blob_writer()?;
        let mut reader = open_regular_no_link(host).map_err(BuildError::file(FileAction::Open, host))?;
        std::io::copy(&mut reader, &mut writer).map_err(BuildError::file(FileAction::Read, host))?;
        let (digest, size) = writer.finish()?;
        let executable = metadata.permissions().mode() & 0o100 != 0;
        Ok(MadeFile { path, digest, size, executable, link: None })
    }

    fn link(&self, path: String, host: &Path) -> Result<MadeFile, BuildError> {
        let target = fs_err::read_link(host).map_err(BuildError::file(FileAction::Read, host))?;
        match target.to_str().filter(|target| stays_inside(&format!("/top/{path}"), target)) {
            Some(text) => {
                let digest = Digest::of(text.as_bytes());
                Ok(MadeFile { path, digest, size: 0, executable: false, link: Some(text.to_owned()) })
            }
            None => {
                let target = target.display().to_string();
                Err(PrepareError::LinkLeadsOut { step: self.title(), path, target }.into())
            }
        }
    }

    fn missing(&self, output: &Located<String>) -> SpecError {
        let message = format!("step `{}` made nothing at `{}`", self.step.title, output.value);
        let hint = "`outputs` are below the folder of image.toml, whatever the step's `directory` is";
        self.definition.problem(Problem::new(output.span.clone(), message).with_hint(hint))
    }

    fn title(&self) -> String {
        self.step.title.clone()
    }

    fn too_much(&self, limit: String, path: String) -> PrepareError {
        PrepareError::TooMuch { step: self.title(), limit, path }
    }
}
