//! The files that a container reads when it starts: lazy clients fetch them before everything else.

use std::sync::Arc;

use shipwheel_oci::{Digest, Hasher};

use crate::path::TreePath;

/// Files in the order in which a start reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstFiles(Arc<[TreePath]>);

/// A line that names no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is `{text}`, expected a path from `/` on, without `.` and `..`")]
pub struct FirstFilesError {
    /// The line, counted from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
}

impl FirstFiles {
    /// A path in each line; empty lines and those that begin with `#` say nothing. A path counts where it is first named.
    ///
    /// # Errors
    /// When a line is no path in an image.
    pub fn parse(text: &str) -> Result<Self, FirstFilesError> {
        let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
        let (mut paths, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
        for (line, text) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let path = TreePath::new(text).ok().filter(|path| !path.is_root() && path.as_str() == text);
            let path = path.ok_or_else(|| FirstFilesError { line, text: text.to_owned() })?;
            if seen.insert(path.clone()) {
                paths.push(path);
            }
        }
        Ok(Self(paths.into()))
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &TreePath> {
        self.0.iter()
    }

    /// Stands for all of it, in keys.
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new();
        hasher.field("first").fields(self.0.iter().map(TreePath::as_bytes));
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_path_in_each_line() {
        let list = FirstFiles::parse("# by startup\n/usr/bin/python3\n\n  /app/main.py \n/usr/bin/python3\n").unwrap();
        let paths: Vec<&str> = list.iter().map(TreePath::as_str).collect();
        assert_eq!(paths, ["/usr/bin/python3", "/app/main.py"]);
        assert!(FirstFiles::parse("# nothing\n").unwrap().is_empty());
        assert_ne!(list.digest(), FirstFiles::parse("/app/main.py\n/usr/bin/python3\n").unwrap().digest());
        for (text, line) in [("app/main.py", 1), ("/a\n/b/../c", 2), ("/", 1), ("/a/./b", 1)] {
            assert_eq!(FirstFiles::parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
