//! Parts of a layer that are compressed by themselves: what passes through, what is cut, and how much at once.

use std::io::Read as _;

use flate2::{Decompress, FlushDecompress, Status};
use shipwheel_oci::{Digest, Hasher};

use crate::content::{Content, ContentError, Deflated};
use crate::gzip;
use crate::path::TreePath;
use crate::write_error::WriteError;

/// Deflated files below this are compressed together with the headers around them: a member
/// of their own would cost more than it saves.
pub(crate) const SMALLEST_PASSED_THROUGH: u64 = 1 << 10;

/// Deflated files above this are streamed instead of inflated to memory.
pub(crate) const MAX_IN_MEMORY: u64 = 8 << 20;

/// How many bytes of segments are worked on at once.
pub(crate) const BATCH: u64 = 16 << 20;

/// A part of a layer: its bytes in the tar, and its gzip member or zstd frame.
pub(crate) struct Member {
    pub(crate) tar: Vec<u8>,
    pub(crate) compressed: Vec<u8>,
}

/// Reads a large content block by block, checks all that was promised of it, and gives its digest.
pub(crate) fn for_each_block(
    path: &TreePath,
    content: &Content,
    block: usize,
    each: &mut dyn FnMut(&[u8]) -> Result<(), WriteError>,
) -> Result<Digest, WriteError> {
    let error = |cause| WriteError::Content { path: path.clone(), cause };
    let read_error = |cause| error(ContentError::Read { source_name: content.source_name(), cause });
    let mut reader = content.reader();
    let mut hasher = Hasher::new();
    let mut crc = crc32fast::Hasher::new();
    let (mut left, mut buffer) = (content.size(), vec![0; block]);
    while left > 0 {
        let size = usize::try_from(left.min(block as u64)).expect("at most a block");
        reader.read_exact(&mut buffer[..size]).map_err(read_error)?;
        hasher.update(&buffer[..size]);
        if content.deflated().is_some() {
            crc.update(&buffer[..size]);
        }
        each(&buffer[..size])?;
        left -= size as u64;
    }
    if let Some(deflated) = content.deflated()
        && (crc.finalize() != deflated.crc32 || reader.read(&mut buffer[..1]).map_or(true, |more| more > 0))
    {
        return Err(error(ContentError::Deflated { source_name: content.source_name() }));
    }
    let digest = hasher.finish();
    content.check(digest).map_err(error)?;
    Ok(digest)
}

/// Wraps a deflate stream as a gzip member after checking all that its archive says of it.
pub(crate) fn wrap(content: &Content, deflated: &Deflated) -> Result<Member, ContentError> {
    let name = || deflated.source.name();
    let corrupt = || ContentError::Deflated { source_name: name() };
    let header = gzip::HEADER.len();
    let in_memory = |size: u64| usize::try_from(size).expect("checked to be small");
    let mut wrapped = vec![0; header + in_memory(deflated.compressed_size)];
    wrapped[..header].copy_from_slice(&gzip::HEADER);
    deflated
        .source
        .read_exact_at(&mut wrapped[header..], deflated.offset)
        .map_err(|cause| ContentError::Read { source_name: name(), cause })?;
    let mut tar = Vec::with_capacity(in_memory(deflated.size) + 1);
    let mut inflate = Decompress::new(false);
    let status =
        inflate.decompress_vec(&wrapped[header..], &mut tar, FlushDecompress::Finish).map_err(|_| corrupt())?;
    if status != Status::StreamEnd || tar.len() as u64 != deflated.size || crc32fast::hash(&tar) != deflated.crc32 {
        return Err(corrupt());
    }
    if content.expected().is_some() {
        content.check(Digest::of(&tar))?;
    }
    if inflate.total_in() != deflated.compressed_size {
        // Bytes after the stream's end would end a gzip reader: compress it again.
        return Ok(Member { compressed: gzip::member(&tar), tar });
    }
    wrapped.extend_from_slice(&gzip::trailer(deflated.crc32, deflated.size));
    Ok(Member { tar, compressed: wrapped })
}
