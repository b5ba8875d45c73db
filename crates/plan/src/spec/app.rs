//! `[app]`: the application's own files.

use shipwheel_layer::TreePath;

use crate::spec::prepare::{PrepareStep, read_steps};
use crate::spec::section::{Located, Section};

/// The application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSpec {
    /// Files and folders, relative to the image.toml; empty if there is only a project.
    pub sources: Vec<Located<String>>,
    /// The folder of a Python project that is built to a wheel and installed, relative to the image.toml.
    pub project: Option<Located<String>>,
    /// The version of that project, where its own files leave it to tags of a repository.
    pub version: Option<Located<String>>,
    /// The folder in the image that they are put into.
    pub destination: Located<String>,
    /// Patterns in gitignore syntax; where there are any, only what they match is taken.
    pub include: Vec<Located<String>>,
    /// Patterns in gitignore syntax of what is left out.
    pub exclude: Vec<Located<String>>,
    /// Folders in the image that its user may write to, as absolute paths.
    pub writable: Vec<TreePath>,
    /// Modules that the application may import although nothing in the image provides them; `*` for all.
    pub optional_imports: Vec<Located<String>>,
    /// What makes further files of it before a build, in order.
    pub prepare: Vec<PrepareStep>,
}

const KEYS: &[&str] =
    &["sources", "project", "version", "destination", "include", "exclude", "writable", "optional-imports", "prepare"];

pub(super) fn read_app(top: &Section<'_>) -> Option<AppSpec> {
    let app = top.section("app", KEYS)?;
    let sources = app.texts("sources").unwrap_or_default();
    let project = app.text("project");
    let given = app.value("sources");
    // Anything but a list is reported by its type.
    let empty = given.is_none_or(|value| value.get_ref().as_array().is_some_and(|list| list.is_empty()));
    if empty
        && project.is_none()
        && let Some(value) = given.or_else(|| top.value("app"))
    {
        app.report(
            value,
            "`app.sources` is missing or empty: name the files and folders to take, or a `project`".to_owned(),
        );
    }
    let destination = app.text("destination").unwrap_or(Located { value: "/app".to_owned(), span: 0..0 });
    match TreePath::new(&destination.value) {
        Ok(path) if destination.value.starts_with('/') && !path.is_root() => {}
        _ => {
            let found = &destination.value;
            let message = format!("`app.destination` is `{found}`, expected an absolute path below `/`");
            app.report_at(destination.span.clone(), message);
        }
    }
    let writable = read_writable(&app, &destination.value);
    Some(AppSpec {
        writable,
        sources,
        project,
        version: app.text("version"),
        destination,
        include: app.texts("include").unwrap_or_default(),
        exclude: app.texts("exclude").unwrap_or_default(),
        optional_imports: app.texts("optional-imports").unwrap_or_default(),
        prepare: read_steps(&app),
    })
}

/// Folders below the application's, and absolute ones.
fn read_writable(app: &Section<'_>, destination: &str) -> Vec<TreePath> {
    let read = |folder: Located<String>| {
        let found = &folder.value;
        let path = if found.starts_with('/') { found.clone() } else { format!("{destination}/{found}") };
        let why = match TreePath::new(&path) {
            Ok(path) if !found.is_empty() && !path.is_root() => return Some(path),
            Ok(_) => "a folder below the application's, such as \"data\", or an absolute path below `/`".to_owned(),
            Err(error) => format!("a path for an image: {}", error.reason),
        };
        app.report_at(folder.span, format!("`app.writable` holds `{found}`, expected {why}"));
        None
    };
    app.texts("writable").unwrap_or_default().into_iter().filter_map(read).collect()
}
