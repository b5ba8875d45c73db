//! The parts of an ELF file that were fetched, and the ones that are wanted next.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use object::read::ReadRef;

/// The longest name of a loader, a library or a version, in bytes: the longest path that Linux opens. One without an
/// end would be as long as the file, and a file may name it thousands of times.
pub(super) const MAX_NAME: usize = 4096;

/// What is fetched first: the header, the tables behind it, and the name of the loader.
const HEAD: u64 = 4096;

/// No table that is read is larger; that of a library with 65,000 sections has 4 MiB.
const MAX_TABLE: u64 = 16 << 20;

/// All parts of a file together are not larger.
const MAX_TOTAL: u64 = 64 << 20;

/// Where each part begins: structures are read in place, and their fields are aligned.
const ALIGNMENT: u64 = 16;

/// How close two parts are fetched as one.
const GAP: u64 = 4096;

/// The parts of one file.
#[derive(Debug)]
pub(super) struct Parts {
    size: u64,
    /// By their offsets; no two overlap.
    parts: BTreeMap<u64, Vec<u8>>,
    wanted: RefCell<Wanted>,
}

#[derive(Debug, Default)]
struct Wanted {
    ranges: Vec<Range<u64>>,
    is_too_much: bool,
}

impl Parts {
    /// The parts of a file of this size; its head is wanted.
    pub(super) fn new(size: u64) -> Self {
        let mut wanted = Wanted::default();
        wanted.ranges.push(0..HEAD.min(size));
        Self { size, parts: BTreeMap::new(), wanted: RefCell::new(wanted) }
    }

    /// The first bytes.
    pub(super) fn head(&self) -> &[u8] {
        self.parts.get(&0).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing more was wanted since the last round.
    ///
    /// # Errors
    /// When more was wanted than any file needs.
    pub(super) fn is_complete(&self) -> Result<bool, String> {
        let wanted = self.wanted.borrow();
        let held: u64 = self.parts.values().map(|part| part.len() as u64).sum();
        let more: u64 = wanted.ranges.iter().map(|range| range.end - range.start).sum();
        match wanted.is_too_much || held + more > MAX_TOTAL {
            true => Err(format!("a table in it is larger than {} MiB", MAX_TABLE >> 20)),
            false => Ok(more == 0),
        }
    }

    /// Fetches what is wanted, in the order of the file.
    ///
    /// # Errors
    /// The error of `fetch`.
    pub(super) fn add<E>(&mut self, fetch: &mut impl FnMut(Range<u64>) -> Result<Vec<u8>, E>) -> Result<(), E> {
        let mut ranges = std::mem::take(&mut self.wanted.get_mut().ranges);
        // A part that is fetched again takes the place of the one before.
        for range in &mut ranges {
            range.start -= range.start % ALIGNMENT;
        }
        ranges.sort_by_key(|range| range.start);
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in ranges {
            match merged.last_mut().filter(|last| last.end.saturating_add(GAP) >= range.start) {
                Some(last) => last.end = last.end.max(range.end),
                None => merged.push(range),
            }
        }
        for range in merged.into_iter().filter(|range| range.start < range.end) {
            let start = range.start;
            let bytes = fetch(range)?;
            let known = self.parts.entry(start).or_default();
            if known.len() < bytes.len() {
                *known = bytes;
            }
        }
        Ok(())
    }

    /// The bytes of a range, if they were fetched; otherwise they are wanted.
    fn bytes(&self, range: Range<u64>) -> Option<&[u8]> {
        let mut before = self.parts.range(..=range.start).rev();
        let found = before.find_map(|(start, part)| {
            let inner = usize::try_from(range.start - start).ok()?..usize::try_from(range.end - start).ok()?;
            part.get(inner)
        });
        if found.is_none() {
            let mut wanted = self.wanted.borrow_mut();
            wanted.is_too_much |= range.end - range.start > MAX_TABLE;
            if !wanted.is_too_much {
                wanted.ranges.push(range);
            }
        }
        found
    }
}

impl<'a> ReadRef<'a> for &'a Parts {
    fn len(self) -> Result<u64, ()> {
        Ok(self.size)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        let end = offset.checked_add(size).filter(|end| *end <= self.size).ok_or(())?;
        if size == 0 {
            return Ok(&[]);
        }
        self.bytes(offset..end).ok_or(())
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        // A longer name is refused by whoever reads it.
        let longest = range.start.checked_add(MAX_NAME as u64 + 1).ok_or(())?;
        let end = range.end.min(longest);
        if range.start >= end || range.end > self.size {
            return Err(());
        }
        let bytes = self.bytes(range.start..end).ok_or(())?;
        match bytes.iter().position(|byte| *byte == delimiter) {
            Some(length) => Ok(&bytes[..length]),
            None if end == longest => Ok(bytes),
            None => Err(()),
        }
    }
}
