//! The trees of several wheels as one: equal files are one file, different ones an error.

use std::collections::BTreeMap;

use shipwheel_layer::{Tree, TreeError, TreePath};

use crate::name::DistributionName;

/// Distributions that want different files at one path: all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("distributions install different files at the same path:{}", lines(.overlaps))]
pub struct OverlapError {
    /// Every overlap, in the order in which it was met.
    pub overlaps: Vec<Overlap>,
}

/// One path that two distributions want for different files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The path in the image.
    pub path: TreePath,
    /// The distribution that came first.
    pub first: DistributionName,
    /// The one that has something else there.
    pub second: DistributionName,
}

fn lines(overlaps: &[Overlap]) -> String {
    const SHOWN: usize = 10;
    let mut text: String = overlaps
        .iter()
        .take(SHOWN)
        .map(|overlap| format!("\n  {} ({} and {})", overlap.path, overlap.first, overlap.second))
        .collect();
    if overlaps.len() > SHOWN {
        text += &format!("\n  and {} more", overlaps.len() - SHOWN);
    }
    text
}

/// Merges the trees of distributions, in the order given.
///
/// # Errors
/// Every path at which two of them have different files, or one a file and another a directory.
pub fn merge_installed(trees: impl IntoIterator<Item = (DistributionName, Tree)>) -> Result<Tree, OverlapError> {
    let mut merged = Tree::new();
    let mut owners: BTreeMap<TreePath, DistributionName> = BTreeMap::new();
    let mut overlaps = Vec::new();
    for (name, tree) in trees {
        for (path, node) in tree {
            let is_shared = node.is_directory() && merged.node(&path).is_some_and(|there| there.is_directory());
            match if is_shared { Ok(()) } else { merged.insert(path.clone(), node) } {
                Ok(()) => {
                    owners.entry(path).or_insert_with(|| name.clone());
                }
                Err(error) => {
                    let path = match error {
                        TreeError::NotADirectory { path, .. } | TreeError::Conflict { path } => path,
                        TreeError::Path(_) => path,
                    };
                    let first = owners.get(&path).unwrap_or(&name).clone();
                    overlaps.push(Overlap { path, first, second: name.clone() });
                }
            }
        }
    }
    if overlaps.is_empty() { Ok(merged) } else { Err(OverlapError { overlaps }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipwheel_layer::Content;

    fn tree(name: &str, files: &[(&str, &str)]) -> (DistributionName, Tree) {
        let mut tree = Tree::new();
        for (path, text) in files {
            tree.insert_file(path, 0o644, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
        }
        (name.parse().expect("valid"), tree)
    }

    #[test]
    fn equal_files_and_shared_folders_are_fine() {
        let merged = merge_installed([
            tree("a", &[("/s/nvidia/__init__.py", ""), ("/s/nvidia/a/x", "1")]),
            tree("b", &[("/s/nvidia/__init__.py", ""), ("/s/nvidia/b/x", "2")]),
        ]);
        assert_eq!(merged.expect("no overlap").len(), 7);
    }

    #[test]
    fn different_files_name_both_distributions_and_the_path() {
        let error = merge_installed([
            tree("a", &[("/s/x", "1"), ("/s/y", "1")]),
            tree("b", &[("/s/x", "2"), ("/s/y/z", "1")]),
            tree("c", &[("/s/x", "1")]),
        ]);
        let shown: Vec<_> = error
            .expect_err("two overlaps")
            .overlaps
            .iter()
            .map(|o| format!("{} {} {}", o.path, o.first, o.second))
            .collect();
        assert_eq!(shown, ["/s/x a b", "/s/y a b", "/s/y a b"]);
    }

    #[test]
    fn ten_overlaps_are_shown_and_the_others_counted() {
        let overlap = |number: usize| Overlap {
            path: TreePath::new(&format!("/s/{number}")).expect("valid"),
            first: "a".parse().expect("valid"),
            second: "b".parse().expect("valid"),
        };
        for (count, lines, last) in [(1, 2, "/s/0 (a and b)"), (10, 11, "/s/9 (a and b)"), (12, 12, "and 2 more")] {
            let text = OverlapError { overlaps: (0..count).map(overlap).collect() }.to_string();
            assert_eq!(text.lines().count(), lines, "{text}");
            assert_eq!(text.lines().next_back().map(str::trim), Some(last));
        }
    }
}
