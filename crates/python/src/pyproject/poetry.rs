//! `[tool.poetry]`: the project as Poetry had it before it read `[project]`.

use std::collections::BTreeMap;

use crate::poetry_versions::PoetryVersions;
use crate::pyproject::error::PyprojectError;
use crate::pyproject::project::{Project, RequiresPython};

/// A `[tool.poetry]` table, its values as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PoetryProject {
    /// The distribution's name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The versions of Python, in Poetry's own syntax: `^3.11`.
    pub python: Option<String>,
    /// The names of what it needs at run time; their versions are in the lock.
    pub dependencies: Vec<String>,
    /// Its commands: what each calls, `module:function`, by its name.
    pub scripts: BTreeMap<String, String>,
}

impl PoetryProject {
    /// Reads the keys that are there and have the type that Poetry gives them.
    pub(super) fn of(table: &toml::Table) -> Self {
        let text = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let below = |key: &str| table.get(key).and_then(toml::Value::as_table);
        let dependencies = below("dependencies");
        let python = dependencies.and_then(|it| it.get("python")).and_then(toml::Value::as_str);
        let names = dependencies.into_iter().flat_map(toml::Table::keys).filter(|name| *name != "python");
        // A script may be a table that names what it calls, or a file.
        let target = |value: &toml::Value| match value {
            toml::Value::Table(table) => {
                ["reference", "callable"].iter().find_map(|key| table.get(*key)?.as_str()).map(str::to_owned)
            }
            value => value.as_str().map(str::to_owned),
        };
        let scripts = below("scripts").into_iter().flatten();
        let scripts = scripts.map(|(name, value)| (name.clone(), target(value).unwrap_or_default())).collect();
        Self {
            name: text("name"),
            version: text("version"),
            python: python.map(str::to_owned),
            dependencies: names.cloned().collect(),
            scripts,
        }
    }

    /// The same as a `[project]`; its dependencies allow every version.
    ///
    /// # Errors
    /// When the name, a dependency's name or the versions of Python cannot be read.
    pub fn to_project(&self) -> Result<Project, PyprojectError> {
        let name = self.name.as_ref().map(|name| name.parse()).transpose()?;
        let python = self.python.as_deref().map(specifiers);
        let dependencies: Result<_, _> = self.dependencies.iter().map(|name| name.parse()).collect();
        Ok(Project {
            name,
            version: self.version.clone(),
            requires_python: python.map(RequiresPython::parse).transpose()?,
            dependencies: dependencies?,
            scripts: self.scripts.clone(),
            ..Project::default()
        })
    }
}

/// Poetry's versions of Python as specifiers; what cannot be read stays as it is, for the message.
fn specifiers(text: &str) -> String {
    text.parse::<PoetryVersions>().map_or_else(|_| text.to_owned(), |versions| versions.python_text())
}
