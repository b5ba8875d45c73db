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
use crate::raw_text::RawText;
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

/// The most bytes of all paths of a tree: each folder that an entry is in has a path, too, whether it is an entry or not.
const MAX_NAMES: u64 = 256 << 20;

/// How far the folders of entries are looked for, name by name, in bytes: those that are not there, or behind links.
const MAX_WALKED: u64 = 16 << 30;

/// How many entries are looked at for the whiteouts that empty a folder.
const MAX_EMPTIED: u64 = 20_000_000;

/// The longest target of a link that Linux has.
const MAX_TARGET: usize = 4095;

/// Lays an uncompressed tar over a tree, whiteouts included (OCI image spec, `layer.md`).
///
/// Entry after entry, as containerd, podman and umoci unpack it: an entry replaces what is at its path, except that a
/// folder joins a folder; links among the folders above it are followed inside the tree; a whiteout removes what is of
/// the layers below. Devices and pipes are passed over, after they have replaced what was there: a container's runtime
/// makes its own.
///
/// # Errors
/// When the tar is broken, has a path that is not allowed or does not fit, or passes a limit. The tree is of no use then.
pub fn overlay_tar(tree: &mut Tree, source: Arc<dyn ByteSource>, limits: ReadLimits) -> Result<(), ReadError> {
    Layer::new(source, tree, Whiteouts::Orders).read(limits)
}

/// The files of a package's tar. It has no whiteouts: a name that begins with `.wh.` is an error.
///
/// # Errors
/// As [`overlay_tar`].
pub fn read_tar(source: Arc<dyn ByteSource>, limits: ReadLimits) -> Result<Tree, ReadError> {
    let mut tree = Tree::new();
    Layer::new(source, &mut tree, Whiteouts::Refused).read(limits)?;
    Ok(tree)
}

/// What a name that begins with `.wh.` is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whiteouts {
    /// In a layer: an order to remove what the layers below have.
    Orders,
    /// In any other tar: a name that must not get into an image.
    Refused,
}

/// A layer that is being laid over a tree.
struct Layer<'t> {
    source: Arc<dyn ByteSource>,
    tree: &'t mut Tree,
    whiteouts: Whiteouts,
    /// What this layer has put there, with the folders above: no whiteout of its own removes it.
    own: BTreeSet<TreePath>,
    /// The folders in which nothing is left of the layers below.
    emptied: BTreeSet<TreePath>,
    /// The devices and pipes that nothing has replaced.
    specials: BTreeSet<TreePath>,
    /// What has been used of each limit.
    used: Used,
}

/// What a tar has cost.
#[derive(Default)]
struct Used {
    names: u64,
    walked: std::cell::Cell<u64>,
    emptied: u64,
}

impl<'t> Layer<'t> {
    fn new(source: Arc<dyn ByteSource>, tree: &'t mut Tree, whiteouts: Whiteouts) -> Self {
        let used = Used { names: tree.bytes_of_paths(), ..Used::default() };
        let (own, emptied, specials) = Default::default();
        Self { source, tree, whiteouts, own, emptied, specials, used }
    }
}

impl Layer<'_> {
    fn read(&mut self, limits: ReadLimits) -> Result<(), ReadError> {
        let source = self.source.clone();
        let mut tar = Entries::new(source.as_ref());
        let (mut entries, mut bytes) = (0u64, 0u64);
        while let Some(entry) = tar.next_entry()? {
            entries += 1;
            if let EntryKind::File { size, .. } = entry.kind {
                bytes = bytes.saturating_add(size);
            }
            if entries > limits.entries {
                return Err(ReadError::Limit { name: source.name(), limit: format!("{} entries", limits.entries) });
            }
            if bytes > limits.bytes {
                return Err(ReadError::Limit { name: source.name(), limit: format!("{} bytes", limits.bytes) });
            }
            self.apply(&entry)?;
            let used = [
                (self.tree.count(), limits.entries, "entries with the folders above them"),
                (self.used.names, MAX_NAMES, "bytes of paths"),
                (self.used.walked.get(), MAX_WALKED, "bytes of paths through links and folders that are not there"),
                (self.used.emptied, MAX_EMPTIED, "entries in folders that whiteouts empty"),
            ];
            if let Some((_, most, what)) = used.into_iter().find(|(used, most, _)| used > most) {
                return Err(ReadError::Limit { name: source.name(), limit: format!("{most} {what}") });
            }
        }
        Ok(())
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), ReadError> {
        let slash = entry.path.iter().rposition(|byte| *byte == b'/');
        let (folder, last) = entry.path.split_at(slash.map_or(0, |at| at + 1));
        match last.strip_prefix(TreePath::WHITEOUT.as_bytes()).filter(|_| self.whiteouts == Whiteouts::Orders) {
            Some(b".wh..opq") => self.empty(&self.path(folder)?)?,
            // What AUFS noted for itself: nothing that a tree could have.
            Some(hidden) if hidden.starts_with(TreePath::WHITEOUT.as_bytes()) => {}
            Some(hidden @ (b"" | b"." | b"..")) => {
                let found = format!(".wh.{}", String::from_utf8_lossy(hidden));
                return Err(self.not_allowed(PathError { found, reason: "a whiteout names a file of its folder" }));
            }
            Some(hidden) => {
                self.white_out(&self.path(folder)?.join_bytes(hidden).map_err(|it| self.not_allowed(it))?)?
            }
            None => {
                let path = self.path(&entry.path)?;
                if !path.is_root() {
                    self.put(entry, self.place(&path)?)?;
                }
            }
        }
        Ok(())
    }

    /// Removes what the layers below have in a folder.
    fn empty(&mut self, folder: &TreePath) -> Result<(), ReadError> {
        let inside = folder.join("x").map_err(|cause| self.not_allowed(cause))?;
        let folder = self.place(&inside)?.parent().unwrap_or_else(TreePath::root);
        let is_empty = |folder: &TreePath| self.emptied.contains(folder);
        if is_empty(&folder) || is_empty(&TreePath::root()) || folder.ancestors().any(|above| is_empty(&above)) {
            return Ok(());
        }
        let mut seen = 0;
        let below = self.tree.below(&folder).map(|(path, _)| path).inspect(|_| seen += 1);
        let below: Vec<TreePath> = below.filter(|path| !self.own.contains(path)).cloned().collect();
        below.iter().for_each(|path| self.tree.remove(path));
        self.used.emptied += seen;
        self.emptied.insert(folder);
        Ok(())
    }

    /// Removes what the layers below have at a path.
    fn white_out(&mut self, path: &TreePath) -> Result<(), ReadError> {
        let path = self.place(path)?;
        if self.own.contains(&path) {
            // The specification says that it stays, and Docker removes it.
            let reason = "is in a layer that also removes it, which not every program reads alike";
            return Err(self.refused(&path, reason));
        }
        self.tree.remove(&path);
        Ok(())
    }

    /// Puts an entry at its path, in place of what is there.
    fn put(&mut self, entry: &Entry, path: TreePath) -> Result<(), ReadError> {
        let misfit = |cause| ReadError::Tree { name: self.source.name(), cause };
        let mut above = std::iter::successors(path.parent(), TreePath::parent);
        if let Some(special) = above.find(|above| self.specials.contains(above)) {
            return Err(misfit(TreeError::NotADirectory { path: special, below: path }));
        }
        match self.node(entry, &path)? {
            Some(node) => {
                self.tree.replace(path.clone(), node).map_err(misfit)?;
                self.specials.remove(&path);
                self.keep(Some(path));
            }
            // No file, and in its place there is none of a lower layer either; the folders above it are there all the same.
            None => {
                self.tree.replace(path.clone(), Node::Symlink(String::new().into())).map_err(misfit)?;
                self.tree.remove(&path);
                self.keep(path.parent());
                self.specials.insert(path);
            }
        }
        Ok(())
    }

    /// Notes a path of this layer, and the folders above up to one that is noted, which has all above it noted.
    fn keep(&mut self, path: Option<TreePath>) {
        let mut next = path.filter(|path| !path.is_root());
        while let Some(path) = next {
            let (above, length) = (path.parent().filter(|above| !above.is_root()), path.as_bytes().len() as u64);
            if !self.own.insert(path) {
                return;
            }
            self.used.names += length;
            next = above;
        }
    }

    /// What an entry is: nothing, for a device or a pipe.
    fn node(&self, entry: &Entry, path: &TreePath) -> Result<Option<Node>, ReadError> {
        let owner = |id: u64| u32::try_from(id).map_err(|_| self.refused(path, "has no valid owner"));
        let metadata = Metadata { mode: entry.mode, uid: owner(entry.uid)?, gid: owner(entry.gid)? };
        Ok(Some(match &entry.kind {
            EntryKind::File { offset, size } => {
                let content = Content::from_slice(self.source.clone(), *offset, *size);
                Node::File(metadata, content.with_modified(entry.modified))
            }
            EntryKind::Directory => Node::Directory(metadata),
            EntryKind::Symlink(target) if target.len() > MAX_TARGET => {
                return Err(self.refused(path, "is a link with a target of more than 4,095 bytes"));
            }
            EntryKind::Symlink(target) => Node::Symlink(RawText::from_bytes(target.clone())),
            EntryKind::HardLink(target) => {
                let target = self.place(&self.path(target)?)?;
                match self.tree.node(&target) {
                    _ if self.specials.contains(&target) => return Ok(None),
                    // What is at the path goes before the link is made, and its target with it.
                    Some(node) if !node.is_directory() && !target.starts_with(path) => node.clone(),
                    _ => return Err(self.refused(path, "is a hard link to something that is not there")),
                }
            }
            EntryKind::Special => return Ok(None),
        }))
    }

    fn path(&self, bytes: &[u8]) -> Result<TreePath, ReadError> {
        TreePath::from_bytes(bytes).map_err(|cause| self.not_allowed(cause))
    }

    /// Where a path leads by the links among its folders.
    fn place(&self, path: &TreePath) -> Result<TreePath, ReadError> {
        if path.parent().is_some_and(|parent| !self.tree.has_folder(&parent)) {
            let bytes = path.as_bytes();
            let names = bytes.iter().filter(|byte| **byte == b'/').count();
            self.used.walked.set(self.used.walked.get() + (names * bytes.len()) as u64);
        }
        self.tree.place(path).ok_or_else(|| self.refused(path, "is below links that lead in a circle"))
    }

    fn not_allowed(&self, cause: PathError) -> ReadError {
        ReadError::Path { name: self.source.name(), cause }
    }

    fn refused(&self, path: &TreePath, reason: &'static str) -> ReadError {
        ReadError::Unsupported { name: self.source.name(), path: path.to_string(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tar::EntryType::{Directory, Link, Regular, Symlink};
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

    /// A tar of empty files with these paths, in GNU's form, which has names of any length.
    fn files(paths: impl Iterator<Item = String>) -> Arc<dyn ByteSource> {
        let mut builder = Builder::new(Vec::new());
        for path in paths {
            let mut header = Header::new_gnu();
            header.set_entry_type(Regular);
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            header.set_size(0);
            builder.append_data(&mut header, path, &[][..]).expect("to memory");
        }
        Arc::new(builder.into_inner().expect("to memory"))
    }

    #[test]
    fn a_folder_that_is_emptied_again_and_again_is_looked_through_once() {
        // Each look at all of them takes a thousandth of a second: all together they would take a minute.
        let count = 20_000;
        let all = (0..count).map(|number| format!("a/b/{number}"));
        let again = (0..count).map(|number| format!("{}/.wh..wh..opq", ["a", "a/b"][number % 2]));
        let mut tree = Tree::new();
        overlay_tar(&mut tree, files(["a/b/old".to_owned()].into_iter()), ReadLimits::default()).expect("lower");
        overlay_tar(&mut tree, files(all.chain(again)), ReadLimits::default()).expect("upper");
        assert_eq!(tree.iter().count(), count + 2);
        let emptied = |paths: &[&str]| {
            let mut tree = Tree::new();
            let lower = ["a/x", "a/b/y", "c"].map(str::to_owned);
            overlay_tar(&mut tree, files(lower.into_iter()), ReadLimits::default()).expect("lower");
            let paths = paths.iter().map(|path| (*path).to_owned());
            overlay_tar(&mut tree, files(paths), ReadLimits::default()).expect("upper");
            tree.iter().map(|(path, _)| path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(emptied(&["a/b/.wh..wh..opq", "a/.wh..wh..opq"]), ["/a", "/c"]);
        assert_eq!(emptied(&["a/.wh..wh..opq", "a/b/n", "a/b/.wh..wh..opq"]), ["/a", "/a/b", "/a/b/n", "/c"]);
        assert_eq!(emptied(&[".wh..wh..opq", "d", "a/.wh..wh..opq"]), ["/d"]);
        assert_eq!(emptied(&["a/.wh..wh..opq", "c", ".wh..wh..opq"]), ["/c"]);
    }

    #[test]
    fn folders_that_no_entry_names_count_as_well() {
        let limit = |paths: &mut dyn Iterator<Item = String>| {
            let error = overlay_tar(&mut Tree::new(), files(paths), ReadLimits::default()).expect_err("too much");
            error.to_string()
        };
        // Each of a thousand folders above a file has a path of its own: a megabyte for each entry.
        let deep = "d/".repeat(1000);
        let found = limit(&mut (0..600).map(|number| format!("{number}/{deep}x")));
        assert!(found.contains("268435456 bytes of paths"), "{found}");
        let found = limit(&mut (0..20_000).map(|number| format!("{deep}.wh.{number}")));
        assert!(found.contains("folders that are not there"), "{found}");
        let few = ReadLimits { entries: 10, ..ReadLimits::default() };
        let found = overlay_tar(&mut Tree::new(), files(["d/".repeat(10) + "x"].into_iter()), few);
        assert!(found.expect_err("eleven").to_string().contains("10 entries with the folders above them"));
        let mut tree = Tree::new();
        overlay_tar(&mut tree, files((0..3000).map(|number| format!("{deep}{number}"))), ReadLimits::default())
            .expect("one folder for all");
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
    fn entries_replace_what_is_there_one_after_another() {
        let merged = [("usr/lib", Directory, ""), ("usr/lib/a", Regular, ""), ("lib", Symlink, "usr/lib")];
        // A folder over a link, and what is in it.
        check(
            &merged,
            &[("lib", Directory, ""), ("lib/x", Regular, "")],
            &["/lib", "/lib/x", "/usr", "/usr/lib", "/usr/lib/a"],
        );
        // Before the folder comes, the link is followed.
        check(
            &merged,
            &[("lib/x", Regular, ""), ("lib", Directory, "")],
            &["/lib", "/usr", "/usr/lib", "/usr/lib/a", "/usr/lib/x"],
        );
        // What is in the folder of a whiteout through a link.
        check(&merged, &[("lib/.wh.a", Regular, "")], &["/lib", "/usr", "/usr/lib"]);
        check(&merged, &[("lib/.wh..wh..opq", Regular, "")], &["/lib", "/usr", "/usr/lib"]);
        check(
            &merged,
            &[("lib/x", Regular, ""), ("lib/.wh..wh..opq", Regular, "")],
            &["/lib", "/usr", "/usr/lib", "/usr/lib/x"],
        );
        // A folder over a link with an opaque whiteout, as overlay drivers write it.
        check(
            &merged,
            &[("lib", Directory, ""), ("lib/.wh..wh..opq", Regular, ""), ("lib/x", Regular, "")],
            &["/lib", "/lib/x", "/usr", "/usr/lib", "/usr/lib/a"],
        );
        check(
            &merged,
            &[(".wh.lib", Regular, ""), ("lib", Directory, "")],
            &["/lib", "/usr", "/usr/lib", "/usr/lib/a"],
        );
        check(&merged, &[("usr", Symlink, "lib")], &["/lib", "/usr"]);
        // An opaque folder keeps what the layer has in folders of the layers below.
        check(
            &[("a/b/x", Regular, ""), ("a/c", Regular, "")],
            &[("a/b/y", Regular, ""), ("a/.wh..wh..opq", Regular, "")],
            &["/a", "/a/b", "/a/b/y"],
        );
        check(&[("a", Regular, "1")], &[("b", Link, "a"), (".wh.a", Regular, "")], &["/b"]);
        let mut tree = Tree::new();
        overlay_tar(&mut tree, tar(&[("a", Regular, "1")]), ReadLimits::default()).expect("lower");
        let gone = [(".wh.a", Regular, ""), ("b", Link, "a")];
        assert!(overlay_tar(&mut tree, tar(&gone), ReadLimits::default()).is_err(), "it is no longer there");
    }

    #[test]
    fn names_and_targets_are_bytes() {
        let mut builder = Builder::new(Vec::new());
        for (name, kind, target) in [
            (&b"caf\xe9/b.txt"[..], Regular, &b""[..]),
            (b"l\xe8", Symlink, b"caf\xe9"),
            (b"l\xe8/c", Regular, b""),
            (b"h", Link, b"caf\xe9/b.txt"),
            (b"caf\xe9/.wh.x\xff", Regular, b""),
        ] {
            let mut header = Header::new_ustar();
            let fields = header.as_ustar_mut().expect("ustar");
            fields.name[..name.len()].copy_from_slice(name);
            fields.linkname[..target.len()].copy_from_slice(target);
            header.set_entry_type(kind);
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(0);
            header.set_mtime(0);
            header.set_cksum();
            builder.append(&header, &b""[..]).expect("to memory");
        }
        let lower = tar(&[("caf\u{e9}", Regular, "")]);
        let upper: Arc<dyn ByteSource> = Arc::new(builder.into_inner().expect("to memory"));
        let mut tree = Tree::new();
        overlay_tar(&mut tree, lower, ReadLimits::default()).expect("lower");
        tree.replace(TreePath::from_bytes(b"/caf\xe9/x\xff").expect("valid"), Node::Directory(Metadata::root(0o755)))
            .expect("new");
        overlay_tar(&mut tree, upper, ReadLimits::default()).expect("upper");
        let paths: Vec<&[u8]> = tree.iter().map(|(path, _)| path.as_bytes()).collect();
        let expected = [&b"/caf\xc3\xa9"[..], b"/caf\xe9", b"/caf\xe9/b.txt", b"/caf\xe9/c", b"/h", b"/l\xe8"];
        assert_eq!(paths, expected);
        let (bytes, _) = crate::write_layer(&tree, crate::FileTime::EARLIEST, Vec::new()).expect("written");
        let mut back = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut back).expect("gzip");
        let mut again = Tree::new();
        overlay_tar(&mut again, Arc::new(back), ReadLimits::default()).expect("our own");
        assert_eq!(again.iter().map(|(path, _)| path.as_bytes()).collect::<Vec<_>>(), expected);
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
            (&[("a", Regular, ""), ("a", Link, "a")], "not there"),
            (&[("a/b", Regular, ""), ("a", Link, "a/b")], "not there"),
            (&[("a", Symlink, "a"), ("a/b", Regular, "")], "in a circle"),
            (&[("a", Symlink, "a"), ("a/.wh.b", Regular, "")], "in a circle"),
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
