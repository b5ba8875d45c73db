//! A tree as text, one line per entry: what golden tests compare and people can read.

use crate::content::ContentError;
use crate::tree::{Node, Tree};
use shipwheel_oci::Digest;

/// Lists a tree: kind, mode, owner, size, the start of the content's digest, path.
///
/// # Errors
/// When a content cannot be read or is not what was promised.
pub fn listing(tree: &Tree) -> Result<String, ContentError> {
    let mut text = String::new();
    for (path, node) in tree.iter() {
        text += &match node {
            Node::Directory(m) => format!("d {:04o} {}:{} {path}/\n", m.mode, m.uid, m.gid),
            Node::Symlink(target) => format!("l {path} -> {target}\n"),
            Node::File(m, content) => {
                let digest = Digest::of(&content.to_vec()?).short();
                format!("f {:04o} {}:{} {} {digest} {path}\n", m.mode, m.uid, m.gid, content.size())
            }
        };
    }
    Ok(text)
}
