//! A layer that cannot be made.

use shipwheel_layer::{ContentError, TreeError, WriteError};

use shipwheel_store::ErrorKind;

/// Why a layer, or the tree that it is made from, cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The layer cannot be written.
    #[error("failed to write the layer `{title}`")]
    Write {
        /// The layer.
        title: String,
        /// The cause.
        #[source]
        cause: WriteError,
    },
    /// The files do not make a tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A file's content cannot be read, or differs from what was hashed before.
    #[error(transparent)]
    Content(#[from] ContentError),
}

impl LayerError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Write { cause: WriteError::Write(_), .. } => ErrorKind::Output,
            Self::Write { cause: WriteError::Content { cause, .. }, .. } | Self::Content(cause) => match cause {
                ContentError::Digest { .. } => ErrorKind::Verification,
                ContentError::Read { .. } | ContentError::Deflated { .. } => ErrorKind::Configuration,
            },
            Self::Write { cause: WriteError::Reserved { .. } | WriteError::Unnamed { .. }, .. } => {
                ErrorKind::Configuration
            }
            Self::Tree(_) => ErrorKind::Internal,
        }
    }
}
