//! MANIFEST.in: which data files of packages setuptools takes.

use std::collections::BTreeSet;

use crate::glob::{Hidden, matches_path};
use crate::project::not_static::NotStatic;
use crate::project::project_files::ProjectFiles;

/// The files that the lines of a MANIFEST.in add, less those that later lines take away again.
pub(super) fn files_of(files: &ProjectFiles<'_>, text: &str) -> Result<BTreeSet<String>, NotStatic> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        let mut words = line.split_whitespace();
        let Some(action) = words.next() else { continue };
        let words: Vec<&str> = words.collect();
        if line.ends_with('\\') || words.iter().any(|word| word.contains('\\') || word.starts_with('/')) {
            return Err(NotStatic::because(format!("MANIFEST.in has the line `{line}`")));
        }
        let matching = matcher(action, &words).ok_or_else(|| unknown(line))?;
        match action {
            "include" | "recursive-include" | "global-include" | "graft" => {
                taken.extend(files.files.keys().filter(|path| matching(path)).cloned());
            }
            _ => taken.retain(|path| !matching(path)),
        }
    }
    Ok(taken)
}

fn unknown(line: &str) -> NotStatic {
    NotStatic::because(format!("MANIFEST.in has the line `{line}`"))
}

type Matcher<'l> = Box<dyn Fn(&str) -> bool + 'l>;

/// Which paths a line is about.
fn matcher<'l>(action: &str, words: &'l [&'l str]) -> Option<Matcher<'l>> {
    let matches = |pattern: &str, path: &str| matches_path(pattern, path, Hidden::Matched);
    match (action, words) {
        ("include" | "exclude", [_, ..]) => {
            Some(Box::new(move |path| words.iter().any(|pattern| matches(pattern, path))))
        }
        ("global-include" | "global-exclude", [_, ..]) => {
            Some(Box::new(move |path| words.iter().any(|pattern| matches(&format!("**/{pattern}"), path))))
        }
        ("recursive-include" | "recursive-exclude", [folder, patterns @ ..]) if !patterns.is_empty() => {
            let folder = folder.trim_end_matches('/');
            Some(Box::new(move |path| patterns.iter().any(|pattern| matches(&format!("{folder}/**/{pattern}"), path))))
        }
        ("graft" | "prune", [folder]) => {
            let folder = folder.trim_end_matches('/');
            Some(Box::new(move |path| matches(&format!("{folder}/**"), path)))
        }
        _ => None,
    }
}
