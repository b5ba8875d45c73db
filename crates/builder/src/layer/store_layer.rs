//! A tree → a layer's blob in the cache.

use std::io::{BufWriter, Write as _};

use shipwheel_layer::{Compression, FileTime, FirstFiles, Tree, write_compressed, write_estargz};
use shipwheel_oci::LayerDescriptor;

use super::layer_error::LayerError;
use crate::error::BuildError;
use crate::session::Session;

/// Writes a tree into the cache as a layer whose files were changed at `time`, with what a start reads first if it is lazy.
///
/// # Errors
/// When a content is not what was promised, or the cache cannot be written.
pub(crate) fn store_layer(
    session: &Session<'_>,
    title: &str,
    tree: &Tree,
    time: FileTime,
    (compression, first): (Compression, &FirstFiles),
) -> Result<LayerDescriptor, BuildError> {
    let fail = |cause| LayerError::Write { title: title.to_owned(), cause };
    let out = BufWriter::with_capacity(1 << 20, session.cache.blob_writer()?);
    let written = match compression {
        Compression::Estargz => write_estargz(tree, time, first, out),
        Compression::Gzip | Compression::Zstd(_) => write_compressed(tree, time, compression, out),
    };
    let (mut out, descriptor) = written.map_err(fail)?;
    out.flush().map_err(|error| fail(error.into()))?;
    let writer = out.into_inner().map_err(|error| fail(error.into_error().into()))?;
    writer.finish()?;
    Ok(descriptor)
}
