//! Wheels made for tests: sound ones, and with anything in them that a hostile one may have.

use std::io::{Cursor, Seek, Write};
use std::sync::Arc;

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::wheel::{Record, RecordRow, Wheel, WheelError};

/// A wheel in the making: `pkg` 1.0.
pub(crate) struct Sample {
    files: Vec<(String, Vec<u8>, u32)>,
    record: Record,
    compression: CompressionMethod,
    form: Form,
}

/// What forms of an archive writers choose between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Sizes in the local headers.
    Plain,
    /// Sizes behind each member's data, as writers to pipes have them (APPNOTE 4.3.9).
    Descriptors,
    /// 64-bit sizes in extra fields, needed or not (APPNOTE 4.5.3).
    Zip64,
}

pub(crate) const WHEEL: &str = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n";

impl Sample {
    /// A sound wheel with one module.
    pub(crate) fn new() -> Self {
        Self {
            files: Vec::new(),
            record: Record::default(),
            compression: CompressionMethod::Deflated,
            form: Form::Plain,
        }
        .file("pkg/__init__.py", b"print('hello hello hello hello')\n")
        .file("pkg-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n")
        .file("pkg-1.0.dist-info/WHEEL", WHEEL.as_bytes())
    }

    /// With one more file, listed in RECORD.
    pub(crate) fn file(self, path: &str, content: &[u8]) -> Self {
        self.file_with_mode(path, content, 0o644)
    }

    pub(crate) fn file_with_mode(mut self, path: &str, content: &[u8], mode: u32) -> Self {
        self.record.rows.insert(path.to_owned(), RecordRow::of(content));
        self.unlisted(path, content, mode)
    }

    /// With one more file that RECORD does not list.
    pub(crate) fn unlisted(mut self, path: &str, content: &[u8], mode: u32) -> Self {
        self.files.push((path.to_owned(), content.to_vec(), mode));
        self
    }

    /// With a row in RECORD.
    pub(crate) fn row(mut self, path: &str, row: RecordRow) -> Self {
        self.record.rows.insert(path.to_owned(), row);
        self
    }

    /// Without a file; its row in RECORD stays.
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.files.retain(|(other, ..)| other != path);
        self
    }

    /// With members stored as they are.
    pub(crate) fn stored(mut self) -> Self {
        self.compression = CompressionMethod::Stored;
        self
    }

    /// With the archive in another form.
    pub(crate) fn in_form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// The bytes of the archive.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        let record = "pkg-1.0.dist-info/RECORD";
        self.record.rows.insert(record.to_owned(), RecordRow::default());
        self.files.push((record.to_owned(), self.record.to_bytes(), 0o644));
        match self.form {
            Form::Descriptors => self.written(ZipWriter::new_stream(Vec::new())).into_inner(),
            _ => self.written(ZipWriter::new(Cursor::new(Vec::new()))).into_inner(),
        }
    }

    fn written<W: Write + Seek>(&self, mut writer: ZipWriter<W>) -> W {
        for (path, content, mode) in &self.files {
            let options = SimpleFileOptions::default().compression_method(self.compression).unix_permissions(*mode);
            let options = options.large_file(self.form == Form::Zip64);
            if mode & 0o170_000 == 0o120_000 {
                writer.add_symlink(path.as_str(), String::from_utf8_lossy(content), options).expect("to memory");
            } else {
                writer.start_file(path.as_str(), options).expect("to memory");
                writer.write_all(content).expect("to memory");
            }
        }
        writer.finish().expect("to memory")
    }

    pub(crate) fn open(self) -> Result<Wheel, WheelError> {
        open(self.bytes())
    }
}

/// Opens bytes as the wheel of `pkg` 1.0.
pub(crate) fn open(bytes: Vec<u8>) -> Result<Wheel, WheelError> {
    Wheel::open("pkg-1.0-py3-none-any.whl".parse().expect("valid"), Arc::new(bytes))
}
