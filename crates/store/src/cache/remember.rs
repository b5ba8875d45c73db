//! A record that is made once: looked up, made if it is missing or no longer valid, and kept.

use serde::Serialize;
use serde::de::DeserializeOwned;
use shipwheel_oci::Digest;

use super::folder::Cache;
use crate::error::StoreError;

impl Cache {
    /// The record of a key if `is_valid` accepts it; otherwise what `make` gives, which is kept under the key.
    ///
    /// The key is held while `make` runs: of several threads and processes that ask at the same time, one makes it.
    ///
    /// # Errors
    /// What `make` gives, and when the cache cannot be written.
    pub fn remember<T: Serialize + DeserializeOwned, E: From<StoreError>>(
        &self,
        kind: &str,
        key: &Digest,
        is_valid: impl Fn(&T) -> bool,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(known) = self.record(kind, key).filter(&is_valid) {
            return Ok(known);
        }
        let _held = self.hold(kind, key)?;
        // Another process may have made it in the meantime.
        if let Some(known) = self.record(kind, key).filter(&is_valid) {
            return Ok(known);
        }
        let made = make()?;
        self.put_record(kind, key, &made)?;
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_made_once_and_again_when_it_is_no_longer_valid() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, key) = (Cache::open(folder.path()).unwrap(), Digest::of(b"x"));
        let ask = |least: u32, made: u32| {
            cache.remember::<u32, StoreError>("number", &key, |known| *known >= least, || Ok(made)).unwrap()
        };
        assert_eq!((ask(0, 1), ask(0, 2), ask(3, 3), ask(0, 4)), (1, 1, 3, 3));
    }
}
