//! Which records a run asked for or wrote: what another machine needs to do the same run without their inputs.

use std::collections::BTreeMap;
use std::sync::Mutex;

use shipwheel_oci::Digest;

use crate::sync::lock;

/// A record, as it was found or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether this run wrote it.
    pub is_new: bool,
}

/// The records of one run, of the kinds that are asked for.
#[derive(Debug)]
pub struct Journal {
    kinds: &'static [&'static str],
    noted: Mutex<BTreeMap<(&'static str, Digest), Noted>>,
}

impl Journal {
    /// An empty journal of these kinds; all others are passed over.
    pub fn of(kinds: &'static [&'static str]) -> Self {
        Self { kinds, noted: Mutex::default() }
    }

    /// Notes a record.
    pub(super) fn note(&self, kind: &str, key: &Digest, bytes: &[u8], is_new: bool) {
        let Some(kind) = self.kinds.iter().find(|known| **known == kind) else { return };
        let mut noted = lock(&self.noted);
        let was_new = noted.get(&(*kind, *key)).is_some_and(|known| known.is_new);
        noted.insert((kind, *key), Noted { bytes: bytes.to_vec(), is_new: is_new || was_new });
    }

    /// All that was noted, by kind and key.
    pub fn noted(&self) -> BTreeMap<(&'static str, Digest), Noted> {
        lock(&self.noted).clone()
    }
}
