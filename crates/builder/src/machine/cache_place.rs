//! The cache's folder: whose it is, how much it has, and how much more fits.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use shipwheel_store::{Cache, StoreError, user_name};

use super::offer::Offer;
use crate::inspect::chain::chain;

const NAME: &str = "cache";

/// Less than this is soon full: the first image fetches about a gigabyte.
const ENOUGH: u64 = 2 << 30;

/// What is known of a cache that can be used.
pub(crate) struct CachePlace {
    /// The folder.
    pub(crate) root: String,
    /// Whose it is.
    pub(crate) owner: String,
    /// Its permissions.
    pub(crate) mode: u32,
    /// Bytes that are in it.
    pub(crate) used: u64,
    /// Bytes that its file system has left for this user.
    pub(crate) free: u64,
}

impl CachePlace {
    /// Looks at a cache.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(cache: &Cache) -> Result<Self, StoreError> {
        let used = cache.usage()?.iter().map(|kind| kind.bytes).sum();
        let metadata = std::fs::metadata(cache.root()).ok();
        let free = rustix::fs::statvfs(cache.root()).map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        Ok(Self {
            root: cache.root().display().to_string(),
            owner: metadata.as_ref().map_or_else(|| "nobody".to_owned(), |metadata| user_name(metadata.uid())),
            mode: metadata.map_or(0, |metadata| metadata.mode() & 0o7777),
            used,
            free,
        })
    }

    /// The line.
    pub(crate) fn offer(&self) -> Offer {
        let Self { root, owner, mode, used, free } = self;
        let found =
            format!("{root}, of {owner}, mode {mode:04o}, {} in use, {} free", gigabytes(*used), gigabytes(*free));
        match *free >= ENOUGH {
            true => Offer::ok(NAME, found),
            false => Offer::warn(
                NAME,
                found,
                "a build may fill the disk: the first one of an image fetches its base and its wheels",
                "make room: `shipwheel cache prune --keep-size SIZE`; or set SHIPWHEEL_CACHE_DIR to a larger disk",
            ),
        }
    }
}

/// The line for a cache that cannot be opened.
pub(crate) fn unusable(root: &Path, error: &StoreError) -> Offer {
    let reason = chain(error);
    let root = root.display().to_string();
    let found = if reason.contains(&root) { reason } else { format!("{root}: {reason}") };
    let hint = error.hint().unwrap_or_else(|| "set SHIPWHEEL_CACHE_DIR to a folder of your own".to_owned());
    Offer::missing(NAME, found, "nothing can be built", hint).blocking(error.kind())
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use shipwheel_store::{ErrorKind, FileAction};

    use super::super::offer::OfferState::{Ok, Warn};
    use super::*;

    #[test]
    fn a_cache_says_whose_it_is_and_warns_where_little_fits() {
        let place =
            |free| CachePlace { root: "/c".into(), owner: "u (user 1)".into(), mode: 0o700, used: 1_500_000_000, free };
        for (free, state, end) in
            [(50 << 30, Ok, "53.7 GB free"), (ENOUGH, Ok, "2.1 GB free"), (0, Warn, "0.0 GB free")]
        {
            let offer = place(free).offer();
            assert_eq!(offer.state, state, "{free}");
            assert_eq!(offer.found, format!("/c, of u (user 1), mode 0700, 1.5 GB in use, {end}"));
        }
    }

    #[test]
    fn a_cache_that_cannot_be_opened_makes_every_build_impossible() {
        let cause = std::io::Error::other("read-only");
        let error = StoreError::File { action: FileAction::Create, path: "/c".into(), cause };
        let offer = unusable(Path::new("/c"), &error);
        assert_eq!(offer.found, "failed to create /c: read-only");
        assert_eq!(offer.blocks, Some(ErrorKind::Output));
    }
}
