//! What a wheel becomes when it is installed.

use shipwheel_layer::{Content, Tree, TreePath};
use shipwheel_oci::Digest;

/// A Python source that was installed: what the bytecode compiler takes.
#[derive(Debug, Clone)]
pub struct PythonSource {
    /// Its path in the image.
    pub path: TreePath,
    /// Its sha256.
    pub sha256: Digest,
    /// Its content.
    pub content: Content,
}

/// What a wheel becomes.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The files in the image.
    pub tree: Tree,
    /// The modules among them, sorted by path; scripts and data are none.
    pub sources: Vec<PythonSource>,
}
