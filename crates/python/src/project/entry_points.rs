//! `[project.scripts]`, `gui-scripts` and `entry-points` → entry_points.txt.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::project::keys::Keys;
use crate::project::not_static::NotStatic;

/// Groups of entry points: group → name → object.
pub(super) type EntryPoints = BTreeMap<String, BTreeMap<String, String>>;

/// The entry points of a `[project]` table.
pub(super) fn of_project(project: &Keys<'_>) -> Result<EntryPoints, NotStatic> {
    let mut groups = EntryPoints::new();
    for (key, group) in [("scripts", "console_scripts"), ("gui-scripts", "gui_scripts")] {
        add(&mut groups, group, project, key)?;
    }
    let others = project.table("entry-points")?;
    for (group, _) in others.entries() {
        add(&mut groups, group, &others, group)?;
    }
    Ok(groups)
}

/// Adds the entry points that a key has.
pub(super) fn add(groups: &mut EntryPoints, group: &str, keys: &Keys<'_>, key: &str) -> Result<(), NotStatic> {
    let entries = keys.text_map(key)?;
    if !entries.is_empty() {
        let entries = entries.into_iter().map(|(name, object)| (name.to_owned(), object.to_owned()));
        groups.entry(group.to_owned()).or_default().extend(entries);
    }
    Ok(())
}

/// The text of entry_points.txt.
///
/// # Errors
/// When a name or an object would become more than one line, or another section.
pub(super) fn to_text(groups: &EntryPoints) -> Result<String, NotStatic> {
    let mut text = String::new();
    for (group, entries) in groups {
        let _ = writeln!(text, "[{group}]");
        for (name, object) in entries {
            let is_plain = |part: &str| !part.is_empty() && !part.chars().any(char::is_control);
            let is_name = is_plain(name) && !name.starts_with(['[', '#', ';']) && !name.contains('=');
            if !is_plain(group) || group.contains(']') || !is_name || !is_plain(object) {
                return Err(NotStatic::because(format!("the entry point `{name}` is not one line")));
            }
            let _ = writeln!(text, "{name} = {object}");
        }
        text.push('\n');
    }
    Ok(text)
}
