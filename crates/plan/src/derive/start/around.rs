//! What a Dockerfile says around a command that is not its own: variables, the user, and where it may write.

use crate::derive::dockerfile::entry;
use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::writes::Folders;
use crate::writable::HOME;

use super::variables::PORT;

/// A command that a flag names, where the Dockerfile's would stand: in its working directory too, at its ports.
pub(super) fn chosen(known: &Known<'_>, entry: Entry) -> Entry {
    let Some(around) = entry::around(known) else { return entry };
    let mut entry = within(entry, &around);
    entry.needs_workdir |= around.needs_workdir;
    entry.workdir.clone_from(&around.workdir);
    if entry.ports.is_empty() {
        entry.ports.clone_from(&around.ports);
    }
    entry
}

/// A command that was found elsewhere, which says where it stands and listens.
pub(super) fn found(known: &Known<'_>, entry: Entry) -> Entry {
    let Some(mut around) = entry::around(known) else { return entry };
    around.env.remove(PORT);
    within(entry, &around)
}

fn within(mut entry: Entry, around: &Entry) -> Entry {
    let mut taken = Vec::new();
    // A home is there for everybody.
    for (name, value) in around.env.iter().filter(|(name, value)| *name != "HOME" || *value != HOME) {
        if !entry.env.contains_key(name) {
            entry.env.insert(name.clone(), value.clone());
            taken.push(name.as_str());
        }
    }
    if entry.user.is_none() && around.user.is_some() {
        entry.user.clone_from(&around.user);
    }
    if entry.writes == Folders::default() {
        entry.writes.clone_from(&around.writes);
    }
    if entry.volumes.is_none() {
        entry.volumes.clone_from(&around.volumes);
    }
    if !taken.is_empty() {
        entry.notes.push(format!("with variables of {}: {}", around.reason, taken.join(", ")));
    }
    entry
}
