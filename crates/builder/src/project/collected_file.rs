//! A file of the application: as it is found, and as the image has it.

use std::path::PathBuf;

use shipwheel_layer::TreePath;
use shipwheel_plan::development::Mentions;
use shipwheel_plan::facts::AppFile;

use super::suspect::Suspect;

/// A file of the application: its path on this machine, and its entry in the image.
pub(crate) struct CollectedFile {
    pub(crate) host: PathBuf,
    pub(crate) file: AppFile,
    pub(super) suspect: Option<Suspect>,
    /// What it names, if it is a module, with its path as patterns see it.
    pub(super) mentions: Option<(String, Mentions)>,
}

impl CollectedFile {
    /// A file that a step of `app.prepare` made; its content is at `host`, unless it is a link.
    pub(crate) fn made(host: PathBuf, file: AppFile) -> Self {
        Self { host, file, suspect: None, mentions: None }
    }
}

/// A file that was found, before it is read.
pub(super) struct Found {
    pub(super) host: PathBuf,
    pub(super) path: TreePath,
    /// Its path as patterns see it: below the folder that the image has its source in.
    pub(super) below: String,
    /// Whether it is a source by itself.
    pub(super) is_source: bool,
    /// Whether it is of the definition's folder, taken as a whole.
    pub(super) is_of_whole: bool,
}
