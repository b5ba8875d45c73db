//! What a Dockerfile says around a command that is not its own: variables, the user, and where it may write.

use crate::derive::dockerfile::entry;
use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::writes::Folders;
use crate::writable::HOME;

use super::variables::PORT;

/// A command that a flag names, where the Dockerfile's would stand: in its working directory too, at its ports.
pub(super) fn chosen(known: &Known<'_>, mut entry: Entry) -> Entry {
    let Some(around) = entry::around(known) else { return entry };
    entry.needs_workdir |= around.needs_workdir;
    entry.workdir.clone_from(&around.workdir);
    if entry.ports.is_empty() {
        entry.ports.clone_from(&around.ports);
    }
    within(entry, around)
}

/// A command that was found elsewhere, which says where it stands and listens.
pub(super) fn found(known: &Known<'_>, entry: Entry) -> Entry {
    let Some(mut around) = entry::around(known) else { return entry };
    around.env.remove(PORT);
    within(entry, around)
}

fn within(mut entry: Entry, mut around: Entry) -> Entry {
    // A home is there for everybody.
    around.env.retain(|name, value| !entry.env.contains_key(name) && (name != "HOME" || value != HOME));
    if !around.env.is_empty() {
        let names: Vec<&str> = around.env.keys().map(String::as_str).collect();
        entry.notes.push(format!("with variables of {}: {}", around.reason, names.join(", ")));
    }
    entry.env.extend(around.env);
    entry.user = entry.user.or(around.user);
    entry.volumes = entry.volumes.or(around.volumes);
    if entry.writes == Folders::default() {
        entry.writes = around.writes;
    }
    entry
}
