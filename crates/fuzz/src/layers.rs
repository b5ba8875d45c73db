//! Layers: read over one another, written, and read again.

use std::sync::Arc;

use shipwheel_debian::package::decompress;
use shipwheel_layer::{FileTime, ReadLimits, Tree, listing, overlay_tar, read_tar, write_layer};

use crate::files::{BLOCK, with_checksums};
use crate::tree;

const LIMITS: ReadLimits = ReadLimits { entries: 64, bytes: 1 << 20 };

/// The first byte selects whether checksums are corrected, whether the tar is a package's, and how many of its blocks
/// are a layer below the rest; a tar follows.
pub(crate) fn layer(input: &[u8]) {
    let Some((options, tar)) = input.split_first() else { return };
    let mut tar = tar.to_vec();
    if options & 1 == 0 {
        tar = with_checksums(tar);
    }
    if options & 2 != 0 {
        return read_tar(Arc::new(tar), LIMITS).into_iter().for_each(|tree| check(&tree));
    }
    let upper = tar.split_off((usize::from(options >> 2) * BLOCK).min(tar.len()));
    let mut tree = Tree::new();
    for layer in [tar, upper] {
        if overlay_tar(&mut tree, Arc::new(layer), LIMITS).is_err() {
            return;
        }
    }
    check(&tree);
}

/// Checks a tree that was read, and that it is the same when it is written and read again.
fn check(tree: &Tree) {
    tree::check(tree);
    let text = listing(tree).expect("contents are inside of the tar");
    let (blob, layer) = write_layer(tree, FileTime::EARLIEST, Vec::new()).expect("every tree can be written");
    let tar = decompress(&blob, 1 << 30).expect("a layer is gzip");
    let mut again = Tree::new();
    overlay_tar(&mut again, Arc::new(tar), ReadLimits::default()).expect("what was written can be read");
    assert_eq!(listing(&again).expect("contents are inside of the tar"), text, "the tree that was written is the tree");
    let (_, other) = write_layer(&again, FileTime::EARLIEST, Vec::new()).expect("every tree can be written");
    assert_eq!(other.blob.digest, layer.blob.digest, "one tree has one layer");
}
