//! pyproject.toml and uv.toml as TOML has them, and the way from there to checked values.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{GroupMember, PackageIndex, PoetryProject, Project, Pyproject, PyprojectError, RequiresPython, UvSettings};
use crate::dependency::{Dependency, DependencyError};
use crate::name::normalized;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawFile {
    project: Option<RawProject>,
    build_system: Option<toml::Table>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<RawMember>>,
    #[serde(default)]
    tool: RawTool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawProject {
    name: Option<String>,
    version: Option<String>,
    requires_python: Option<String>,
    dependencies: Vec<String>,
    optional_dependencies: BTreeMap<String, Vec<String>>,
    scripts: BTreeMap<String, String>,
    dynamic: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawMember {
    Requirement(String),
    Table(toml::Table),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTool {
    uv: RawUv,
    poetry: Option<toml::Table>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawUv {
    package: Option<bool>,
    sources: toml::Table,
    dev_dependencies: Vec<String>,
    index: Vec<RawIndex>,
}

#[derive(Deserialize)]
struct RawIndex {
    name: Option<String>,
    url: String,
}

/// Parses a whole pyproject.toml.
pub(super) fn parse(text: &str) -> Result<Pyproject, PyprojectError> {
    let raw: RawFile = from_toml(text)?;
    let groups = raw.dependency_groups.into_iter().map(|(name, members)| {
        let members: Result<_, _> = members.into_iter().map(member).collect();
        Ok((normalized(&name), members?))
    });
    Ok(Pyproject {
        project: raw.project.map(project).transpose()?,
        poetry: raw.tool.poetry.as_ref().map(PoetryProject::of),
        has_build_system: raw.build_system.is_some(),
        groups: groups.collect::<Result<_, PyprojectError>>()?,
        uv: settings(raw.tool.uv)?,
    })
}

/// Parses a uv.toml, which has the settings of `[tool.uv]` at its top.
pub(super) fn parse_uv_toml(text: &str) -> Result<UvSettings, PyprojectError> {
    settings(from_toml(text)?)
}

fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, PyprojectError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        PyprojectError::Syntax { line, reason: error.message().to_owned() }
    })
}

fn project(raw: RawProject) -> Result<Project, PyprojectError> {
    let extras = raw.optional_dependencies.iter().map(|(name, texts)| Ok((normalized(name), dependencies(texts)?)));
    Ok(Project {
        name: raw.name.as_deref().map(str::parse).transpose()?,
        version: raw.version,
        requires_python: raw.requires_python.map(RequiresPython::parse).transpose()?,
        dependencies: dependencies(&raw.dependencies)?,
        extras: extras.collect::<Result<_, PyprojectError>>()?,
        scripts: raw.scripts.into_keys().collect(),
        dynamic: raw.dynamic,
    })
}

fn settings(raw: RawUv) -> Result<UvSettings, PyprojectError> {
    Ok(UvSettings {
        package: raw.package,
        sources: raw.sources.keys().map(|name| normalized(name)).collect(),
        dev_dependencies: dependencies(&raw.dev_dependencies)?,
        indexes: raw.index.into_iter().map(|RawIndex { name, url }| PackageIndex { name, url }).collect(),
    })
}

fn member(raw: RawMember) -> Result<GroupMember, DependencyError> {
    match raw {
        RawMember::Requirement(text) => text.parse().map(GroupMember::Requirement),
        RawMember::Table(table) => Ok(match table.get("include-group").and_then(toml::Value::as_str) {
            Some(group) => GroupMember::Include(group.to_owned()),
            None => GroupMember::Unknown,
        }),
    }
}

fn dependencies(texts: &[String]) -> Result<Vec<Dependency>, DependencyError> {
    texts.iter().map(|text| text.parse()).collect()
}

impl RequiresPython {
    /// Parses a list of version specifiers and keeps its text.
    pub(super) fn parse(text: String) -> Result<Self, PyprojectError> {
        match text.parse() {
            Ok(versions) => Ok(Self { text, versions }),
            Err(_) => Err(PyprojectError::RequiresPython { found: text }),
        }
    }
}
