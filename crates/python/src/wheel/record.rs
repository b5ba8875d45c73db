//! RECORD: the list of a distribution's files with digests and sizes, as CSV (PEP 376, PEP 627).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use shipwheel_oci::Digest;

/// A RECORD that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("RECORD row {row}: {reason}")]
pub struct RecordError {
    /// The row, counted from 1.
    pub row: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// What RECORD says of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordRow {
    /// The file's sha256; RECORD itself has none.
    pub sha256: Option<Digest>,
    /// The file's size in bytes.
    pub size: Option<u64>,
}

/// The files of a distribution, relative to site-packages, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Path → digest and size.
    pub rows: BTreeMap<String, RecordRow>,
}

/// Wheels write no padding; old tools did.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Record {
    /// Parses the bytes of a RECORD.
    ///
    /// # Errors
    /// When it is not a CSV of three columns, lists a path twice, or has a hash that is not a sha256.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut rows = BTreeMap::new();
        for (number, row) in (1..).zip(reader.records()) {
            let error = |reason: String| RecordError { row: number, reason };
            let row = row.map_err(|cause| error(cause.to_string()))?;
            let field = |at: usize| row.get(at).unwrap_or_default();
            if row.len() > 3 || field(0).is_empty() {
                return Err(error("expected a path, a hash and a size".to_owned()));
            }
            let parsed =
                RecordRow { sha256: parse_hash(field(1)).map_err(error)?, size: parse_size(field(2)).map_err(error)? };
            if rows.insert(field(0).to_owned(), parsed).is_some_and(|other| other != parsed) {
                return Err(error(format!("`{}` is listed twice, differently", field(0))));
            }
        }
        Ok(Self { rows })
    }

    /// The bytes of a RECORD with these rows.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        for (path, row) in &self.rows {
            let hash = row.sha256.map(|digest| format!("sha256={}", BASE64.encode(digest.as_bytes())));
            let size = row.size.map(|size| size.to_string());
            let fields = [path.as_str(), hash.as_deref().unwrap_or_default(), size.as_deref().unwrap_or_default()];
            writer.write_record(fields).expect("three fields each, written to memory");
        }
        writer.into_inner().expect("written to memory")
    }
}

fn parse_hash(text: &str) -> Result<Option<Digest>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let (algorithm, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not a hash"))?;
    if algorithm != "sha256" {
        return Err(format!("the hash is {algorithm}, and only sha256 is supported"));
    }
    let bytes = BASE64.decode(value).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes.map(|bytes| Some(Digest::from_bytes(bytes))).ok_or_else(|| format!("`{text}` is not a sha256"))
}

fn parse_size(text: &str) -> Result<Option<u64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("`{text}` is not a size"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_are_read_with_and_without_padding() {
        let plain = "a.py,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3\n";
        let padded = "a.py,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=,3\r\n";
        let expected = RecordRow { sha256: Some(Digest::of(b"abc")), size: Some(3) };
        for text in [plain, padded] {
            assert_eq!(Record::parse(text.as_bytes()).expect("valid").rows["a.py"], expected);
        }
        assert_eq!(Record::parse(plain.as_bytes()).expect("valid").to_bytes(), plain.as_bytes());
    }

    #[test]
    fn a_text_that_is_not_a_record_is_refused_with_its_row() {
        for (text, row) in [
            (&b"a,,\n,,\n"[..], 2),
            (b"a,,\nb,md5=x,\n", 2),
            (b"a,sha256=x,\n", 1),
            (b"a,sha256,\n", 1),
            (b"a,,-1\n", 1),
            (b"a,,,\n", 1),
            (b"a,,1\na,,2\n", 2),
            (b"a,,\n\xff,,\n", 2),
        ] {
            assert_eq!(Record::parse(text).expect_err("not valid").row, row, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_written_record_reads_back(
            rows in prop::collection::btree_map("[a-zé\",\n /]{1,9}", any::<(Option<[u8; 32]>, Option<u64>)>(), 0..9)
        ) {
            let row = |(path, (bytes, size)): (String, (Option<[u8; 32]>, _))| {
                (path, RecordRow { sha256: bytes.map(Digest::from_bytes), size })
            };
            let record = Record { rows: rows.into_iter().map(row).collect() };
            prop_assert_eq!(Record::parse(&record.to_bytes()), Ok(record));
        }

        #[test]
        fn any_bytes_parse_or_are_refused(bytes: Vec<u8>) {
            let _ = Record::parse(&bytes);
        }
    }
}
