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
    /// Why some of it is missing, and what to do, where that is known.
    pub causes: Vec<String>,
    /// Whether the image has dependencies at all.
    pub has_lock: bool,
    /// Whether Django's settings name any of it.
    pub has_settings: bool,
}

impl ImportError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let settings = "if other settings are meant, name them as DJANGO_SETTINGS_MODULE in `env` in `[config]`; ";
        let settings = if self.has_settings { settings } else { "" };
        let otherwise = "name the module in `optional-imports` in `[app]`, or pass `--optional-import MODULE`";
        let distributions: Vec<String> =
            self.distributions.iter().map(|(module, distribution)| said(module, distribution)).collect();
        let mut steps = self.causes.clone();
        steps.extend((!distributions.is_empty()).then(|| match self.has_lock {
            true => format!("add {} to the dependencies and lock them again", distributions.join(", ")),
            false => format!(
                "nothing declares dependencies: write {} into a requirements.in and set `lock` in `[python]` to it, or \
                 let it be derived",
                distributions.join(", ")
            ),
        }));
        if steps.is_empty() {
            steps.push("add the file to `sources` in `[app]` or correct the import".to_owned());
        }
        format!("{}; {settings}if the application starts without it, {otherwise}", steps.join("; "))
    }
}

fn said(module: &str, distribution: &str) -> String {
    match module == distribution {
        true => format!("`{distribution}`"),
        false => format!("`{distribution}` (probably, for `{module}`)"),
    }
}
