//! `[tool.uv.workspace]`: the folders of other projects that share one lock.

use serde::Deserialize;

use crate::glob::{Hidden, matches_path, normal};

/// A workspace of uv.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct UvWorkspace {
    /// Patterns of the folders of its members.
    pub members: Vec<String>,
    /// Patterns of folders that are none.
    pub exclude: Vec<String>,
}

impl UvWorkspace {
    /// Whether a folder, by its path below the workspace, is one of its members.
    pub fn has(&self, folder: &str) -> bool {
        let matches = |patterns: &[String]| {
            let mut patterns = patterns.iter().filter_map(|pattern| normal(pattern));
            patterns.any(|pattern| matches_path(&pattern, folder, Hidden::Passed))
        };
        !folder.is_empty() && matches(&self.members) && !matches(&self.exclude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_folders_that_match_and_are_not_excluded() {
        let list = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let workspace =
            UvWorkspace { members: list(&["apps/*", "./libs/**", "tool/"]), exclude: list(&["apps/old", "libs/x*"]) };
        for (folder, expected) in [
            ("apps/api", true),
            ("apps/old", false),
            ("apps/api/sub", false),
            ("libs/a/b", true),
            ("libs/x1", false),
            ("tool", true),
            ("apps/.hidden", false),
            ("other", false),
            ("", false),
        ] {
            assert_eq!(workspace.has(folder), expected, "{folder}");
        }
    }
}
