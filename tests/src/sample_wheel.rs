//! Wheels made for tests, of any name, version, tag and files.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shipwheel_oci::Digest;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A wheel.
#[derive(Debug, Clone)]
pub struct SampleWheel {
    /// Its file name.
    pub file_name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl SampleWheel {
    /// A wheel of these files, whose METADATA, WHEEL and RECORD come by themselves.
    ///
    /// A file is deflated if that is what zip would do with a wheel, and stored where its name ends with `.stored`.
    ///
    /// # Panics
    /// When it cannot be zipped.
    pub fn new(name: &str, version: &str, tag: &str, files: &[(&str, &[u8])]) -> Self {
        Self::made((name, version, tag), "", files, |record| record)
    }

    /// The same with another RECORD, made of the right one.
    ///
    /// # Panics
    /// As [`SampleWheel::new`].
    pub fn recorded(
        name: &str,
        version: &str,
        tag: &str,
        files: &[(&str, &[u8])],
        record: impl FnOnce(String) -> String,
    ) -> Self {
        Self::made((name, version, tag), "", files, record)
    }

    /// The same with further lines of METADATA.
    ///
    /// # Panics
    /// As [`SampleWheel::new`].
    pub fn with(name: &str, version: &str, tag: &str, more: &str, files: &[(&str, &[u8])]) -> Self {
        Self::made((name, version, tag), more, files, |record| record)
    }

    fn made(
        (name, version, tag): (&str, &str, &str),
        more: &str,
        files: &[(&str, &[u8])],
        record: impl FnOnce(String) -> String,
    ) -> Self {
        let pure = tag.ends_with("-any");
        let info = format!("{name}-{version}.dist-info");
        let wheel = format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {pure}\nTag: {tag}\n");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}");
        let own = [(format!("{info}/METADATA"), metadata.into_bytes()), (format!("{info}/WHEEL"), wheel.into_bytes())];
        let given = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
        let files: Vec<(String, Vec<u8>)> = given.chain(own).collect();
        let row = |(path, bytes): &(String, Vec<u8>)| {
            let hash = URL_SAFE_NO_PAD.encode(Digest::of(bytes).as_bytes());
            format!("{path},sha256={hash},{}\n", bytes.len())
        };
        let record = record(format!("{}{info}/RECORD,,\n", files.iter().map(row).collect::<String>()));
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (path, bytes) in files.iter().chain([&(format!("{info}/RECORD"), record.into_bytes())]) {
            let method =
                if path.ends_with(".stored") { CompressionMethod::Stored } else { CompressionMethod::Deflated };
            let options = SimpleFileOptions::default().compression_method(method);
            zip.start_file(path, options).expect("a name that zip takes");
            zip.write_all(bytes).expect("memory takes all");
        }
        let bytes = zip.finish().expect("memory takes all").into_inner();
        Self { file_name: format!("{name}-{version}-{tag}.whl"), bytes }
    }

    /// Its SHA-256, in hex.
    pub fn sha256(&self) -> String {
        Digest::of(&self.bytes).hex()
    }
}
