//! A folder without an image.toml → the image.toml that it would have, each line with its reason.
//!
//! Pure: the folder comes in as a list of names and a few texts, an image.toml goes out as text.
//! What is derived from what is described in docs/start.md.

use shipwheel_python::DistributionName;
use shipwheel_python::pyproject::{Project, Pyproject};
use shipwheel_python::setup::Setup;

mod base;
mod below;
mod choices;
mod code;
mod dependencies;
mod dockerfile;
mod entry;
mod error;
mod known;
mod lock;
mod named;
mod own_package;
mod runner;
mod sources;
mod start;
mod static_root;
mod steps;
mod suites;
#[cfg(test)]
mod tests;
mod workspace;
mod write;
mod writes;

use code::Code;
use known::{APPLICATION, Known};
use lock::Lock;
use write::Line;
use writes::{Folders, Surroundings};

pub use choices::Choices;
pub use dockerfile::{NamedText, Outcome, Row, Translated};
pub use error::DeriveError;
pub use known::{DEPTH, Folder, MemberOf};

/// An image.toml that was derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// Its whole text, with a comment for each decision; what is missing is a comment as well.
    pub toml: String,
    /// Why keys are missing that an image cannot do without.
    pub missing: Vec<DeriveError>,
}

/// Whether a file's text is asked for: metadata, and modules that may be what is started.
pub fn is_read(path: &str) -> bool {
    start::is_read(path)
        || path.ends_with(".sh") && path.matches('/').count() <= 2
        || dependencies::is_read(path) && path.matches('/').count() <= 2
        || named::is_read(path)
        || steps::is_read(path)
        || below::is_read(path)
        || [".dockerignore", "pyproject.toml"].contains(&path)
}

/// The files whose texts are asked for because another text names them, below the folder.
pub fn also_read(path: &str, text: &str) -> Vec<String> {
    dependencies::also_read(path, text)
}

/// The image's name: what the user chose, else the project's.
fn name(known: &Known<'_>, choices: &Choices) -> Option<Line> {
    let project = known.project.name.as_ref().map(ToString::to_string);
    let reason = if choices.name.is_some() { "what --name says" } else { "the project's name" };
    let name = choices.name.clone().or(project)?;
    Some(Line::new("name", write::text(&name), reason))
}

/// The sections whose keys may be missing.
const PYTHON: &str = "python";
const CONFIG: &str = "config";

/// Derives an image.toml.
///
/// # Errors
/// When the folder is not a Python application, or its pyproject.toml cannot be read. Where its dependencies are not
/// locked, or nothing says what is started, the rest is derived.
pub fn derive(folder: &Folder, choices: &Choices) -> Result<Derived, DeriveError> {
    check(folder)?;
    let mut known = known_of(folder)?;
    check_top(&known)?;
    let mut missing = Missing::default();
    let above = workspace::lock(&known).filter(|_| choices.lock.is_none());
    let lock = above.map_or_else(|| dependencies::find(&known, choices.lock.as_deref()), |lock| Ok(Some(lock)));
    let lock = missing.unless(lock, PYTHON, ("lock", "\"uv.lock\""));
    let asked = known.project.dependencies.iter().map(|dependency| dependency.name.clone());
    known.distributions = asked.chain(lock.iter().flat_map(|lock| lock.distributions.iter().cloned())).collect();
    let entry = start::find(&known, choices).map_err(|error| workspace::members(&known).unwrap_or(error));
    // Nothing at the top asks for dependencies, and nobody chose.
    let is_chosen = choices.cmd.is_some() || choices.entrypoint.is_some() || choices.lock.is_some();
    if lock.is_none() && !missing.has(PYTHON) && !is_chosen {
        below::applications(&known, entry.as_ref().ok()).map_or(Ok(()), Err)?;
    }
    let mut entry = missing.unless(entry, CONFIG, ("cmd", "[\"python3\", \"/app/…\"]"));
    let mut writes = Folders::of(&known, &Surroundings { application: APPLICATION, workdir: &entry.workdir() });
    writes.join(&entry.writes);
    entry.needs_workdir |= writes.is_relative;
    let mut app = sources::lines(&known, entry.file.as_deref());
    app.extend(writes.line(APPLICATION));
    app.extend(steps::suggested(&known));
    let mut top = base::lines(&known, lock.as_ref());
    if lock.is_none() && !missing.has(PYTHON) {
        top.extend(dependencies::passed_over(&known).map(Line::comment));
    }
    top.extend(name(&known, choices));
    let mut python = python(&known, lock.as_ref());
    python.extend(choices.allowed().filter(|_| lock.is_some()));
    let mut sections = vec![("", top), (PYTHON, python), ("app", app), (CONFIG, entry.lines(&known))];
    missing.add_to(&mut sections);
    let missing = missing.into_errors().into_iter().chain(steps::unbuilt(&known)).collect();
    Ok(Derived { toml: write::document(&sections), missing })
}

/// Checks that a folder may be a Python application.
fn check(folder: &Folder) -> Result<(), DeriveError> {
    // `{{cookiecutter.name}}/`, `{{ project }}/`: named when an application is made from it.
    let folders = || folder.files.iter().filter_map(|path| path.split_once('/'));
    if let Some((top, _)) = folders().find(|(top, _)| top.contains("{{") && top.contains("}}")) {
        return Err(DeriveError::Template { folder: top.to_owned() });
    }
    let is_python = folder.files.iter().any(|path| path.ends_with(".py") && path.matches('/').count() <= 2);
    let is_described =
        || folder.files.contains("pyproject.toml") || folder.files.iter().any(|path| dependencies::is_read(path));
    if is_python || is_described() { Ok(()) } else { Err(DeriveError::Nothing) }
}

/// Checks that a folder is not just the top of a workspace: the error names the members.
fn check_top(known: &Known<'_>) -> Result<(), DeriveError> {
    let has_module = known.folder.files.iter().any(|path| path.ends_with(".py") && !path.contains('/'));
    let members = workspace::members(known).filter(|_| !known.is_project && !has_module);
    members.map_or(Ok(()), Err)
}

/// The lines of `[python]`.
fn python(known: &Known<'_>, lock: Option<&Lock>) -> Vec<Line> {
    let Some(lock) = lock else { return Vec::new() };
    let mut lines = vec![Line::new("lock", write::text(&lock.path), lock.reason.as_str())];
    let groups = dependencies::production_groups(known.text("pyproject.toml"), lock.form);
    let reason = "what pyproject.toml has for production besides";
    lines.extend((!groups.is_empty()).then(|| Line::new("groups", write::list(&groups), reason)));
    let member = known.project.name.as_ref().filter(|_| lock.path.starts_with("../"));
    let package = |name: &DistributionName| {
        Line::new("package", write::text(name.as_str()), "the member whose dependencies are wanted")
    };
    lines.extend(member.map(package));
    lines
}

/// What could not be derived: the section that lacks it, its line, and why.
#[derive(Default)]
struct Missing(Vec<(&'static str, Line, DeriveError)>);

impl Missing {
    /// What was found; where it was not, its key with an example of a value is missing in a section.
    fn unless<T: Default>(
        &mut self,
        found: Result<T, DeriveError>,
        section: &'static str,
        (key, example): (&'static str, &str),
    ) -> T {
        found.unwrap_or_else(|error| {
            self.0.push((section, Line::missing(key, example, &error), error));
            T::default()
        })
    }

    fn has(&self, section: &str) -> bool {
        self.0.iter().any(|(of, ..)| *of == section)
    }

    fn add_to(&self, sections: &mut [(&str, Vec<Line>)]) {
        for (name, line, _) in &self.0 {
            let section = sections.iter_mut().find(|(section, _)| section == name);
            section.into_iter().for_each(|(_, lines)| lines.insert(0, line.clone()));
        }
    }

    fn into_errors(self) -> Vec<DeriveError> {
        self.0.into_iter().map(|(_, _, error)| error).collect()
    }
}

/// What the metadata says of the project, and whether it is built to a wheel: by pyproject.toml, else by setup.cfg and
/// setup.py, whose backend is setuptools. One without commands is only a folder of modules to an image.
fn project(folder: &Folder, pyproject: &Pyproject) -> Result<(Project, bool), DeriveError> {
    let project = pyproject.project_or_poetry()?;
    if pyproject.project.is_some() || pyproject.poetry.is_some() {
        let is_project = project.name.is_some() && pyproject.builds_wheel();
        return Ok((project, is_project));
    }
    let text = |name: &str| folder.texts.get(name).map_or("", String::as_str);
    let setup = Setup::read(text("setup.cfg"), text("setup.py"));
    let is_project = setup.name.is_some() && setup.has_modules && !setup.scripts.is_empty();
    // A value that cannot be read is setuptools' to complain about.
    Ok((setup.to_project().unwrap_or(project), is_project))
}

/// Translates a Dockerfile of the folder to an image.toml.
///
/// # Errors
/// When Docker refuses the Dockerfile too, it starts several programs, or it leaves open what [`derive()`] cannot find.
pub fn from_dockerfile(folder: &Folder, from: NamedText<'_>, choices: &Choices) -> Result<Translated, DeriveError> {
    dockerfile::translate(&mut known_of(folder)?, from, choices)
}

/// What is known before anything is decided.
fn known_of(folder: &Folder) -> Result<Known<'_>, DeriveError> {
    let text = folder.texts.get("pyproject.toml").map_or("", String::as_str);
    let pyproject = Pyproject::parse(text)?;
    let (project, is_described) = project(folder, &pyproject)?;
    let is_missing = |name: &DistributionName| own_package::is_missing(text, name.as_str(), &folder.files);
    let lacks_package = project.name.as_ref().is_some_and(is_missing);
    let is_project = is_described && !lacks_package;
    let workspace = pyproject.uv.workspace;
    let modules = folder.texts.iter().filter(|(path, _)| path.ends_with(".py"));
    let codes = modules.map(|(path, text)| (path.clone(), Code::read(text))).collect();
    let (distributions, named) = Default::default();
    Ok(Known { folder, project, is_project, lacks_package, workspace, distributions, codes, named })
}
