//! A folder without an image.toml → the image.toml that it would have, each line with its reason.
//!
//! Pure: the folder comes in as a list of names and a few texts, an image.toml goes out as text.
//! What is derived from what is described in docs/start.md.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_python::DistributionName;
use shipwheel_python::lock::LockForm;
use shipwheel_python::pyproject::{Project, Pyproject, PyprojectError};

mod base;
mod code;
mod entry;
mod lock;
mod sources;
#[cfg(test)]
mod tests;
mod write;

use self::code::Code;

/// A folder as derivation sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// Its files, relative, with `/` between parts, sorted; without caches and environments.
    pub files: BTreeSet<String>,
    /// The texts of those that [`is_read`] names.
    pub texts: BTreeMap<String, String>,
}

/// An image.toml that was derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// Its whole text, with a comment for each decision.
    pub toml: String,
}

/// Why no image.toml can be derived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    /// Nothing says that the folder is a Python application.
    #[error(
        "it has no image.toml, and none can be derived: there is no pyproject.toml, requirements.txt or Python file"
    )]
    Nothing,
    /// pyproject.toml cannot be read.
    #[error("pyproject.toml: {0}")]
    Pyproject(#[from] PyprojectError),
    /// Dependencies that no lock pins.
    #[error("pyproject.toml has dependencies, and there is no lock: looked for {}", .looked_for.join(", "))]
    NoLock {
        /// The names of lock files.
        looked_for: Vec<String>,
    },
    /// Nothing says what is started.
    #[error("nothing says what the image starts; looked for:{}", lines(.looked_for))]
    NoEntryPoint {
        /// What was looked for, and what was found instead.
        looked_for: Vec<String>,
    },
}

fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| format!("\n  {text}")).collect()
}

impl DeriveError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Nothing => "name the application's folder, or write an image.toml (docs/image-toml.md)".to_owned(),
            Self::Pyproject(_) => "mend pyproject.toml, or write an image.toml".to_owned(),
            Self::NoLock { .. } => "lock the dependencies, with `uv lock` for one".to_owned(),
            Self::NoEntryPoint { .. } => {
                "add a main.py or one `[project.scripts]`, or write an image.toml with `config.cmd`".to_owned()
            }
        }
    }
}

/// Whether a file's text is asked for: metadata, and modules that may be what is started.
pub fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match path.matches('/').count() {
        0 => {
            name.ends_with(".py")
                || LockForm::locks().any(|form| form.file_name() == name)
                || [".python-version", "pyproject.toml"].contains(&name)
        }
        1 | 2 => entry::MODULES.contains(&name),
        _ => false,
    }
}

/// All that is known of a folder, before anything is decided.
struct Known<'f> {
    folder: &'f Folder,
    project: Project,
    /// Whether the project is built to a wheel and installed.
    is_project: bool,
    /// The distributions that the lock or pyproject.toml names.
    distributions: BTreeSet<DistributionName>,
}

impl Known<'_> {
    fn has(&self, path: &str) -> bool {
        self.folder.files.contains(path)
    }

    fn text(&self, path: &str) -> &str {
        self.folder.texts.get(path).map_or("", String::as_str)
    }

    fn code(&self, path: &str) -> Code {
        Code::read(self.text(path))
    }

    fn depends_on(&self, name: &str) -> bool {
        self.distributions.iter().any(|distribution| distribution.as_str() == name)
    }
}

/// A value for image.toml, as TOML, with the reason for it; an empty reason adds no comment.
struct Line {
    key: &'static str,
    value: String,
    reason: String,
}

impl Line {
    fn new(key: &'static str, value: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key, value: value.into(), reason: reason.into() }
    }
}

/// Derives an image.toml.
///
/// # Errors
/// When the folder is no Python application, its dependencies are not locked, or nothing says
/// what is started; the error lists what was looked for.
pub fn derive(folder: &Folder) -> Result<Derived, DeriveError> {
    let has = |path: &str| folder.files.contains(path);
    let is_python = folder.files.iter().any(|path| path.ends_with(".py") && path.matches('/').count() <= 2);
    if !is_python && !has("pyproject.toml") && !LockForm::locks().any(|form| has(form.file_name())) {
        return Err(DeriveError::Nothing);
    }
    let text = folder.texts.get("pyproject.toml").map_or("", String::as_str);
    let pyproject = Pyproject::parse(text)?;
    let project = pyproject.project_or_poetry()?;
    let is_project = project.name.is_some() && pyproject.builds_wheel();
    let mut known = Known { folder, project, is_project, distributions: BTreeSet::new() };
    let lock = lock::find(&known)?;
    known.distributions = lock::distributions(&known, lock);
    let entry = entry::find(&known)?;
    let mut sections = vec![("", base::lines(&known, lock))];
    if let Some(lock) = lock.map(LockForm::file_name) {
        let reason = format!("the folder has {lock}, whose hashes decide what is installed");
        sections.push(("python", vec![Line::new("lock", write::text(lock), reason)]));
    }
    sections.push(("app", sources::lines(&known, &entry)));
    sections.push(("config", entry.lines(&known)));
    Ok(Derived { toml: write::document(&sections) })
}
