//! The shared caches of one build: what it takes from one, and what it gives to one.

use std::sync::Arc;

use shipwheel_builder::{Built, Definition, Session, Sharing, borrow_from, share_to, take_notes};
use shipwheel_oci::Reference;
use shipwheel_store::cache::Journal;

use crate::failure::Failure;

/// What is noted for others during a build.
pub(crate) struct SharedCache {
    journal: Option<Arc<Journal>>,
}

impl SharedCache {
    /// Takes what the cache of a definition lends, and begins to note what is given later.
    pub(crate) fn open(session: &mut Session<'_>, definition: &Definition) -> Self {
        let cache = &definition.spec.cache;
        if let Some(from) = &cache.from {
            borrow_from(session, sharing(definition, from));
        }
        Self { journal: cache.to.is_some().then(|| take_notes(session)) }
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
        let given = share_to(session, built, journal, sharing(definition, to), pushed);
        given.map_err(Failure::while_doing(format!("share the build in {to}")))
    }
}

fn sharing<'a>(definition: &'a Definition, repository: &'a Reference) -> Sharing<'a> {
    Sharing { repository, image: &definition.name, platforms: &definition.spec.platforms }
}
