//! Whether a uv.lock was made from its pyproject.toml files as they are now: compared as values, without any Python.
//!
//! uv writes down what it locked (`[package.metadata]`, `[manifest]`), with markers rewritten. They are compared by what
//! they say in each of many environments. What uv does not write down, or what cannot be read, is not compared: a lock
//! that is called stale and is not would keep its user from building.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_bytecode::PythonVersion;

use crate::dependency::Dependency;
use crate::lock::uv_lock::conflict::{Conflicting, Part};
use crate::lock::uv_lock::difference::Difference;
use crate::lock::uv_lock::grid::{all_pythons, environments};
use crate::lock::uv_lock::section::{Comparison, Sections};
use crate::lock::uv_lock::value::{UvFolder, UvLock, UvPackage, UvRequirement, UvRequirements};
use crate::marker::{Environment, Marker};
use crate::name::normalized;
use crate::pyproject::{GroupMember, Pyproject, PyprojectError, UvConflicting, UvInputs, UvSource};
use crate::version::allows;

/// The first revision of uv.lock that lists extras and groups even of nothing.
const RECORDS_NAMES: Option<i64> = Some(2);

/// Two sides that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{folder}/pyproject.toml")]
pub struct StaleError {
    /// The folder of the pyproject.toml whose groups cannot be resolved, relative to the lock.
    pub folder: String,
    /// The cause.
    #[source]
    pub cause: PyprojectError,
}

/// Where pyproject.toml files differ from what a lock was made for; nothing if they do not.
///
/// `find` gives the pyproject.toml of a folder, relative to the lock, where there is one.
///
/// # Errors
/// When the groups of a pyproject.toml cannot be resolved.
pub fn differences<'p>(
    lock: &UvLock,
    find: impl Fn(&str) -> Option<&'p Pyproject>,
) -> Result<Vec<Difference>, StaleError> {
    let top = find(".");
    let projects = lock.local_packages().filter_map(|(package, folder)| Some((package, folder, find(&folder.path)?)));
    let projects: Vec<_> = projects.collect();
    let mut differences = Vec::from_iter(of_pythons(lock, &projects));
    for (package, folder, pyproject) in &projects {
        let error = |cause| StaleError { folder: folder.path.clone(), cause };
        let found = of_project(lock, package, pyproject, top.map(|top| &top.uv.inputs)).map_err(error)?;
        let place = (folder.path != ".").then(|| folder.path.clone());
        differences.extend(found.into_iter().map(|it| Difference { folder: place.clone(), ..it }));
    }
    if let Some(top) = top {
        differences.extend(of_settings(lock, top));
    }
    Ok(differences)
}

/// The Python versions that all projects of the lock allow, against those that it was made for.
fn of_pythons(lock: &UvLock, projects: &[(&UvPackage, &UvFolder, &Pyproject)]) -> Option<Difference> {
    let locked = lock.requires_python.as_ref()?;
    let members = projects.iter().filter(|(package, ..)| is_member(lock, package));
    let asked: Vec<_> = members.filter_map(|(_, _, it)| it.project.as_ref()?.requires_python.as_ref()).collect();
    let allowed = |python: &PythonVersion| asked.iter().all(|it| allows(&it.versions, python));
    // uv records only the first and the last of them.
    let ends = |allowed: &dyn Fn(&PythonVersion) -> bool| {
        let python4 = PythonVersion { major: 4, minor: 0, micro: 0 };
        let mut pythons = all_pythons().chain([python4]).filter(|python| allowed(python));
        let first = pythons.next();
        (first, pythons.last().or(first))
    };
    let is_same = ends(&allowed) == ends(&|python| allows(locked, python));
    let texts = asked.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(" and ");
    (!is_same && !asked.is_empty()).then(|| Difference::new("requires-python", Some(texts), Some(locked.to_string())))
}

/// What a project asks for, against what was locked of it.
fn of_project(
    lock: &UvLock,
    package: &UvPackage,
    pyproject: &Pyproject,
    top: Option<&UvInputs>,
) -> Result<Vec<Difference>, PyprojectError> {
    // Without it, only the build backend knows.
    let Some(project) = &pyproject.project else { return Ok(Vec::new()) };
    let sources = sources(&pyproject.uv.inputs, top);
    let python = project.requires_python.as_ref().map(|python| &python.versions);
    let several = sources.iter().filter(|(_, source)| ***source == UvSource::Several);
    let comparison = Comparison {
        grid: environments(python),
        with_address: with_address(pyproject),
        several: several.map(|(name, _)| (*name).to_owned()).collect(),
    };
    let mut asked = Sections::new(&comparison);
    let mut add = |section: &str, dependencies: &[Dependency]| {
        for dependency in dependencies {
            asked.add(section, dependency, sources.get(dependency.name.as_str()).copied());
        }
    };
    add("dependencies", &project.dependencies);
    project.extras.iter().for_each(|(extra, all)| add(&format!("optional-dependencies.{extra}"), all));
    let groups = if is_member(lock, package) { pyproject.dependency_groups()? } else { BTreeMap::new() };
    groups.iter().for_each(|(group, all)| add(&format!("dependency-groups.{group}"), all));
    let names = Names { extras: project.extras.keys().collect(), groups: groups.keys().collect() };
    let locked = locked_sections(package, &comparison);
    let sections: BTreeSet<&String> = asked.names().chain(locked.names()).collect();
    let compared = sections.into_iter().filter(|section| !project.is_dynamic(section));
    let found = compared.flat_map(|section| {
        let group = section.strip_prefix("dependency-groups.").unwrap_or_default();
        let python = package.requirements.group_pythons.get(group).or(pyproject.uv.inputs.group_pythons.get(group));
        asked.differing(&locked, section, |place| python.is_none_or(|python| place.has_python(python)))
    });
    let names = names.differing(lock, package).into_iter().filter(|it| !project.is_dynamic(&it.section));
    Ok(found.chain(names).collect())
}

/// What was locked of a project, section by section.
fn locked_sections<'c>(package: &UvPackage, comparison: &'c Comparison) -> Sections<'c> {
    let requirements = &package.requirements;
    let mut sections = Sections::new(comparison);
    let extras: BTreeSet<&String> = requirements.extras.iter().chain(package.extras.keys()).collect();
    for UvRequirement { dependency, source } in &requirements.dependencies {
        sections.add("dependencies", dependency, source.as_ref());
        let names_extra = dependency.marker.as_ref().is_some_and(|marker| marker.to_string().contains("extra"));
        for extra in extras.iter().filter(|_| names_extra) {
            sections.add_of_extra(extra, dependency, source.as_ref());
        }
    }
    for (group, requirements) in &requirements.groups {
        for UvRequirement { dependency, source } in requirements {
            sections.add(&format!("dependency-groups.{group}"), dependency, source.as_ref());
        }
    }
    sections
}

/// Extras and groups by name, even of nothing: only newer locks record those.
struct Names<'p> {
    extras: BTreeSet<&'p String>,
    groups: BTreeSet<&'p String>,
}

impl Names<'_> {
    fn differing(&self, lock: &UvLock, package: &UvPackage) -> Vec<Difference> {
        if lock.revision < RECORDS_NAMES || !is_member(lock, package) {
            return Vec::new();
        }
        let UvRequirements { extras, groups, .. } = &package.requirements;
        let differing = |section: &str, asked: &BTreeSet<&String>, locked: BTreeSet<&String>| {
            let new = asked.difference(&locked).map(|it| Difference::new(section, Some((*it).clone()), None));
            let gone = locked.difference(asked).map(|it| Difference::new(section, None, Some((*it).clone())));
            new.chain(gone).collect::<Vec<_>>()
        };
        let mut found = differing("optional-dependencies", &self.extras, extras.iter().collect());
        found.extend(differing("dependency-groups", &self.groups, groups.keys().collect()));
        found
    }
}

/// Whether a lock is that of a project: other folders are dependencies, of which less is recorded.
fn is_member(lock: &UvLock, package: &UvPackage) -> bool {
    match lock.members.is_empty() {
        true => package.folder.as_ref().is_some_and(|folder| folder.path == "."),
        false => lock.members.contains(&package.name),
    }
}

/// Where distributions come from: what a project's own settings say, else those of the top of its workspace.
fn sources<'p>(own: &'p UvInputs, top: Option<&'p UvInputs>) -> BTreeMap<&'p str, &'p UvSource> {
    let inherited = top.into_iter().flat_map(|top| &top.sources);
    inherited.chain(&own.sources).map(|(name, source)| (name.as_str(), source)).collect()
}

/// The names that have an address.
fn with_address(pyproject: &Pyproject) -> BTreeSet<String> {
    let project = pyproject.project.iter();
    let asked = project.flat_map(|project| project.dependencies.iter().chain(project.extras.values().flatten()));
    let groups = pyproject.groups.values().flatten().filter_map(|member| match member {
        GroupMember::Requirement(dependency) => Some(dependency),
        GroupMember::Include(_) | GroupMember::Unknown => None,
    });
    let by_address = asked.chain(groups).chain(&pyproject.uv.dev_dependencies).filter(|one| one.address.is_some());
    by_address.map(|one| one.name.to_string()).collect()
}

/// The settings of the whole lock, against those that it was made with.
fn of_settings(lock: &UvLock, top: &Pyproject) -> Vec<Difference> {
    let inputs = &top.uv.inputs;
    let comparison = Comparison {
        grid: environments(lock.requires_python.as_ref()),
        with_address: BTreeSet::new(),
        several: BTreeSet::new(),
    };
    let mut found = Vec::new();
    for (section, of_top, of_lock) in [
        ("constraint-dependencies", &inputs.constraints, &lock.manifest.constraints),
        ("override-dependencies", &inputs.overrides, &lock.manifest.overrides),
    ] {
        let (mut asked, mut locked) = (Sections::new(&comparison), Sections::new(&comparison));
        let Some(of_top) = of_top else { continue };
        let has_source = |one: &Dependency| one.address.is_some() || inputs.sources.contains_key(one.name.as_str());
        if of_top.iter().any(has_source) || of_lock.iter().any(|one| one.source.is_some()) {
            continue;
        }
        of_top.iter().for_each(|dependency| asked.add(section, dependency, None));
        of_lock.iter().for_each(|one| locked.add(section, &one.dependency, None));
        found.extend(asked.differing(&locked, section, |_| true));
    }
    let excludes: Option<BTreeSet<_>> = inputs.excludes.as_ref().map(|names| names.iter().collect());
    let excludes_differ = excludes.is_some_and(|names| names != lock.manifest.excludes.iter().collect());
    let environments_differ =
        inputs.environments.as_ref().is_some_and(|asked| !same_places(asked, &lock.environments, &comparison.grid));
    for (section, differ) in [
        ("exclude-dependencies", excludes_differ),
        ("environments", environments_differ),
        ("conflicts", conflicts_differ(lock, top).unwrap_or(false)),
    ] {
        found.extend(differ.then(|| Difference::new(section, None, None)));
    }
    found
}

/// Whether declared conflicts are missing from the lock, or the lock has some where none are declared; `None` where
/// that cannot be told.
fn conflicts_differ(lock: &UvLock, top: &Pyproject) -> Option<bool> {
    let sets = top.uv.inputs.conflicts.as_ref()?;
    let named = |it: &UvConflicting| {
        let package = it.package.as_ref().or(top.name())?.clone();
        let part = match (&it.extra, &it.group) {
            (Some(extra), _) => Part::Extra(normalized(extra)),
            (None, Some(group)) => Part::Group(normalized(group)),
            (None, None) => Part::Itself,
        };
        Some(Conflicting { package, part })
    };
    let asked: Option<BTreeSet<BTreeSet<Conflicting>>> =
        sets.iter().map(|set| set.iter().map(named).collect()).collect();
    let locked: BTreeSet<BTreeSet<Conflicting>> =
        lock.conflicts.iter().map(|set| set.0.iter().cloned().collect()).collect();
    // uv adds sets for groups that include others, and members have their own.
    let may_have_more = !lock.members.is_empty() || asked.as_ref().is_some_and(|asked| !asked.is_empty());
    asked.map(|asked| !asked.is_subset(&locked) || !may_have_more && !locked.is_empty())
}

/// Whether two lists of markers hold in the same places, all together; an empty list holds everywhere.
fn same_places(one: &[Marker], other: &[Marker], grid: &[Environment]) -> bool {
    let holds = |markers: &[Marker], place| markers.is_empty() || markers.iter().any(|it| it.evaluate(place));
    grid.iter().all(|place| holds(one, place) == holds(other, place))
}

#[cfg(test)]
mod tests;
