//! What the layers of an image do to the files of its base: on another base they must do the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use shipwheel_layer::{ByteSource, Content, Entries, EntryKind, Metadata, Node, ReadError, ReadLimits, Tree, TreePath};

use crate::error::BuildError;

/// The marks of what a layer removes (OCI image spec, `layer.md`).
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// What was found of an image's own layers.
#[derive(Debug, Default)]
pub(crate) struct OwnFiles {
    /// Where its own files and links are, on the old base.
    pub(crate) paths: BTreeSet<TreePath>,
    /// Why they may not lie on the new base.
    pub(crate) reasons: BTreeSet<String>,
}

/// The image's old base and the new one.
#[derive(Clone, Copy)]
pub(crate) struct Bases<'t> {
    pub(crate) old: &'t Tree,
    pub(crate) new: &'t Tree,
}

impl OwnFiles {
    /// Reads the entries of a layer.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn add(&mut self, layer: &Arc<dyn ByteSource>, bases: Bases<'_>) -> Result<(), BuildError> {
        let (mut entries, mut count) = (Entries::new(layer.as_ref()), 0);
        let most = ReadLimits::default().entries;
        while let Some(entry) = entries.next_entry()? {
            count += 1;
            if count > most {
                return Err(ReadError::Limit { name: layer.name(), limit: format!("{most} entries") }.into());
            }
            let Ok(path) = TreePath::from_bytes(&entry.path) else { continue };
            if path.is_root() {
                continue;
            }
            let folder = path.parent().unwrap_or_else(TreePath::root);
            match path.name() {
                OPAQUE => self.empties(&folder, bases),
                name if name.starts_with(WHITEOUT) => {
                    if let Ok(removed) = folder.join(&name[WHITEOUT.len()..]) {
                        self.removes(&removed, bases);
                    }
                }
                _ => {
                    let owner = |id: u64| u32::try_from(id).unwrap_or(u32::MAX);
                    let metadata = Metadata { mode: entry.mode, uid: owner(entry.uid), gid: owner(entry.gid) };
                    self.puts(&path, &entry.kind, metadata, bases)?;
                }
            }
        }
        Ok(())
    }

    /// A folder of which nothing of the layers below is left.
    fn empties(&mut self, folder: &TreePath, bases: Bases<'_>) {
        if [bases.old, bases.new].iter().any(|base| base.resolve(folder).is_some()) {
            self.reasons.insert(format!("it empties {folder}, a folder of its base"));
        }
    }

    fn removes(&mut self, path: &TreePath, bases: Bases<'_>) {
        // What neither has is of the image's own.
        if bases.old.node(path).is_none() && bases.new.node(path).is_some() {
            self.reasons.insert(format!("it removes {path}, which only the new base has"));
        }
    }

    fn puts(
        &mut self,
        path: &TreePath,
        kind: &EntryKind,
        metadata: Metadata,
        Bases { old, new }: Bases<'_>,
    ) -> Result<(), BuildError> {
        let place = old.resolve_parent(path);
        if new.resolve_parent(path) != place {
            self.reasons.insert(format!("{path} would lie elsewhere: a folder above it is a link in one of the bases"));
        }
        let (before, after) = (old.node(&place), new.node(&place));
        if *kind == EntryKind::Directory {
            // A folder of the base has the metadata of the base in all layers; the image's own are its own.
            let is_copied = matches!(before, Some(Node::Directory(own)) if *own == metadata);
            match after {
                Some(Node::Directory(own)) if is_copied && *own != metadata => {
                    let reason = "it would keep the mode and the owner that it has in the old base";
                    self.reasons.insert(format!("{path}: {reason}"));
                }
                Some(Node::File(..) | Node::Symlink(_))
                    if !matches!(before, Some(Node::File(..) | Node::Symlink(_))) =>
                {
                    self.reasons.insert(format!("{path} is a folder in the image, and none in the new base"));
                }
                Some(_) | None => {}
            }
            return Ok(());
        }
        self.paths.insert(place);
        if !is_same(before, after)? {
            let reason = match (before, after) {
                (_, None) => "its own file is in place of one that the new base does not have",
                (None, _) => "its own file would be in place of one that only the new base has",
                (Some(_), Some(_)) => "its own file is in place of one that is another in the new base",
            };
            self.reasons.insert(format!("{path}: {reason}"));
        }
        Ok(())
    }
}

/// Whether both bases have the same at a path, or nothing.
fn is_same(one: Option<&Node>, other: Option<&Node>) -> Result<bool, BuildError> {
    Ok(match (one, other) {
        (None, None) => true,
        (Some(Node::Directory(_)), Some(Node::Directory(_))) => true,
        (Some(Node::Symlink(one)), Some(Node::Symlink(other))) => one == other,
        (Some(Node::File(one, content)), Some(Node::File(other, another))) => {
            one == other && is_same_content(content, another)?
        }
        _ => false,
    })
}

fn is_same_content(one: &Content, other: &Content) -> Result<bool, BuildError> {
    Ok(one.size() == other.size() && one.to_vec()? == other.to_vec()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipwheel_layer::{FileTime, write_layer};
    use std::io::Read as _;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            match text.strip_prefix("-> ") {
                Some(target) => tree.insert_symlink(path, target).unwrap(),
                None => {
                    tree.insert_file(path, 0o644, Content::from_bytes(text.as_bytes().to_vec())).unwrap();
                }
            }
        }
        tree
    }

    fn layer(files: &[(&str, &str)]) -> Arc<dyn ByteSource> {
        let (blob, _) = write_layer(&tree(files), FileTime::EARLIEST, Vec::new()).unwrap();
        let mut tar = Vec::new();
        flate2::read::MultiGzDecoder::new(blob.as_slice()).read_to_end(&mut tar).unwrap();
        Arc::new(tar)
    }

    #[test]
    fn what_a_layer_does_to_its_base_is_the_same_on_the_new_one_or_a_reason() {
        let same = [("/etc/a", "1"), ("/lib", "-> usr/lib"), ("/usr/lib/x", "")];
        for (own, old, new, expected) in [
            (&[("/app/x", "1")][..], &same[..], &same[..], ""),
            (&[("/etc/a", "own")], &same, &same, ""),
            (
                &[("/etc/a", "own")],
                &same,
                &[("/etc/a", "2")],
                "/etc/a: its own file is in place of one that is another in the new base",
            ),
            (
                &[("/etc/a", "own")],
                &same,
                &[("/etc/b", "2")],
                "/etc/a: its own file is in place of one that the new base does not have",
            ),
            (
                &[("/etc/n", "own")],
                &same,
                &[("/etc/n", "2")],
                "/etc/n: its own file would be in place of one that only the new base has",
            ),
            (
                &[("/lib/y", "own")],
                &same,
                &[("/lib/x", "")],
                "/lib/y would lie elsewhere: a folder above it is a link in one of the bases",
            ),
            (&[("/lib/y", "own")], &same, &same, ""),
            (
                &[("/srv/y", "own")],
                &same,
                &[("/srv", "a file")],
                "/srv is a folder in the image, and none in the new base",
            ),
        ] {
            let mut found = OwnFiles::default();
            let (old, new) = (tree(old), tree(new));
            found.add(&layer(own), Bases { old: &old, new: &new }).unwrap();
            let reasons: Vec<String> = found.reasons.into_iter().collect();
            let expected: Vec<&str> = if expected.is_empty() { Vec::new() } else { vec![expected] };
            let relevant: Vec<&String> =
                reasons.iter().filter(|it| expected.is_empty() || expected.contains(&it.as_str())).collect();
            assert_eq!(relevant, expected, "{own:?} {reasons:?}");
        }
    }

    #[test]
    fn what_a_layer_removes_is_a_reason_where_the_new_base_alone_has_it() {
        let (old, new) = (tree(&[("/etc/a", "")]), tree(&[("/etc/a", ""), ("/etc/b", "")]));
        let bases = Bases { old: &old, new: &new };
        let mut found = OwnFiles::default();
        for path in ["/etc/a", "/etc/b", "/etc/c"] {
            found.removes(&TreePath::new(path).unwrap(), bases);
        }
        found.empties(&TreePath::new("/etc").unwrap(), bases);
        found.empties(&TreePath::new("/app").unwrap(), bases);
        let reasons: Vec<String> = found.reasons.into_iter().collect();
        assert_eq!(
            reasons,
            ["it empties /etc, a folder of its base", "it removes /etc/b, which only the new base has"]
        );
    }
}
