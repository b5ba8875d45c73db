//! A folder with a Dockerfile → the image.toml that comes to the same, and what became of each line.
//!
//! Nothing is run. What a line does is known by its program (`run.rs`); what is not known is said, with what to do.
//! docs/from-dockerfile.md has the table.

mod account;
mod base_image;
mod config;
mod draft;
pub(super) mod entry;
mod files;
mod install;
mod layout;
mod lock;
mod packages;
mod prepared;
mod run;
mod script;
mod settings;
mod stages;
mod start;
#[cfg(test)]
mod tests;
mod users;
mod writable;

use crate::derive::choices::Choices;
use crate::derive::error::DeriveError;
use crate::derive::known::Known;
use crate::derive::lock::Lock;
use crate::derive::write::{self, Line};
use crate::dockerfile::Dockerfile;

use config::Config;
use draft::Draft;
use layout::Layout;

pub use account::{Outcome, Row};

/// An image.toml from a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// Its whole text, with a comment for each decision.
    pub toml: String,
    /// What became of each line of the Dockerfile.
    pub rows: Vec<Row>,
    /// What could not be found out: the text has it as comments.
    pub missing: Vec<DeriveError>,
}

/// The file that is translated.
#[derive(Debug, Clone, Copy)]
pub struct NamedText<'t> {
    /// Its name, for messages.
    pub name: &'t str,
    /// Its text.
    pub text: &'t str,
}

/// Patterns of what is left out of a folder that is taken as a whole: files for tools that make images.
const EXCLUDED: [&str; 6] =
    ["__pycache__/", "*.pyc", "/image.toml", "/Dockerfile*", "/docker-compose*", "/compose*.y*ml"];

/// Translates a Dockerfile, with the lock that the user names and what may be built.
pub(super) fn translate(
    known: &mut Known<'_>,
    from: NamedText<'_>,
    choices: &Choices,
) -> Result<Translated, DeriveError> {
    let file =
        Dockerfile::parse(from.text).map_err(|cause| DeriveError::Dockerfile { name: from.name.to_owned(), cause })?;
    let mut draft = Draft::default();
    stages::read(&mut draft, known, &file);
    let image = file.image(file.last());
    let workdir = image.workdir.as_ref().map_or("/", |at| at.value.as_str()).to_owned();
    let layout = Layout::of(&draft, &workdir);
    for from in &draft.copied {
        let place = layout.path(&from.value.place);
        if place != from.value.place {
            draft.account.note(from.line, &format!("at {place} instead of {}", from.value.place));
        }
    }
    let lock = lock::find(&mut draft, known, choices.lock.as_deref());
    let lock = lock.map_err(|error| draft.missing.push(error)).ok().flatten();
    let asked = known.project.dependencies.iter().map(|dependency| dependency.name.clone());
    known.distributions = asked.chain(lock.iter().flat_map(|lock| lock.distributions.iter().cloned())).collect();
    lock::named(&mut draft, known, lock.as_ref());
    let mut python = python(&draft, lock.as_ref());
    python.extend(choices.allowed().filter(|_| lock.is_some()));
    let config = Config { known, file: &file, image: &image, layout: &layout, workdir: &workdir, name: from.name };
    let config = config.lines(&mut draft);
    let base = base(&mut draft, known, &file);
    let mut app = app(&draft, known, &layout);
    app.extend(writable::line(&mut draft, known, &image, &layout));
    let bytecode: Vec<Line> = draft
        .optimize
        .iter()
        .map(|level| Line::new("optimize", level.value.to_string(), format!("line {}: {}", level.line, level.text)))
        .collect();
    let steps = prepared::steps(&mut draft, known, &layout).into_iter().map(|step| ("[app.prepare]", step));
    let sections: Vec<_> = [("", base), ("python", python), ("app", app)]
        .into_iter()
        .chain(steps)
        .chain([("bytecode", bytecode), ("config", config)])
        .collect();
    let missing = draft.missing;
    let rows = draft.account.into_rows();
    let toml = write::document_of(&format!("# From {}: {}\n", shown(from.name), HEAD), &sections) + &remarks(&rows);
    Ok(Translated { toml, rows, missing })
}

/// How the text begins, behind the name of the Dockerfile.
const HEAD: &str = "line numbers are its own. docs/image-toml.md explains every key.";

fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn base(draft: &mut Draft, known: &Known<'_>, file: &Dockerfile) -> Vec<Line> {
    let chain = file.chain(file.last());
    let Some(first) = chain.first() else { return Vec::new() };
    let chosen = base_image::choose(known, draft, &first.image);
    draft.account.became(first.line, &first.text, format!("base: {}", chosen.summary));
    if !chosen.is_debian {
        for name in draft.packages.keys() {
            draft.account.refuse(
                &format!("base.debian.packages: {name}"),
                "packages are added to a base of Debian's packages only",
                "start from a Python that a release of Debian has (docs/start.md), or from an image that has the package",
            );
        }
    }
    let mut lines =
        vec![Line::new("base", chosen.value, format!("line {}: {}; {}", first.line, first.text, chosen.reason))];
    let version = known.project.version.as_deref().filter(|version| crate::derive::base::is_tag(version));
    lines.extend(version.map(|version| Line::new("tag", write::text(version), "the version in pyproject.toml")));
    lines
}

fn python(draft: &Draft, lock: Option<&Lock>) -> Vec<Line> {
    let Some(lock) = lock else {
        return draft.missing.first().map(|error| Line::missing("lock", "\"uv.lock\"", error)).into_iter().collect();
    };
    let mut lines = vec![Line::new("lock", write::text(&lock.path), lock.reason.as_str())];
    let installed = &draft.installed;
    if !installed.groups.is_empty() {
        lines.push(Line::new("groups", write::list(&installed.groups), ""));
    }
    if !installed.extras.is_empty() {
        lines.push(Line::new("extras", write::list(&installed.extras), ""));
    }
    lines.extend(installed.package.as_ref().map(|package| Line::new("package", write::text(package), "")));
    lines
}

fn app(draft: &Draft, known: &Known<'_>, layout: &Layout) -> Vec<Line> {
    let mut lines = Vec::new();
    let project = draft.installed.project.clone().filter(|_| known.is_project);
    if let Some(from) = &project {
        lines.push(Line::new("project", write::text("."), format!("line {}: {}", from.line, from.text)));
    } else if known.is_project && layout.sources.is_empty() {
        lines.push(Line::new("project", write::text("."), "pyproject.toml has a [build-system]"));
    }
    let mut numbers: Vec<String> = draft.copied.iter().map(|from| from.line.to_string()).collect();
    numbers.dedup();
    let (taken, reason) = match (layout.sources.is_empty(), lines.is_empty()) {
        (false, _) => (layout.sources.iter().cloned().collect(), format!("line {}: COPY", numbers.join(", "))),
        (true, true) => (vec![".".to_owned()], "no line copies the application: the folder as a whole".to_owned()),
        (true, false) => return lines,
    };
    lines.push(Line::new("sources", write::list(taken), reason));
    if layout.destination != "/app" {
        lines.push(Line::new("destination", write::text(&layout.destination), ""));
    }
    if layout.sources.contains(".") {
        lines.push(Line::new("exclude", write::list(EXCLUDED), ""));
    } else {
        lines.push(Line::new("exclude", write::list(&EXCLUDED[..2]), ""));
    }
    lines
}

/// Comments at the end: the lines that became no key.
fn remarks(rows: &[Row]) -> String {
    let (mut open, mut gone) = (String::new(), String::new());
    for Row { line, text, outcome } in rows {
        match outcome {
            Outcome::Became(_) => {}
            Outcome::NotNeeded(why) => gone += &format!("# {line:>4}  {text}: {}\n", shown(why)),
            Outcome::Open { why, todo } => {
                open += &format!("# {line:>4}  {text}: {}\n#       to do: {}\n", shown(why), shown(todo));
            }
        }
    }
    let part = |head: &str, lines: String| if lines.is_empty() { lines } else { format!("\n# {head}\n{lines}") };
    part("Not taken, and the image may miss it:", open) + &part("Not needed:", gone)
}
