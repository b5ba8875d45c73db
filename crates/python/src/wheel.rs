//! A wheel opened and checked: its members, its RECORD and its metadata (PEP 427).

use std::io::{self, Read as _};
use std::sync::Arc;

use flate2::bufread::DeflateDecoder;
use shipwheel_layer::{Content, ContentError, Deflated, Source, SourceReader};
use shipwheel_oci::Digest;

use crate::dependency::{Dependency, DependencyError};
use crate::dist_info::{DistInfoError, EntryPoint, WheelMetadata, headers, parse_entry_points};
use crate::record::{Record, RecordError};
use crate::wheel_name::WheelName;

mod archive;
mod check;

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
    /// It is no zip archive, or the archive contradicts itself.
    #[error("it is no sound zip archive: {0}")]
    Zip(String),
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
    #[error("it has more than {limit}: it is refused as a possible bomb")]
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
    /// RECORD cannot be parsed.
    #[error(transparent)]
    Record(RecordError),
    /// WHEEL or entry_points.txt cannot be used.
    #[error(transparent)]
    Metadata(DistInfoError),
    /// METADATA asks for something that means nothing.
    #[error(transparent)]
    Dependency(DependencyError),
    /// RECORD and the archive say different things: all of them.
    #[error("RECORD and the archive differ: {}", list(.0))]
    Unrecorded(Vec<String>),
}

fn list(texts: &[String]) -> String {
    const SHOWN: usize = 10;
    match texts.len() {
        0 => "none".to_owned(),
        count if count > SHOWN => format!("{} and {} more", texts[..SHOWN].join(", "), count - SHOWN),
        _ => texts.join(", "),
    }
}

/// A file in a wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive, checked: relative, normalized, UTF-8.
    pub path: String,
    /// Where its data begin in the archive, in bytes.
    pub offset: u64,
    /// The length of its data there.
    pub compressed_size: u64,
    /// Its length when inflated.
    pub size: u64,
    /// Its CRC-32 when inflated.
    pub crc32: u32,
    /// Whether it is deflated; otherwise it is stored as it is.
    pub deflated: bool,
    /// Whether its mode has an executable bit.
    pub executable: bool,
    /// Its sha256 according to RECORD; RECORD itself and its signatures have none.
    pub sha256: Option<Digest>,
}

/// A wheel whose archive and RECORD agree; no content but its metadata was read.
#[derive(Clone)]
pub struct Wheel {
    name: WheelName,
    source: Arc<dyn Source>,
    members: Vec<Member>,
    dist_info: String,
    metadata: WheelMetadata,
    entry_points: Vec<EntryPoint>,
}

/// The largest RECORD; PyTorch's has 2 MiB.
const MAX_RECORD: u64 = 64 << 20;

/// The largest metadata file besides.
const MAX_METADATA: u64 = 1 << 20;

impl Wheel {
    /// Reads the directory and the metadata of a wheel, and checks that they agree.
    ///
    /// The digest of each file is checked later, whenever its content is read to the end.
    ///
    /// # Errors
    /// When the archive is not sound, has members that no wheel may have, or differs from its RECORD.
    pub fn open(name: WheelName, source: Arc<dyn Source>) -> Result<Self, WheelError> {
        let error = |kind| WheelError { wheel: name.file_name().to_owned(), kind };
        let members = archive::members(source.as_ref()).map_err(error)?;
        let dist_info = check::dist_info(&name, &members).map_err(error)?;
        let mut wheel = Self {
            source,
            members,
            dist_info,
            metadata: WheelMetadata { root_is_purelib: true },
            entry_points: Vec::new(),
            name: name.clone(),
        };
        wheel.read_metadata().map_err(error)?;
        Ok(wheel)
    }

    fn read_metadata(&mut self) -> Result<(), WheelErrorKind> {
        let record = Record::parse(&self.required("RECORD", MAX_RECORD)?).map_err(WheelErrorKind::Record)?;
        check::record(&self.dist_info, &mut self.members, &record)?;
        self.required("METADATA", MAX_METADATA << 4)?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let wheel = self.required("WHEEL", MAX_METADATA)?;
        self.metadata = WheelMetadata::parse(&text(wheel)).map_err(WheelErrorKind::Metadata)?;
        if let Some(bytes) = self.read_dist_info("entry_points.txt", MAX_METADATA)? {
            self.entry_points = parse_entry_points(&text(bytes)).map_err(WheelErrorKind::Metadata)?;
        }
        Ok(())
    }

    fn required(&self, file: &str, limit: u64) -> Result<Vec<u8>, WheelErrorKind> {
        let missing = || WheelErrorKind::Missing { path: format!("{}/{file}", self.dist_info) };
        self.read_dist_info(file, limit)?.ok_or_else(missing)
    }

    fn read_dist_info(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, WheelErrorKind> {
        let path = format!("{}/{file}", self.dist_info);
        let Some(member) = self.member(&path) else { return Ok(None) };
        if member.size > limit {
            return Err(WheelErrorKind::Member { path, reason: "is too large for a metadata file" });
        }
        self.content(member).to_vec().map(Some).map_err(|cause| WheelErrorKind::Content { path, cause })
    }

    /// What its file name says.
    pub fn name(&self) -> &WheelName {
        &self.name
    }

    /// Every file, sorted by path.
    pub fn files(&self) -> &[Member] {
        &self.members
    }

    /// The file at a path.
    pub fn member(&self, path: &str) -> Option<&Member> {
        self.members.binary_search_by(|member| member.path.as_str().cmp(path)).ok().map(|at| &self.members[at])
    }

    /// The folder of its metadata: `numpy-2.1.0.dist-info`.
    pub fn dist_info(&self) -> &str {
        &self.dist_info
    }

    /// What WHEEL says.
    pub fn metadata(&self) -> WheelMetadata {
        self.metadata
    }

    /// The commands that it installs.
    pub fn entry_points(&self) -> &[EntryPoint] {
        &self.entry_points
    }

    /// What METADATA asks for (`Requires-Dist`), in its order.
    ///
    /// # Errors
    /// When METADATA cannot be read, or has a line that is no dependency.
    pub fn dependencies(&self) -> Result<Vec<Dependency>, WheelError> {
        let error = |kind| WheelError { wheel: self.name.file_name().to_owned(), kind };
        let bytes = self.required("METADATA", MAX_METADATA << 4).map_err(error)?;
        let text = String::from_utf8_lossy(&bytes);
        let parsed = headers(&text, "Requires-Dist").map(str::parse);
        parsed.collect::<Result<_, _>>().map_err(|cause| error(WheelErrorKind::Dependency(cause)))
    }

    /// A file's content, still deflated where the archive has it so; its digest is promised.
    pub fn content(&self, member: &Member) -> Content {
        let source = self.source.clone();
        let content = if member.deflated {
            Content::from_deflated(Deflated {
                source,
                offset: member.offset,
                compressed_size: member.compressed_size,
                size: member.size,
                crc32: member.crc32,
            })
        } else {
            Content::from_slice(source, member.offset, member.size)
        };
        match member.sha256 {
            Some(sha256) => content.with_expected(sha256),
            None => content,
        }
    }

    /// Whether a file begins with these bytes; nothing else of it is read or checked.
    pub(crate) fn begins_with(&self, member: &Member, bytes: &[u8]) -> io::Result<bool> {
        let raw = SourceReader::slice(self.source.as_ref(), member.offset, member.compressed_size);
        let mut start = Vec::new();
        let limit = bytes.len() as u64;
        if member.deflated {
            DeflateDecoder::new(raw).take(limit).read_to_end(&mut start)?;
        } else {
            raw.take(limit).read_to_end(&mut start)?;
        }
        Ok(start == bytes)
    }

    /// The Python sources: path, sha256 and size of each.
    pub fn python_sources(&self) -> Vec<(&str, Digest, u64)> {
        let sources = self.members.iter().filter(|member| member.path.ends_with(".py"));
        sources.filter_map(|member| Some((member.path.as_str(), member.sha256?, member.size))).collect()
    }
}

impl std::fmt::Debug for Wheel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wheel({}, {} files)", self.name, self.members.len())
    }
}

#[cfg(test)]
mod tests;
