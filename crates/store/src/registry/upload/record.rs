//! Uploads that outlive their process: the cache keeps the address of each that is open.

use reqwest::Url;
use serde::{Deserialize, Serialize};
use shipwheel_oci::{Digest, Hasher, Reference};

use crate::cache::{Cache, KeyHold};
use crate::error::Result;

/// The kind of these records in the cache.
const KIND: &str = "upload";

/// It takes less time to send a smaller blob again than to ask how far its upload had come.
pub(crate) const MIN_RECORDED: u64 = 1 << 20;

/// The record of one blob's upload to one repository. Other processes wait until it is dropped.
pub(crate) struct UploadRecord<'a> {
    cache: &'a Cache,
    key: Digest,
    _hold: KeyHold,
}

#[derive(Serialize, Deserialize)]
struct Record {
    /// For people who look into the cache.
    blob: Digest,
    repository: String,
    /// Where the registry awaits the bytes. The address may hold a token: the cache is private to its user.
    address: String,
}

impl<'a> UploadRecord<'a> {
    /// Waits for other processes that send the same blob to the same repository.
    pub(crate) fn of(cache: &'a Cache, target: &Reference, blob: &Digest) -> Result<Self> {
        let mut hasher = Hasher::new();
        hasher.fields([target.registry(), target.repository(), &blob.to_string()]);
        let key = hasher.finish();
        Ok(Self { cache, key, _hold: cache.hold(KIND, &key)? })
    }

    /// The address of an upload that an earlier process began.
    pub(crate) fn address(&self) -> Option<Url> {
        let record: Record = self.cache.record(KIND, &self.key)?;
        record.address.parse().ok()
    }

    /// Notes where the upload continues. If the cache cannot be written, the next run only has to begin again.
    pub(crate) fn keep(&self, target: &Reference, blob: &Digest, address: &Url) {
        let repository = format!("{}/{}", target.registry(), target.repository());
        let record = Record { blob: *blob, repository, address: address.to_string() };
        let _ = self.cache.put_record(KIND, &self.key, &record);
    }

    /// Forgets the upload: it is finished or lost.
    pub(crate) fn forget(&self) {
        self.cache.remove_record(KIND, &self.key);
    }
}
