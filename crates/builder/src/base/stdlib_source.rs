//! A source of the standard library of a base, to be compiled.

use shipwheel_layer::Content;
use shipwheel_plan::facts::SourceFile;

use super::resolved::ResolvedBases;
use super::restore::restore;
use crate::disk::bytes::PathSource;
use crate::error::BuildError;
use crate::session::Session;

/// A source of the standard library of any of the bases; `None` if none has it.
///
/// # Errors
/// When the cache has lost the sources of a base.
pub(crate) fn stdlib_source(
    session: &Session<'_>,
    bases: &ResolvedBases,
    wanted: &SourceFile,
) -> Result<Option<Content>, BuildError> {
    for (platform, base) in &bases.by_platform {
        let Some(python) = &base.facts.python else { continue };
        let found = python.sources.binary_search_by(|source| source.path.cmp(&wanted.path)).ok();
        if let Some(number) = found.filter(|number| python.sources[*number] == *wanted) {
            if session.cache.blob_size(&base.sources).is_none() {
                restore(session, base, platform)?;
            }
            // The sources lie concatenated in one blob, in the order of the list.
            let offset = python.sources[..number].iter().map(|source| source.size).sum();
            let path = session.cache.require_blob(&base.sources)?;
            let pack = PathSource::new(&path, session.cache.blob_size(&base.sources).unwrap_or_default());
            return Ok(Some(Content::from_slice(pack, offset, wanted.size).with_expected(wanted.digest)));
        }
    }
    Ok(None)
}
