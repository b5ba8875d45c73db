//! What one build gives to a shared cache.

use std::sync::Arc;

use shipwheel_builder::{Built, Definition, Session, share, take_notes};
use shipwheel_oci::Reference;
use shipwheel_store::cache::Journal;

use crate::failure::Failure;

/// What is noted for others during a build.
pub(crate) struct SharedCache {
    journal: Option<Arc<Journal>>,
}

impl SharedCache {
    /// Begins to note what is given later, if it is.
    pub(crate) fn open(session: &mut Session<'_>, definition: &Definition) -> Self {
        Self { journal: definition.spec.cache.to.is_some().then(|| take_notes(session)) }
    }

    /// Gives a build to others; `pushed` are the repositories that have it.
    pub(crate) fn give(
        &self,
        session: &Session<'_>,
        definition: &Definition,
        built: &Built,
        pushed: &[Reference],
    ) -> Result<(), Failure> {
        let (Some(to), Some(journal)) = (&definition.spec.cache.to, &self.journal) else { return Ok(()) };
        let given = share(session, definition, built, journal, pushed);
        given.map_err(Failure::while_doing(format!("share the build in {to}")))
    }
}
