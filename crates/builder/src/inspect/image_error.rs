//! An image that cannot be read, extended, started or trusted.

use shipwheel_layer::ReadError;
use shipwheel_oci::{ConfigError, DiffId, Digest, IndexError, ManifestError, Platform};

use super::counted::counted;
use crate::disk::unpack_error::UnpackError;
use shipwheel_store::ErrorKind;

/// Why an image cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The index is broken, or cannot be rewritten.
    #[error("the index of {image} cannot be used")]
    Index {
        /// The image.
        image: String,
        /// The cause.
        #[source]
        cause: IndexError,
    },
    /// A manifest is broken, or cannot be rewritten.
    #[error("the manifest {digest} of {image} cannot be used")]
    Manifest {
        /// The image.
        image: String,
        /// The manifest.
        digest: Digest,
        /// The cause.
        #[source]
        cause: ManifestError,
    },
    /// The config is broken.
    #[error("the config of {image} cannot be used")]
    Config {
        /// The image.
        image: String,
        /// The cause.
        #[source]
        cause: ConfigError,
    },
    /// Manifest and config do not have the same number of layers.
    #[error("{image} has {layers} layers and {diff_ids} diff ids")]
    LayerCount {
        /// The image.
        image: String,
        /// The layers of its manifest.
        layers: usize,
        /// The diff ids of its config.
        diff_ids: usize,
    },
    /// A layer cannot be unpacked.
    #[error("the layer {digest} of {image} cannot be used")]
    Layer {
        /// The image.
        image: String,
        /// The layer's blob.
        digest: Digest,
        /// The cause.
        #[source]
        cause: UnpackError,
    },
    /// A layer unpacks to other bytes than the config says.
    #[error("the layer {digest} of {image} has the diff id {found}, expected {expected}")]
    DiffId {
        /// The image.
        image: String,
        /// The layer's blob.
        digest: Digest,
        /// What the config says.
        expected: DiffId,
        /// What the layer has.
        found: DiffId,
    },
    /// A layer does not make a tree.
    #[error("a layer of the base cannot be used")]
    Read(#[from] ReadError),
    /// The image has no Python.
    #[error("{image} has no Python interpreter")]
    NoPython {
        /// The image.
        image: String,
    },
    /// A setting of the image keeps its Python from loading the bytecode of layers.
    #[error("{image} sets PYTHONPYCACHEPREFIX to `{prefix}`, which keeps its Python from loading the bytecode")]
    CachePrefix {
        /// The image.
        image: String,
        /// The value.
        prefix: String,
    },
    /// The image runs at a level that bytecode cannot be compiled for.
    #[error("{image} sets PYTHONOPTIMIZE to level {level}, and bytecode has the levels 0 to 2")]
    Level {
        /// The image.
        image: String,
        /// The level.
        level: u32,
    },
    /// The image cannot be started on this machine.
    #[error("this machine runs {machine}, and cannot start {platform}")]
    OtherMachine {
        /// The platform asked for.
        platform: Platform,
        /// This machine's.
        machine: Platform,
    },
    /// A text that `import` cannot take.
    #[error("`{module}` is not the name of a module")]
    NotAModule {
        /// The text.
        module: String,
    },
    /// The image differs from what it says; `verify` lists how.
    #[error("found {}{}", counted(*.problems, "problem"), and_warnings(*.warnings))]
    Unsound {
        /// How many problems there are.
        problems: usize,
        /// How many warnings count as well.
        warnings: usize,
    },
}

fn and_warnings(warnings: usize) -> String {
    if warnings == 0 { String::new() } else { format!(" and {}", counted(warnings, "warning")) }
}

impl ImageError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::DiffId { .. } | Self::Unsound { .. } => ErrorKind::Verification,
            Self::Layer { cause, .. } => cause.kind(),
            Self::Index { .. }
            | Self::Manifest { .. }
            | Self::Config { .. }
            | Self::LayerCount { .. }
            | Self::Read(_)
            | Self::NoPython { .. }
            | Self::CachePrefix { .. }
            | Self::Level { .. }
            | Self::OtherMachine { .. }
            | Self::NotAModule { .. } => ErrorKind::Configuration,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::OtherMachine { platform, .. } => {
                return Some(format!("leave out `--platform`, or use a machine that runs {platform}"));
            }
            Self::NotAModule { .. } => "name a module as `import` takes it, such as `package.module`",
            Self::Level { .. } => "name the levels to add with `--optimize`",
            Self::Read(error) => return error.hint().map(str::to_owned),
            Self::CachePrefix { .. } => "unset PYTHONPYCACHEPREFIX in the image's config first",
            Self::Unsound { .. } => {
                "`shipwheel verify` lists them, and docs/verify.md says what each kind of finding means"
            }
            Self::Index { .. }
            | Self::Manifest { .. }
            | Self::Config { .. }
            | Self::LayerCount { .. }
            | Self::Layer { .. }
            | Self::DiffId { .. }
            | Self::NoPython { .. } => return None,
        };
        Some(text.to_owned())
    }
}
