//! The system that an image has, as its `os-release` says.

use std::collections::BTreeMap;

use shipwheel_layer::{Tree, TreePath};

use super::text_file::text;
use crate::error::BuildError;

/// The most bytes of an `os-release`.
const MAX_RELEASE: u64 = 64 << 10;

/// What `os-release` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemRelease {
    /// `debian`; empty if it is not said.
    pub id: String,
    /// `12`.
    pub version: Option<String>,
    /// `bookworm`.
    pub codename: Option<String>,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub name: Option<String>,
}

impl SystemRelease {
    /// Reads `/etc/os-release`, or else `/usr/lib/os-release`, and Debian's own version where it is more exact.
    ///
    /// # Errors
    /// When the layer cannot be read.
    pub(super) fn read(tree: &Tree) -> Result<Option<Self>, BuildError> {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            let Ok(path) = TreePath::new(path) else { continue };
            if let Some(found) = text(tree, &path, MAX_RELEASE)? {
                let mut release = Self::parse(&found);
                if release.id == "debian"
                    && let Ok(path) = TreePath::new("/etc/debian_version")
                    && let Some(found) = text(tree, &path, MAX_RELEASE)?
                {
                    release.refine(found.trim());
                }
                return Ok(Some(release));
            }
        }
        Ok(None)
    }

    fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
        let fields: BTreeMap<&str, &str> = pairs.map(|(key, value)| (key, value.trim_matches(['"', '\'']))).collect();
        let field = |key: &str| fields.get(key).filter(|value| !value.is_empty()).map(|value| (*value).to_owned());
        Self {
            id: field("ID").unwrap_or_default(),
            version: field("VERSION_ID"),
            codename: field("VERSION_CODENAME"),
            name: field("PRETTY_NAME"),
        }
    }

    /// `/etc/debian_version` has the point release: `12.15`.
    fn refine(&mut self, found: &str) {
        let is_number = !found.is_empty() && found.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let fits = self.version.as_deref().is_none_or(|version| found.split('.').next() == Some(version));
        if is_number && fits && found.len() < 20 {
            self.version = Some(found.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use shipwheel_layer::Content;

    use super::*;

    #[test]
    fn a_release_has_an_id_and_the_most_exact_version() {
        let text =
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";
        for (exact, expected) in
            [(None, "12"), (Some("12.15\n"), "12.15"), (Some("trixie/sid\n"), "12"), (Some("13.1"), "12")]
        {
            let mut tree = Tree::new();
            tree.insert_file("/usr/lib/os-release", 0o644, Content::from_bytes(text.as_bytes())).expect("new");
            tree.insert_symlink("/etc/os-release", "../usr/lib/os-release").expect("new");
            if let Some(exact) = exact {
                tree.insert_file("/etc/debian_version", 0o644, Content::from_bytes(exact.as_bytes())).expect("new");
            }
            let found = SystemRelease::read(&tree).expect("readable").expect("there");
            assert_eq!((found.id.as_str(), found.version.as_deref()), ("debian", Some(expected)), "{exact:?}");
            assert_eq!(found.codename.as_deref(), Some("bookworm"));
        }
        assert_eq!(SystemRelease::read(&Tree::new()).expect("readable"), None);
    }
}
