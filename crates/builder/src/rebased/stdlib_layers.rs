//! Which of an image's layers are bytecode of the standard library and nothing else.

use std::sync::Arc;

use shipwheel_layer::{ByteSource, Entries, EntryKind, TreePath};

use crate::error::BuildError;

/// What a layer has of the standard library's bytecode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bytecode {
    /// Nothing.
    None,
    /// Some, among other files.
    Some,
    /// All of it is that.
    All,
}

impl Bytecode {
    /// What a layer has for the standard library in a folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(layer: &Arc<dyn ByteSource>, stdlib: &str) -> Result<Self, BuildError> {
        let (mut pycs, mut others) = (0, 0);
        let mut entries = Entries::new(layer.as_ref());
        while let Some(entry) = entries.next_entry()? {
            if entry.kind == EntryKind::Directory {
                continue;
            }
            let path = TreePath::from_bytes(&entry.path).ok();
            match path.is_some_and(|path| is_bytecode(path.as_str(), stdlib)) {
                true => pycs += 1,
                false => others += 1,
            }
        }
        Ok(match (pycs, others) {
            (0, _) => Self::None,
            (_, 0) => Self::All,
            _ => Self::Some,
        })
    }
}

/// Whether a path is one of a pyc of the standard library; that of packages in its folder is not.
fn is_bytecode(path: &str, stdlib: &str) -> bool {
    let below = path.strip_prefix(stdlib).filter(|below| below.starts_with('/'));
    below.is_some_and(|below| {
        below.ends_with(".pyc") && !below.starts_with("/site-packages/") && !below.starts_with("/dist-packages/")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_of_packages_is_not_the_standard_library_s() {
        for (path, expected) in [
            ("/usr/lib/python3.11/__pycache__/os.cpython-311.pyc", true),
            ("/usr/lib/python3.11/json/__pycache__/x.cpython-311.opt-2.pyc", true),
            ("/usr/lib/python3.11/os.py", false),
            ("/usr/lib/python3.11/site-packages/x/__pycache__/x.cpython-311.pyc", false),
            ("/usr/lib/python3.110/__pycache__/os.cpython-311.pyc", false),
            ("/opt/venv/lib/python3.11/__pycache__/os.cpython-311.pyc", false),
        ] {
            assert_eq!(is_bytecode(path, "/usr/lib/python3.11"), expected, "{path}");
        }
    }
}
