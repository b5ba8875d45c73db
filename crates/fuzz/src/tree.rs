//! What must hold of every tree, whatever it was read from.

use shipwheel_layer::{Node, Tree};

/// Checks that all paths are where an image may have them, each below a directory, and that contents can be read.
pub(crate) fn check(tree: &Tree) {
    for (path, node) in tree.iter() {
        let text = path.as_str();
        let parts = text.strip_prefix('/').expect("paths are absolute").split('/');
        let is_plain =
            |part: &str| !matches!(part, "" | "." | "..") && !part.starts_with(".wh.") && !part.contains('\0');
        assert!(parts.into_iter().all(is_plain), "`{text}`");
        let parent = path.parent().filter(|parent| !parent.is_root());
        assert!(
            parent.is_none_or(|parent| tree.node(&parent).is_some_and(Node::is_directory)),
            "`{text}` is not below a directory"
        );
        if let Node::Directory(metadata) | Node::File(metadata, _) = node {
            assert_eq!(metadata.mode & !0o7777, 0, "`{text}` has the mode {:o}", metadata.mode);
        }
    }
}
