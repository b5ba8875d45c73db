//! Whether a uv.lock was made from a pyproject.toml as it is now: compared as values, without any Python.
//!
//! uv writes down what it locked (`[package.metadata] requires-dist`, `requires-dev`), with markers rewritten.
//! They are compared by what they say for each Linux environment, which is all that an image can be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pep440_rs::{Operator, VersionSpecifier};
use serde::Deserialize;

use crate::dependency::Dependency;
use crate::environment::Environment;
use crate::name::normalised;
use crate::target::{Libc, PythonVersion, Target};
use crate::version::satisfies;

mod pyproject;
mod requirement;

use pyproject::Pyproject;
use requirement::RawRequirement;

/// A text that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} cannot be read: {reason}")]
pub struct StaleError {
    /// `pyproject.toml` or `uv.lock`.
    pub file: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// One requirement on which the two sides differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where: `dependencies`, `optional-dependencies.fast`, `dependency-groups.dev`, `requires-python`.
    pub section: String,
    /// What pyproject.toml says.
    pub asked: Option<String>,
    /// What the lock was made for.
    pub locked: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |side: &Option<String>| side.as_ref().map_or("nothing of it".to_owned(), |text| format!("`{text}`"));
        let (asked, locked) = (text(&self.asked), text(&self.locked));
        write!(f, "{}: pyproject.toml has {asked}, the lock has {locked}", self.section)
    }
}

/// A distribution of a lock that is a folder of the user's own, with the requirements that were locked.
#[derive(Debug, Clone)]
pub struct LocalPackage {
    /// Its folder, relative to the lock.
    pub folder: String,
    metadata: RawMetadata,
    requires_python: Option<String>,
}

/// A uv.lock, as far as it says what it was made from.
#[derive(Debug, Clone)]
pub struct UvLock {
    /// The user's own distributions.
    pub packages: Vec<LocalPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawLock {
    requires_python: Option<String>,
    #[serde(default)]
    manifest: toml::Table,
    #[serde(default)]
    package: Vec<RawPackage>,
}

#[derive(Deserialize)]
struct RawPackage {
    #[serde(default)]
    source: toml::Table,
    #[serde(default)]
    metadata: RawMetadata,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawMetadata {
    requires_dist: Vec<RawRequirement>,
    provides_extras: Vec<String>,
    requires_dev: BTreeMap<String, Vec<RawRequirement>>,
}

/// Requirements by section; of each, the environments that it holds in.
type Sections = BTreeMap<String, BTreeMap<String, BTreeSet<usize>>>;

impl UvLock {
    /// Parses the text of a uv.lock.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, StaleError> {
        let raw: RawLock =
            toml::from_str(text).map_err(|error| StaleError { file: "uv.lock", reason: error.message().to_owned() })?;
        // What a workspace requires of Python is what all of its members do together.
        let requires_python = raw.requires_python.filter(|_| !raw.manifest.contains_key("members"));
        let folder = |source: &toml::Table| {
            let keys = ["virtual", "editable", "directory"];
            keys.iter().find_map(|key| source.get(*key)?.as_str().map(str::to_owned))
        };
        let packages = raw.package.into_iter().filter_map(|package| {
            let folder = folder(&package.source)?;
            let requires_python = requires_python.clone().filter(|_| folder == ".");
            Some(LocalPackage { folder, metadata: package.metadata, requires_python })
        });
        Ok(Self { packages: packages.collect() })
    }
}

impl LocalPackage {
    /// Where the text of this folder's pyproject.toml differs from what was locked; nothing if it does not.
    ///
    /// # Errors
    /// When the text, or a requirement on either side, cannot be read.
    pub fn differences(&self, pyproject: &str) -> Result<Vec<Difference>, StaleError> {
        let project = Pyproject::parse(pyproject)?;
        let mut differences = Vec::new();
        if let (Some(asked), Some(locked)) = (&project.requires_python, &self.requires_python)
            && pythons(asked, "pyproject.toml")? != pythons(locked, "uv.lock")?
        {
            let section = "requires-python".to_owned();
            differences.push(Difference { section, asked: Some(asked.clone()), locked: Some(locked.clone()) });
        }
        let grid = environments(project.requires_python.as_deref())?;
        let loose: BTreeSet<String> = project.loose.iter().cloned().chain(self.metadata.loose()).collect();
        let asked = project.sections(&grid, &loose)?;
        let locked = self.metadata.sections(&grid, &loose)?;
        for section in asked.keys().chain(locked.keys()).collect::<BTreeSet<_>>() {
            if !project.is_dynamic(section) {
                let empty = BTreeMap::new();
                let side = |sections: &'_ Sections| sections.get(section).unwrap_or(&empty).clone();
                differences.extend(differing(section, &side(&asked), &side(&locked)));
            }
        }
        Ok(differences)
    }
}

impl RawMetadata {
    /// Names that come from elsewhere than an index: their versions are not compared.
    fn loose(&self) -> impl Iterator<Item = String> {
        let all = self.requires_dist.iter().chain(self.requires_dev.values().flatten());
        all.filter(|requirement| requirement.has_source()).map(|requirement| normalised(&requirement.name))
    }

    fn sections(&self, grid: &[Environment], loose: &BTreeSet<String>) -> Result<Sections, StaleError> {
        let mut sections = Sections::new();
        let of = |requirements: &[RawRequirement]| -> Result<Vec<Dependency>, StaleError> {
            requirements.iter().map(RawRequirement::dependency).collect()
        };
        let base = of(&self.requires_dist)?;
        add(&mut sections, "dependencies", &base, grid, loose);
        for extra in &self.provides_extras {
            let with_extra: Vec<Environment> = grid.iter().map(|env| env.clone().with_extras([extra])).collect();
            let only: Vec<Dependency> = base
                .iter()
                .filter(|one| one.marker.as_ref().is_some_and(|m| m.to_string().contains("extra")))
                .cloned()
                .collect();
            add(&mut sections, &format!("optional-dependencies.{}", normalised(extra)), &only, &with_extra, loose);
        }
        for (group, requirements) in &self.requires_dev {
            add(&mut sections, &format!("dependency-groups.{}", normalised(group)), &of(requirements)?, grid, loose);
        }
        Ok(sections)
    }
}

/// Adds the requirements of a section that hold anywhere.
fn add(
    sections: &mut Sections,
    section: &str,
    dependencies: &[Dependency],
    grid: &[Environment],
    loose: &BTreeSet<String>,
) {
    for dependency in dependencies {
        let holds: BTreeSet<usize> = (0..grid.len()).filter(|at| dependency.is_needed(&grid[*at])).collect();
        if !holds.is_empty() {
            let requirements = sections.entry(section.to_owned()).or_default();
            requirements.entry(shown(dependency, loose)).or_default().extend(holds);
        }
    }
}

/// A requirement without its marker, in one form: `idna[all]<4,>=3`.
fn shown(dependency: &Dependency, loose: &BTreeSet<String>) -> String {
    let mut extras: Vec<String> = dependency.extras.iter().map(|extra| normalised(extra)).collect();
    extras.sort();
    extras.dedup();
    let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
    if dependency.address.is_some() || loose.contains(dependency.name.as_str()) {
        return format!("{}{extras}", dependency.name);
    }
    let mut versions: Vec<String> = dependency.versions.iter().map(specifier).collect();
    versions.sort();
    format!("{}{extras}{}", dependency.name, versions.join(","))
}

/// A specifier in one form: `<4.0` is `<4`, where zeros at the end mean nothing.
fn specifier(one: &VersionSpecifier) -> String {
    let zeros_matter = matches!(
        one.operator(),
        Operator::TildeEqual | Operator::EqualStar | Operator::NotEqualStar | Operator::ExactEqual
    );
    let release = one.version().release();
    let length = release.iter().rposition(|number| *number != 0).map_or(1, |last| last + 1);
    if zeros_matter || length >= release.len() {
        return one.to_string().replace(' ', "");
    }
    format!("{}{}", one.operator(), one.version().clone().with_release(&release[..length]))
}

/// What is on one side alone; two texts about one distribution make one difference.
fn differing(
    section: &str,
    asked: &BTreeMap<String, BTreeSet<usize>>,
    locked: &BTreeMap<String, BTreeSet<usize>>,
) -> Vec<Difference> {
    let name = |text: &str| text.split(['[', '<', '>', '=', '!', '~']).next().unwrap_or_default().to_owned();
    let alone = |side: &BTreeMap<String, BTreeSet<usize>>, other: &BTreeMap<String, BTreeSet<usize>>| {
        let differs = side.iter().filter(|(text, holds)| other.get(*text) != Some(holds));
        differs.map(|(text, _)| (name(text), text.clone())).collect::<Vec<_>>()
    };
    let (asked, mut locked) = (alone(asked, locked), alone(locked, asked));
    let mut differences = Vec::new();
    let mut push = |asked, locked| differences.push(Difference { section: section.to_owned(), asked, locked });
    for (name, text) in asked {
        let partner = locked.iter().position(|(other, _)| *other == name).map(|at| locked.remove(at).1);
        match partner {
            Some(partner) if partner == text => {
                push(Some(format!("{text} with another marker")), Some(partner));
            }
            partner => push(Some(text), partner),
        }
    }
    locked.into_iter().for_each(|(_, text)| push(None, Some(text)));
    differences
}

/// Versions of Python that may ever be asked about.
fn all_pythons() -> impl Iterator<Item = PythonVersion> {
    (6..=20).flat_map(|minor| (0..=20).map(move |micro| PythonVersion { major: 3, minor, micro }))
}

/// The versions of Python that a specifier allows, of all there may be.
fn pythons(text: &str, file: &'static str) -> Result<Vec<PythonVersion>, StaleError> {
    let specifiers = text.parse().map_err(|_| StaleError { file, reason: format!("requires-python is `{text}`") })?;
    Ok(all_pythons().filter(|python| satisfies(&python.version(), &specifiers)).collect())
}

/// Every environment that an image of the project may have.
fn environments(requires_python: Option<&str>) -> Result<Vec<Environment>, StaleError> {
    let pythons = match requires_python {
        Some(text) => pythons(text, "pyproject.toml")?,
        None => all_pythons().collect(),
    };
    let libc = Libc::Glibc { major: 2, minor: 36 };
    let platforms = [shipwheel_oci::Platform::linux_amd64(), shipwheel_oci::Platform::linux_arm64()];
    let targets = pythons.iter().flat_map(|python| {
        platforms.iter().map(move |platform| Target { python: *python, platform: platform.clone(), libc })
    });
    Ok(targets.map(|target| Environment::new(&target)).collect())
}

#[cfg(test)]
mod tests;
