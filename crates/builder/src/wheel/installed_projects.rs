//! The files of the user's own projects, as they are installed into each platform's environment.

use std::collections::BTreeMap;

use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{Content, Node};
use shipwheel_oci::{Digest, Platform};
use shipwheel_plan::facts::AppFile;
use shipwheel_python::Target;
use shipwheel_python::install::Settled;
use shipwheel_python::select::SelectedWheel;

use super::select::SelectedWheels;
use super::wheels::Wheels;
use crate::disk::bytes::Spool;
use crate::error::BuildError;
use crate::project::application_error::{ApplicationError, OtherFile};
use crate::project::collected_file::CollectedFile;
use crate::session::Session;
use shipwheel_store::FileAction;

/// What the wheels of the user's own projects have.
#[derive(Default)]
pub(crate) struct InstalledProjects {
    /// By path in the image.
    contents: BTreeMap<String, Content>,
    /// The files of each platform, sorted by path.
    pub(crate) files: BTreeMap<Platform, Vec<AppFile>>,
}

impl InstalledProjects {
    /// Installs the projects' wheels beside the locked ones.
    ///
    /// Their contents are inflated: how a build's own zlib deflates must not reach a layer's digest.
    ///
    /// # Errors
    /// When a wheel is hostile.
    pub(crate) fn install(
        session: &Session<'_>,
        wheels: &Wheels,
        targets: &BTreeMap<Platform, Target>,
        local: &SelectedWheels,
        settled: &BTreeMap<Platform, Settled>,
    ) -> Result<Self, BuildError> {
        let mut installed = Self::default();
        for (platform, local) in local.iter().filter(|(_, local)| !local.is_empty()) {
            let Some(target) = targets.get(platform) else { continue };
            let Some(settled) = settled.get(platform) else { continue };
            let files = installed.install_all(session, wheels, (local, settled), target.python)?;
            installed.files.insert(platform.clone(), files);
        }
        Ok(installed)
    }

    fn install_all(
        &mut self,
        session: &Session<'_>,
        wheels: &Wheels,
        (local, settled): (&[SelectedWheel], &Settled),
        python: PythonVersion,
    ) -> Result<Vec<AppFile>, BuildError> {
        let spool = Spool::new(&session.cache)?;
        let mut files = Vec::new();
        for wheel in local {
            let left_out = settled.left_out.get(&wheel.name);
            for (path, node) in wheels.install(session, &wheel.sha256, python)?.tree {
                let Node::File(metadata, content) = node else { continue };
                if left_out.is_some_and(|paths| paths.contains(&path)) {
                    continue;
                }
                let bytes = content.to_vec()?;
                let digest = content.expected().unwrap_or_else(|| Digest::of(&bytes));
                let kept = spool.append(&bytes).map_err(BuildError::file(FileAction::Write, session.cache.root()))?;
                self.contents.insert(path.to_string(), kept.with_expected(digest));
                let (size, executable) = (bytes.len() as u64, metadata.mode & 0o111 != 0);
                files.push(AppFile { path, digest, size, executable, link: None });
            }
        }
        files.sort();
        Ok(files)
    }

    /// The content of a file.
    pub(crate) fn content(&self, path: &str) -> Option<&Content> {
        self.contents.get(path)
    }

    /// The application's plain files and the installed ones must have paths of their own.
    ///
    /// # Errors
    /// The first path that both want.
    pub(crate) fn check_paths(&self, application: &[CollectedFile]) -> Result<(), BuildError> {
        let plain: BTreeMap<&str, &CollectedFile> = application.iter().map(|it| (it.file.path.as_str(), it)).collect();
        let both = self.files.values().flatten().find_map(|file| plain.get(file.path.as_str()));
        both.map_or(Ok(()), |collected| {
            let (path, one) = (collected.file.path.clone(), collected.host.clone());
            Err(ApplicationError::SamePath { path, one, other: OtherFile::Project }.into())
        })
    }
}
