//! The files of packages that a base leaves out.

use shipwheel_layer::{Node, TreePath};

/// Folders of `/usr/share` that nothing in a container reads.
const DROPPED: [&str; 12] = [
    "man",
    "info",
    "locale",
    "lintian",
    "bug",
    "doc-base",
    "menu",
    "applications",
    "pixmaps",
    "bash-completion",
    "gcc",
    "gdb",
];

/// Whether a file belongs into the base.
pub(crate) fn is_kept(path: &TreePath, node: &Node, slim: bool) -> bool {
    let mut parts = path.relative().split('/');
    if path.relative().split('/').any(|part| part == "__pycache__") {
        return false;
    }
    if !slim || parts.next() != Some("usr") || parts.next() != Some("share") {
        return true;
    }
    match parts.next() {
        Some("doc") => is_license(node, &parts.collect::<Vec<_>>()),
        Some(folder) => !DROPPED.contains(&folder),
        None => true,
    }
}

/// Licenses require that their text is passed on: `copyright`, and the links between the folders
/// of packages from one source. Their folders come with them.
fn is_license(node: &Node, below_doc: &[&str]) -> bool {
    match below_doc {
        [_package] => matches!(node, Node::Symlink(_)),
        [_package, file] => *file == "copyright",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipwheel_layer::{Content, Metadata};

    #[test]
    fn files_that_no_program_reads_are_left_out() {
        let file = || Node::File(Metadata::root(0o644), Content::from_bytes(&b""[..]));
        for (path, node, kept) in [
            ("/usr/share/doc/a/copyright", file(), true),
            ("/usr/share/doc/a", Node::Symlink("b".into()), true),
            ("/usr/share/doc/a/changelog.gz", file(), false),
            ("/usr/share/doc/a", Node::Directory(Metadata::root(0o755)), false),
            ("/usr/share/man/man1/a.1.gz", file(), false),
            ("/usr/share/manual", file(), true),
            ("/usr/share/zoneinfo/UTC", file(), true),
            ("/usr/lib/python3.11/re/__pycache__/a.pyc", file(), false),
            ("/share/doc/a/b", file(), true),
        ] {
            let path = TreePath::new(path).expect("valid");
            assert_eq!(is_kept(&path, &node, true), kept, "{path}");
            assert_eq!(is_kept(&path, &node, false), !path.as_str().contains("__pycache__"), "{path}");
        }
    }
}
