//! What an image.toml wants of a uv.lock: names that the lock does not have are found here, with their line.

use std::collections::BTreeSet;

use shipwheel_plan::spec::{Located, Problem, PythonSpec};
use shipwheel_python::DistributionName;
use shipwheel_python::lock::{UvChoice, UvLock};
use shipwheel_python::pyproject::{DefaultGroups, Pyproject};

use crate::error::BuildError;
use crate::project::definition::Definition;
use crate::project::text_files::TextFiles;

/// The group that is not installed unless it is named.
const DEVELOPMENT: &str = "dev";

/// Reads what is wanted of a lock.
///
/// Without `groups`, the default groups of the chosen project are, except `dev`.
///
/// # Errors
/// When the lock has no such member, extra or group.
pub(crate) fn read(
    definition: &Definition,
    python: &PythonSpec,
    lock: &UvLock,
    texts: &mut TextFiles,
) -> Result<UvChoice, BuildError> {
    let names: Vec<&str> = lock.projects().into_iter().map(DistributionName::as_str).collect();
    let package = python.package.as_ref().map(|package| {
        let name = package.value.parse::<DistributionName>().ok().filter(|name| names.contains(&name.as_str()));
        name.ok_or_else(|| missing(definition, python, package, "member", &names))
    });
    let package = package.transpose()?;
    let offer = lock.offer(package.as_ref());
    let extras = wanted(definition, python, &python.extras, "extra", &offer.extras)?;
    let groups = match &python.groups {
        Some(groups) => wanted(definition, python, groups, "group", &offer.groups)?,
        None => default_groups(definition, python, lock, package.as_ref(), texts)?
            .map_or_else(|| offer.groups.clone(), |named| named.into_iter().collect())
            .into_iter()
            .filter(|group| group != DEVELOPMENT)
            .collect(),
    };
    Ok(UvChoice { package, extras, groups })
}

/// Names that the lock has, normalized.
fn wanted(
    definition: &Definition,
    python: &PythonSpec,
    names: &[Located<String>],
    kind: &str,
    known: &BTreeSet<String>,
) -> Result<BTreeSet<String>, BuildError> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let names = names.iter().map(|name| {
        // Names of extras and groups are normalized as those of distributions are.
        let normalized = name.value.parse::<DistributionName>().map(|name| name.as_str().to_owned());
        let found = normalized.ok().filter(|name| known.contains(&name.as_str()));
        found.ok_or_else(|| missing(definition, python, name, kind, &known))
    });
    names.collect()
}

/// The default groups as the chosen project has them now, or as they were locked; `None` for all.
fn default_groups(
    definition: &Definition,
    python: &PythonSpec,
    lock: &UvLock,
    package: Option<&DistributionName>,
    texts: &mut TextFiles,
) -> Result<Option<Vec<String>>, BuildError> {
    let chosen = lock.chosen(package);
    let folder = chosen.and_then(|chosen| chosen.folder.as_ref()).map_or(".", |folder| &folder.path);
    let beside = definition.path(&python.lock)?;
    let text = texts.read_if_there(&beside.with_file_name(folder).join("pyproject.toml"))?;
    // What is wrong with it is told where it is compared with the lock.
    let settings = text.and_then(|text| Pyproject::parse(&text).ok()).and_then(|file| file.uv.default_groups);
    Ok(match settings {
        Some(DefaultGroups::All) => None,
        Some(DefaultGroups::Named(names)) => Some(names),
        None => Some(chosen.and_then(|chosen| chosen.default_groups.clone()).unwrap_or_default()),
    })
}

fn missing(
    definition: &Definition,
    python: &PythonSpec,
    name: &Located<String>,
    kind: &str,
    known: &[&str],
) -> BuildError {
    let message = format!("{} has no {kind} `{}`", python.lock.value, name.value);
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let problem = Problem::new(name.span.clone(), message).with_hint(format!("it has {known}"));
    definition.problem(problem).into()
}
