//! A layer's blob → its tar in an unnamed temporary file, hashed on the way.

use std::io::{self, BufReader, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use shipwheel_layer::ByteSource;
use shipwheel_oci::{DiffId, Hasher, media_type};
use shipwheel_store::{Cache, FileAction};

use super::bytes::FileSource;
use super::file_error::file_error;
use super::unpack_error::UnpackError;

/// The most bytes that a layer may unpack to.
const MAX_LAYER: u64 = 64 << 30;

/// An unpacked layer; its file is gone with the last reader.
#[derive(Clone)]
pub(crate) struct Tar {
    pub(crate) source: Arc<dyn ByteSource>,
    pub(crate) diff_id: DiffId,
}

/// Unpacks a layer of a media type of either family; errors call the tar `name`.
///
/// # Errors
/// When the type is not known, the bytes are broken, or the cache's disk cannot be written.
pub(crate) fn unpack(cache: &Cache, blob: &mut dyn Read, media_type: &str, name: &str) -> Result<Tar, UnpackError> {
    let compressed = BufReader::with_capacity(1 << 16, blob);
    let mut reader: Box<dyn Read + '_> = match media_type::to_oci(media_type) {
        media_type::LAYER_GZIP => Box::new(MultiGzDecoder::new(compressed)),
        media_type::LAYER => Box::new(compressed),
        other => return Err(UnpackError::MediaType { media_type: other.to_owned() }),
    };
    let mut file = cache.scratch_file()?;
    let (mut hasher, mut buffer, mut size) = (Hasher::new(), vec![0; 1 << 17], 0);
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(UnpackError::Broken(error)),
        };
        size += read as u64;
        if size > MAX_LAYER {
            return Err(UnpackError::Bomb { limit: MAX_LAYER });
        }
        hasher.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(file_error(FileAction::Write, cache.root()))?;
    }
    let source = FileSource::new(file, name).map_err(file_error(FileAction::Read, Path::new(name)))?;
    Ok(Tar { source: Arc::new(source), diff_id: DiffId::from_hasher(hasher) })
}
