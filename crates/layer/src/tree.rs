//! A tree of files as an image will have them: no host path, owner, umask or time in it.

use std::collections::BTreeMap;

use crate::content::Content;
use crate::path::{PathError, TreePath};
use crate::raw_text::RawText;

/// A change to a tree that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The path is not allowed in an image.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Two different things want the same path.
    #[error("two different files at `{path}`")]
    Conflict {
        /// The path.
        path: TreePath,
    },
    /// A file or a link is where a directory is needed.
    #[error("`{path}` is not a directory, and `{below}` cannot be put below it")]
    NotADirectory {
        /// The path of the file or link.
        path: TreePath,
        /// What was to be put below it.
        below: TreePath,
    },
}

/// Mode and owner of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// Permission bits, with set-uid, set-gid and sticky: `0o755`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Metadata {
    /// Root's, with a mode.
    pub const fn root(mode: u32) -> Self {
        Self { mode, uid: 0, gid: 0 }
    }
}

/// The entry at a path.
#[derive(Debug, Clone)]
pub enum Node {
    /// A directory.
    Directory(Metadata),
    /// A regular file.
    File(Metadata, Content),
    /// A symbolic link, its target as written: `usr/lib`, `/etc/alternatives/x`.
    Symlink(RawText),
}

impl Node {
    /// Whether this is a directory.
    pub fn is_directory(&self) -> bool {
        matches!(self, Self::Directory(_))
    }

    /// Whether two nodes are the same without reading them: equal links, directories, or
    /// files whose bytes are at hand or whose digests are promised.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Directory(a), Self::Directory(b)) => a == b,
            (Self::Symlink(a), Self::Symlink(b)) => a == b,
            (Self::File(a, one), Self::File(b, two)) => {
                let digests = one.expected().zip(two.expected()).map(|(one, two)| one == two);
                a == b
                    && one.size() == two.size()
                    && digests.unwrap_or_else(|| one.to_vec().ok().zip(two.to_vec().ok()).is_some_and(|(x, y)| x == y))
            }
            _ => false,
        }
    }
}

/// Paths and their entries, in the order of a tar.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: BTreeMap<TreePath, Node>,
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All entries, a directory before what is in it.
    pub fn iter(&self) -> impl Iterator<Item = (&TreePath, &Node)> {
        self.nodes.iter()
    }

    /// The node at a path; does not follow links.
    pub fn node(&self, path: &TreePath) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The sum of the file sizes, in bytes.
    pub fn content_size(&self) -> u64 {
        self.nodes.values().map(|node| if let Node::File(_, content) = node { content.size() } else { 0 }).sum()
    }

    /// Adds a file of root's, and the directories above it (0755, root's) where they are missing.
    ///
    /// # Errors
    /// When the path is not allowed, or something different is there.
    pub fn insert_file(&mut self, path: &str, mode: u32, content: Content) -> Result<(), TreeError> {
        self.insert(TreePath::new(path)?, Node::File(Metadata::root(mode), content))
    }

    /// Adds a symbolic link.
    ///
    /// # Errors
    /// As [`Tree::insert_file`].
    pub fn insert_symlink(&mut self, path: &str, target: &str) -> Result<(), TreeError> {
        self.insert(TreePath::new(path)?, Node::Symlink(target.into()))
    }

    /// Adds a directory of root's.
    ///
    /// # Errors
    /// As [`Tree::insert_file`].
    pub fn insert_directory(&mut self, path: &str, mode: u32) -> Result<(), TreeError> {
        self.insert(TreePath::new(path)?, Node::Directory(Metadata::root(mode)))
    }

    /// Adds an entry and the directories above it where they are missing.
    ///
    /// The same entry twice is fine: identical files of two wheels are one file.
    ///
    /// # Errors
    /// When something different is there, or a file is where a directory is needed.
    pub fn insert(&mut self, path: TreePath, node: Node) -> Result<(), TreeError> {
        self.make_parents(&path)?;
        match self.nodes.get(&path) {
            // A directory given by name replaces one that was made for its contents.
            Some(there) if there.is_directory() && node.is_directory() => {}
            Some(there) if there.is_same(&node) => return Ok(()),
            Some(_) => return Err(TreeError::Conflict { path }),
            None => {}
        }
        self.nodes.insert(path, node);
        Ok(())
    }

    /// Adds an entry and replaces what was there, as a later layer or package does.
    ///
    /// # Errors
    /// When a file is where a directory is needed.
    pub fn replace(&mut self, path: TreePath, node: Node) -> Result<(), TreeError> {
        self.make_parents(&path)?;
        if !node.is_directory() {
            self.remove(&path);
        }
        self.nodes.insert(path, node);
        Ok(())
    }

    fn make_parents(&mut self, path: &TreePath) -> Result<(), TreeError> {
        for parent in path.ancestors() {
            match self.nodes.get(&parent) {
                Some(Node::Directory(_)) => return Ok(()),
                Some(_) => return Err(TreeError::NotADirectory { path: parent, below: path.clone() }),
                None => {
                    self.nodes.insert(parent, Node::Directory(Metadata::root(0o755)));
                }
            }
        }
        Ok(())
    }

    /// Takes an entry out, with everything below it.
    pub fn remove(&mut self, path: &TreePath) {
        self.nodes.remove(path);
        let below: Vec<TreePath> = self.below(path).map(|(path, _)| path.clone()).collect();
        for path in below {
            self.nodes.remove(&path);
        }
    }

    /// The entries below a directory, without the directory itself.
    pub fn below<'a>(&'a self, path: &'a TreePath) -> impl Iterator<Item = (&'a TreePath, &'a Node)> {
        self.nodes
            .range(path.clone()..)
            .skip_while(move |(p, _)| *p == path)
            .take_while(move |(p, _)| p.starts_with(path))
    }

    /// Adds every entry of another tree.
    ///
    /// # Errors
    /// As [`Tree::insert`]: the first conflict.
    pub fn merge(&mut self, other: Tree) -> Result<(), TreeError> {
        for (path, node) in other.nodes {
            // A directory that both have keeps what it was given first.
            let both = node.is_directory() && self.nodes.get(&path).is_some_and(Node::is_directory);
            if !both {
                self.insert(path, node)?;
            }
        }
        Ok(())
    }

    /// The path with the links among its parents followed inside the tree.
    pub fn resolve_parent(&self, path: &TreePath) -> TreePath {
        self.place(path).unwrap_or_else(|| path.clone())
    }

    /// The same; `None` where the links go in a circle, or the path becomes too long.
    pub(crate) fn place(&self, path: &TreePath) -> Option<TreePath> {
        match path.parent() {
            // What is in the tree is below folders alone.
            Some(parent) if self.has_folder(&parent) => Some(path.clone()),
            Some(parent) => self.follow(&parent, 40)?.join_bytes(path.name_bytes()).ok(),
            None => Some(path.clone()),
        }
    }

    /// Whether a folder is there by this very name.
    pub(crate) fn has_folder(&self, path: &TreePath) -> bool {
        path.is_root() || matches!(self.nodes.get(path), Some(Node::Directory(_)))
    }

    /// How many entries there are.
    pub(crate) fn count(&self) -> u64 {
        self.nodes.len() as u64
    }

    /// The bytes of all paths.
    pub(crate) fn bytes_of_paths(&self) -> u64 {
        self.nodes.keys().map(|path| path.as_bytes().len() as u64).sum()
    }

    /// Follows every link inside the tree: the real path, and the entry there.
    ///
    /// Absolute links start at the tree's root and `..` ends there, so nothing outside is
    /// ever named. `None` when it is missing or the links go in a circle.
    pub fn resolve(&self, path: &TreePath) -> Option<(TreePath, &Node)> {
        let resolved = self.follow(path, 40)?;
        self.nodes.get(&resolved).map(|node| (resolved, node))
    }

    fn follow(&self, path: &TreePath, budget: usize) -> Option<TreePath> {
        let parts = |bytes: &[u8]| bytes.rsplit(|byte| *byte == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>();
        let mut done: Vec<Vec<u8>> = Vec::new();
        let mut todo = parts(path.as_bytes());
        let mut budget = budget;
        // How many names lead to the first thing that is not there: below it nothing is looked for.
        let mut missing = usize::MAX;
        while let Some(part) = todo.pop() {
            match part.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    done.pop();
                    missing = if done.len() < missing { usize::MAX } else { missing };
                    continue;
                }
                _ => done.push(part),
            }
            if done.len() > missing {
                continue;
            }
            let here = TreePath::from_bytes(&done.join(&b'/')).ok()?;
            let node = self.nodes.get(&here);
            if node.is_none() {
                missing = done.len();
            }
            if let Some(Node::Symlink(target)) = node {
                budget = budget.checked_sub(1)?;
                if target.as_bytes().starts_with(b"/") {
                    done.clear();
                } else {
                    done.pop();
                }
                todo.extend(parts(target.as_bytes()));
            }
        }
        TreePath::from_bytes(&done.join(&b'/')).ok()
    }
}

impl IntoIterator for Tree {
    type Item = (TreePath, Node);
    type IntoIter = std::collections::btree_map::IntoIter<TreePath, Node>;

    fn into_iter(self) -> Self::IntoIter {
        self.nodes.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).expect("valid")
    }

    fn file(text: &'static str) -> Content {
        Content::from_bytes(text.as_bytes())
    }

    #[test]
    fn parents_are_there_once_and_before_their_files() {
        let mut tree = Tree::new();
        tree.insert_file("/a/b/one", 0o644, file("1")).expect("new");
        tree.insert_file("/a/b/two", 0o644, file("2")).expect("new");
        let paths: Vec<_> = tree.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(paths, ["/a", "/a/b", "/a/b/one", "/a/b/two"]);
    }

    #[test]
    fn equal_files_are_one_and_different_ones_a_conflict() {
        let mut tree = Tree::new();
        tree.insert_file("/a", 0o644, file("1")).expect("new");
        assert_eq!(tree.insert_file("/a", 0o644, file("1")), Ok(()));
        let conflict = Err(TreeError::Conflict { path: path("/a") });
        assert_eq!(tree.insert_file("/a", 0o644, file("2")), conflict);
        assert_eq!(tree.insert_file("/a", 0o755, file("1")), conflict);
        assert!(matches!(tree.insert_file("/a/b", 0o644, file("2")), Err(TreeError::NotADirectory { .. })));
    }

    fn list(tree: &Tree) -> String {
        crate::listing(tree).expect("in memory")
    }

    #[test]
    fn a_tree_counts_its_entries_and_the_bytes_of_its_files() {
        let mut tree = Tree::new();
        assert_eq!((tree.is_empty(), tree.len(), tree.content_size()), (true, 0, 0));
        tree.insert_file("/a/one", 0o600, file("123")).expect("new");
        tree.insert_file("/a/two", 0o4755, file("4567")).expect("new");
        tree.insert_symlink("/b", "a").expect("new");
        tree.insert_directory("/c", 0o1777).expect("new");
        assert_eq!((tree.is_empty(), tree.len(), tree.content_size()), (false, 5, 7));
        assert_eq!(
            list(&tree),
            "d 0755 0:0 /a/\nf 0600 0:0 3 a665a4592042 /a/one\nf 4755 0:0 4 db2e7f1bd5ab /a/two\nl /b -> a\n\
             d 1777 0:0 /c/\n"
        );
        assert_eq!(tree.into_iter().count(), 5);
    }

    #[test]
    fn the_same_entry_twice_is_one_and_two_different_ones_are_a_conflict() {
        let root = Metadata::root(0o644);
        let promised = |text, size: u64, of: &'static str| {
            let source: std::sync::Arc<dyn crate::ByteSource> = std::sync::Arc::new(Vec::from(text));
            Node::File(
                root,
                Content::from_slice(source, 0, size).with_expected(shipwheel_oci::Digest::of(of.as_bytes())),
            )
        };
        let plain = |text| Node::File(root, file(text));
        let link = |target: &str| Node::Symlink(target.into());
        let directory = |mode| Node::Directory(Metadata::root(mode));
        for (one, other, fits) in [
            (plain("1"), plain("1"), true),
            (plain("1"), plain("2"), false),
            (plain("1"), plain("12"), false),
            (plain("1"), Node::File(Metadata { uid: 1, ..root }, file("1")), false),
            // Promised digests are compared without reading: neither of these can be read.
            (promised("", 1, "x"), promised("", 1, "x"), true),
            (promised("", 1, "x"), promised("", 1, "y"), false),
            (promised("", 1, "x"), promised("", 2, "x"), false),
            (promised("1", 1, "1"), plain("1"), true),
            (promised("", 1, "1"), plain("1"), false),
            (link("a"), link("a"), true),
            (link("a"), link("b"), false),
            (link("a"), plain("a"), false),
            (link("a"), directory(0o755), false),
            (plain("a"), directory(0o755), false),
            (directory(0o755), plain("a"), false),
            (directory(0o755), directory(0o755), true),
            (directory(0o755), directory(0o700), true),
        ] {
            let mut tree = Tree::new();
            tree.insert(path("/x"), one.clone()).expect("new");
            assert_eq!(tree.insert(path("/x"), other.clone()).is_ok(), fits, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_directory_given_by_name_replaces_the_one_made_for_its_contents() {
        let mut tree = Tree::new();
        tree.insert_file("/a/b", 0o644, file("1")).expect("new");
        tree.insert_directory("/a", 0o700).expect("a directory already");
        assert_eq!(list(&tree), "d 0700 0:0 /a/\nf 0644 0:0 1 6b86b273ff34 /a/b\n");
    }

    #[test]
    fn what_replaces_a_directory_takes_its_contents_away_unless_it_is_one() {
        let sample = || {
            let mut tree = Tree::new();
            for name in ["/a/b/c", "/a/b/d", "/a/b.txt", "/a/bb"] {
                tree.insert_file(name, 0o644, file("1")).expect("new");
            }
            tree
        };
        let names = |tree: &Tree| tree.iter().map(|(path, _)| path.to_string()).collect::<Vec<_>>().join(" ");
        let mut tree = sample();
        tree.replace(path("/a/b"), Node::Directory(Metadata::root(0o700))).expect("a directory is above it");
        assert_eq!(names(&tree), names(&sample()));
        assert!(matches!(tree.node(&path("/a/b")), Some(Node::Directory(Metadata { mode: 0o700, .. }))));
        tree.replace(path("/a/b"), Node::Symlink("bb".into())).expect("a directory is above it");
        assert_eq!(names(&tree), "/a /a/b /a/b.txt /a/bb");
        assert!(matches!(
            tree.replace(path("/a/bb/x"), Node::Symlink("y".into())),
            Err(TreeError::NotADirectory { .. })
        ));
        let mut tree = sample();
        assert_eq!(
            tree.below(&path("/a/b")).map(|(path, _)| path.to_string()).collect::<Vec<_>>(),
            ["/a/b/c", "/a/b/d"]
        );
        tree.remove(&path("/a/b"));
        assert_eq!(names(&tree), "/a /a/b.txt /a/bb");
        tree.remove(&TreePath::root());
        assert!(tree.is_empty(), "everything is below the root");
    }

    #[test]
    fn merged_trees_have_the_entries_of_both_and_no_conflict_goes_unseen() {
        let tree = |folder_mode, files: &[(&str, &'static str)]| {
            let mut tree = Tree::new();
            tree.insert_directory("/a", folder_mode).expect("new");
            for (name, text) in files {
                tree.insert_file(name, 0o644, file(text)).expect("new");
            }
            tree
        };
        let mut both = tree(0o700, &[("/a/b", "1")]);
        both.merge(tree(0o755, &[("/a/b", "1"), ("/a/c", "2")])).expect("they agree");
        assert_eq!(
            list(&both),
            "d 0700 0:0 /a/\nf 0644 0:0 1 6b86b273ff34 /a/b\nf 0644 0:0 1 d4735e3a265e /a/c\n",
            "a directory keeps the mode that it was given first"
        );
        assert_eq!(both.merge(tree(0o755, &[("/a/b", "2")])), Err(TreeError::Conflict { path: path("/a/b") }));
        assert!(both.merge(tree(0o755, &[("/a/b/c", "2")])).is_err(), "a file where the other has a directory");
        let mut upper = Tree::new();
        upper.insert_file("/a", 0o644, file("1")).expect("new");
        assert_eq!(both.merge(upper), Err(TreeError::Conflict { path: path("/a") }));
    }

    #[test]
    fn links_are_followed_inside_the_tree_alone() {
        let mut tree = Tree::new();
        tree.insert_file("/etc/real", 0o644, file("1")).expect("new");
        tree.insert_symlink("/up", "../../../etc/real").expect("new");
        tree.insert_symlink("/abs", "/up").expect("new");
        tree.insert_symlink("/loop", "loop").expect("new");
        tree.insert_symlink("/gone", "nowhere").expect("new");
        let found = |p: &str| tree.resolve(&path(p)).map(|(path, _)| path.to_string());
        assert_eq!(found("/up").as_deref(), Some("/etc/real"));
        assert_eq!(found("/abs").as_deref(), Some("/etc/real"));
        assert_eq!(found("/loop"), None);
        assert_eq!(found("/gone"), None);
        tree.insert_symlink("/a/b/dots", "./.././b//../../etc/./real").expect("new");
        assert_eq!(found_in(&tree, "/a/b/dots").as_deref(), Some("/etc/real"));
    }

    fn found_in(tree: &Tree, text: &str) -> Option<String> {
        tree.resolve(&path(text)).map(|(path, _)| path.to_string())
    }

    #[test]
    fn forty_links_are_followed_as_linux_does_and_no_more() {
        let mut tree = Tree::new();
        tree.insert_file("/0", 0o644, file("1")).expect("new");
        for number in 1..=41 {
            tree.insert_symlink(&format!("/{number}"), &format!("{}", number - 1)).expect("new");
        }
        assert_eq!(found_in(&tree, "/40").as_deref(), Some("/0"));
        assert_eq!(found_in(&tree, "/41"), None);
        let mut below = Tree::new();
        below.insert_directory("/0", 0o755).expect("new");
        for number in 1..=41 {
            below.insert_symlink(&format!("/{number}"), &format!("{}", number - 1)).expect("new");
        }
        assert_eq!(below.resolve_parent(&path("/40/x")), path("/0/x"));
        assert_eq!(below.resolve_parent(&path("/41/x")), path("/41/x"), "what cannot be followed stays");
        assert_eq!(below.resolve_parent(&path("/40")), path("/40"), "the last link is not followed");
    }
}
