//! An uncompressed tar laid over a tree: a layer over those below it, or a package's files.
//!
//! Everything in the tar is hostile until checked: names, links, sizes, counts. Nothing is
//! unpacked; a file's content stays a slice of the source.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::byte_source::ByteSource;
use crate::content::Content;
use crate::entries::{Entries, Entry, EntryKind};
use crate::path::{PathError, TreePath};
use crate::read_error::ReadError;
use crate::tree::{Metadata, Node, Tree, TreeError};

/// How much a tar may hold.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// Entries.
    pub entries: u64,
    /// Bytes of all files together.
    pub bytes: u64,
}

impl Default for ReadLimits {
    /// A million entries, 64 GiB: far above any Python image, far below what hurts.
    fn default() -> Self {
        Self { entries: 1_000_000, bytes: 64 << 30 }
    }
}

/// Lays an uncompressed tar over a tree, whiteouts included (OCI image spec, `layer.md`).
///
/// Devices and pipes are passed over, after they have replaced what was there: a container's runtime makes its own.
///
/// # Errors
/// When the tar is broken, has a path that is not allowed or does not fit, or passes a limit.
pub fn overlay_tar(tree: &mut Tree, source: Arc<dyn ByteSource>, limits: ReadLimits) -> Result<(), ReadError> {
    let layer = read_layer(tree, &source, limits, Whiteouts::Orders)?;
    for path in &layer.whiteouts {
        let path = tree.resolve_parent(path);
        tree.remove(&path);
    }
    for directory in &layer.opaque {
        let below: Vec<TreePath> = tree.below(directory).map(|(path, _)| path.clone()).collect();
        below.iter().for_each(|path| tree.remove(path));
    }
    tree.overlay(layer.tree).map_err(|cause| ReadError::Tree { name: source.name(), cause })
}

/// The files of a package's tar. It has no whiteouts: a name that begins with `.wh.` is an error.
///
/// # Errors
/// As [`overlay_tar`].
pub fn read_tar(source: Arc<dyn ByteSource>, limits: ReadLimits) -> Result<Tree, ReadError> {
    Ok(read_layer(&Tree::new(), &source, limits, Whiteouts::Refused)?.tree)
}

/// What a name that begins with `.wh.` is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whiteouts {
    /// In a layer: an order to remove what the layers below have.
    Orders,
    /// In any other tar: a name that must not get into an image.
    Refused,
}

#[derive(Default)]
struct Layer {
    tree: Tree,
    whiteouts: Vec<TreePath>,
    opaque: Vec<TreePath>,
    /// The devices and pipes that nothing has replaced.
    specials: BTreeSet<TreePath>,
}

impl Layer {
    /// Puts what an entry is at its path: nothing, for a device or a pipe.
    fn put(&mut self, path: TreePath, node: Option<Node>) -> Result<(), TreeError> {
        let mut above = std::iter::successors(path.parent(), TreePath::parent);
        if let Some(special) = above.find(|above| self.specials.contains(above)) {
            return Err(TreeError::NotADirectory { path: special, below: path });
        }
        match node {
            Some(node) => {
                self.specials.remove(&path);
                self.tree.replace(path, node)
            }
            // No file, and in its place there is none of a lower layer either.
            None => {
                // The directories above it are there all the same.
                self.tree.replace(path.clone(), Node::Symlink(String::new()))?;
                self.tree.remove(&path);
                self.specials.insert(path.clone());
                self.whiteouts.push(path);
                Ok(())
            }
        }
    }
}

fn read_layer(
    lower: &Tree,
    source: &Arc<dyn ByteSource>,
    limits: ReadLimits,
    whiteouts: Whiteouts,
) -> Result<Layer, ReadError> {
    let name = || source.name();
    let mut tar = Entries::new(source.as_ref());
    let (mut layer, mut entries, mut bytes) = (Layer::default(), 0u64, 0u64);
    while let Some(entry) = tar.next_entry()? {
        entries += 1;
        if let EntryKind::File { size, .. } = entry.kind {
            bytes = bytes.saturating_add(size);
        }
        if entries > limits.entries {
            return Err(ReadError::Limit { name: name(), limit: format!("{} entries", limits.entries) });
        }
        if bytes > limits.bytes {
            return Err(ReadError::Limit { name: name(), limit: format!("{} bytes", limits.bytes) });
        }
        let path = text(&entry.path).map_err(|path| unsupported(&name(), path))?;
        let not_allowed = |cause| ReadError::Path { name: name(), cause };
        let (folder, last) = path.rsplit_once('/').unwrap_or(("", &path));
        match last.strip_prefix(TreePath::WHITEOUT).filter(|_| whiteouts == Whiteouts::Orders) {
            Some(".wh..opq") => layer.opaque.push(TreePath::new(folder).map_err(not_allowed)?),
            // What AUFS noted for itself: nothing that a tree could have.
            Some(hidden) if hidden.starts_with(TreePath::WHITEOUT) => {}
            Some(hidden @ ("" | "." | "..")) => {
                let reason = "a whiteout names a file of its folder";
                return Err(not_allowed(PathError { found: format!(".wh.{hidden}"), reason }));
            }
            Some(hidden) => {
                let folder = TreePath::new(folder).map_err(not_allowed)?;
                let path = folder.join(hidden).map_err(not_allowed)?;
                if layer.tree.node(&layer.tree.resolve_parent(&path)).is_some() {
                    // The specification says that it stays, and Docker removes it.
                    let reason = "is in a layer that also removes it, which not every program reads alike";
                    return Err(ReadError::Unsupported { name: name(), path: path.to_string(), reason });
                }
                layer.whiteouts.push(path);
            }
            None => {
                let path = TreePath::new(&path).map_err(not_allowed)?;
                if path.is_root() {
                    continue;
                }
                let node = read_node(&entry, &path, source, &layer, lower)?;
                let path = layer.tree.resolve_parent(&path);
                layer.put(path, node).map_err(|cause| ReadError::Tree { name: name(), cause })?;
            }
        }
    }
    Ok(layer)
}

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn unsupported(name: &str, path: String) -> ReadError {
    ReadError::Unsupported { name: name.to_owned(), path, reason: "is not UTF-8" }
}

fn read_node(
    entry: &Entry,
    path: &TreePath,
    source: &Arc<dyn ByteSource>,
    layer: &Layer,
    lower: &Tree,
) -> Result<Option<Node>, ReadError> {
    let refused = |reason| ReadError::Unsupported { name: source.name(), path: path.to_string(), reason };
    let owner = |id: u64| u32::try_from(id).map_err(|_| refused("has no valid owner"));
    let metadata = Metadata { mode: entry.mode, uid: owner(entry.uid)?, gid: owner(entry.gid)? };
    let link = |link: &[u8]| text(link).map_err(|link| unsupported(&source.name(), link));
    Ok(Some(match &entry.kind {
        EntryKind::File { offset, size } => {
            let content = Content::from_slice(source.clone(), *offset, *size).with_modified(entry.modified);
            Node::File(metadata, content)
        }
        EntryKind::Directory => Node::Directory(metadata),
        EntryKind::Symlink(target) => Node::Symlink(link(target)?),
        EntryKind::HardLink(target) => {
            let not_allowed = |cause| ReadError::Path { name: source.name(), cause };
            let target = TreePath::new(&link(target)?).map_err(not_allowed)?;
            if layer.specials.contains(&layer.tree.resolve_parent(&target)) {
                return Ok(None);
            }
            let found = [&layer.tree, lower].into_iter().find_map(|tree| tree.node(&tree.resolve_parent(&target)));
            match found {
                Some(node) if !node.is_directory() => node.clone(),
                _ => return Err(refused("is a hard link to something that is not there")),
            }
        }
        EntryKind::Special => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::{Builder, EntryType, Header};

    fn tar(entries: &[(&str, EntryType, &str)]) -> Arc<dyn ByteSource> {
        let mut builder = Builder::new(Vec::new());
        for (path, kind, data) in entries {
            let mut header = Header::new_ustar();
            // Written raw: the crate refuses the very names that are tested here.
            header.as_ustar_mut().expect("ustar").name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            let body = if *kind == Regular { *data } else { "" };
            header.as_ustar_mut().expect("ustar").linkname[..data.len()].copy_from_slice(data.as_bytes());
            header.set_size(body.len() as u64);
            header.set_cksum();
            builder.append(&header, body.as_bytes()).expect("to memory");
        }
        Arc::new(builder.into_inner().expect("to memory"))
    }

    fn check(lower: &[(&str, EntryType, &str)], upper: &[(&str, EntryType, &str)], expected: &[&str]) {
        let mut tree = Tree::new();
        overlay_tar(&mut tree, tar(lower), ReadLimits::default()).expect("lower");
        overlay_tar(&mut tree, tar(upper), ReadLimits::default()).expect("upper");
        let paths: Vec<_> = tree.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(paths, expected);
    }

    use EntryType::{Directory, Link, Regular, Symlink};

    #[test]
    fn whiteouts_hide_what_is_below_and_nothing_of_their_own_layer() {
        check(&[("a/x", Regular, "1"), ("a/y", Regular, "2")], &[("a/.wh.x", Regular, "")], &["/a", "/a/y"]);
        check(
            &[("a/x", Regular, "1"), ("a/b/y", Regular, "2")],
            &[("a/new", Regular, ""), ("a/.wh..wh..opq", Regular, "")],
            &["/a", "/a/new"],
        );
        check(&[("a", Regular, "1")], &[("a", Directory, ""), ("a/b", Regular, "")], &["/a", "/a/b"]);
    }

    #[test]
    fn a_device_hides_what_is_below() {
        check(&[("a", Regular, "1"), ("b", Regular, "2")], &[("b", EntryType::Fifo, "")], &["/a"]);
        check(&[("a", Regular, "1")], &[("b", Regular, "2"), ("b", EntryType::Char, "")], &["/a"]);
        check(&[("a", Regular, "1")], &[("a", EntryType::Block, ""), ("a", Regular, "")], &["/a"]);
        check(&[], &[("a/b", EntryType::Block, "")], &["/a"]);
        // Another name for the device is no name for the file that it hides.
        check(&[("a", Regular, "1")], &[("a", EntryType::Fifo, ""), ("b", Link, "a")], &[]);
        check(&[], &[("a", EntryType::Fifo, ""), ("a", Directory, ""), ("a/b", Regular, "")], &["/a", "/a/b"]);
    }

    #[test]
    fn a_package_has_no_whiteouts() {
        for name in ["usr/.wh.x", "usr/.wh..wh..opq", ".wh.usr/x"] {
            let error = read_tar(tar(&[(name, Regular, "")]), ReadLimits::default()).expect_err(name);
            assert!(matches!(error, ReadError::Path { .. }), "{error}");
        }
    }

    #[test]
    fn a_file_tells_when_its_header_says_it_was_modified() {
        let mut builder = Builder::new(Vec::new());
        for (name, time) in [("a.py", 1_700_000_000), ("long/".repeat(30).as_str(), 5), ("empty", 7)] {
            let mut header = Header::new_gnu();
            let body: &[u8] = if name == "empty" { b"" } else { b"x = 1" };
            header.set_size(body.len() as u64);
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(time);
            header.set_entry_type(Regular);
            builder.append_data(&mut header, format!("{name}x"), body).expect("to memory");
        }
        let mut tree = Tree::new();
        let tar: Arc<dyn ByteSource> = Arc::new(builder.into_inner().expect("to memory"));
        overlay_tar(&mut tree, tar, ReadLimits::default()).expect("valid");
        let times: Vec<_> = tree
            .iter()
            .filter_map(|(_, node)| if let Node::File(_, content) = node { content.modified() } else { None })
            .collect();
        assert_eq!(times, [1_700_000_000, 7, 5]);
        assert_eq!(Content::from_bytes("x").modified(), None);
    }

    #[test]
    fn hard_links_are_the_file_that_they_name() {
        check(
            &[("a", Regular, "1")],
            &[("b", Regular, "2"), ("c", Link, "b"), ("d", Link, "a")],
            &["/a", "/b", "/c", "/d"],
        );
    }

    #[test]
    fn entries_below_a_link_land_where_it_points() {
        check(
            &[("usr/lib", Directory, ""), ("lib", Symlink, "usr/lib")],
            &[("lib/libc.so", Regular, "")],
            &["/lib", "/usr", "/usr/lib", "/usr/lib/libc.so"],
        );
    }

    #[test]
    fn hostile_tars_are_errors() {
        let limits = ReadLimits { entries: 2, bytes: 10 };
        for (entries, expected) in [
            (&[("../x", Regular, "")][..], "not allowed"),
            (&[("a/../../x", Regular, "")], "not allowed"),
            (&[("a", Regular, "0123456789x")], "possible decompression bomb"),
            (&[("a", Regular, ""), ("b", Regular, ""), ("c", Regular, "")], "possible decompression bomb"),
            (&[("a", Link, "nowhere")], "not there"),
            (&[("a", Regular, ""), ("a/b", Regular, "")], "does not fit"),
            (&[("a", EntryType::Fifo, ""), ("a/b", Regular, "")], "does not fit"),
            (&[("a", EntryType::Char, ""), ("a/b/c", Directory, "")], "does not fit"),
            (&[("a/.wh.", Regular, "")], "not allowed"),
            (&[("a/.wh..", Regular, "")], "not allowed"),
            (&[("a/.wh...", Regular, "")], "not allowed"),
            (&[("a/.wh.b/c", Regular, "")], "not allowed"),
            (&[("a/b", Regular, ""), ("a/.wh.b", Regular, "")], "also removes it"),
        ] {
            let error = overlay_tar(&mut Tree::new(), tar(entries), limits).expect_err(expected);
            assert!(error.to_string().contains(expected), "{error}");
        }
        let mut cut = vec![0; 512];
        cut[..4].copy_from_slice(b"junk");
        assert!(overlay_tar(&mut Tree::new(), Arc::new(cut), limits).is_err());
    }
}
