//! What pyproject.toml asks for, section by section, as uv reads it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Sections, StaleError, add};
use crate::dependency::Dependency;
use crate::environment::Environment;
use crate::name::normalised;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawFile {
    project: Option<RawProject>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<RawMember>>,
    #[serde(default)]
    tool: RawTool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawProject {
    requires_python: Option<String>,
    dependencies: Vec<String>,
    optional_dependencies: BTreeMap<String, Vec<String>>,
    dynamic: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawMember {
    Requirement(String),
    Group(BTreeMap<String, String>),
}

#[derive(Default, Deserialize)]
struct RawTool {
    #[serde(default)]
    uv: RawUv,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawUv {
    sources: toml::Table,
    dev_dependencies: Vec<String>,
}

/// A pyproject.toml, as far as it decides about a lock.
pub(super) struct Pyproject {
    pub(super) requires_python: Option<String>,
    /// Names with a source of their own.
    pub(super) loose: BTreeSet<String>,
    dependencies: Vec<Dependency>,
    extras: BTreeMap<String, Vec<Dependency>>,
    groups: BTreeMap<String, Vec<Dependency>>,
    dynamic: Vec<String>,
}

impl Pyproject {
    pub(super) fn parse(text: &str) -> Result<Self, StaleError> {
        let raw: RawFile = toml::from_str(text).map_err(|error| broken(error.message().to_owned()))?;
        let project = raw.project.unwrap_or_default();
        let mut groups = BTreeMap::new();
        for name in raw.dependency_groups.keys() {
            let mut members = Vec::new();
            collect(&raw.dependency_groups, name, &mut Vec::new(), &mut members)?;
            groups.insert(normalised(name), parsed(&members)?);
        }
        if !raw.tool.uv.dev_dependencies.is_empty() {
            let dev: &mut Vec<Dependency> = groups.entry("dev".to_owned()).or_default();
            dev.extend(parsed(&raw.tool.uv.dev_dependencies)?);
        }
        let extras = project.optional_dependencies.iter();
        let extras = extras.map(|(name, texts)| Ok((normalised(name), parsed(texts)?)));
        let dependencies = parsed(&project.dependencies)?;
        let extras: BTreeMap<String, Vec<Dependency>> = extras.collect::<Result<_, StaleError>>()?;
        let all = dependencies.iter().chain(extras.values().flatten()).chain(groups.values().flatten());
        let by_address = all.filter(|one| one.address.is_some()).map(|one| one.name.to_string());
        let loose = raw.tool.uv.sources.keys().map(|name| normalised(name)).chain(by_address).collect();
        let (requires_python, dynamic) = (project.requires_python, project.dynamic);
        Ok(Self { requires_python, loose, dependencies, extras, groups, dynamic })
    }

    /// Whether a section is not in the file, but made up by the build backend.
    pub(super) fn is_dynamic(&self, section: &str) -> bool {
        self.dynamic.iter().any(|name| section.split('.').next() == Some(name))
    }

    pub(super) fn sections(&self, grid: &[Environment], loose: &BTreeSet<String>) -> Result<Sections, StaleError> {
        let mut sections = Sections::new();
        add(&mut sections, "dependencies", &self.dependencies, grid, loose);
        for (kind, of) in [("optional-dependencies", &self.extras), ("dependency-groups", &self.groups)] {
            for (name, dependencies) in of {
                add(&mut sections, &format!("{kind}.{name}"), dependencies, grid, loose);
            }
        }
        Ok(sections)
    }
}

fn broken(reason: String) -> StaleError {
    StaleError { file: "pyproject.toml", reason }
}

fn parsed(texts: &[String]) -> Result<Vec<Dependency>, StaleError> {
    texts.iter().map(|text| text.parse().map_err(|error| broken(format!("{error}")))).collect()
}

/// The requirements of a group with those of the groups that it includes (PEP 735).
fn collect(
    groups: &BTreeMap<String, Vec<RawMember>>,
    name: &str,
    above: &mut Vec<String>,
    members: &mut Vec<String>,
) -> Result<(), StaleError> {
    let key = normalised(name);
    if above.contains(&key) {
        return Err(broken(format!("the group `{name}` includes itself")));
    }
    let found = groups.iter().find(|(other, _)| normalised(other) == key);
    let (_, list) = found.ok_or_else(|| broken(format!("there is no group `{name}`")))?;
    above.push(key);
    for member in list {
        match member {
            RawMember::Requirement(text) => members.push(text.clone()),
            RawMember::Group(table) => match table.get("include-group") {
                Some(other) => collect(groups, other, above, members)?,
                None => return Err(broken(format!("the group `{name}` has a member of an unknown kind"))),
            },
        }
    }
    above.pop();
    Ok(())
}
