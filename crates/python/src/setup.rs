//! setup.cfg and setup.py, the older places for what `[project]` says: read as texts, nothing of them is run.

mod literal;
mod script;

use std::collections::BTreeMap;

use literal::Literal;

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
        let text = |key: &str| match arguments.get(key) {
            Some(Literal::Text(text)) => Some(text.clone()),
            Some(Literal::List(_) | Literal::Table(_) | Literal::Unknown) | None => None,
        };
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

/// The commands of `entry_points`, which is a table or the text of an ini file.
fn scripts(entry_points: &Literal) -> BTreeMap<String, String> {
    match entry_points {
        Literal::Text(text) => {
            commands(Ini::parse(text).keys("console_scripts").iter().map(|(name, value)| format!("{name}={value}")))
        }
        Literal::Table(table) => {
            let scripts = table.iter().find(|(name, _)| name == "console_scripts");
            commands(scripts.and_then(|(_, value)| value.texts()).unwrap_or_default())
        }
        Literal::List(_) | Literal::Unknown => BTreeMap::new(),
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
