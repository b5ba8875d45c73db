//! Whether a uv.lock was made from a pyproject.toml as it is now: compared as values, without any Python.
//!
//! uv writes down what it locked (`[package.metadata] requires-dist`, `requires-dev`), with markers rewritten.
//! They are compared by what they say for each Linux environment, which is all that an image can be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pep440_rs::{Operator, VersionSpecifier, VersionSpecifiers};
use shipwheel_bytecode::PythonVersion;

use crate::dependency::Dependency;
use crate::lock::uv_lock::{UvLock, UvPackage, UvRequirement, UvRequirements};
use crate::marker::Environment;
use crate::name::normalized;
use crate::pyproject::{GroupMember, Project, Pyproject, PyprojectError};
use crate::target::{Libc, Target};
use crate::version::allows;

/// Two sides that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaleError {
    /// The dependency groups of pyproject.toml cannot be resolved.
    #[error(transparent)]
    Pyproject(#[from] PyprojectError),
    /// `requires-python` of the lock is not a list of version specifiers.
    #[error("requires-python is `{found}`, expected versions such as >=3.11")]
    LockedPython {
        /// The text as it was found.
        found: String,
    },
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
        write!(f, "{}: ", self.section)?;
        match (&self.asked, &self.locked) {
            (Some(asked), Some(locked)) => write!(f, "pyproject.toml has `{asked}`, the lock has `{locked}`"),
            (Some(asked), None) => write!(f, "pyproject.toml has `{asked}`, the lock does not"),
            (None, Some(locked)) => write!(f, "the lock has `{locked}`, pyproject.toml does not"),
            (None, None) => write!(f, "pyproject.toml and the lock differ"),
        }
    }
}

/// Requirements by section; of each, the environments that it holds in.
type Sections = BTreeMap<String, BTreeMap<String, BTreeSet<usize>>>;

/// Where a pyproject.toml differs from what a lock was made for; nothing if it does not.
///
/// `package` is the distribution of the lock whose folder has the pyproject.toml.
///
/// # Errors
/// When the groups of pyproject.toml, or the lock's `requires-python`, cannot be read.
pub fn differences(lock: &UvLock, package: &UvPackage, pyproject: &Pyproject) -> Result<Vec<Difference>, StaleError> {
    let empty = Project::default();
    let project = pyproject.project.as_ref().unwrap_or(&empty);
    let asked_python = project.requires_python.as_ref();
    let mut differences = Vec::new();
    // What a workspace requires of Python is what all of its members do together.
    let is_whole = package.folder.as_ref().is_some_and(|folder| folder.path == ".") && !lock.is_workspace;
    if let (Some(asked), Some(locked), true) = (asked_python, &lock.requires_python, is_whole) {
        let specifiers = locked.parse().map_err(|_| StaleError::LockedPython { found: locked.clone() })?;
        if pythons(&asked.versions) != pythons(&specifiers) {
            let section = "requires-python".to_owned();
            differences.push(Difference { section, asked: Some(asked.text.clone()), locked: Some(locked.clone()) });
        }
    }
    let grid = environments(asked_python.map(|python| &python.versions));
    let loose: BTreeSet<String> = loose_in_project(pyproject).chain(loose_in_lock(&package.requirements)).collect();
    let asked = sections_of_project(pyproject, project, &grid, &loose)?;
    let locked = sections_of_lock(&package.requirements, &grid, &loose);
    for section in asked.keys().chain(locked.keys()).collect::<BTreeSet<_>>() {
        if !project.is_dynamic(section) {
            let empty = BTreeMap::new();
            let side = |sections: &'_ Sections| sections.get(section).unwrap_or(&empty).clone();
            differences.extend(differing(section, &side(&asked), &side(&locked)));
        }
    }
    Ok(differences)
}

/// Names that come from elsewhere than an index: their versions are not compared.
fn loose_in_project(pyproject: &Pyproject) -> impl Iterator<Item = String> {
    let project = pyproject.project.iter();
    let asked = project.flat_map(|project| project.dependencies.iter().chain(project.extras.values().flatten()));
    let groups = pyproject.groups.values().flatten().filter_map(|member| match member {
        GroupMember::Requirement(dependency) => Some(dependency),
        GroupMember::Include(_) | GroupMember::Unknown => None,
    });
    let by_address = asked.chain(groups).chain(&pyproject.uv.dev_dependencies).filter(|one| one.address.is_some());
    pyproject.uv.sources.iter().cloned().chain(by_address.map(|one| one.name.to_string()))
}

/// As [`loose_in_project`], from the other side.
fn loose_in_lock(requirements: &UvRequirements) -> impl Iterator<Item = String> {
    let all = requirements.dependencies.iter().chain(requirements.groups.values().flatten());
    all.filter(|requirement| requirement.has_source).map(|requirement| requirement.dependency.name.to_string())
}

/// What pyproject.toml asks for, section by section, as uv reads it.
fn sections_of_project(
    pyproject: &Pyproject,
    project: &Project,
    grid: &[Environment],
    loose: &BTreeSet<String>,
) -> Result<Sections, StaleError> {
    let mut sections = Sections::new();
    add(&mut sections, "dependencies", &project.dependencies, grid, loose);
    for (kind, of) in
        [("optional-dependencies", &project.extras), ("dependency-groups", &pyproject.dependency_groups()?)]
    {
        for (name, dependencies) in of {
            add(&mut sections, &format!("{kind}.{name}"), dependencies, grid, loose);
        }
    }
    Ok(sections)
}

/// What was locked, section by section.
fn sections_of_lock(requirements: &UvRequirements, grid: &[Environment], loose: &BTreeSet<String>) -> Sections {
    let mut sections = Sections::new();
    let of = |requirements: &[UvRequirement]| -> Vec<Dependency> {
        requirements.iter().map(|requirement| requirement.dependency.clone()).collect()
    };
    let base = of(&requirements.dependencies);
    add(&mut sections, "dependencies", &base, grid, loose);
    for extra in &requirements.extras {
        let with_extra: Vec<Environment> = grid.iter().map(|env| env.clone().with_extras([extra])).collect();
        let names_extra = |one: &&Dependency| one.marker.as_ref().is_some_and(|m| m.to_string().contains("extra"));
        let only: Vec<Dependency> = base.iter().filter(names_extra).cloned().collect();
        add(&mut sections, &format!("optional-dependencies.{}", normalized(extra)), &only, &with_extra, loose);
    }
    for (group, requirements) in &requirements.groups {
        add(&mut sections, &format!("dependency-groups.{}", normalized(group)), &of(requirements), grid, loose);
    }
    sections
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
    let mut extras: Vec<String> = dependency.extras.iter().map(|extra| normalized(extra)).collect();
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

/// A specifier in one form: `<4.0` is `<4`, where zeros at the end do not matter.
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

/// The requirements that only one side has; two texts about one distribution make one difference.
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

/// The versions of Python that specifiers allow, of all there may be.
fn pythons(specifiers: &VersionSpecifiers) -> Vec<PythonVersion> {
    all_pythons().filter(|python| allows(specifiers, python)).collect()
}

/// Every environment that an image of the project may have.
fn environments(requires_python: Option<&VersionSpecifiers>) -> Vec<Environment> {
    let pythons = requires_python.map_or_else(|| all_pythons().collect(), pythons);
    let libc = Libc::Glibc { major: 2, minor: 36 };
    let platforms = [shipwheel_oci::Platform::linux_amd64(), shipwheel_oci::Platform::linux_arm64()];
    let targets = pythons.iter().flat_map(|python| {
        platforms.iter().map(move |platform| Target { python: *python, platform: platform.clone(), libc })
    });
    targets.map(|target| Environment::new(&target)).collect()
}

#[cfg(test)]
mod tests;
