//! The Python of an old base and that of a new one: what must be the same.

use std::collections::BTreeSet;

use shipwheel_layer::{Tree, TreePath};
use shipwheel_plan::facts::PythonFacts;
use shipwheel_python::Libc;

/// Why what was installed and compiled for one interpreter is not for the other.
pub(crate) fn differences(old: Option<&PythonFacts>, new: Option<&PythonFacts>) -> Vec<String> {
    let (old, new) = match (old, new) {
        (None, None) => return Vec::new(),
        (Some(old), Some(new)) => (old, new),
        (Some(old), None) => return vec![format!("the image has Python {}, and the new base has none", old.version)],
        (None, Some(new)) => return vec![format!("the new base has Python {}, and the old one has none", new.version)],
    };
    let mut found = Vec::new();
    if old.version != new.version {
        found.push(format!("the image has Python {}, and the new base has {}", old.version, new.version));
    }
    if old.magic_number != new.magic_number {
        found.push("its bytecode has another magic number than that of the new base's Python".to_owned());
    }
    for (what, old, new) in
        [("Python", &old.executable, &new.executable), ("the standard library", &old.stdlib, &new.stdlib)]
    {
        if old != new {
            found.push(format!("{what} is {old} in the image, and {new} in the new base"));
        }
    }
    found
}

/// Why native code for one C library does not run on the other. Which symbols it needs is looked at one by one.
pub(crate) fn libc_difference(old: Option<Libc>, new: Option<Libc>) -> Option<String> {
    let family = |libc: Option<Libc>| match libc {
        Some(Libc::Glibc { .. }) => "glibc",
        Some(Libc::Musl { .. }) => "musl",
        None => "no known C library",
    };
    let (old, new) = (family(old), family(new));
    (old != new).then(|| format!("the image has {old}, and the new base has {new}"))
}

/// Distributions of the old base's own folders that the new base does not have: the image may import them.
pub(crate) fn lost_distributions(old: &Tree, new: &Tree) -> Vec<String> {
    let lost = &distributions(old) - &distributions(new);
    lost.into_iter().map(|name| format!("the new base does not have the distribution {name}")).collect()
}

/// The names of the distributions that are installed anywhere in a tree.
fn distributions(tree: &Tree) -> BTreeSet<String> {
    let names = tree.iter().filter_map(|(path, _)| distribution(path));
    names.collect()
}

fn distribution(path: &TreePath) -> Option<String> {
    let stem = [".dist-info", ".egg-info"].iter().find_map(|end| path.name().strip_suffix(end))?;
    let folder = path.parent()?;
    let is_site = ["site-packages", "dist-packages"].contains(&folder.name());
    is_site.then(|| stem.split('-').next().unwrap_or(stem).to_lowercase())
}

#[cfg(test)]
mod tests {
    use shipwheel_bytecode::PythonVersion;
    use shipwheel_layer::Content;

    use super::*;

    fn python(micro: u32, executable: &str) -> PythonFacts {
        PythonFacts {
            version: PythonVersion { major: 3, minor: 11, micro },
            magic_number: *b"\xa7\r\r\n",
            executable: executable.to_owned(),
            stdlib: "/usr/lib/python3.11".to_owned(),
            sources: Vec::new(),
        }
    }

    #[test]
    fn pythons_differ_by_their_full_versions_and_their_places() {
        let one = python(2, "/usr/bin/python3.11");
        assert_eq!(differences(Some(&one), Some(&one)), Vec::<String>::new());
        assert_eq!(differences(None, None), Vec::<String>::new());
        for (other, expected) in [
            (Some(python(3, "/usr/bin/python3.11")), "the image has Python 3.11.2, and the new base has 3.11.3"),
            (
                Some(python(2, "/usr/local/bin/python3.11")),
                "Python is /usr/bin/python3.11 in the image, and /usr/local/bin/python3.11 in the new base",
            ),
            (None, "the image has Python 3.11.2, and the new base has none"),
        ] {
            assert_eq!(differences(Some(&one), other.as_ref()), [expected]);
        }
        assert_eq!(differences(None, Some(&one)).len(), 1);
        let glibc = |minor| Some(Libc::Glibc { major: 2, minor });
        assert_eq!(libc_difference(glibc(36), glibc(41)), None);
        assert!(libc_difference(glibc(36), None).is_some());
    }

    #[test]
    fn distributions_of_the_old_base_are_in_the_new_one() {
        let tree = |names: &[&str]| {
            let mut tree = Tree::new();
            for name in names {
                let path = format!("/usr/lib/python3/dist-packages/{name}/METADATA");
                tree.insert_file(&path, 0o644, Content::from_bytes(Vec::new())).unwrap();
            }
            tree
        };
        let (old, new) = (tree(&["six-1.16.dist-info", "Numpy-1.2.egg-info"]), tree(&["six-1.17.dist-info"]));
        assert_eq!(lost_distributions(&old, &new), ["the new base does not have the distribution numpy"]);
        assert_eq!(lost_distributions(&new, &old), Vec::<String>::new());
    }
}
