//! A base's tree → what a plan needs to know of it, and its interpreter on disk.

use std::collections::BTreeMap;
use std::io::Write as _;

use shipwheel_layer::{Metadata, Node, Tree, TreePath};
use shipwheel_oci::{Digest, ImageConfig, LayerDescriptor, Platform};
use shipwheel_plan::{BaseFacts, SourceFile, SpecialDirectory};

use super::ResolvedBase;
use crate::error::BuildError;
use crate::interpreter::{Rootfs, find_libc, find_python};
use crate::session::Session;

/// Raise this when what is read out of a base changes: it is part of every base's key.
pub(crate) const DESCRIBE_RECIPE: u32 = 3;

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
    if let Some(python) = python.as_ref().filter(|_| session.runs(platform)) {
        Rootfs::publish(&session.cache, key, tree, python, platform)?;
    }
    let sources = python.as_ref().map_or(&[][..], |python| &python.sources);
    let base = ResolvedBase {
        key: *key,
        sources: pack(session, tree, sources)?,
        origin: None,
        manifest: None,
        facts: BaseFacts {
            layers,
            config: String::from_utf8_lossy(&config.to_json()).into_owned(),
            directories: special_directories(tree),
            libc: find_libc(tree)?,
            python,
        },
    };
    session.cache.put_record("base", key, &base)?;
    Ok(base)
}

/// Puts sources one behind the other into one blob.
fn pack(session: &Session<'_>, tree: &Tree, sources: &[SourceFile]) -> Result<Digest, BuildError> {
    let mut writer = session.cache.blob_writer()?;
    for source in sources {
        let path = TreePath::new(&source.path).map_err(|error| BuildError::Internal(error.to_string()))?;
        if let Some((_, Node::File(_, content))) = tree.resolve(&path) {
            writer.write_all(&content.to_vec()?).map_err(BuildError::file("write", session.cache.root()))?;
        }
    }
    Ok(writer.finish()?.0)
}

/// Directories that are not plain ones of root's, and links to directories.
fn special_directories(tree: &Tree) -> BTreeMap<String, SpecialDirectory> {
    const PLAIN: Metadata = Metadata::root(0o755);
    let special = tree.iter().filter_map(|(path, node)| match node {
        Node::Directory(metadata) if *metadata != PLAIN => {
            let Metadata { mode, uid, gid } = *metadata;
            Some((path.to_string(), SpecialDirectory::Directory { mode, uid, gid }))
        }
        Node::Symlink(_) => match tree.resolve(path) {
            Some((target, Node::Directory(_))) => {
                Some((path.to_string(), SpecialDirectory::Link { target: target.to_string() }))
            }
            _ => None,
        },
        _ => None,
    });
    special.collect()
}
