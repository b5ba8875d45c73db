//! Lends blobs of one cache to another one, which has nothing else: neither records nor anything that was made.

use std::collections::BTreeSet;
use std::fmt;

use shipwheel_oci::{Digest, Reference};
use shipwheel_store::cache::FarSide;
use shipwheel_store::{Cache, FileAction, StoreError};

/// A cache that lends its blobs.
pub(crate) struct Lender {
    from: Cache,
    to: Cache,
    /// The only ones that it lends, if there are such.
    only: Option<BTreeSet<Digest>>,
}

impl Lender {
    /// Lends blobs of `from` to `to`: all, or only some.
    pub(crate) fn new(from: &Cache, to: &Cache, only: Option<BTreeSet<Digest>>) -> Self {
        Self { from: from.clone(), to: to.clone(), only }
    }
}

impl fmt::Debug for Lender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lender({})", self.from.root().display())
    }
}

impl FarSide for Lender {
    fn record(&self, _: &str, _: &Digest) -> Option<Vec<u8>> {
        None
    }

    fn blob_size(&self, digest: &Digest) -> Option<u64> {
        let is_lent = self.only.as_ref().is_none_or(|only| only.contains(digest));
        if is_lent { self.from.blob_size(digest) } else { None }
    }

    fn fetch(&self, digest: &Digest) -> Result<(), StoreError> {
        copy_blob(digest, &self.from, &self.to)
    }

    fn origin(&self, _: &Digest) -> Option<Reference> {
        None
    }
}

/// Copies a blob from one cache to another, verified.
///
/// # Errors
/// When it is not there, is broken, or the other cache cannot be written.
pub(crate) fn copy_blob(digest: &Digest, from: &Cache, to: &Cache) -> Result<(), StoreError> {
    let mut file = from.open_blob(digest)?;
    let mut writer = to.blob_writer()?;
    let failed = |cause| StoreError::File { action: FileAction::Read, path: from.root().to_owned(), cause };
    std::io::copy(&mut file, &mut writer).map_err(failed)?;
    writer.finish_expected(digest, None, &format!("blob {}", digest.short())).map(|_| ())
}
