//! RECORD: the list of a distribution's files with digests and sizes, as CSV (PEP 376, PEP 627).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use shipwheel_oci::Digest;

use crate::wheel::strong_hash::StrongHash;

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
    /// A stronger hash in place of it.
    pub stronger: Option<StrongHash>,
    /// The file's size in bytes.
    pub size: Option<u64>,
}

impl RecordRow {
    /// The row of a file with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: Some(Digest::of(bytes)), stronger: None, size: Some(bytes.len() as u64) }
    }

    fn has_hash(&self) -> bool {
        self.sha256.is_some() || self.stronger.is_some()
    }
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

/// The most rows that are read: a wheel has at most half as many members.
const MAX_ROWS: usize = 400_000;

impl Record {
    /// Parses the bytes of a RECORD, and says what in it is against the specification and does no harm.
    ///
    /// pip and uv read nothing of a RECORD but the paths: whatever they install can be read here, and a hash that is
    /// none counts as missing.
    ///
    /// # Errors
    /// When it is not a CSV in UTF-8, or has two hashes for one path: one of them must be wrong.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<String>), RecordError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let (mut rows, mut notes) = (BTreeMap::new(), Vec::new());
        for (number, row) in (1..).zip(reader.records()) {
            let error = |reason: String| RecordError { row: number, reason };
            let row = row.map_err(|cause| error(cause.to_string()))?;
            if number > MAX_ROWS {
                return Err(error(format!("more than {MAX_ROWS} rows")));
            }
            let field = |at: usize| row.get(at).unwrap_or_default();
            let path = field(0);
            if path.is_empty() {
                notes.push(format!("row {number} has no path"));
                continue;
            }
            let parsed = parse_row(field(1).trim(), field(2).trim(), |note| notes.push(format!("`{path}` has {note}")));
            let kept = match rows.get(path) {
                Some(other) => joined(other, &parsed)
                    .ok_or_else(|| error(format!("`{path}` is listed twice, with different hashes")))?,
                None => parsed,
            };
            rows.insert(path.to_owned(), kept);
        }
        Ok((Self { rows }, notes))
    }

    /// The bytes of a RECORD with these rows.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        for (path, row) in &self.rows {
            let sha256 = row.sha256.as_ref().map(|digest| ("sha256", &digest.as_bytes()[..]));
            let hash = sha256.or_else(|| row.stronger.as_ref().map(StrongHash::parts));
            let hash = hash.map(|(algorithm, bytes)| format!("{algorithm}={}", BASE64.encode(bytes)));
            let size = row.size.map(|size| size.to_string());
            let fields = [path.as_str(), hash.as_deref().unwrap_or_default(), size.as_deref().unwrap_or_default()];
            writer.write_record(fields).expect("three fields each, written to memory");
        }
        writer.into_inner().expect("written to memory")
    }
}

/// Two rows of one path as one; `None` if they contradict each other.
fn joined(one: &RecordRow, other: &RecordRow) -> Option<RecordRow> {
    let (with_hash, without) = if one.has_hash() { (one, other) } else { (other, one) };
    let agree = !without.has_hash() || (with_hash.sha256, with_hash.stronger) == (without.sha256, without.stronger);
    agree.then(|| RecordRow { size: with_hash.size.or(without.size), ..*with_hash })
}

fn parse_row(hash: &str, size: &str, mut note: impl FnMut(String)) -> RecordRow {
    let shown = |text: &str| text.chars().take(100).collect::<String>();
    let mut row = RecordRow::default();
    if let Some((algorithm, value)) = hash.split_once('=') {
        let algorithm = algorithm.to_ascii_lowercase();
        // RECORD has the alphabet for URLs (PEP 376); some writers take the other one.
        let bytes = BASE64.decode(value.replace('+', "-").replace('/', "_")).unwrap_or_default();
        row.sha256 = <[u8; 32]>::try_from(&bytes[..]).ok().filter(|_| algorithm == "sha256").map(Digest::from_bytes);
        row.stronger = StrongHash::new(&algorithm, &bytes);
    }
    if !hash.is_empty() && !row.has_hash() {
        note(format!("`{}`, which is not a sha256, sha384 or sha512", shown(hash)));
    }
    row.size = size.parse().ok();
    if !size.is_empty() && row.size.is_none() {
        note(format!("the size `{}`", shown(size)));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> (Record, Vec<String>) {
        Record::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_row_is_read_in_every_form_that_installers_read() {
        let plain = "a.py,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3\n";
        for text in [
            plain,
            "a.py,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=,3\r\n",
            "a.py,SHA256=ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=,3\n",
            "\u{feff}\n\"a.py\", sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0, 3,\n\n",
            &format!("{plain}{plain}a.py,,\n"),
        ] {
            let (record, notes) = parsed(text);
            assert_eq!((record.rows["a.py"], notes), (RecordRow::of(b"abc"), Vec::new()), "{text}");
            assert_eq!(record.to_bytes(), plain.as_bytes());
        }
    }

    #[test]
    fn a_hash_may_be_stronger_than_sha256() {
        for (algorithm, size) in [("sha384", 48), ("sha512", 64)] {
            let text = format!("a.py,{algorithm}={},3\n", BASE64.encode(vec![7; size]));
            let (record, notes) = parsed(&text);
            assert_eq!(record.rows["a.py"].stronger.map(|hash| hash.parts().1.len()), Some(size));
            assert!(notes.is_empty() && record.rows["a.py"].sha256.is_none());
            assert_eq!(record.to_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn what_is_no_hash_and_no_size_counts_as_missing() {
        let none = RecordRow::default();
        for (row, note) in [
            (
                "md5=1eKUSbnmbVtLsNbOSPu8sQ,",
                "`a` has `md5=1eKUSbnmbVtLsNbOSPu8sQ`, which is not a sha256, sha384 or sha512",
            ),
            ("sha256=x,", "`a` has `sha256=x`, which is not a sha256, sha384 or sha512"),
            (
                "sha512=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,",
                "`a` has `sha512=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0`, which is not a sha256, sha384 or sha512",
            ),
            ("junk,", "`a` has `junk`, which is not a sha256, sha384 or sha512"),
            (",-1", "`a` has the size `-1`"),
            (",abc", "`a` has the size `abc`"),
        ] {
            let (record, notes) = parsed(&format!("a,{row}\n"));
            assert_eq!((record.rows["a"], notes), (none, vec![note.to_owned()]), "{row}");
        }
        for text in ["a\n", "a,\n", "a,,\n", "a,,,x\n"] {
            assert_eq!(parsed(text), (Record { rows: BTreeMap::from([("a".to_owned(), none)]) }, Vec::new()), "{text}");
        }
        assert_eq!(parsed("a,,\n,,\n").1, ["row 2 has no path"]);
    }

    #[test]
    fn a_text_that_is_not_a_record_is_refused_with_its_row() {
        let [one, other] = [b"1", b"2"].map(|bytes| BASE64.encode(Digest::of(bytes).as_bytes()));
        let twice = format!("a,sha256={one},\na,sha256={other},\n");
        for (text, row) in [(twice.as_bytes(), 2), (b"a,,\n\xff,,\n", 2), (b"\xff\xfea\0,\0,\0", 1)] {
            assert_eq!(Record::parse(text).expect_err("not valid").row, row, "{text:?}");
        }
        let long = ",\n".repeat(MAX_ROWS + 1);
        assert_eq!(Record::parse(long.as_bytes()).expect_err("too long").row, MAX_ROWS + 1);
    }

    proptest! {
        #[test]
        fn a_written_record_reads_back(
            rows in prop::collection::btree_map("[a-zé\",\n /]{1,9}", any::<(Option<[u8; 32]>, Option<u64>)>(), 0..9)
        ) {
            let row = |(path, (bytes, size)): (String, (Option<[u8; 32]>, _))| {
                (path, RecordRow { sha256: bytes.map(Digest::from_bytes), stronger: None, size })
            };
            let record = Record { rows: rows.into_iter().map(row).collect() };
            prop_assert_eq!(Record::parse(&record.to_bytes()), Ok((record, Vec::new())));
        }

        #[test]
        fn any_bytes_parse_or_are_refused(bytes: Vec<u8>) {
            let _ = Record::parse(&bytes);
        }
    }
}
