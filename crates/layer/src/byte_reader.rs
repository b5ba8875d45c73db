//! Reading a source as a stream.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::byte_source::ByteSource;

/// A buffered reader over a source or a slice of it, with seeking, as `tar` and `zip` want one.
#[derive(Clone)]
pub struct ByteReader<S> {
    source: S,
    start: u64,
    end: u64,
    /// Where the buffer's end is in the source.
    offset: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl<'a> ByteReader<&'a dyn ByteSource> {
    const BUFFER: u64 = 64 << 10;

    /// A reader over `size` bytes from `offset` on.
    pub fn slice(source: &'a dyn ByteSource, offset: u64, size: u64) -> Self {
        let end = offset.saturating_add(size);
        Self { source, start: offset, end, offset, buffer: Vec::new(), used: 0 }
    }

    /// A reader over all of it.
    pub fn new(source: &'a dyn ByteSource) -> Self {
        Self::slice(source, 0, source.size())
    }

    fn position(&self) -> u64 {
        self.offset - (self.buffer.len() - self.used) as u64
    }
}

impl BufRead for ByteReader<&dyn ByteSource> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used == self.buffer.len() {
            let size = self.end.saturating_sub(self.offset).min(Self::BUFFER);
            self.buffer.resize(usize::try_from(size).expect("the buffer is small"), 0);
            self.used = 0;
            self.source.read_exact_at(&mut self.buffer, self.offset).inspect_err(|_| self.buffer.clear())?;
            self.offset += size;
        }
        Ok(&self.buffer[self.used..])
    }

    fn consume(&mut self, amount: usize) {
        self.used = (self.used + amount).min(self.buffer.len());
    }
}

impl Read for ByteReader<&dyn ByteSource> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let size = available.len().min(buffer.len());
        buffer[..size].copy_from_slice(&available[..size]);
        self.consume(size);
        Ok(size)
    }
}

impl Seek for ByteReader<&dyn ByteSource> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (origin, distance) = match to {
            SeekFrom::Start(distance) => (self.start, i64::try_from(distance).map_err(io::Error::other)?),
            SeekFrom::End(distance) => (self.end, distance),
            SeekFrom::Current(distance) => (self.position(), distance),
        };
        let target = origin.checked_add_signed(distance).filter(|target| *target >= self.start);
        let target = target.ok_or(io::ErrorKind::InvalidInput)?;
        let buffered = self.offset - self.buffer.len() as u64;
        if (buffered..=self.offset).contains(&target) {
            self.used = usize::try_from(target - buffered).expect("inside the buffer");
        } else {
            self.buffer.clear();
            self.used = 0;
            self.offset = target;
        }
        Ok(target - self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_seeks_inside_its_slice() {
        let source: Vec<u8> = (0..=255).cycle().take(200_000).collect();
        let mut reader = ByteReader::slice(&source, 100, 150_000);
        let mut byte = [0];
        for (to, expected) in [
            (SeekFrom::Start(0), 100),
            (SeekFrom::End(-1), 149_999 + 100),
            (SeekFrom::Current(-1001), 148_999 + 100),
            (SeekFrom::Start(70_000), 70_100),
            (SeekFrom::Start(100_000), 100_100),
            // Back inside what is buffered, to its first byte, and to the byte before it.
            (SeekFrom::Current(-1), 100_100),
            (SeekFrom::Start(70_000), 70_100),
            (SeekFrom::Start(69_999), 70_099),
        ] {
            let position = reader.seek(to).expect("inside");
            assert_eq!(position, expected - 100, "positions are counted from the slice's start: {to:?}");
            reader.read_exact(&mut byte).expect("inside");
            assert_eq!(u64::from(byte[0]), expected % 256, "{to:?}");
        }
        assert!(reader.seek(SeekFrom::Current(-1_000_000)).is_err());
        reader.seek(SeekFrom::End(10)).expect("past the end is allowed");
        assert_eq!(reader.read(&mut byte).expect("end of file"), 0);
    }
}
