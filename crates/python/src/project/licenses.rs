//! License files: those that `[project]` names, or those that a backend looks for.

use std::collections::BTreeSet;

use crate::glob::{Hidden, matches_path};
use crate::project::input::Input;
use crate::project::not_static::NotStatic;

/// What most backends look for where nothing is said.
pub(super) const USUAL: [&str; 4] = ["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"];

/// The license files of a project.
pub(super) fn licenses(input: &Input<'_>, usual: &[&str]) -> Result<BTreeSet<String>, NotStatic> {
    let named = input.project.texts("license-files")?;
    let mut found = BTreeSet::new();
    for pattern in named.as_deref().unwrap_or(usual) {
        let matching = input.files.files.keys().filter(|path| matches_path(pattern, path, Hidden::Passed));
        let before = found.len();
        found.extend(matching.filter(|path| !path.ends_with('~')).cloned());
        if named.is_some() && found.len() == before {
            return Err(NotStatic::because(format!("`{pattern}` of `project.license-files` matches nothing")));
        }
    }
    if let Some(table) = input.project.value("license").and_then(toml::Value::as_table)
        && let Some(file) = table.get("file")
    {
        let file = file.as_str().filter(|file| input.files.is_file(file));
        found.insert(file.ok_or_else(|| NotStatic::because("`project.license` names no file of it"))?.to_owned());
    }
    Ok(found)
}
