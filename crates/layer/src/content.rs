//! A file's content: bytes in memory, a slice of a source, or a slice that is already deflated.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use flate2::bufread::DeflateDecoder;
use shipwheel_oci::Digest;

use crate::byte_reader::ByteReader;
use crate::byte_source::ByteSource;

/// A content that cannot be read or is not as promised.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The source could not be read.
    #[error("failed to read {source_name}")]
    Read {
        /// The source's name.
        source_name: String,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// The bytes have another sha256 than their `RECORD` or manifest says.
    #[error("sha256 is {found}, expected {expected}")]
    Digest {
        /// What was promised.
        expected: Digest,
        /// What the bytes have.
        found: Digest,
    },
    /// A deflated slice does not inflate to what its archive says.
    #[error("deflated data in {source_name} does not inflate to the size and CRC-32 that its archive states")]
    Deflated {
        /// The source's name.
        source_name: String,
    },
}

/// A raw deflate stream (RFC 1951): where it is, and what it must inflate to.
#[derive(Clone)]
pub struct Deflated {
    /// The archive.
    pub source: Arc<dyn ByteSource>,
    /// Where the stream begins in it, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub compressed_size: u64,
    /// The length of what it inflates to.
    pub size: u64,
    /// The CRC-32 of what it inflates to.
    pub crc32: u32,
}

#[derive(Clone)]
enum Data {
    Bytes(Bytes),
    Slice { source: Arc<dyn ByteSource>, offset: u64, size: u64 },
    Deflated(Deflated),
}

/// A file's content, with the digest it must have where one was promised.
#[derive(Clone)]
pub struct Content {
    data: Data,
    expected: Option<Digest>,
    modified: Option<i64>,
}

impl Content {
    /// Bytes at hand.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self { data: Data::Bytes(bytes.into()), expected: None, modified: None }
    }

    /// A plain slice of a source.
    pub fn from_slice(source: Arc<dyn ByteSource>, offset: u64, size: u64) -> Self {
        Self { data: Data::Slice { source, offset, size }, expected: None, modified: None }
    }

    /// A slice that is a deflate stream: a layer takes it over without compressing it again.
    pub fn from_deflated(deflated: Deflated) -> Self {
        Self { data: Data::Deflated(deflated), expected: None, modified: None }
    }

    /// Has the digest checked whenever the content is read to its end.
    #[must_use]
    pub fn with_expected(mut self, digest: Digest) -> Self {
        self.expected = Some(digest);
        self
    }

    /// Says when the file was modified, in seconds since 1970.
    #[must_use]
    pub(crate) fn with_modified(mut self, seconds: i64) -> Self {
        self.modified = Some(seconds);
        self
    }

    /// When the file was modified, in seconds since 1970; only known of a file that was read from a tar.
    pub fn modified(&self) -> Option<i64> {
        self.modified
    }

    /// The digest that was promised.
    pub fn expected(&self) -> Option<Digest> {
        self.expected
    }

    /// The length in bytes, inflated.
    pub fn size(&self) -> u64 {
        match &self.data {
            Data::Bytes(bytes) => bytes.len() as u64,
            Data::Slice { size, .. } => *size,
            Data::Deflated(deflated) => deflated.size,
        }
    }

    /// The deflate stream, where the content is one.
    pub fn deflated(&self) -> Option<&Deflated> {
        match &self.data {
            Data::Deflated(deflated) => Some(deflated),
            _ => None,
        }
    }

    /// The source that a plain slice is of, and where in it the slice begins.
    pub fn origin(&self) -> Option<(&Arc<dyn ByteSource>, u64)> {
        match &self.data {
            Data::Slice { source, offset, .. } => Some((source, *offset)),
            _ => None,
        }
    }

    /// The source's name, for errors and reports.
    pub fn source_name(&self) -> String {
        match &self.data {
            Data::Bytes(_) => "a buffer".to_owned(),
            Data::Slice { source, .. } | Data::Deflated(Deflated { source, .. }) => source.name(),
        }
    }

    /// A reader over the bytes, inflated; it checks neither digest nor CRC.
    pub(crate) fn reader(&self) -> Box<dyn Read + '_> {
        match &self.data {
            Data::Bytes(bytes) => Box::new(bytes.as_ref()),
            Data::Slice { source, offset, size } => Box::new(ByteReader::slice(source.as_ref(), *offset, *size)),
            Data::Deflated(d) => {
                Box::new(DeflateDecoder::new(ByteReader::slice(d.source.as_ref(), d.offset, d.compressed_size)))
            }
        }
    }

    /// Reads all of it to memory and checks size, CRC-32 and digest.
    ///
    /// # Errors
    /// When the source cannot be read or the bytes are not the promised ones.
    pub fn to_vec(&self) -> Result<Vec<u8>, ContentError> {
        let size = self.size();
        let mut bytes = Vec::with_capacity(usize::try_from(size.min(1 << 24)).unwrap_or_default());
        // One byte more than promised: a stream that inflates to more is caught, and never read on.
        let read = self.reader().take(size + 1).read_to_end(&mut bytes);
        if let Some(deflated) = self.deflated()
            && (read.is_err() || bytes.len() as u64 != size || crc32fast::hash(&bytes) != deflated.crc32)
        {
            return Err(ContentError::Deflated { source_name: self.source_name() });
        }
        read.map_err(|cause| ContentError::Read { source_name: self.source_name(), cause })?;
        if bytes.len() as u64 != size {
            let cause = io::ErrorKind::UnexpectedEof.into();
            return Err(ContentError::Read { source_name: self.source_name(), cause });
        }
        self.check(Digest::of(&bytes))?;
        Ok(bytes)
    }

    /// The first bytes, at most `size` of them; nothing is checked.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn head(&self, size: usize) -> Result<Vec<u8>, ContentError> {
        self.parts().read(0..self.size().min(size as u64))
    }

    /// Parts of it, read one after the other; neither CRC-32 nor digest is checked.
    pub fn parts(&self) -> ContentParts<'_> {
        ContentParts { content: self, stream: None }
    }

    /// Writes all of it somewhere, inflated; neither CRC-32 nor digest is checked.
    ///
    /// # Errors
    /// When the source cannot be read or `out` not be written.
    pub fn copy_to(&self, out: &mut dyn io::Write) -> io::Result<u64> {
        io::copy(&mut self.reader(), out)
    }

    /// Compares a digest with the promised one.
    pub(crate) fn check(&self, found: Digest) -> Result<(), ContentError> {
        match self.expected {
            Some(expected) if expected != found => Err(ContentError::Digest { expected, found }),
            _ => Ok(()),
        }
    }
}

/// Reads ranges of a content. A deflated one is inflated from its beginning wherever a range lies before the last one,
/// so ranges in their order are read in one pass; nothing but the range is held.
pub struct ContentParts<'a> {
    content: &'a Content,
    /// What inflates, and how far it came.
    stream: Option<(Box<dyn Read + 'a>, u64)>,
}

impl ContentParts<'_> {
    /// The bytes of a range.
    ///
    /// # Errors
    /// When the source cannot be read, or ends before the range does.
    pub fn read(&mut self, range: Range<u64>) -> Result<Vec<u8>, ContentError> {
        let fail = |cause| ContentError::Read { source_name: self.content.source_name(), cause };
        let size = range.end.saturating_sub(range.start);
        if range.end > self.content.size() {
            return Err(fail(io::ErrorKind::UnexpectedEof.into()));
        }
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| fail(io::ErrorKind::OutOfMemory.into()))?];
        if let Some((source, offset)) = self.content.origin() {
            source.read_exact_at(&mut bytes, offset + range.start).map_err(fail)?;
            return Ok(bytes);
        }
        let (mut stream, position) = match self.stream.take().filter(|(_, position)| *position <= range.start) {
            Some(stream) => stream,
            None => (self.content.reader(), 0),
        };
        let ahead = range.start - position;
        let passed = io::copy(&mut stream.by_ref().take(ahead), &mut io::sink()).map_err(fail)?;
        if passed < ahead {
            return Err(fail(io::ErrorKind::UnexpectedEof.into()));
        }
        stream.read_exact(&mut bytes).map_err(fail)?;
        self.stream = Some((stream, range.end));
        Ok(bytes)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes of {})", self.size(), self.source_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    const TEXT: &[u8] = b"hello hello hello";

    /// The text's deflate stream with other bytes around it.
    fn deflated() -> Deflated {
        let mut encoder = flate2::write::DeflateEncoder::new(b"before".to_vec(), flate2::Compression::default());
        encoder.write_all(TEXT).expect("to memory");
        let mut raw = encoder.finish().expect("to memory");
        let compressed_size = raw.len() as u64 - 6;
        raw.extend_from_slice(b"after");
        let crc32 = crc32fast::hash(TEXT);
        Deflated { source: Arc::new(raw), offset: 6, compressed_size, size: TEXT.len() as u64, crc32 }
    }

    /// The text in each of the ways that a content holds it.
    fn contents() -> [Content; 3] {
        let source: Arc<dyn ByteSource> = Arc::new([b"before", TEXT, b"after"].concat());
        let slice = Content::from_slice(source, 6, TEXT.len() as u64);
        [Content::from_bytes(TEXT), slice, Content::from_deflated(deflated())]
    }

    #[test]
    fn a_content_is_the_same_however_it_is_held() {
        for content in contents() {
            let right = content.clone().with_expected(Digest::of(TEXT));
            assert_eq!((content.expected(), right.expected()), (None, Some(Digest::of(TEXT))));
            for content in [&content, &right] {
                assert_eq!(content.size(), 17, "{content:?}");
                assert_eq!(content.to_vec().expect("as promised"), TEXT, "{content:?}");
                let mut copied = Vec::new();
                assert_eq!(content.copy_to(&mut copied).expect("to memory"), 17, "{content:?}");
                assert_eq!(copied, TEXT, "{content:?}");
                for size in [0, 1, 17, 18, 1_000] {
                    assert_eq!(content.head(size).expect("there"), TEXT[..size.min(17)], "{content:?} {size}");
                }
                assert_eq!(format!("{content:?}"), "Content(17 bytes of a buffer)");
            }
            let wrong = content.with_expected(Digest::of(b"other"));
            assert!(matches!(wrong.to_vec(), Err(ContentError::Digest { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn parts_are_read_in_any_order() {
        for content in contents() {
            let mut parts = content.parts();
            for range in [0..0, 2..5, 5..9, 3..4, 0..17, 16..17, 17..17] {
                let expected = &TEXT[range.start as usize..range.end as usize];
                assert_eq!(parts.read(range.clone()).expect("inside"), expected, "{content:?} {range:?}");
            }
            assert!(parts.read(10..18).is_err(), "{content:?}");
            assert!(parts.read(u64::MAX - 1..u64::MAX).is_err(), "{content:?}");
        }
        let cut = Content::from_deflated(Deflated { compressed_size: 3, ..deflated() });
        assert!(cut.parts().read(0..17).is_err() && cut.parts().read(16..17).is_err());
    }

    #[test]
    fn a_stream_that_inflates_to_something_else_is_an_error() {
        let good = deflated();
        for (what, wrong) in [
            ("another CRC-32", Deflated { crc32: 1, ..good.clone() }),
            ("more than promised", Deflated { size: 16, ..good.clone() }),
            ("more, and the promised part has the CRC-32", {
                Deflated { size: 16, crc32: crc32fast::hash(&TEXT[..16]), ..good.clone() }
            }),
            ("less than promised", Deflated { size: 18, ..good.clone() }),
            ("it has no end", Deflated { compressed_size: good.compressed_size - 1, ..good.clone() }),
            ("it begins elsewhere", Deflated { offset: 7, ..good.clone() }),
        ] {
            let found = Content::from_deflated(wrong).to_vec();
            assert!(matches!(found, Err(ContentError::Deflated { .. })), "{what}: {found:?}");
        }
    }

    #[test]
    fn a_source_that_ends_early_is_an_error_that_names_it() {
        let content = Content::from_slice(Arc::new(TEXT.to_vec()), 10, 8);
        for error in [content.to_vec().map(drop), content.head(8).map(drop)] {
            assert_eq!(error.expect_err("too short").to_string(), "failed to read a buffer");
        }
    }
}
