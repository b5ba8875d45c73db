//! What is broken in the cache: blobs, values and packs held against their digests, records against their blobs.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::num::NonZero;
use std::sync::Mutex;

use serde_json::Value;
use shipwheel_oci::{Descriptor, Digest};

use super::folder::{Cache, body};
use super::inventory::{ValueFolder, kinds};
use super::packs;
use crate::disk::Folder;
use crate::error::Result;
use crate::sync::{in_parallel, into_inner, lock};

/// Something that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its path in the cache.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
    /// Whether it was removed: the next build makes it anew.
    pub is_removed: bool,
}

/// What was checked, and what is broken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many blobs were hashed.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many records were read and held against their blobs.
    pub records: u64,
    /// How many values and packs of values were hashed.
    pub values: u64,
    /// What is broken, sorted by path.
    pub faults: Vec<Fault>,
}

/// Says of a record of a kind, by its bytes, what is wrong with it; only called where its blobs are as they should be.
pub type RecordCheck<'a> = &'a (dyn Fn(&str, &[u8]) -> Option<String> + Sync);

impl Cache {
    /// Checks everything that has a digest, and every record; `repair` removes what is broken.
    ///
    /// # Errors
    /// When the cache cannot be read, or something broken cannot be removed.
    pub fn check(&self, repair: bool, check_record: RecordCheck<'_>) -> Result<Checked> {
        let check = Check { cache: self, repair, faults: Mutex::default() };
        let mut checked = Checked::default();
        (checked.blobs, checked.bytes) = check.blobs()?;
        checked.values = check.values()?;
        checked.records = check.records(check_record)?;
        checked.faults = into_inner(check.faults);
        checked.faults.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(checked)
    }
}

struct Check<'a> {
    cache: &'a Cache,
    repair: bool,
    faults: Mutex<Vec<Fault>>,
}

impl Check<'_> {
    /// Hashes all blobs; gives their number and their bytes.
    fn blobs(&self) -> Result<(u64, u64)> {
        let blobs = &self.cache.areas.blobs;
        let sizes = self.each(blobs, |name| {
            let (found, size) = Digest::of_reader(blobs.open_file(name)?)?;
            let is_its_own = name.to_str() == Some(found.hex().as_str());
            Ok((size, (!is_its_own).then(|| format!("has digest {found}"))))
        })?;
        Ok((sizes.len() as u64, sizes.iter().sum()))
    }

    /// Hashes all values; gives how many files they are in.
    fn values(&self) -> Result<u64> {
        let mut count = 0;
        for ValueFolder { folder, packed, .. } in self.cache.areas.values()? {
            let fault = |name: &OsStr| {
                if packed {
                    let is_whole = packs::is_whole(&folder.path().join(name));
                    return Ok((0, (!is_whole).then(|| "is a pack with false bytes".to_owned())));
                }
                let mut bytes = Vec::new();
                folder.open_file(name)?.read_to_end(&mut bytes)?;
                Ok((0, body(bytes).is_none().then(|| "has another digest than it says".to_owned())))
            };
            count += self.each(&folder, fault)?.len() as u64;
        }
        Ok(count)
    }

    /// Reads all records, and holds them against their blobs; gives their number.
    fn records(&self, check_record: RecordCheck<'_>) -> Result<u64> {
        let mut count = 0;
        for (kind, folder) in kinds(&self.cache.areas.records)? {
            let checked = self.each(&folder, |name| {
                let mut bytes = Vec::new();
                folder.open_file(name)?.read_to_end(&mut bytes)?;
                let fault = match serde_json::from_slice::<Value>(&bytes) {
                    Err(error) => Some(format!("is not JSON: {error}")),
                    Ok(value) => self.contradiction(&value).or_else(|| check_record(&kind, &bytes)),
                };
                Ok((0, fault))
            })?;
            count += checked.len() as u64;
        }
        Ok(count)
    }

    /// A blob that has another size than a record says. One that is not there is fetched or made anew.
    fn contradiction(&self, value: &Value) -> Option<String> {
        if let Ok(descriptor) = serde_json::from_value::<Descriptor>(value.clone()) {
            let found = self.cache.areas.blobs.size_of(descriptor.digest.hex());
            let other = found.filter(|size| *size != descriptor.size)?;
            return Some(format!("says {} bytes of {}, which has {other}", descriptor.size, descriptor.digest));
        }
        match value {
            Value::Object(fields) => fields.values().find_map(|value| self.contradiction(value)),
            Value::Array(items) => items.iter().find_map(|value| self.contradiction(value)),
            _ => None,
        }
    }

    /// Checks each file of a folder; gives what the check gives beside the fault. What another process removes in the
    /// meantime is not broken.
    fn each(
        &self,
        folder: &Folder,
        check: impl Fn(&OsStr) -> io::Result<(u64, Option<String>)> + Sync,
    ) -> Result<Vec<u64>> {
        let names: Vec<OsString> = folder.names()?.into_iter().filter(|name| !folder.leads_on(name)).collect();
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let checked = in_parallel(&names, threads, |name| match check(name) {
            Ok((size, None)) => Ok(Some(size)),
            Ok((size, Some(reason))) => self.add(folder, name, reason).map(|()| Some(size)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => self.add(folder, name, format!("cannot be read: {error}")).map(|()| Some(0)),
        })?;
        Ok(checked.into_iter().flatten().collect())
    }

    fn add(&self, folder: &Folder, name: &OsStr, reason: String) -> Result<()> {
        if self.repair {
            folder.remove_file(name)?;
        }
        let path = folder.path().join(name);
        let path = path.strip_prefix(self.cache.root()).unwrap_or(&path).display().to_string();
        lock(&self.faults).push(Fault { path, reason, is_removed: self.repair });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cache::Packs;

    /// A cache with one thing of each kind; one pack has values of 20 keys.
    fn filled(root: &std::path::Path) -> Cache {
        let cache = Cache::open(root).unwrap();
        let layer = cache.insert_bytes(b"a layer").unwrap();
        let key = Digest::of(b"key");
        cache.put_record("layer", &key, &serde_json::json!({ "of": [Descriptor::new("x/y", layer, 7)] })).unwrap();
        cache.put_entry("code", &key, b"value").unwrap();
        let packs = Packs::open(&cache, "code", &key);
        (0..20u32).for_each(|n| packs.put(Digest::of(&n.to_le_bytes()), &n.to_le_bytes()).unwrap());
        packs.finish().unwrap();
        cache
    }

    #[test]
    fn what_is_whole_is_counted_and_nothing_of_it_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let cache = filled(folder.path());
        let checked = cache.check(true, &|_, _| None).unwrap();
        assert_eq!(checked, Checked { blobs: 1, bytes: 7, records: 1, values: 2, faults: Vec::new() });
    }

    #[test]
    fn everything_that_is_broken_is_named_and_removed_if_asked() {
        let (blob, key) = (Digest::of(b"a layer").hex(), Digest::of(b"key").hex());
        let pack = format!("entries/code-packs/{key}");
        for (area, name, bytes, reason) in [
            ("blobs/sha256", blob.as_str(), &b"a loyer"[..], "has digest sha256:"),
            ("blobs/sha256", &blob, b"", "has digest sha256:"),
            ("records/layer", &key, b"[1,", "is not JSON"),
            ("entries/code", &key, b"short", "has another digest"),
            (&pack, "", b"cut off", "is a pack with false bytes"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let cache = filled(folder.path());
            let mut path = folder.path().join(area);
            match name.is_empty() {
                true => path = fs::read_dir(&path).unwrap().next().unwrap().unwrap().path(),
                false => path.push(name),
            }
            fs::write(&path, bytes).unwrap();
            let faults = cache.check(false, &|_, _| None).unwrap().faults;
            let own = faults.iter().find(|fault| folder.path().join(&fault.path) == path).unwrap();
            assert!(own.reason.starts_with(reason) && !own.is_removed, "{own:?}");
            assert!(path.exists());
            cache.check(true, &|_, _| None).unwrap();
            assert!(!path.exists(), "{}", path.display());
            assert_eq!(cache.check(false, &|_, _| None).unwrap().faults, []);
        }
    }

    #[test]
    fn a_check_is_no_use() {
        let folder = tempfile::tempdir().unwrap();
        let cache = filled(folder.path());
        let digest = Digest::of(b"a layer");
        let pack = fs::read_dir(folder.path().join("entries/code-packs").join(Digest::of(b"key").hex())).unwrap();
        let paths = [cache.require_blob(&digest).unwrap(), pack.map(|entry| entry.unwrap().path()).next().unwrap()];
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        paths.iter().for_each(|path| fs::File::open(path).unwrap().set_modified(old).unwrap());
        let peek = |_: &str, _: &[u8]| cache.peek_blob(&digest).is_none().then(|| "has no blob".to_owned());
        assert_eq!(cache.check(false, &peek).unwrap().faults, []);
        assert!(paths.iter().all(|path| fs::metadata(path).unwrap().modified().unwrap() == old));
    }

    #[test]
    fn a_record_is_held_against_its_blobs() {
        let folder = tempfile::tempdir().unwrap();
        let cache = filled(folder.path());
        let layer = Digest::of(b"a layer");
        let record = |name: &[u8], digest, size| {
            cache.put_record("other", &Digest::of(name), &vec![Descriptor::new("x/y", digest, size)]).unwrap();
        };
        record(b"right", layer, 7);
        record(b"gone", Digest::of(b"gone"), 1);
        record(b"wrong", layer, 8);
        let faults = cache.check(false, &|kind, _| (kind == "layer").then(|| "is refused".to_owned())).unwrap().faults;
        let reasons: Vec<&str> = faults.iter().map(|fault| fault.reason.as_str()).collect();
        assert_eq!(reasons.len(), 2, "{faults:?}");
        assert_eq!(reasons[0], "is refused");
        assert!(
            reasons[1].starts_with("says 8 bytes of sha256:") && reasons[1].ends_with("which has 7"),
            "{reasons:?}"
        );
    }
}
