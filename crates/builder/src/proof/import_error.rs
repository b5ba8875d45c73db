//! Imports that nothing in the image answers.

use shipwheel_store::ErrorKind;

/// The image would not start.
#[derive(Debug, thiserror::Error)]
#[error("the image would not start: {}", .missing.join("; "))]
pub struct ImportError {
    /// Each import that is bound to fail: its file and line, what it imports, and the platforms.
    pub missing: Vec<String>,
    /// The modules that nothing provides at all, each with the distribution that probably does.
    pub distributions: Vec<(String, String)>,
    /// Whether the image has dependencies at all.
    pub has_lock: bool,
}

impl ImportError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let otherwise = "name the module in `optional-imports` in `[app]`, or pass `--optional-import MODULE`";
        let distributions: Vec<String> =
            self.distributions.iter().map(|(module, distribution)| said(module, distribution)).collect();
        match distributions[..] {
            [] => format!(
                "add the file to `sources` in `[app]` or correct the import; if the application starts without it, {otherwise}"
            ),
            _ if !self.has_lock => format!(
                "nothing declares dependencies: write {} into a requirements.in and set `lock` in `[python]` to it, or let \
                 it be derived; if the application starts without it, {otherwise}",
                distributions.join(", ")
            ),
            _ => format!(
                "add {} to the dependencies and lock them again; if the application starts without it, {otherwise}",
                distributions.join(", ")
            ),
        }
    }
}

fn said(module: &str, distribution: &str) -> String {
    match module == distribution {
        true => format!("`{distribution}`"),
        false => format!("`{distribution}` (probably, for `{module}`)"),
    }
}
