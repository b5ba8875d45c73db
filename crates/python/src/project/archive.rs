//! A static wheel → the bytes of its archive, the same on every machine.

use std::io::{Cursor, Write as _};

use zip::CompressionMethod;
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::project::static_wheel::{Content, StaticWheel};
use crate::wheel::{Record, RecordRow};

impl StaticWheel {
    /// Writes the wheel; `read` gives the bytes of a file of the project.
    ///
    /// Nothing is compressed: what reads it takes it apart again, and layers have their own compression.
    ///
    /// # Errors
    /// When a file cannot be read, or the archive would be too large for its format.
    pub fn archive<E: From<ZipError>>(&self, mut read: impl FnMut(&str) -> Result<Vec<u8>, E>) -> Result<Vec<u8>, E> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let mut record = Record::default();
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let options = options.last_modified_time(zip::DateTime::default());
        let mut add = |path: &str, executable: bool, bytes: &[u8]| {
            let mode = if executable { 0o755 } else { 0o644 };
            writer.start_file(path, options.unix_permissions(mode))?;
            writer.write_all(bytes).map_err(ZipError::from)
        };
        for (path, content) in &self.files {
            let (executable, bytes) = match content {
                Content::File { path, executable } => (*executable, read(path)?),
                Content::Text(text) => (false, text.clone().into_bytes()),
            };
            record.rows.insert(path.clone(), RecordRow::of(&bytes));
            add(path, executable, &bytes)?;
        }
        let path = format!("{}.dist-info/RECORD", self.stem());
        record.rows.insert(path.clone(), RecordRow::default());
        add(&path, false, &record.to_bytes())?;
        Ok(writer.finish()?.into_inner())
    }
}
