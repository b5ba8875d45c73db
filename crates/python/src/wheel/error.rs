//! Wheels that cannot be used, and what is wrong with them.

use shipwheel_layer::ContentError;

use crate::dependency::DependencyError;
use crate::wheel::dist_info::DistInfoError;
use crate::wheel::record::RecordError;

/// A wheel that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{wheel} cannot be used")]
pub struct WheelError {
    /// The wheel's file name.
    pub wheel: String,
    /// What is wrong with it.
    #[source]
    pub kind: WheelErrorKind,
}

/// What may be wrong with a wheel.
#[derive(Debug, thiserror::Error)]
pub enum WheelErrorKind {
    /// It is not a zip archive, or the archive contradicts itself.
    #[error("it is not a valid zip archive")]
    Zip(#[source] Box<zip::result::ZipError>),
    /// A member's path is not allowed.
    #[error("the path `{path}` is not allowed: {reason}")]
    Path {
        /// The path as it was found.
        path: String,
        /// Why not.
        reason: &'static str,
    },
    /// A member has a form that is not supported.
    #[error("`{path}` {reason}")]
    Member {
        /// The member.
        path: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// More members or bytes than any honest wheel has.
    #[error("it has more than {limit}: refused as a possible zip bomb")]
    Limit {
        /// The limit.
        limit: &'static str,
    },
    /// There is not exactly one `.dist-info` folder of this distribution.
    #[error("expected one .dist-info folder of {expected}, found {}", list(.found))]
    DistInfo {
        /// The distribution and version that the file name has.
        expected: String,
        /// The folders that were found.
        found: Vec<String>,
    },
    /// METADATA is another distribution's, or another version's.
    #[error("METADATA is that of {found}, expected {expected}")]
    Identity {
        /// The distribution and version that the file name has.
        expected: String,
        /// What METADATA has.
        found: String,
    },
    /// A metadata file is missing.
    #[error("`{path}` is missing")]
    Missing {
        /// Its path.
        path: String,
    },
    /// A metadata file could not be read or is corrupt.
    #[error("failed to read `{path}`")]
    Content {
        /// Its path.
        path: String,
        /// The cause.
        #[source]
        cause: ContentError,
    },
    /// A file is not the one that RECORD has the hash of.
    #[error("`{path}` has another hash than RECORD says")]
    Hash {
        /// Its path.
        path: String,
    },
    /// RECORD cannot be parsed.
    #[error(transparent)]
    Record(RecordError),
    /// WHEEL or entry_points.txt cannot be used.
    #[error(transparent)]
    Metadata(DistInfoError),
    /// METADATA asks for something that cannot be read.
    #[error(transparent)]
    Dependency(DependencyError),
}

impl From<zip::result::ZipError> for WheelErrorKind {
    fn from(error: zip::result::ZipError) -> Self {
        Self::Zip(Box::new(error))
    }
}

fn list(texts: &[String]) -> String {
    const SHOWN: usize = 10;
    match texts.len() {
        0 => "none".to_owned(),
        count if count > SHOWN => format!("{} and {} more", texts[..SHOWN].join(", "), count - SHOWN),
        _ => texts.join(", "),
    }
}
