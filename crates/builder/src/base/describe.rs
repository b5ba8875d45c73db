//! A base's tree → what a plan needs to know of it, and its interpreter on disk.

use std::collections::BTreeMap;
use std::io::Write as _;

use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{Metadata, Node, Tree, TreePath};
use shipwheel_oci::{Digest, ImageConfig, LayerDescriptor, Platform};
use shipwheel_plan::facts::{BaseFacts, SourceFile, SpecialDirectory};

use super::resolved::ResolvedBase;
use crate::error::BuildError;
use crate::interpreter::detect::{find_libc, find_python};
use crate::interpreter::rootfs::{Rootfs, find_libraries};
use crate::session::Session;
use shipwheel_store::FileAction;

/// Raise this when what is read out of a base changes: it is part of every base's key.
pub(crate) const DESCRIBE_RECIPE: u32 = 8;

/// A longer `/etc/passwd` is no image's.
const MAX_PASSWD: u64 = 1 << 20;

/// Describes a base, puts its interpreter on disk if this machine can run it, and remembers both.
///
/// # Errors
/// When its interpreter cannot be described or the cache not written.
pub(crate) fn describe(
    session: &Session<'_>,
    key: &Digest,
    platform: &Platform,
    tree: &Tree,
    config: &ImageConfig,
    layers: Vec<LayerDescriptor>,
) -> Result<ResolvedBase, BuildError> {
    let python = find_python(tree, config.env().get("PATH").map(String::as_str))?;
    let runnable = python.as_ref().filter(|_| session.runs(platform));
    let publish = |python| Rootfs::publish(&session.cache, tree, python, platform);
    let interpreter = runnable.map(publish).transpose()?;
    let sources = python.as_ref().map_or(&[][..], |python| &python.sources);
    let base = ResolvedBase {
        interpreter,
        sources: pack(session, tree, sources)?,
        origin: None,
        manifest: None,
        packages: Vec::new(),
        facts: BaseFacts {
            layers,
            config: String::from_utf8_lossy(&config.to_json()).into_owned(),
            directories: special_directories(tree),
            users: users(tree)?,
            libc: find_libc(tree)?,
            libraries: find_libraries(tree, platform)?,
            stray_bytecode: python.as_ref().and_then(|python| stray_bytecode(tree, &python.version)),
            python,
        },
    };
    session.cache.put_record("base", key, &base)?;
    Ok(base)
}

/// Puts sources concatenated into one blob.
pub(super) fn pack(session: &Session<'_>, tree: &Tree, sources: &[SourceFile]) -> Result<Digest, BuildError> {
    let mut writer = session.cache.blob_writer()?;
    for source in sources {
        if let Some((_, Node::File(_, content))) = tree.resolve(&source.path) {
            writer.write_all(&content.to_vec()?).map_err(BuildError::file(FileAction::Write, session.cache.root()))?;
        }
    }
    Ok(writer.finish()?.0)
}

/// The accounts of `/etc/passwd`: `app:x:1000:1000::/home/app:/bin/sh`.
fn users(tree: &Tree) -> Result<BTreeMap<String, u32>, BuildError> {
    let path = TreePath::new("/etc/passwd").map_err(BuildError::internal)?;
    let Some((_, Node::File(_, content))) = tree.resolve(&path) else { return Ok(BTreeMap::new()) };
    if content.size() > MAX_PASSWD {
        return Ok(BTreeMap::new());
    }
    let text = content.to_vec()?;
    let text = String::from_utf8_lossy(&text);
    let account = |line: &str| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        Some((name.to_owned(), number.parse().ok()?))
    };
    Ok(text.lines().filter_map(account).collect())
}

/// Pycs in `__pycache__` that are for another interpreter, or whose source is gone.
fn stray_bytecode(tree: &Tree, version: &PythonVersion) -> Option<(u64, String)> {
    let tag = format!(".{}.", version.cache_tag());
    let is_stray = |path: &TreePath| {
        let folder = path.parent().filter(|folder| folder.name() == "__pycache__")?;
        let (stem, _) = path.name().split_once(&tag).unwrap_or((path.name(), ""));
        let source = folder.parent()?.join(&format!("{stem}.py")).ok()?;
        Some(stem == path.name() || tree.resolve(&source).is_none())
    };
    let pycs = tree.iter().map(|(path, _)| path).filter(|path| path.name().ends_with(".pyc"));
    let mut stray = pycs.filter(|path| is_stray(path).unwrap_or(false));
    let first = stray.next()?.to_string();
    Some((1 + stray.count() as u64, first))
}

/// Directories that are not plain ones of root's, and links to directories.
fn special_directories(tree: &Tree) -> BTreeMap<String, SpecialDirectory> {
    const PLAIN: Metadata = Metadata::root(0o755);
    // Nothing of ours is put below a name that is not UTF-8.
    let named = tree.iter().filter(|(path, _)| path.is_utf8());
    let special = named.filter_map(|(path, node)| match node {
        Node::Directory(metadata) if *metadata != PLAIN => {
            let Metadata { mode, uid, gid } = *metadata;
            Some((path.to_string(), SpecialDirectory::Directory { mode, uid, gid }))
        }
        Node::Symlink(_) => match tree.resolve(path) {
            Some((target, Node::Directory(_))) if target.is_utf8() => {
                Some((path.to_string(), SpecialDirectory::Link { target: target.to_string() }))
            }
            _ => None,
        },
        _ => None,
    });
    special.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipwheel_layer::Content;

    #[test]
    fn accounts_have_the_numbers_of_passwd() {
        let mut tree = Tree::new();
        assert_eq!(users(&tree).expect("no file"), BTreeMap::new());
        let text = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/srv:/bin/sh\n# no account\nhalf:x\nbad:x:-1:0\n";
        tree.insert_file("/etc/passwd", 0o644, Content::from_bytes(text.as_bytes())).expect("new");
        let expected = [("app".to_owned(), 1000), ("root".to_owned(), 0)];
        assert_eq!(users(&tree).expect("in memory"), BTreeMap::from(expected));
    }

    #[test]
    fn pycs_of_other_interpreters_and_without_source_lie_idle() {
        let version = PythonVersion { major: 3, minor: 11, micro: 2 };
        for (pyc, expected) in [
            ("/usr/lib/__pycache__/m.cpython-311.pyc", None),
            ("/usr/lib/__pycache__/m.cpython-311.opt-1.pyc", None),
            ("/usr/lib/m.pyc", None),
            ("/usr/lib/__pycache__/m.cpython-39.pyc", Some(1)),
            ("/usr/lib/__pycache__/gone.cpython-311.pyc", Some(1)),
            ("/usr/lib/__pycache__/m.pyc", Some(1)),
        ] {
            let mut tree = Tree::new();
            for path in ["/usr/lib/m.py", pyc] {
                tree.insert_file(path, 0o644, Content::from_bytes(&b""[..])).expect("new");
            }
            assert_eq!(stray_bytecode(&tree, &version).map(|(count, _)| count), expected, "{pyc}");
        }
    }
}
