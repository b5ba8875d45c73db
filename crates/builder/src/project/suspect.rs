//! A file that looks like a secret, by its name or its text.

use std::path::{Path, PathBuf};

use shipwheel_plan::leftovers;
use shipwheel_plan::secrets::{self, Secret};

/// A file that looks like a secret.
pub(crate) struct Suspect {
    path: PathBuf,
    /// What is in it; `None` if it is only its name.
    text: Option<Secret>,
}

impl Suspect {
    /// Looks at a file's name and its first bytes.
    pub(crate) fn of(path: &Path, head: &[u8]) -> Option<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let may_have_login = leftovers::is_settings(&name) || leftovers::is_warned(&name);
        let text = if may_have_login { secrets::find_login(head) } else { secrets::find(head) };
        (text.is_some() || leftovers::is_credential(&name)).then(|| Self { path: path.to_owned(), text })
    }

    /// A warning that ends with what happens to the file.
    pub(crate) fn warning(&self, what_happens: &str) -> String {
        let path = self.path.display();
        match self.text {
            Some(Secret { what, line }) => format!("{path}:{line} has what looks like {what}, {what_happens}"),
            None => format!("{path} is named as files with credentials are, {what_happens}"),
        }
    }
}
