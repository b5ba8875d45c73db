//! Small text files of an image: a hostile one is neither long nor anywhere else than it says.

use shipwheel_layer::{Node, Tree, TreePath};

use crate::error::BuildError;

/// The text of a file, links followed inside the image; `None` if there is none, or it is longer than `most` bytes.
///
/// # Errors
/// When the layer cannot be read.
pub(super) fn text(tree: &Tree, path: &TreePath, most: u64) -> Result<Option<String>, BuildError> {
    match tree.resolve(path) {
        Some((_, Node::File(_, content))) if content.size() <= most => {
            Ok(Some(String::from_utf8_lossy(&content.to_vec()?).into_owned()))
        }
        Some(_) | None => Ok(None),
    }
}
