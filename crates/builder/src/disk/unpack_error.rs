//! A layer's blob that cannot be unpacked.

use std::io;

use shipwheel_store::StoreError;

use super::file_error::FileError;
use shipwheel_store::ErrorKind;

/// Why a layer was not unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// Its media type is unknown.
    #[error("its type is `{media_type}`, which cannot be read")]
    MediaType {
        /// The media type.
        media_type: String,
    },
    /// The compressed bytes are broken.
    #[error("it cannot be decompressed")]
    Broken(#[source] io::Error),
    /// It unpacks to more bytes than any layer does.
    #[error("it unpacks to more than {} GiB: refused as a possible bomb", .limit >> 30)]
    Bomb {
        /// The limit in bytes.
        limit: u64,
    },
    /// The cache cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file it unpacks to cannot be written or read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl UnpackError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::MediaType { .. } | Self::Broken(_) | Self::Bomb { .. } => ErrorKind::Configuration,
            Self::Store(error) => error.kind(),
            Self::File(error) => error.kind(),
        }
    }
}
