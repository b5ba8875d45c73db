//! A package with its files.

use std::sync::Arc;

use shipwheel_layer::ByteSource;

use crate::package::Package;

/// A package with its files.
#[derive(Clone)]
pub struct UnpackedPackage {
    /// The package.
    pub package: Package,
    /// The control file `md5sums`, where it has one.
    pub md5sums: Option<Vec<u8>>,
    /// The uncompressed data tar.
    pub data: Arc<dyn ByteSource>,
}
