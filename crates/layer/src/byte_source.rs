//! Bytes that are read where they are: a file on disk, a blob, a buffer.

use std::io;

/// Bytes that can be read at any offset, from any thread: a file or a buffer.
pub trait ByteSource: Send + Sync {
    /// The length in bytes.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// When the source ends before the buffer is full, or cannot be read.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Names the source in errors: a file's path, a wheel's file name.
    fn name(&self) -> String;
}

impl ByteSource for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let slice = start.checked_add(buffer.len()).and_then(|end| self.get(start..end));
        buffer.copy_from_slice(slice.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn name(&self) -> String {
        "a buffer".to_owned()
    }
}
