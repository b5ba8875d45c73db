//! Which distribution installed a file: the RECORDs of an image.

use std::collections::BTreeMap;

use shipwheel_layer::{Node, Tree, TreePath};

/// Larger RECORDs are not read.
const MAX_RECORD: u64 = 64 << 20;

/// The files that the RECORDs of a tree list, with the folder of their distribution's metadata.
pub(super) struct Records(BTreeMap<String, TreePath>);

impl Records {
    /// Reads every RECORD.
    pub(super) fn read(tree: &Tree) -> Self {
        let mut owners = BTreeMap::new();
        for (path, node) in tree.iter().filter(|(path, _)| path.name() == "RECORD") {
            let Some(folder) = path.parent().filter(|folder| folder.name().ends_with(".dist-info")) else { continue };
            let Some(site) = folder.parent() else { continue };
            let text = match node {
                Node::File(_, content) if content.size() <= MAX_RECORD => content.to_vec().unwrap_or_default(),
                Node::File(..) | Node::Directory(_) | Node::Symlink(_) => continue,
            };
            for line in String::from_utf8_lossy(&text).lines() {
                // Path, hash, size; a path with a comma is quoted.
                let file = line.rsplitn(3, ',').nth(2).unwrap_or_default().trim_matches('"');
                owners.insert(format!("{site}/{file}"), folder.clone());
            }
        }
        Self(owners)
    }

    /// The distribution that all of these files are of, by the folder of its metadata.
    pub(super) fn owner_of_all<'a>(&self, paths: impl Iterator<Item = &'a TreePath>) -> Option<&TreePath> {
        let mut owners = paths.map(|path| self.0.get(path.as_str()));
        let first = owners.next()??;
        owners.all(|owner| owner == Some(first)).then_some(first)
    }
}
