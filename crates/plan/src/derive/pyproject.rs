//! What pyproject.toml says of an application: `[project]`, or what Poetry had before there was one.

use std::collections::BTreeMap;

use serde::Deserialize;
use shipwheel_python::{Dependency, DistributionName, VersionSpecifiers};

#[derive(Debug, Default, Deserialize)]
struct File {
    project: Option<Project>,
    #[serde(rename = "build-system")]
    build_system: Option<toml::Table>,
    #[serde(default)]
    tool: toml::Table,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Project {
    name: Option<String>,
    version: Option<String>,
    requires_python: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    scripts: BTreeMap<String, String>,
}

/// What is taken from pyproject.toml.
#[derive(Debug, Default)]
pub(super) struct Pyproject {
    pub(super) name: Option<DistributionName>,
    pub(super) version: Option<String>,
    /// As it is written, and as it is understood.
    pub(super) requires_python: Option<(String, VersionSpecifiers)>,
    pub(super) dependencies: Vec<DistributionName>,
    /// The commands of `[project.scripts]`, by name.
    pub(super) scripts: Vec<String>,
    /// Whether it is built to a wheel: it has a `[build-system]`, and uv is not told otherwise.
    pub(super) is_project: bool,
}

impl Pyproject {
    /// Reads the text of a pyproject.toml; no text is an empty one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let poetry = file.tool.get("poetry").and_then(toml::Value::as_table);
        let project = file.project.or_else(|| poetry.map(of_poetry)).unwrap_or_default();
        let requires_python = project.requires_python.map(|text| match text.parse::<VersionSpecifiers>() {
            Ok(versions) => Ok((text, versions)),
            Err(_) => Err(format!("requires-python is `{text}`, expected versions such as >=3.11")),
        });
        let dependencies = project.dependencies.iter().map(|text| text.parse::<Dependency>().map(|it| it.name));
        let switch = file.tool.get("uv").and_then(|uv| uv.get("package")).and_then(toml::Value::as_bool);
        let name = project.name.map(|name| name.parse::<DistributionName>().map_err(|error| error.to_string()));
        let name = name.transpose()?;
        Ok(Self {
            is_project: name.is_some() && switch.unwrap_or(file.build_system.is_some()),
            name,
            version: project.version,
            requires_python: requires_python.transpose()?,
            dependencies: dependencies.collect::<Result<_, _>>().map_err(|error| error.to_string())?,
            scripts: project.scripts.into_keys().collect(),
        })
    }
}

/// `[tool.poetry]` as a `[project]`.
fn of_poetry(poetry: &toml::Table) -> Project {
    let text = |key: &str| poetry.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let table = |key: &str| poetry.get(key).and_then(toml::Value::as_table);
    let dependencies = table("dependencies");
    let python = dependencies.and_then(|it| it.get("python")).and_then(toml::Value::as_str);
    let names = dependencies.into_iter().flat_map(toml::Table::keys).filter(|name| *name != "python");
    Project {
        name: text("name"),
        version: text("version"),
        requires_python: python.map(caret),
        dependencies: names.cloned().collect(),
        scripts: table("scripts").into_iter().flatten().map(|(name, _)| (name.clone(), String::new())).collect(),
    }
}

/// Poetry's `^3.11` is `>=3.11,<4`, and its `~3.11` is `>=3.11,<3.12`.
fn caret(text: &str) -> String {
    let parts: Vec<&str> = text.trim_start_matches(['^', '~']).split('.').collect();
    let next = |part: Option<&&str>| part.and_then(|part| part.parse::<u32>().ok()).map_or(0, |number| number + 1);
    match text.chars().next() {
        Some('^') => format!(">={},<{}", parts.join("."), next(parts.first())),
        Some('~') if !text.starts_with("~=") => {
            format!(">={},<{}.{}", parts.join("."), parts.first().unwrap_or(&"3"), next(parts.get(1)))
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_read_and_poetrys_older_form_too() {
        for (text, expected) in [
            ("", "None None [] [] false"),
            (
                "[project]\nname = 'A_b'\nrequires-python = '>=3.11'\ndependencies = ['x>1']\n[project.scripts]\nrun = 'a:b'\n[build-system]\n",
                "Some(\"a-b\") Some(\">=3.11\") [\"x\"] [\"run\"] true",
            ),
            ("[project]\nname = 'a'", "Some(\"a\") None [] [] false"),
            ("[project]\nname = 'a'\n[build-system]\n[tool.uv]\npackage = false", "Some(\"a\") None [] [] false"),
            (
                "[tool.poetry]\nname = 'a'\n[tool.poetry.dependencies]\npython = '^3.11'\nx = '1'\n[build-system]\n",
                "Some(\"a\") Some(\">=3.11,<4\") [\"x\"] [] true",
            ),
            (
                "[tool.poetry]\nname = 'a'\n[tool.poetry.dependencies]\npython = '~3.9'",
                "Some(\"a\") Some(\">=3.9,<3.10\") [] [] false",
            ),
        ] {
            let found = Pyproject::parse(text).expect("valid");
            let names: Vec<&str> = found.dependencies.iter().map(DistributionName::as_str).collect();
            let (name, python) = (found.name.map(|name| name.to_string()), found.requires_python.map(|it| it.0));
            assert_eq!(format!("{name:?} {python:?} {names:?} {:?} {}", found.scripts, found.is_project), expected);
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (text, part) in [
            ("[project", "expected"),
            ("[project]\nrequires-python = 'x'", "requires-python is `x`"),
            ("[project]\ndependencies = ['>1']", "no dependency"),
            ("[project]\nname = 'é'", "no distribution name"),
        ] {
            let error = Pyproject::parse(text).expect_err(text);
            assert!(error.contains(part), "{error}");
        }
    }
}
