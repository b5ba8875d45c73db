//! A wheel opened and checked: its members, its RECORD and its metadata (PEP 427).

use std::io::{self, Read as _};
use std::sync::Arc;

use flate2::bufread::DeflateDecoder;
use shipwheel_layer::{ByteReader, ByteSource, Content, Deflated};

use crate::dependency::Dependency;

mod archive;
mod check;
mod dist_info;
mod error;
mod member;
mod name;
mod record;
#[cfg(test)]
pub(crate) mod sample;
mod strong_hash;

pub(crate) use dist_info::{headers, parse_entry_points};

pub use dist_info::{DistInfoError, EntryPoint, WheelMetadata};
pub use error::{WheelError, WheelErrorKind};
pub use member::Member;
pub use name::{WheelName, WheelNameError, WheelTag};
pub use record::{Record, RecordError, RecordRow};
pub use strong_hash::{StrongHash, StrongHashError};

/// A wheel whose archive is sound. Where RECORD has each file's sha256, no content but its metadata was read.
#[derive(Clone)]
pub struct Wheel {
    name: WheelName,
    source: Arc<dyn ByteSource>,
    members: Vec<Member>,
    dist_info: String,
    metadata: WheelMetadata,
    entry_points: Vec<EntryPoint>,
    differences: Vec<String>,
}

/// The largest RECORD; PyTorch's has 2 MiB.
const MAX_RECORD: u64 = 64 << 20;

/// The largest metadata file besides.
const MAX_METADATA: u64 = 1 << 20;

impl Wheel {
    /// Reads the directory and the metadata of a wheel, and compares them: see [`Wheel::differences`].
    ///
    /// The sha256 of each file is checked later, whenever its content is read to the end.
    ///
    /// # Errors
    /// When the archive is not sound, has members that no wheel may have, or a file has another hash than RECORD says.
    pub fn open(name: WheelName, source: Arc<dyn ByteSource>) -> Result<Self, WheelError> {
        let error = |kind| WheelError { wheel: name.file_name().to_owned(), kind };
        let members = archive::members(source.as_ref()).map_err(error)?;
        let dist_info = check::dist_info(&name, &members).map_err(error)?;
        let mut wheel = Self {
            source,
            members,
            dist_info,
            metadata: WheelMetadata { root_is_purelib: true },
            entry_points: Vec::new(),
            differences: Vec::new(),
            name: name.clone(),
        };
        wheel.read_metadata().map_err(error)?;
        Ok(wheel)
    }

    fn read_metadata(&mut self) -> Result<(), WheelErrorKind> {
        let record = self.required("RECORD", MAX_RECORD)?;
        let (record, notes) = Record::parse(&record).map_err(WheelErrorKind::Record)?;
        let mut members = std::mem::take(&mut self.members);
        let found = check::record(&self.dist_info, &mut members, &record, |member| self.content(member))?;
        self.members = members;
        self.differences = [notes, found].concat();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        check::identity(&self.name, &text(self.required("METADATA", MAX_METADATA << 4)?))?;
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

    /// How RECORD differs from the archive and from its specification, in sentences without an end.
    ///
    /// None of it changes what is installed: see `check::record`.
    pub fn differences(&self) -> &[String] {
        &self.differences
    }

    /// What METADATA asks for (`Requires-Dist`), in its order.
    ///
    /// # Errors
    /// When METADATA cannot be read, or has a line that is not a dependency.
    pub fn dependencies(&self) -> Result<Vec<Dependency>, WheelError> {
        let error = |kind| WheelError { wheel: self.name.file_name().to_owned(), kind };
        let text = self.metadata_text()?;
        let parsed = headers(&text, "Requires-Dist").map(str::parse);
        parsed.collect::<Result<_, _>>().map_err(|cause| error(WheelErrorKind::Dependency(cause)))
    }

    /// The text of METADATA.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn metadata_text(&self) -> Result<String, WheelError> {
        let error = |kind| WheelError { wheel: self.name.file_name().to_owned(), kind };
        let bytes = self.required("METADATA", MAX_METADATA << 4).map_err(error)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
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
        let raw = ByteReader::slice(self.source.as_ref(), member.offset, member.compressed_size);
        let mut start = Vec::new();
        let limit = bytes.len() as u64;
        if member.deflated {
            DeflateDecoder::new(raw).take(limit).read_to_end(&mut start)?;
        } else {
            raw.take(limit).read_to_end(&mut start)?;
        }
        Ok(start == bytes)
    }
}

impl std::fmt::Debug for Wheel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wheel({}, {} files)", self.name, self.members.len())
    }
}

#[cfg(test)]
mod tests;
