//! `/etc/ld.so.cache`, as ldconfig would make it: `ctypes.util.find_library` finds libraries by nothing else here.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use shipwheel_layer::{Node, Tree, TreeError, TreePath};

/// What the file begins with (glibc's `dl-cache.h`), with the mark of little-endian numbers.
const HEADER: &[u8; 20] = b"glibc-ld.so.cache1.1";
const LITTLE_ENDIAN: u32 = 2;
const HEADER_SIZE: usize = 48;
const ENTRY_SIZE: usize = 24;

/// Debian's architectures with the folders of their libraries, and the flags of a library there.
const ARCHITECTURES: [(&str, &str, u32); 2] =
    [("amd64", "x86_64-linux-gnu", 0x0303), ("arm64", "aarch64-linux-gnu", 0x0a03)];

/// The cache of a tree's libraries; `None` for an architecture that is not known here.
///
/// # Errors
/// When a folder's name is not allowed, which does not happen.
pub(crate) fn loader_cache(tree: &Tree, architecture: &str) -> Result<Option<Vec<u8>>, TreeError> {
    let Some((_, triplet, flags)) = ARCHITECTURES.iter().find(|(name, _, _)| *name == architecture) else {
        return Ok(None);
    };
    let folders = ["/usr/local/lib".to_owned(), format!("/usr/lib/{triplet}"), "/usr/lib".to_owned()];
    let mut libraries = BTreeMap::new();
    for folder in folders {
        for (name, path) in libraries_in(tree, &TreePath::new(&folder)?) {
            libraries.entry(name).or_insert(path);
        }
    }
    let mut sorted: Vec<(String, String)> = libraries.into_iter().collect();
    sorted.sort_by(|(one, _), (other, _)| by_version(other.as_bytes(), one.as_bytes()));
    Ok(Some(written(&sorted, *flags)))
}

/// The libraries of a folder: a file that links lead to goes by their names, which are those that programs ask for.
fn libraries_in(tree: &Tree, folder: &TreePath) -> Vec<(String, String)> {
    let is_library = |name: &str| (name.starts_with("lib") || name.starts_with("ld-")) && name.contains(".so");
    let inside =
        tree.below(folder).filter(|(path, _)| path.parent().as_ref() == Some(folder) && is_library(path.name()));
    let (mut files, mut links, mut linked) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
    for (path, node) in inside {
        match (node, tree.resolve(path)) {
            (Node::Symlink(_), Some((target, Node::File(..)))) => {
                links.push(path);
                linked.insert(target);
            }
            (Node::File(..), _) => drop(files.insert(path)),
            _ => {}
        }
    }
    let files = files.into_iter().filter(|path| !linked.contains(*path));
    files.chain(links).map(|path| (path.name().to_owned(), path.to_string())).collect()
}

/// The file: a header, an entry for each library, and their names and paths.
fn written(libraries: &[(String, String)], flags: u32) -> Vec<u8> {
    let mut strings = Vec::new();
    let start = HEADER_SIZE + ENTRY_SIZE * libraries.len();
    let mut place = |text: &str| {
        let at = u32::try_from(start + strings.len()).unwrap_or(u32::MAX);
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
        at
    };
    let mut entries = Vec::new();
    for (name, path) in libraries {
        for number in [flags, place(name), place(path), 0, 0, 0] {
            entries.extend_from_slice(&number.to_le_bytes());
        }
    }
    let count = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    let mut file = HEADER.to_vec();
    for number in [count(libraries.len()), count(strings.len()), LITTLE_ENDIAN, 0, 0, 0, 0] {
        file.extend_from_slice(&number.to_le_bytes());
    }
    [file, entries, strings].concat()
}

/// The order that the loader searches by: numbers in names by their values, and after them all else.
fn by_version(mut one: &[u8], mut other: &[u8]) -> Ordering {
    loop {
        match (one, other) {
            ([], []) => return Ordering::Equal,
            ([], _) => return Ordering::Less,
            (_, []) => return Ordering::Greater,
            ([a, ..], [b, ..]) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let ((x, after), (y, rest)) = (number(one), number(other));
                if x != y {
                    return x.cmp(&y);
                }
                (one, other) = (after, rest);
            }
            ([a, ..], [b, ..]) if a.is_ascii_digit() != b.is_ascii_digit() => {
                return a.is_ascii_digit().cmp(&b.is_ascii_digit());
            }
            ([a, ..], [b, ..]) if a != b => return a.cmp(b),
            ([_, after @ ..], [_, rest @ ..]) => (one, other) = (after, rest),
        }
    }
}

/// The number that a text begins with, and the rest.
fn number(text: &[u8]) -> (u64, &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let value = text[..end].iter().fold(0u64, |sum, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    (value, &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipwheel_layer::Content;

    #[test]
    fn a_library_goes_by_the_links_to_it_and_the_newest_comes_first() {
        let mut tree = Tree::new();
        for file in ["libpq.so.5.17", "libz.so.1", "libz.so.10", "readme.so"] {
            let path = format!("/usr/lib/x86_64-linux-gnu/{file}");
            tree.insert_file(&path, 0o644, Content::from_bytes(&b""[..])).expect("new");
        }
        tree.insert_symlink("/usr/lib/x86_64-linux-gnu/libpq.so.5", "libpq.so.5.17").expect("new");
        tree.insert_symlink("/usr/lib/x86_64-linux-gnu/libgone.so.1", "libgone.so.1.0").expect("new");
        let cache = loader_cache(&tree, "amd64").expect("valid").expect("known");
        assert!(cache.starts_with(b"glibc-ld.so.cache1.1\x03\0\0\0"));
        let strings = String::from_utf8_lossy(&cache[HEADER_SIZE + 3 * ENTRY_SIZE..]).into_owned();
        let names: Vec<&str> = strings.split('\0').step_by(2).filter(|name| !name.is_empty()).collect();
        assert_eq!(names, ["libz.so.10", "libz.so.1", "libpq.so.5"]);
        assert_eq!(loader_cache(&tree, "riscv64").expect("valid"), None);
    }

    #[test]
    fn numbers_count_by_their_values() {
        for (one, other, expected) in [
            ("liba.so.2", "liba.so.10", Ordering::Less),
            ("liba.so.1", "liba.so", Ordering::Greater),
            ("liba1", "libab", Ordering::Greater),
            ("liba", "liba", Ordering::Equal),
            ("liba.so.1.2", "liba.so.01.2", Ordering::Equal),
        ] {
            assert_eq!(by_version(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        }
    }
}
