//! What a project's files say that it requires, also where only its build backend knows what is in its wheel.

use crate::core_metadata::CoreMetadata;
use crate::project::keys::Keys;
use crate::project::metadata::{Metadata, add_extras, add_requirement};
use crate::project::not_static::NotStatic;
use crate::pyproject::Pyproject;
use crate::setup::{Requires, Setup};

/// The version of a project whose files do not say it.
const UNKNOWN: &str = "0";

/// What a project requires, from the texts of its pyproject.toml, setup.cfg and setup.py; empty ones for those that are
/// not there. `version` is for one that comes from elsewhere.
///
/// `None` where the build backend makes it up.
pub fn declared(pyproject: &str, cfg: &str, script: &str, version: Option<&str>) -> Option<CoreMetadata> {
    let has_project = Pyproject::parse(pyproject).is_ok_and(|file| file.project.is_some() || file.poetry.is_some());
    let text = if has_project { of_project(pyproject, version).ok()? } else { of_setup(cfg, script, version)? };
    CoreMetadata::parse(&text)
}

fn of_project(text: &str, version: Option<&str>) -> Result<String, NotStatic> {
    let not = || NotStatic::because("its backend says what it requires");
    let file: toml::Table = text.parse().map_err(|_| not())?;
    let project = Keys::new(&file).table("project")?;
    let dynamic = project.texts("dynamic")?.unwrap_or_default();
    if dynamic.iter().any(|key| ["dependencies", "optional-dependencies"].contains(key)) {
        return Err(not());
    }
    let mut metadata = Metadata::default();
    metadata.add("Name", project.text("name")?.ok_or_else(not)?)?;
    metadata.add("Version", project.text("version")?.or(version).unwrap_or(UNKNOWN))?;
    for dependency in project.texts("dependencies")?.unwrap_or_default() {
        add_requirement(&mut metadata, dependency, None)?;
    }
    add_extras(&mut metadata, &project.texts_map("optional-dependencies")?)?;
    Ok(metadata.to_text())
}

/// Extras are not read of these: a project that has some is left to its backend.
fn of_setup(cfg: &str, script: &str, version: Option<&str>) -> Option<String> {
    let Setup { name, version: own, requires, .. } = Setup::read(cfg, script);
    let requires = match requires {
        _ if cfg.contains("extras_require") || script.contains("extras_require") => return None,
        Requires::Computed => return None,
        Requires::Nothing => Vec::new(),
        Requires::Listed(texts) => texts,
    };
    let mut metadata = Metadata::default();
    metadata.add("Name", &name?).ok()?;
    metadata.add("Version", own.as_deref().or(version).unwrap_or(UNKNOWN)).ok()?;
    for requirement in requires {
        add_requirement(&mut metadata, &requirement, None).ok()?;
    }
    Some(metadata.to_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_wherever_they_are_written_down() {
        let shown = |found: Option<CoreMetadata>| {
            found.map(|it| format!("{} {} {} {}", it.name, it.version, it.requires.join("|"), it.extras.join("|")))
        };
        for (pyproject, cfg, script, expected) in [
            (
                "[project]\nname = 'A'\nversion = '1'\ndependencies = ['six']\n[project.optional-dependencies]\nX = ['idna']\n",
                "",
                "",
                Some("a 1 six|idna; extra == \"x\" x"),
            ),
            ("[project]\nname = 'a'\ndynamic = ['version']\n", "", "", Some("a 7  ")),
            ("[project]\nname = 'a'\ndynamic = ['dependencies']\n", "", "", None),
            (
                "[build-system]\nrequires = []\n",
                "[metadata]\nname = b\n[options]\ninstall_requires = six\n",
                "",
                Some("b 7 six "),
            ),
            (
                "",
                "",
                "from setuptools import setup\nsetup(name='c', version='2', install_requires=['six>=1'])\n",
                Some("c 2 six>=1 "),
            ),
            ("", "", "from setuptools import setup\nsetup(name='c', install_requires=open('x').read())\n", None),
            ("", "", "from setuptools import setup\nsetup(name='c', extras_require={'x': ['six']})\n", None),
            ("[tool.poetry]\nname = 'a'\n", "", "", None),
            ("no toml [", "", "", None),
        ] {
            let found = shown(declared(pyproject, cfg, script, Some("7")));
            assert_eq!(found.as_deref(), expected, "{pyproject}{cfg}{script}");
        }
    }
}
