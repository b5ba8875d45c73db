//! Packs: thousands of small values in one file of the cache, found again by their keys.
//!
//! A file for each value costs more than many of them took to make. A pack ends with its index, so
//! that it is either complete or absent; once written, it never changes.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use shipwheel_oci::Digest;

use super::folder::Cache;
use super::presence::note_use;
use crate::disk::OutputFile;
use crate::disk::small_file::open_regular;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::sync::lock;

/// A pack is written at this size, so that a killed process loses little.
const FULL: u64 = 16 << 20;

/// Fewer values than this become files of their own, so that not every changed line leaves a pack behind.
const FEW: usize = 16;

/// A row of an index: key, digest of the value, offset and size.
const ROW: usize = 32 + 32 + 8 + 4;

/// What follows the index: its digest, and how many rows it has.
const TRAILER: usize = 32 + 4;

/// Where a value is.
#[derive(Debug, Clone)]
struct Location {
    pack: Arc<PathBuf>,
    digest: Digest,
    offset: u64,
    size: u32,
}

/// The packs of one kind and group, with one that is being written; for any number of threads.
#[derive(Debug)]
pub struct Packs {
    cache: Cache,
    kind: &'static str,
    group: Digest,
    known: Mutex<HashMap<Digest, Location>>,
    open: Mutex<Option<OpenPack>>,
}

/// A pack being written; removed unless finished.
#[derive(Debug)]
struct OpenPack {
    file: OutputFile,
    size: u64,
    rows: Vec<(Digest, Digest, u64, u32)>,
}

impl Packs {
    /// The packs of a group of values, whose keys are looked up together.
    ///
    /// A pack that is not complete counts as absent.
    pub fn open(cache: &Cache, kind: &'static str, group: &Digest) -> Self {
        let folder = cache.packs(kind, group);
        let packs = folder
            .iter()
            .flat_map(|folder| folder.names().unwrap_or_default().into_iter().map(|name| folder.path().join(name)));
        let rows = |path: PathBuf| {
            let file = open_regular(&path).ok()?;
            note_use(&file);
            read_index(&path, &file)
        };
        let known = packs.filter_map(rows).flatten().collect();
        Self { cache: cache.clone(), kind, group: *group, known: Mutex::new(known), open: Mutex::default() }
    }

    /// The value of a key, if it is there and complete.
    pub fn value(&self, key: &Digest) -> Option<Vec<u8>> {
        let location = lock(&self.known).get(key).cloned();
        let near = location.and_then(|location| location.read()).or_else(|| self.cache.entry(self.kind, key));
        let value = near.or_else(|| self.cache.lent(self.kind, key))?;
        self.cache.note(self.kind, key, &value, false);
        Some(value)
    }

    /// Puts a value under a key; it is found by later runs, but not before [`Packs::finish`].
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn put(&self, key: Digest, value: &[u8]) -> Result<()> {
        self.cache.note(self.kind, &key, value, true);
        let mut slot = lock(&self.open);
        let open = match slot.as_mut() {
            Some(open) => open,
            None => slot.insert(OpenPack { file: self.cache.begin_file()?, size: 0, rows: Vec::new() }),
        };
        let size = u32::try_from(value.len()).expect("values are small");
        open.file.write_all(value).map_err(StoreError::file(FileAction::Write, &open.file.path()))?;
        open.rows.push((key, Digest::of(value), open.size, size));
        open.size += u64::from(size);
        if open.size < FULL {
            return Ok(());
        }
        let full = slot.take();
        drop(slot);
        full.map_or(Ok(()), |full| self.publish(full))
    }

    /// Makes everything that was put visible to later runs.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn finish(&self) -> Result<()> {
        let open = lock(&self.open).take();
        match open {
            Some(open) if open.rows.len() < FEW => self.put_entries(&open),
            Some(open) => self.publish(open),
            None => Ok(()),
        }
    }

    fn put_entries(&self, open: &OpenPack) -> Result<()> {
        for (key, _, offset, size) in &open.rows {
            let mut value = vec![0; *size as usize];
            let read = open.file.as_file().read_exact_at(&mut value, *offset);
            read.map_err(StoreError::file(FileAction::Read, &open.file.path()))?;
            self.cache.put_entry(self.kind, key, &value)?;
        }
        Ok(())
    }

    fn publish(&self, mut open: OpenPack) -> Result<()> {
        let mut index = Vec::with_capacity(open.rows.len() * ROW + TRAILER);
        for (key, digest, offset, size) in &open.rows {
            index.extend_from_slice(key.as_bytes());
            index.extend_from_slice(digest.as_bytes());
            index.extend_from_slice(&offset.to_le_bytes());
            index.extend_from_slice(&size.to_le_bytes());
        }
        let name = Digest::of(&index);
        index.extend_from_slice(name.as_bytes());
        index.extend_from_slice(&u32::try_from(open.rows.len()).expect("a full pack has fewer").to_le_bytes());
        open.file.write_all(&index).map_err(StoreError::file(FileAction::Write, &open.file.path()))?;
        let folder = self.cache.make_packs(self.kind, &self.group)?;
        let path = Arc::new(folder.path().join(name.hex()));
        let finished = open.file.finish_in(&folder, OsStr::new(&name.hex()));
        finished.map_err(StoreError::file(FileAction::Write, &path))?;
        let location = |(key, digest, offset, size)| (key, Location { pack: Arc::clone(&path), digest, offset, size });
        lock(&self.known).extend(open.rows.into_iter().map(location));
        Ok(())
    }
}

impl Location {
    fn read(&self) -> Option<Vec<u8>> {
        self.read_of(&open_regular(&self.pack).ok()?)
    }

    fn read_of(&self, pack: &File) -> Option<Vec<u8>> {
        let mut value = vec![0; self.size as usize];
        pack.read_exact_at(&mut value, self.offset).ok()?;
        (Digest::of(&value) == self.digest).then_some(value)
    }
}

/// The locations in a pack's index; `None` for a pack that is not complete.
fn read_index(path: &Path, file: &File) -> Option<Vec<(Digest, Location)>> {
    let size = file.metadata().ok()?.len();
    let mut trailer = [0; TRAILER];
    let index_end = size.checked_sub(TRAILER as u64)?;
    file.read_exact_at(&mut trailer, index_end).ok()?;
    let rows = u32::from_le_bytes(trailer[32..].try_into().expect("four of them"));
    let index_size = u64::from(rows) * ROW as u64;
    let data_size = index_end.checked_sub(index_size)?;
    let mut index = vec![0; usize::try_from(index_size).ok()?];
    file.read_exact_at(&mut index, data_size).ok()?;
    if Digest::of(&index).as_bytes()[..] != trailer[..32] {
        return None;
    }
    let path = Arc::new(path.to_path_buf());
    let digest = |bytes: &[u8]| Digest::from_bytes(bytes.try_into().expect("32 of a row"));
    let location = |row: &[u8]| {
        let offset = u64::from_le_bytes(row[64..72].try_into().expect("eight of a row"));
        let size = u32::from_le_bytes(row[72..].try_into().expect("four of a row"));
        let is_inside = offset.checked_add(u64::from(size)).is_some_and(|end| end <= data_size);
        is_inside.then(|| {
            (digest(&row[..32]), Location { pack: Arc::clone(&path), digest: digest(&row[32..64]), offset, size })
        })
    };
    index.chunks_exact(ROW).map(location).collect()
}

/// Whether a pack is complete, and each of its values has the digest that its index says.
pub(super) fn is_whole(path: &Path) -> bool {
    let Ok(file) = open_regular(path) else { return false };
    read_index(path, &file).is_some_and(|rows| rows.iter().all(|(_, location)| location.read_of(&file).is_some()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn key(number: u32) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    /// Puts `count` values into a group; gives the files of its packs.
    fn fill(cache: &Cache, count: u32) -> Vec<PathBuf> {
        let packs = Packs::open(cache, "code", &key(0));
        (0..count).for_each(|number| packs.put(key(number), number.to_string().as_bytes()).unwrap());
        packs.finish().unwrap();
        assert!((0..count).all(|number| packs.value(&key(number)) == Some(number.to_string().into_bytes())));
        fs::read_dir(cache.root().join("entries/code-packs").join(key(0).hex()))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    fn found(cache: &Cache, count: u32) -> usize {
        let packs = Packs::open(cache, "code", &key(0));
        (0..count).filter(|number| packs.value(&key(*number)) == Some(number.to_string().into_bytes())).count()
    }

    #[test]
    fn many_values_make_a_pack_and_few_make_files_of_their_own() {
        for (count, files) in [(0, 0), (3, 0), (15, 0), (16, 1), (300, 1)] {
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::open(folder.path()).unwrap();
            assert_eq!(fill(&cache, count).len(), files, "{count}");
            assert_eq!(found(&cache, count), count as usize, "a later run finds them");
            let others = Packs::open(&cache, "code", &key(1));
            assert_eq!(others.value(&key(400)), None, "nobody put it");
        }
    }

    #[test]
    fn values_of_an_unfinished_pack_are_absent() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let packs = Packs::open(&cache, "code", &key(0));
        (0..100).for_each(|number| packs.put(key(number), b"x").unwrap());
        drop(packs);
        assert_eq!(found(&cache, 100), 0);
        assert_eq!(fs::read_dir(cache.root().join("tmp")).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn a_full_pack_is_written_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let packs = Packs::open(&cache, "code", &key(0));
        (0..17).for_each(|number| packs.put(key(number), &vec![0; 1 << 20]).unwrap());
        assert!(packs.value(&key(15)).is_some() && packs.value(&key(16)).is_none());
    }

    #[test]
    fn a_damaged_pack_gives_nothing_false() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let pack = fill(&cache, 20).remove(0);
        let whole = fs::read(&pack).unwrap();
        for end in (0..whole.len()).step_by(11) {
            fs::write(&pack, &whole[..end]).unwrap();
            assert_eq!(found(&cache, 20), 0, "cut off at {end}");
        }
        for position in (0..whole.len()).step_by(11) {
            let mut damaged = whole.clone();
            damaged[position] ^= 1;
            fs::write(&pack, &damaged).unwrap();
            // A bit in the values costs one of them, a bit in the index all.
            assert!([0, 19].contains(&found(&cache, 20)), "at {position}");
        }
    }
}
