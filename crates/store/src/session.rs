//! Uploads that outlive their process: the address of each open one, kept in the cache.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use shipwheel_oci::{Digest, Hasher, Reference};

use crate::cache::{Cache, KeyLock};
use crate::error::Result;

/// The kind of these records in the cache.
const KIND: &str = "upload";

/// A blob smaller than this is sent anew sooner than asked about.
pub(crate) const WORTH_KEEPING: u64 = 1 << 20;

/// The record of one blob's upload to one repository, held against other processes.
pub(crate) struct Session<'a> {
    cache: &'a Cache,
    key: Digest,
    _lock: KeyLock,
}

#[derive(Serialize, Deserialize)]
struct Record {
    /// What the record is of, for whoever finds it in the cache.
    blob: Digest,
    repository: String,
    /// Where the registry said the bytes go. It may hold a token of the registry's: the cache is private to its user.
    address: String,
}

impl<'a> Session<'a> {
    /// Waits for other processes that send the same blob to the same repository.
    pub(crate) fn of(cache: &'a Cache, target: &Reference, blob: &Digest) -> Result<Self> {
        let mut hasher = Hasher::new();
        hasher.fields([target.registry(), target.repository(), &blob.to_string()]);
        let key = hasher.finish();
        Ok(Self { cache, key, _lock: cache.lock(KIND, &key)? })
    }

    /// The upload that a process which is gone had begun.
    pub(crate) fn address(&self) -> Option<Url> {
        let record: Record = self.cache.record(KIND, &self.key)?;
        record.address.parse().ok()
    }

    /// Notes where the upload goes on. A cache that cannot be written costs a fresh start, no more.
    pub(crate) fn keep(&self, target: &Reference, blob: &Digest, address: &Url) {
        let repository = format!("{}/{}", target.registry(), target.repository());
        let record = Record { blob: *blob, repository, address: address.to_string() };
        let _ = self.cache.put_record(KIND, &self.key, &record);
    }

    /// Forgets the upload: it is done, or lost.
    pub(crate) fn forget(&self) {
        self.cache.remove_record(KIND, &self.key);
    }
}
