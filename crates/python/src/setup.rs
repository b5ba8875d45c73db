//! setup.cfg and setup.py, the older places for what `[project]` says: read as texts, nothing of them is run.

mod literal;
mod script;
mod token;

use std::collections::BTreeMap;

pub(crate) use literal::{Literal, Search};
pub(crate) use script::plain_arguments;

use crate::dependency::Dependency;
use crate::ini::Ini;
use crate::pyproject::{Project, PyprojectError, RequiresPython};

/// What setuptools is told by setup.cfg and setup.py.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// The distribution's name.
    pub name: Option<String>,
    /// Its version, where it is written down.
    pub version: Option<String>,
    /// The versions of Python.
    pub python: Option<String>,
    /// What it needs at run time.
    pub requires: Requires,
    /// The names of its commands with what they call, `package.module:function`.
    pub scripts: BTreeMap<String, String>,
    /// Whether it names packages or modules that are installed.
    pub has_modules: bool,
}

/// What a project says that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Requires {
    /// Nothing.
    #[default]
    Nothing,
    /// These.
    Listed(Vec<String>),
    /// What code or another file gives.
    Computed,
}

impl Setup {
    /// Reads both files; what setup.cfg says holds where both say something, as setuptools has it.
    ///
    /// What is not written down as a plain value is passed over.
    pub fn read(cfg: &str, script: &str) -> Self {
        let (cfg, script) = (Self::of_cfg(cfg), Self::of_script(script));
        Self {
            name: cfg.name.or(script.name),
            version: cfg.version.or(script.version),
            python: cfg.python.or(script.python),
            requires: if cfg.requires == Requires::Nothing { script.requires } else { cfg.requires },
            scripts: if cfg.scripts.is_empty() { script.scripts } else { cfg.scripts },
            has_modules: cfg.has_modules || script.has_modules,
        }
    }

    /// The same as a `[project]`.
    ///
    /// # Errors
    /// When the name, a dependency or the versions of Python cannot be read.
    pub fn to_project(&self) -> Result<Project, PyprojectError> {
        let listed = match &self.requires {
            Requires::Listed(texts) => texts.as_slice(),
            Requires::Nothing | Requires::Computed => &[],
        };
        let dependencies = listed.iter().map(|text| text.parse::<Dependency>()).collect::<Result<_, _>>()?;
        Ok(Project {
            name: self.name.as_deref().map(str::parse).transpose()?,
            version: self.version.clone(),
            requires_python: self.python.clone().map(RequiresPython::parse).transpose()?,
            dependencies,
            scripts: self.scripts.clone(),
            ..Project::default()
        })
    }

    fn of_cfg(text: &str) -> Self {
        let ini = Ini::parse(text);
        // `attr:` and `file:` name what code or another file says.
        let plain = |section: &str, key: &str| ini.value(section, key).filter(|value| !is_elsewhere(value));
        let text = |section: &str, key: &str| plain(section, key).map(str::to_owned).filter(|value| !value.is_empty());
        let requires = match ini.value("options", "install_requires") {
            None => Requires::Nothing,
            Some(value) if is_elsewhere(value) => Requires::Computed,
            // As setuptools has it: on one line, `;` separates, and begins no marker.
            Some(value) if value.contains('\n') => listed(value.lines()),
            Some(value) => listed(value.split(';')),
        };
        Self {
            name: text("metadata", "name"),
            version: text("metadata", "version"),
            python: text("options", "python_requires"),
            requires,
            scripts: commands(ini.value("options.entry_points", "console_scripts").unwrap_or_default().lines()),
            has_modules: ["packages", "py_modules"].iter().any(|key| ini.value("options", key).is_some()),
        }
    }

    fn of_script(text: &str) -> Self {
        let Some(arguments) = script::arguments(text) else { return Self::default() };
        let text = |key: &str| arguments.get(key)?.text().map(str::to_owned);
        let requires = match arguments.get("install_requires") {
            None => Requires::Nothing,
            Some(value) => value.texts().map_or(Requires::Computed, listed),
        };
        Self {
            name: text("name"),
            version: text("version"),
            python: text("python_requires"),
            requires,
            scripts: arguments.get("entry_points").map(scripts).unwrap_or_default(),
            has_modules: ["packages", "py_modules"].iter().any(|key| arguments.contains_key(*key)),
        }
    }
}

fn is_elsewhere(value: &str) -> bool {
    ["attr:", "file:"].iter().any(|prefix| value.trim_start().starts_with(prefix))
}

/// Requirements without blank ones and comments.
fn listed<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Requires {
    let texts = texts.into_iter().map(|text| text.as_ref().trim().to_owned());
    let texts: Vec<String> = texts.filter(|text| !text.is_empty() && !text.starts_with('#')).collect();
    if texts.is_empty() { Requires::Nothing } else { Requires::Listed(texts) }
}

/// The commands of `entry_points`.
fn scripts(entry_points: &Literal) -> BTreeMap<String, String> {
    let groups = entry_points_of(entry_points).unwrap_or_default();
    commands(groups.into_iter().filter(|(group, _)| group == "console_scripts").flat_map(|(_, lines)| lines))
}

/// The groups of `entry_points` with their lines: a table, or the text of an ini file. A group that is computed has none.
pub(crate) fn entry_points_of(entry_points: &Literal) -> Option<Vec<(String, Vec<String>)>> {
    match entry_points {
        Literal::Table(table) => {
            Some(table.iter().map(|(group, lines)| (group.clone(), lines.texts().unwrap_or_default())).collect())
        }
        Literal::Text(text) => {
            let mut groups: Vec<(String, Vec<String>)> = Vec::new();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
            for line in lines {
                match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    Some(group) => groups.push((group.trim().to_owned(), Vec::new())),
                    None => groups.last_mut()?.1.push(line.to_owned()),
                }
            }
            Some(groups)
        }
        Literal::Flag(_) | Literal::List(_) | Literal::Packages(_) | Literal::Unknown => None,
    }
}

/// Lines `name = package.module:function`.
fn commands<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> BTreeMap<String, String> {
    let commands = lines.into_iter().filter_map(|line| {
        let (name, called) = line.as_ref().split_once('=')?;
        Some((name.trim().to_owned(), called.trim().to_owned()))
    });
    commands.filter(|(name, called)| !name.is_empty() && !called.is_empty()).collect()
}

#[cfg(test)]
mod tests;
