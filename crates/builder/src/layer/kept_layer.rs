//! A layer that the cache remembers, held against its blob.

use shipwheel_store::Cache;
use shipwheel_store::cache::Checked;

use super::layer_record::{LAYER, RecordedBlob};
use crate::disk::tar::diff_id;
use crate::error::BuildError;

/// Checks a cache: all that has a digest, and that each layer's blob unpacks to what its record says.
///
/// # Errors
/// When the cache cannot be read, or something broken cannot be removed.
pub fn check_cache(cache: &Cache, repair: bool) -> Result<Checked, BuildError> {
    let check = |kind: &str, record: &[u8]| (kind == LAYER).then(|| fault(cache, record)).flatten();
    Ok(cache.check(repair, &check)?)
}

/// What is wrong with a layer's record.
fn fault(cache: &Cache, record: &[u8]) -> Option<String> {
    let Some(RecordedBlob { descriptor }) = RecordedBlob::of(record) else {
        return Some("is not the record of a layer".to_owned());
    };
    // Without its blob, the layer is made anew.
    let mut blob = cache.peek_blob(&descriptor.blob.digest)?;
    match diff_id(&mut blob, &descriptor.blob.media_type) {
        Ok(found) if found == descriptor.diff_id => None,
        Ok(found) => Some(format!("says the diff ID {}, and its blob has {found}", descriptor.diff_id)),
        Err(error) => Some(format!("has a blob that cannot be unpacked: {error}")),
    }
}
