//! The names of the distributions in a file of any form, read as far as the names go.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::name::DistributionName;
use crate::pyproject::Pyproject;

#[derive(Deserialize)]
struct RawFile {
    #[serde(alias = "packages", default)]
    package: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
}

/// The names in `[[package]]` or `[[packages]]`, which all TOML forms have.
pub(super) fn of_tables(text: &str) -> BTreeSet<DistributionName> {
    let packages = toml::from_str::<RawFile>(text).map(|file| file.package).unwrap_or_default();
    packages.iter().filter_map(|package| package.name.parse().ok()).collect()
}

/// The names at the beginning of a requirements file's lines, whether or not they are pinned.
pub(super) fn of_lines(text: &str) -> BTreeSet<DistributionName> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().filter(|line| !line.starts_with([' ', '\t', '#', '-']));
    lines.filter_map(|line| Some(DistributionName::at_start(line).ok()?.0)).collect()
}

/// The names that a Pipfile.lock has for production.
pub(super) fn of_pipfile(text: &str) -> BTreeSet<DistributionName> {
    let file: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let pins = file.get("default").and_then(serde_json::Value::as_object);
    pins.into_iter().flat_map(|pins| pins.keys()).filter_map(|name| name.parse().ok()).collect()
}

/// The names that a pyproject.toml asks for.
pub(super) fn of_project(text: &str) -> BTreeSet<DistributionName> {
    let project = Pyproject::parse(text).and_then(|pyproject| pyproject.project_or_poetry()).unwrap_or_default();
    project.dependencies.into_iter().map(|dependency| dependency.name).collect()
}
