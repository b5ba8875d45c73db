//! A layer's blob → its tar in an unnamed temporary file, hashed on the way.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
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

/// The magic number of gzip (RFC 1952, 2.3.1), of zstd (RFC 8878, 3.1.1), and of its skippable frames but for four bits.
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];

/// The largest window of zstd that is unpacked, 128 MiB: that of its own program.
const MAX_WINDOW_LOG: u32 = 27;

/// Decompresses a layer of a known media type. Its first bytes say how, as for containerd, docker and podman: registries
/// have layers with the media type of another compression.
fn decompressed<'r>(blob: &'r mut dyn Read, media_type: &str) -> Result<Box<dyn Read + 'r>, UnpackError> {
    let is_gzip = match media_type::to_oci(media_type) {
        media_type::LAYER_GZIP => true,
        media_type::LAYER | media_type::LAYER_ZSTD => false,
        other => return Err(UnpackError::MediaType { media_type: other.to_owned() }),
    };
    let mut compressed = BufReader::with_capacity(1 << 16, blob);
    let start = compressed.fill_buf().map_err(UnpackError::Broken)?;
    let is_zstd = start.starts_with(&ZSTD) || (start.len() > 3 && start[0] & 0xf0 == 0x50 && start[1..4] == SKIPPABLE);
    Ok(match () {
        () if is_zstd => {
            let mut decoder = zstd::Decoder::with_buffer(compressed).map_err(UnpackError::Broken)?;
            decoder.window_log_max(MAX_WINDOW_LOG).map_err(UnpackError::Broken)?;
            Box::new(decoder)
        }
        () if is_gzip || start.starts_with(&GZIP) => Box::new(MultiGzDecoder::new(compressed)),
        () => Box::new(compressed),
    })
}

/// Unpacks a layer of a media type of either family; errors call the tar `name`.
///
/// # Errors
/// When the type is not known, the bytes are broken, or the cache's disk cannot be written.
pub(crate) fn unpack(cache: &Cache, blob: &mut dyn Read, media_type: &str, name: &str) -> Result<Tar, UnpackError> {
    let mut file = cache.scratch_file()?;
    let diff_id = each_part(blob, media_type, |part| {
        Ok(file.write_all(part).map_err(file_error(FileAction::Write, cache.root()))?)
    })?;
    let source = FileSource::new(file, name).map_err(file_error(FileAction::Read, Path::new(name)))?;
    Ok(Tar { source: Arc::new(source), diff_id })
}

/// The digest of the tar in a layer, which is kept nowhere.
///
/// # Errors
/// When the type is not known or the bytes are broken.
pub(crate) fn diff_id(blob: &mut dyn Read, media_type: &str) -> Result<DiffId, UnpackError> {
    each_part(blob, media_type, |_| Ok(()))
}

/// Decompresses a layer, and gives its parts to `take` one after the other.
fn each_part(
    blob: &mut dyn Read,
    media_type: &str,
    mut take: impl FnMut(&[u8]) -> Result<(), UnpackError>,
) -> Result<DiffId, UnpackError> {
    let mut reader = decompressed(blob, media_type)?;
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
        take(&buffer[..read])?;
    }
    Ok(DiffId::from_hasher(hasher))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    const TEXT: &[u8] = b"as long as a tar is for all that matters here";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("to memory");
        encoder.finish().expect("to memory")
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).expect("to memory")
    }

    fn read(blob: &[u8], media_type: &str) -> Result<Vec<u8>, String> {
        let mut blob = blob;
        let mut reader = decompressed(&mut blob, media_type).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        reader.read_to_end(&mut found).map(|_| found).map_err(|error| error.to_string())
    }

    #[test]
    fn a_layer_is_decompressed_as_its_first_bytes_say() {
        let all = [media_type::LAYER, media_type::LAYER_GZIP, media_type::LAYER_ZSTD, media_type::DOCKER_LAYER_ZSTD];
        for media_type in all {
            assert_eq!(read(&gzip(TEXT), media_type).as_deref(), Ok(TEXT), "{media_type}");
            assert_eq!(read(&zstd(TEXT), media_type).as_deref(), Ok(TEXT), "{media_type}");
        }
        assert_eq!(read(TEXT, media_type::LAYER).as_deref(), Ok(TEXT));
        assert!(read(TEXT, media_type::LAYER_GZIP).is_err(), "what must be gzip and is nothing is broken");
        assert!(read(&gzip(TEXT), "application/vnd.example.layer").is_err());
    }

    #[test]
    fn zstd_has_several_frames_and_some_to_be_skipped() {
        // zstd:chunked has its table of contents in a frame that others skip.
        let skipped = [&[0x57, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"toc"].concat();
        let (one, two) = TEXT.split_at(9);
        for parts in [
            vec![zstd(one), zstd(two)],
            vec![skipped.clone(), zstd(one), zstd(two), skipped.clone()],
            vec![zstd(one), skipped, zstd(b""), zstd(two)],
        ] {
            assert_eq!(read(&parts.concat(), media_type::LAYER_ZSTD).as_deref(), Ok(TEXT));
        }
        let whole = zstd(TEXT);
        assert!(read(&whole[..whole.len() - 3], media_type::LAYER_ZSTD).is_err(), "cut off");
        assert!(read(&[whole, b"garbage".to_vec()].concat(), media_type::LAYER_ZSTD).is_err(), "something behind it");
    }

    #[test]
    fn a_window_larger_than_128_mib_is_not_unpacked() {
        let with_window = |log: u32| {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("valid");
            encoder.window_log(log).expect("valid");
            encoder.write_all(TEXT).expect("to memory");
            encoder.finish().expect("to memory")
        };
        assert_eq!(read(&with_window(27), media_type::LAYER_ZSTD).as_deref(), Ok(TEXT));
        assert!(read(&with_window(28), media_type::LAYER_ZSTD).is_err());
    }
}
