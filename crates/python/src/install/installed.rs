//! What a wheel becomes when it is installed.

use shipwheel_layer::{Content, Tree, TreePath};
use shipwheel_oci::Digest;

/// A file that was installed into site-packages.
#[derive(Debug, Clone)]
pub struct InstalledFile {
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
    /// Those in site-packages that RECORD has a digest for, sorted by path.
    pub site_packages: Vec<InstalledFile>,
}
