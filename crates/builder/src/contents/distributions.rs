//! The distributions of an image: what METADATA, RECORD and PEP 770's `sboms` say of each.

use shipwheel_layer::{Node, Tree, TreePath};
use shipwheel_python::Described;
use shipwheel_python::wheel::Record;

use super::owner::Owner;
use super::owners::Owners;
use super::text_file::text;
use crate::error::BuildError;

/// The most bytes of METADATA that are read: a description may follow.
const MAX_METADATA: usize = 256 << 10;

/// The most bytes of a RECORD.
const MAX_RECORD: u64 = 64 << 20;

/// The most bytes of all RECORDs together.
const MAX_RECORDS: usize = 256 << 20;

/// The most distributions of an image.
const MAX_DISTRIBUTIONS: usize = 20_000;

/// A distribution that is installed in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDistribution {
    /// What its metadata says.
    pub about: Described,
    /// Its `.dist-info` folder, or its `.egg-info` file or folder.
    pub info: TreePath,
    /// Whether it is a part of another distribution, in a folder that nothing imports from by itself.
    pub is_vendored: bool,
    /// The Debian package that brings it, by its place in
    /// [`Contents::packages`](super::contents::Contents::packages).
    pub package: Option<usize>,
    /// Its files and links that the image has, by their places in [`Contents::files`](super::contents::Contents::files);
    /// bytecode of its sources is among them. Empty where a Debian package brings it.
    pub files: Vec<usize>,
    /// Those of its files that are SBOMs (PEP 770).
    pub sboms: Vec<usize>,
}

/// Reads the distributions, sorted by name and place, and tells which paths are theirs.
///
/// # Errors
/// When a layer cannot be read.
pub(super) fn read(tree: &Tree, owners: &mut Owners<'_>) -> Result<Vec<ImageDistribution>, BuildError> {
    let mut found = Vec::new();
    for (path, node) in tree.iter() {
        let Node::File(_, content) = node else { continue };
        let Some(info) = info_of(path) else { continue };
        let head = content.head(MAX_METADATA)?;
        let Some(about) = Described::parse(&String::from_utf8_lossy(&head)) else { continue };
        let (package, files, sboms) = Default::default();
        found.push(ImageDistribution { about, is_vendored: is_vendored(&info), info, package, files, sboms });
        if found.len() >= MAX_DISTRIBUTIONS {
            break;
        }
    }
    found.sort_by(|a, b| (&a.about.name, &a.info).cmp(&(&b.about.name, &b.info)));
    let mut left = MAX_RECORDS;
    // What vendors another one lists the files of both: the vendored one's RECORD says more.
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|number| !found[*number].is_vendored);
    for number in order {
        let info = &found[number].info;
        let record = info.join("RECORD").ok().map(|path| text(tree, &path, MAX_RECORD)).transpose()?.flatten();
        let record = record.unwrap_or_default();
        left = left.saturating_sub(record.len());
        if left > 0 {
            listed(&record, info, |path| owners.add(path, Owner::Distribution(number)));
        }
        owners.add(info.as_str(), Owner::Distribution(number));
    }
    Ok(found)
}

/// The folder or file of a distribution's metadata, if this path is the text that describes it.
fn info_of(path: &TreePath) -> Option<TreePath> {
    if path.name().ends_with(".egg-info") {
        return Some(path.clone());
    }
    let folder = path.parent()?;
    match path.name() {
        "METADATA" if folder.name().ends_with(".dist-info") => Some(folder),
        "PKG-INFO" if folder.name().ends_with(".egg-info") => Some(folder),
        _ => None,
    }
}

/// Whether metadata is anywhere but at the top of a folder of packages.
fn is_vendored(info: &TreePath) -> bool {
    let site = info.parent();
    !site.is_some_and(|site| ["site-packages", "dist-packages"].contains(&site.name()))
}

/// The paths that a RECORD lists, seen from the root of the image.
fn listed(record: &str, info: &TreePath, mut add: impl FnMut(&str)) {
    let Some(site) = info.parent() else { return };
    let Ok((record, _)) = Record::parse(record.as_bytes()) else { return };
    for path in record.rows.keys() {
        if let Some(path) = below(site.as_str(), path) {
            add(&path);
        }
    }
}

/// A path relative to a folder; `..` leads up and not beyond the root. `None` for the root itself.
fn below(folder: &str, path: &str) -> Option<String> {
    let base = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use shipwheel_layer::Content;

    use super::*;

    const SITE: &str = "/opt/venv/lib/python3.11/site-packages";

    #[test]
    fn paths_of_a_record_lead_up_and_not_out() {
        for (path, expected) in [
            ("a/b.py", Some("/s/p/a/b.py")),
            ("../../bin/x", Some("/bin/x")),
            ("../../../../../etc/passwd", Some("/etc/passwd")),
            ("/etc/passwd", Some("/etc/passwd")),
            ("./a//b", Some("/s/p/a/b")),
            ("../..", None),
        ] {
            assert_eq!(below("/s/p", path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn distributions_have_their_files_by_record_and_their_metadata_by_folder() {
        let mut tree = Tree::new();
        let mut put = |path: &str, text: &str| {
            tree.insert_file(path, 0o644, Content::from_bytes(text.as_bytes().to_vec())).expect("new");
        };
        put(
            &format!("{SITE}/Some_Thing-1.0.dist-info/METADATA"),
            "Name: Some_Thing\nVersion: 1.0\nLicense: MIT\n\nbody",
        );
        put(
            &format!("{SITE}/Some_Thing-1.0.dist-info/RECORD"),
            "some/a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n../../../bin/some,,\n\"x,y.py\",,\nsome/_vendor/dep.py,,\n",
        );
        put(&format!("{SITE}/some/_vendor/dep-2.dist-info/METADATA"), "Name: dep\nVersion: 2\n");
        put(&format!("{SITE}/some/_vendor/dep-2.dist-info/RECORD"), "dep.py,,\n");
        put("/usr/lib/python3/dist-packages/old-3.egg-info", "Name: old\nVersion: 3\n");
        put(&format!("{SITE}/broken-1.dist-info/METADATA"), "no headers");
        put(&format!("{SITE}/broken-1.dist-info/RECORD"), "a,,\n");
        let mut owners = Owners::new(&tree);
        let found = read(&tree, &mut owners).expect("readable");
        let shown = |it: &ImageDistribution| format!("{} {} {}", it.about.name, it.about.version, it.is_vendored);
        let expected = ["dep 2 true", "old 3 false", "some-thing 1.0 false"];
        assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
        for (path, expected) in [
            ("some/a.py", Owner::Distribution(2)),
            ("some/_vendor/dep.py", Owner::Distribution(0)),
            ("x,y.py", Owner::Distribution(2)),
            ("Some_Thing-1.0.dist-info/INSTALLER", Owner::Distribution(2)),
            ("some/b.py", Owner::Application),
        ] {
            let path = TreePath::new(&format!("{SITE}/{path}")).expect("valid");
            assert_eq!(owners.of(&path, None), expected, "{path}");
        }
        let script = TreePath::new("/opt/venv/bin/some").expect("valid");
        assert_eq!(owners.of(&script, None), Owner::Distribution(2));
    }
}
