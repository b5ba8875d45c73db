//! One pyc against the interpreter that loads it and the source that it is for: header, freshness, code (PEP 552).

use shipwheel_bytecode::{canonical, source_hash};
use shipwheel_layer::Content;

use crate::inspect::finding::{Finding, FindingKind};

/// The most bytes that a pyc or a source may have.
pub(super) const MAX_FILE: u64 = 256 << 20;

/// The shortest pyc: a header, and one byte of code.
const MIN_PYC: u64 = 17;

/// What an interpreter makes of pycs.
#[derive(Debug, Clone)]
pub(super) struct Judge {
    /// The name of the interpreter for reports: `Python 3.11.2`.
    pub(super) name: String,
    pub(super) magic_number: [u8; 4],
    /// The minor version: 11.
    pub(super) minor: u32,
}

impl Judge {
    /// Header and code, for a pyc that no source is at hand for.
    pub(super) fn alone(&self, bytes: &[u8]) -> Option<Finding> {
        self.header(bytes).or_else(|| self.code(bytes))
    }

    /// Header, freshness and code of a pyc with its source.
    pub(super) fn with_source(&self, bytes: &[u8], source: &Content) -> Option<Finding> {
        let finding = self.header(bytes).or_else(|| self.freshness(bytes, source));
        finding.or_else(|| self.code(bytes))
    }

    /// Magic number and flags.
    fn header(&self, bytes: &[u8]) -> Option<Finding> {
        if !(MIN_PYC..=MAX_FILE).contains(&(bytes.len() as u64)) {
            return Some(broken(bytes.len() as u64));
        }
        let shown = |magic: &[u8]| match magic {
            [low, high, b'\r', b'\n'] => u16::from_le_bytes([*low, *high]).to_string(),
            other => format!("{other:02x?}"),
        };
        if bytes[..4] != self.magic_number {
            let expected = format!("{} of {}", shown(&self.magic_number), self.name);
            return Some(Finding::problem(FindingKind::MagicNumber, expected, shown(&bytes[..4])));
        }
        match flags(bytes) {
            0 | 1 | 3 => None,
            other => Some(Finding::problem(FindingKind::Header, "flags 0, 1 or 3", format!("flags {other}"))),
        }
    }

    /// Hash or time and size of the source.
    pub(super) fn freshness(&self, bytes: &[u8], source: &Content) -> Option<Finding> {
        if flags(bytes) == 0 {
            // CPython compares the lowest 32 bits.
            let time = source.modified().unwrap_or_default() as u32;
            let size = source.size() as u32;
            if word(bytes, 8) != time {
                return stale(format!("a source modified at {time}"), format!("made for one of {}", word(bytes, 8)));
            }
            if word(bytes, 12) != size {
                return stale(format!("a source of {size} bytes"), format!("made for one of {}", word(bytes, 12)));
            }
            return None;
        }
        if source.size() > MAX_FILE {
            return stale("a source of at most 256 MiB".to_owned(), format!("{} bytes", source.size()));
        }
        match source.to_vec() {
            Ok(text) => self.hash(bytes, &text),
            Err(error) => stale("a source that can be read".to_owned(), error.to_string()),
        }
    }

    /// The hash of the source, where a pyc has one.
    pub(super) fn hash(&self, bytes: &[u8], source: &[u8]) -> Option<Finding> {
        if flags(bytes) == 0 {
            return None;
        }
        let expected = source_hash(self.minor, self.magic_number, source);
        let hex = |hash: &[u8]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match bytes[8..16] == expected {
            true => None,
            false => stale(format!("the source's hash {}", hex(&expected)), hex(&bytes[8..16])),
        }
    }

    /// Whether the rest is a code object at all.
    fn code(&self, bytes: &[u8]) -> Option<Finding> {
        let error = canonical(&bytes[16..], u8::try_from(self.minor).unwrap_or_default(), None).err()?;
        Some(Finding::problem(FindingKind::Code, "a code object", error.to_string()))
    }
}

/// Why a file of this size cannot be a pyc.
pub(super) fn of_wrong_size(size: u64) -> Option<Finding> {
    (!(MIN_PYC..=MAX_FILE).contains(&size)).then(|| broken(size))
}

fn broken(size: u64) -> Finding {
    Finding::problem(FindingKind::Header, "a header of 16 bytes and code", format!("{size} bytes in all"))
}

fn stale(expected: String, found: String) -> Option<Finding> {
    Some(Finding::problem(FindingKind::Stale, expected, found))
}

fn flags(bytes: &[u8]) -> u32 {
    word(bytes, 4)
}

fn word(bytes: &[u8], from: usize) -> u32 {
    u32::from_le_bytes(bytes[from..from + 4].try_into().expect("four of the header"))
}
