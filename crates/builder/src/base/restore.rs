//! A base that another machine described, on this machine's disk: read out of its layers again, and compared.

use shipwheel_oci::Platform;
use shipwheel_store::StoreError;

use super::describe::pack;
use super::image::tree_of;
use super::resolved::ResolvedBase;
use crate::error::BuildError;
use crate::interpreter::rootfs::Rootfs;
use crate::session::Session;

/// Puts the standard library's sources of a base into the cache, and its interpreter on disk if this machine runs it.
///
/// # Errors
/// When a layer cannot be fetched or read, or what it has is not what the other machine said.
pub(crate) fn restore(session: &Session<'_>, base: &ResolvedBase, platform: &Platform) -> Result<(), BuildError> {
    let Some(python) = &base.facts.python else { return Ok(()) };
    session.report.step(&format!("base: reading the layers of another machine for {platform}"));
    let name = format!("the base for {platform}");
    let tree = tree_of(session, &name, &base.facts.layers)?;
    let differing = |what: &str, expected, found| {
        Err(BuildError::Store(StoreError::Digest { what: format!("{what} of {name}"), expected, found }))
    };
    let sources = pack(session, &tree, &python.sources)?;
    if sources != base.sources {
        return differing("the standard library", base.sources, sources);
    }
    let Some(expected) = base.interpreter.filter(|_| session.runs(platform)) else { return Ok(()) };
    let found = Rootfs::publish(&session.cache, &tree, python, platform)?;
    if found == expected { Ok(()) } else { differing("the interpreter", expected, found) }
}
