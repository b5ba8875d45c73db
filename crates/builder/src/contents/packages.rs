//! The Debian packages of an image: dpkg's own notes, or those that images without dpkg have in `status.d`.

use std::collections::BTreeSet;

use shipwheel_debian::package::{InstalledPackage, licenses};
use shipwheel_layer::{Node, Tree, TreePath};

use super::owner::Owner;
use super::owners::Owners;
use super::text_file::text;
use crate::error::BuildError;

/// The most bytes of dpkg's `status`.
const MAX_STATUS: u64 = 64 << 20;

/// The most bytes of one `copyright`.
const MAX_COPYRIGHT: u64 = 1 << 20;

/// The most bytes of one list of files.
const MAX_LIST: u64 = 16 << 20;

/// The most bytes of all lists of files together.
const MAX_LISTS: usize = 128 << 20;

/// The most packages of an image: Debian has sixty thousand in all.
const MAX_PACKAGES: usize = 20_000;

/// A package that is installed in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePackage {
    /// What its stanza says.
    pub about: InstalledPackage,
    /// The file that the stanza is in.
    pub noted_in: TreePath,
    /// The licenses that its `copyright` names, where programs can read it.
    pub licenses: Vec<String>,
    /// Its files and links that the image has, by their places in [`Contents::files`](super::contents::Contents::files);
    /// bytecode of its sources is among them.
    pub files: Vec<usize>,
}

/// Reads the packages, sorted by name and architecture, and tells which paths are theirs.
///
/// # Errors
/// When a layer cannot be read.
pub(super) fn read(tree: &Tree, owners: &mut Owners<'_>) -> Result<Vec<ImagePackage>, BuildError> {
    let mut found = Vec::new();
    for note in notes(tree) {
        let stanzas = text(tree, &note, MAX_STATUS)?.unwrap_or_default();
        found.extend(InstalledPackage::parse_all(&stanzas).into_iter().map(|about| (about, note.clone())));
    }
    found.sort_by(|(a, _), (b, _)| (&a.name, &a.architecture, &a.version).cmp(&(&b.name, &b.architecture, &b.version)));
    found.dedup_by(|(a, _), (b, _)| a == b);
    found.truncate(MAX_PACKAGES);
    let mut left = MAX_LISTS;
    for (number, (about, note)) in found.iter().enumerate() {
        for list in lists(about, note) {
            let listed = text(tree, &list, MAX_LIST)?.unwrap_or_default();
            let Some(rest) = left.checked_sub(listed.len()) else { break };
            left = rest;
            let is_sums = list.name().ends_with(".md5sums");
            for path in listed.lines().filter_map(|line| path_of(line, is_sums)) {
                // Folders are in `.list`, too, and are of many packages.
                owners.add_file(path, Owner::Package(number));
            }
        }
    }
    let package = |(about, noted_in): (InstalledPackage, TreePath)| {
        let copyright = TreePath::new(&format!("/usr/share/doc/{}/copyright", about.name)).ok();
        let copyright = copyright.map(|path| text(tree, &path, MAX_COPYRIGHT)).transpose()?.flatten();
        let licenses = copyright.map(|text| licenses(&text)).unwrap_or_default();
        Ok(ImagePackage { about, noted_in, licenses, files: Vec::new() })
    };
    found.into_iter().map(package).collect()
}

/// The files that have stanzas.
fn notes(tree: &Tree) -> Vec<TreePath> {
    let Ok(status) = TreePath::new("/var/lib/dpkg/status") else { return Vec::new() };
    let folder = TreePath::new("/var/lib/dpkg/status.d").ok().and_then(|folder| tree.resolve(&folder));
    let mut notes = Vec::from([status]);
    if let Some((folder, Node::Directory(_))) = folder {
        let own = |path: &&TreePath| path.parent().as_ref() == Some(&folder) && !is_list(path.name());
        notes.extend(tree.below(&folder).map(|(path, _)| path).filter(own).take(MAX_PACKAGES).cloned());
    }
    notes
}

fn is_list(name: &str) -> bool {
    [".md5sums", ".list", ".preinst", ".postinst"].iter().any(|suffix| name.ends_with(suffix))
}

/// Where a package's files may be listed.
fn lists(about: &InstalledPackage, note: &TreePath) -> BTreeSet<TreePath> {
    let names = match note.parent().is_some_and(|folder| folder.name() == "status.d") {
        true => vec![note.as_str().to_owned()],
        false => {
            let info = format!("/var/lib/dpkg/info/{}", about.name);
            vec![format!("{info}:{}", about.architecture), info]
        }
    };
    let suffixes = [".list", ".md5sums"];
    let paths = names.iter().flat_map(|name| suffixes.map(|suffix| format!("{name}{suffix}")));
    paths.filter_map(|path| TreePath::new(&path).ok()).collect()
}

/// The path in a line of a list, or of sums: `d41d8cd98f00b204e9800998ecf8427e  usr/bin/x`.
fn path_of(line: &str, is_sums: bool) -> Option<&str> {
    let path = if is_sums { line.split_once(char::is_whitespace)?.1.trim_start() } else { line };
    (!path.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use shipwheel_layer::Content;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            tree.insert_file(path, 0o644, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
        }
        tree
    }

    fn owner_of(owners: &Owners<'_>, path: &str) -> Owner {
        owners.of(&TreePath::new(path).expect("valid"), None)
    }

    #[test]
    fn packages_are_read_from_dpkg_and_from_images_without_it() {
        let stanza = |name: &str| format!("Package: {name}\nVersion: 1\nArchitecture: amd64\n");
        let status =
            format!("{}\n{}", stanza("b").replace("Version", "Status: install ok installed\nVersion"), stanza("c"));
        let tree = tree(&[
            ("/var/lib/dpkg/status", &status),
            ("/var/lib/dpkg/info/b:amd64.list", "/.\n/usr\n/usr/bin\n/usr/bin/b\n"),
            ("/var/lib/dpkg/info/c.md5sums", "d41d8cd98f00b204e9800998ecf8427e  usr/bin/c d\n"),
            ("/var/lib/dpkg/status.d/a", &stanza("a")),
            ("/var/lib/dpkg/status.d/a.md5sums", "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\nbroken\n"),
            ("/usr/bin/b", ""),
        ]);
        let mut owners = Owners::new(&tree);
        let found = read(&tree, &mut owners).expect("readable");
        let names: Vec<&str> = found.iter().map(|it| it.about.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(found[0].noted_in.as_str(), "/var/lib/dpkg/status.d/a");
        for (path, expected) in [
            ("/usr/bin/a", Owner::Package(0)),
            ("/usr/bin/b", Owner::Package(1)),
            ("/usr/bin/c d", Owner::Package(2)),
            ("/usr/bin/other", Owner::System),
        ] {
            assert_eq!(owner_of(&owners, path), expected, "{path}");
        }
    }

    #[test]
    fn an_image_without_packages_has_none() {
        let tree = tree(&[("/app/x", "")]);
        assert!(read(&tree, &mut Owners::new(&tree)).expect("readable").is_empty());
    }
}
