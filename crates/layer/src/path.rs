//! Paths inside an image: absolute, normalized, without `..`; UTF-8, except for some in other people's layers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::raw_text::RawText;

/// A path that is not allowed in an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a path for an image: {reason}")]
pub struct PathError {
    /// The path as it was found.
    pub found: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// An absolute, normalized path in an image, such as `/usr/bin/python3`; the root is `/`.
///
/// Ordered by its bytes with `/` before all else, so that a directory comes before its contents.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TreePath(RawText);

impl TreePath {
    /// The longest path that Linux opens.
    const MAX: usize = 4096;

    /// What the name of a whiteout begins with (OCI image spec, `layer.md`).
    pub(crate) const WHITEOUT: &'static str = ".wh.";

    /// The root.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// A path from text with or without a leading `/`; `.` and doubled slashes are dropped.
    ///
    /// A name that begins with `.wh.` is not a file in a layer: every runtime reads it as an order to remove files.
    /// Only the reader of layers knows whiteouts, so no tree ever has one.
    ///
    /// # Errors
    /// When it has `..`, a NUL or a name that begins with `.wh.` in it, or is too long.
    pub fn new(text: &str) -> Result<Self, PathError> {
        Self::from_bytes(text.as_bytes())
    }

    /// The same of bytes that need not be UTF-8, as names in other people's layers.
    ///
    /// # Errors
    /// As [`TreePath::new`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PathError> {
        let error = |reason| PathError { found: String::from_utf8_lossy(bytes).chars().take(200).collect(), reason };
        let mut path = Vec::with_capacity(bytes.len() + 1);
        for part in bytes.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".") {
            if part == b".." {
                return Err(error("`..` is not allowed"));
            }
            if part.starts_with(Self::WHITEOUT.as_bytes()) {
                return Err(error("a name that begins with `.wh.` removes files in a layer"));
            }
            if part.contains(&0) {
                return Err(error("a NUL byte is not allowed"));
            }
            if part.len() > 255 {
                return Err(error("a component is longer than 255 bytes"));
            }
            path.push(b'/');
            path.extend_from_slice(part);
        }
        if path.len() >= Self::MAX {
            return Err(error("it is longer than 4,095 bytes"));
        }
        Ok(if path.is_empty() { Self::root() } else { Self(RawText::from_bytes(path)) })
    }

    /// The path below this one.
    ///
    /// # Errors
    /// As [`TreePath::new`].
    pub fn join(&self, below: &str) -> Result<Self, PathError> {
        self.join_bytes(below.as_bytes())
    }

    /// The same with bytes that need not be UTF-8.
    ///
    /// # Errors
    /// As [`TreePath::new`].
    pub(crate) fn join_bytes(&self, below: &[u8]) -> Result<Self, PathError> {
        Self::from_bytes(&[self.as_bytes(), below].join(&b'/'))
    }

    /// The text, with its leading `/`; U+FFFD stands for what is not UTF-8.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The text without the leading `/`: empty for the root.
    pub fn relative(&self) -> &str {
        &self.as_str()[1..]
    }

    /// The bytes, with the leading `/`.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether the text is all of it. Only paths of bases may be anything else.
    pub fn is_utf8(&self) -> bool {
        self.0.is_utf8()
    }

    /// Whether this is `/`.
    pub fn is_root(&self) -> bool {
        self.as_bytes() == b"/"
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &str {
        self.as_str().rsplit('/').next().unwrap_or_default()
    }

    /// The bytes of the last component.
    pub(crate) fn name_bytes(&self) -> &[u8] {
        self.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The directory it is in; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let parent = &self.as_bytes()[..self.as_bytes().len() - self.name_bytes().len() - 1];
        match (self.is_root(), parent) {
            (true, _) => None,
            (false, b"") => Some(Self::root()),
            (false, parent) => Some(Self(RawText::from_bytes(parent.to_vec()))),
        }
    }

    /// The directories above it, nearest first, without the root.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent).filter(|path| !path.is_root())
    }

    /// Whether it is this path or below it.
    pub fn starts_with(&self, above: &Self) -> bool {
        let below = self.as_bytes().strip_prefix(above.as_bytes());
        above.is_root() || below.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }
}

impl Ord for TreePath {
    /// Component by component, so that the contents of a folder follow the folder.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (one, other) = (self.as_bytes(), other.as_bytes());
        let common = one.iter().zip(other).take_while(|(one, other)| one == other).count();
        // A component that ends comes before any that goes on, whatever byte that goes on with.
        let rank = |byte: &u8| if *byte == b'/' { -1 } else { i16::from(*byte) };
        one.get(common).map(rank).cmp(&other.get(common).map(rank))
    }
}

impl PartialOrd for TreePath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for TreePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.is_utf8() {
            true => serializer.serialize_str(self.as_str()),
            false => Err(serde::ser::Error::custom(format!("`{self}` is not UTF-8"))),
        }
    }
}

impl<'de> Deserialize<'de> for TreePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_their_normal_form_or_are_refused() {
        for (text, expected) in [
            ("", Some("/")),
            ("/", Some("/")),
            ("./a//b/./c/", Some("/a/b/c")),
            ("/a", Some("/a")),
            ("a/..", None),
            ("/../etc", None),
            ("a\0b", None),
            ("a/.wh.b", None),
            (".wh..wh..opq", None),
            ("a/.wh.b/c", None),
            (&format!("/{}", "n".repeat(255)), Some(&format!("/{}", "n".repeat(255)))),
            (&"n".repeat(256), None),
            // Linux opens paths of 4,095 bytes: PATH_MAX counts the NUL behind them.
            (&"/abc".repeat(1_023), Some(&"/abc".repeat(1_023))),
            (&format!("{}/ab", "/abc".repeat(1_023)), Some(&format!("{}/ab", "/abc".repeat(1_023)))),
            (&"/abc".repeat(1_024), None),
            ("a/.wha/.WH.b/x.wh.y", Some("/a/.wha/.WH.b/x.wh.y")),
        ] {
            assert_eq!(TreePath::new(text).ok().as_ref().map(TreePath::as_str), expected, "{text:?}");
        }
    }

    #[test]
    fn a_name_that_is_not_utf_8_is_a_name_like_others() {
        let path = TreePath::from_bytes(b"./a//caf\xe9/b.txt").expect("valid");
        assert_eq!((path.as_bytes(), path.is_utf8()), (&b"/a/caf\xe9/b.txt"[..], false));
        assert_eq!(
            (path.as_str(), path.name(), path.relative()),
            ("/a/caf\u{fffd}/b.txt", "b.txt", "a/caf\u{fffd}/b.txt")
        );
        let parent = path.parent().expect("not the root");
        assert_eq!((parent.as_bytes(), parent.name_bytes()), (&b"/a/caf\xe9"[..], &b"caf\xe9"[..]));
        assert_eq!(parent.join("b.txt").as_ref(), Ok(&path));
        assert!(path.starts_with(&parent) && !path.starts_with(&TreePath::new("/a/caf\u{fffd}").expect("valid")));
        assert_eq!(parent.parent().map(|it| (it.is_utf8(), it.to_string())), Some((true, "/a".to_owned())));
        for bad in [&b"\xe9/../x"[..], b".wh.\xe9", b"\xe9\0", &[0xe9; 256]] {
            assert!(TreePath::from_bytes(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_directory_stands_before_what_is_in_it_and_its_neighbors_after() {
        let mut paths = ["/a-b", "/a/b", "/a", "/a.b", "/"].map(|p| TreePath::new(p).expect("valid"));
        paths.sort();
        assert_eq!(paths.map(|p| p.to_string()), ["/", "/a", "/a/b", "/a-b", "/a.b"]);
    }

    #[test]
    fn parents_end_at_the_root() {
        let path = TreePath::new("/a/b/c").expect("valid");
        assert_eq!(path.ancestors().map(|p| p.to_string()).collect::<Vec<_>>(), ["/a/b", "/a"]);
        assert_eq!((path.name(), path.relative(), path.is_root()), ("c", "a/b/c", false));
        let root = TreePath::root();
        assert_eq!((root.parent(), root.name(), root.relative(), root.is_root()), (None, "", "", true));
        assert_eq!([format!("{path:?}"), format!("{root:?}")], ["/a/b/c", "/"]);
        assert_eq!(path.join("./d").map(|p| p.to_string()).as_deref(), Ok("/a/b/c/d"));
        assert!(path.join("../d").is_err());
        assert!(path.starts_with(&TreePath::new("/a/b").expect("valid")));
        assert!(path.starts_with(&root) && path.starts_with(&path) && !root.starts_with(&path));
        assert!(!path.starts_with(&TreePath::new("/a/bb").expect("valid")));
        assert!(!TreePath::new("/a/bb").expect("valid").starts_with(&TreePath::new("/a/b").expect("valid")));
    }

    #[test]
    fn paths_are_ordered_component_by_component() {
        let texts = [
            "/",
            "/a",
            "/a\u{1}",
            "/a\u{1}/b",
            "/a/b",
            "/a/b/c",
            "/a/b!",
            "/a!",
            "/a-/b",
            "/a.b",
            "/ab",
            "/ab/c",
            "/b",
            "/é/x",
            "/é!",
        ];
        for one in texts {
            for other in texts {
                let (a, b) = (TreePath::new(one).expect("valid"), TreePath::new(other).expect("valid"));
                let parts = |path: &TreePath| path.as_str().split('/').map(str::to_owned).collect::<Vec<_>>();
                assert_eq!(a.cmp(&b), parts(&a).cmp(&parts(&b)), "{one} {other}");
            }
        }
    }
}
