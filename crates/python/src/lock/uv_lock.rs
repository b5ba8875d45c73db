//! uv.lock as one value: how its distributions depend on each other, and what those of the user's own were locked for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::dependency::Dependency;
use crate::lock::error::{LockError, LockProblem, line_of};
use crate::marker::{Environment, Marker};
use crate::name::DistributionName;

/// A uv.lock, as far as shipwheel reads it; uv exports the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvLock {
    /// The Python versions that it was made for, as they are written.
    pub requires_python: Option<String>,
    /// Whether it locks a workspace: `requires_python` then combines what all members ask for.
    pub is_workspace: bool,
    /// The distributions, in the order of the file.
    pub packages: Vec<UvPackage>,
}

/// A distribution of a uv.lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvPackage {
    /// Its name.
    pub name: DistributionName,
    /// Its folder, where it is the user's own.
    pub folder: Option<UvFolder>,
    /// What it needs.
    pub dependencies: Vec<UvDependency>,
    /// The requirements that it was locked for; empty unless it is the user's own.
    pub requirements: UvRequirements,
}

/// The folder of a distribution of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvFolder {
    /// Its path, relative to the lock.
    pub path: String,
    /// Whether the distribution is installed; a virtual one only has dependencies.
    pub is_installed: bool,
}

/// An edge from one distribution to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvDependency {
    /// The name of the distribution that is needed.
    pub name: DistributionName,
    /// Where it is needed; `None` also for a marker that cannot be read, so that nothing is left out.
    pub marker: Option<Marker>,
}

/// What a distribution of the user's own asked for when it was locked (`[package.metadata]`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvRequirements {
    /// Its dependencies, those of extras with a marker that names the extra.
    pub dependencies: Vec<UvRequirement>,
    /// The names of its extras.
    pub extras: Vec<String>,
    /// Its dependency groups, with those that they include.
    pub groups: BTreeMap<String, Vec<UvRequirement>>,
}

/// A requirement that a distribution was locked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvRequirement {
    /// The requirement.
    pub dependency: Dependency,
    /// Whether it comes from a folder, a repository, an address, or an index of its own.
    pub has_source: bool,
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
    name: DistributionName,
    #[serde(default)]
    source: toml::Table,
    #[serde(default)]
    dependencies: Vec<RawDependency>,
    #[serde(default)]
    metadata: RawMetadata,
}

#[derive(Deserialize)]
struct RawDependency {
    name: DistributionName,
    marker: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawMetadata {
    requires_dist: Vec<Spanned<RawRequirement>>,
    provides_extras: Vec<String>,
    requires_dev: BTreeMap<String, Vec<Spanned<RawRequirement>>>,
}

/// `{ name = "idna", extras = ["all"], marker = "…", specifier = ">=3" }`, or with a source in place of versions.
#[derive(Deserialize)]
struct RawRequirement {
    name: String,
    #[serde(default)]
    extras: Vec<String>,
    specifier: Option<String>,
    marker: Option<String>,
    #[serde(flatten)]
    source: toml::Table,
}

impl UvLock {
    /// Parses the text of a uv.lock; `file` names it in messages.
    ///
    /// # Errors
    /// When it is not a uv.lock, or requirements of the user's own distributions cannot be read: all of them.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let raw: RawLock = toml::from_str(text).map_err(|error| LockError::syntax(text, file, &error))?;
        let mut reader = Reader { text, problems: Vec::new() };
        let lock = Self {
            requires_python: raw.requires_python,
            is_workspace: raw.manifest.contains_key("members"),
            packages: raw.package.into_iter().map(|package| reader.package(package)).collect(),
        };
        match reader.problems.is_empty() {
            true => Ok(lock),
            false => Err(LockError::Values { file: file.to_owned(), problems: reader.problems }),
        }
    }

    /// The distributions that are folders of the user's own.
    pub fn local_packages(&self) -> impl Iterator<Item = (&UvPackage, &UvFolder)> {
        self.packages.iter().filter_map(|package| Some((package, package.folder.as_ref()?)))
    }

    /// The distributions that the project in `project` needs on any target; `None` when the lock has no such project.
    pub fn needed(&self, project: &str) -> Option<BTreeSet<DistributionName>> {
        let (root, _) = self.local_packages().find(|(_, folder)| same_path(&folder.path, project))?;
        let mut seen = BTreeSet::new();
        let mut todo = vec![root];
        while let Some(package) = todo.pop() {
            for dependency in &package.dependencies {
                if seen.insert(dependency.name.clone()) {
                    todo.extend(self.packages.iter().filter(|package| package.name == dependency.name));
                }
            }
        }
        Some(seen)
    }

    /// The folders that the project in `project` needs in an environment: its workspace's members and
    /// its local dependencies, in the order in which they are met. Both are relative to the lock.
    ///
    /// `None` when the lock has no such project.
    pub fn folders(&self, project: &str, environment: &Environment) -> Option<Vec<String>> {
        let (root, _) = self.local_packages().find(|(_, folder)| same_path(&folder.path, project))?;
        let mut seen: BTreeSet<&DistributionName> = BTreeSet::from([&root.name]);
        let (mut todo, mut folders) = (vec![root], Vec::new());
        while let Some(package) = todo.pop() {
            let is_needed = |it: &&UvDependency| it.marker.as_ref().is_none_or(|marker| marker.evaluate(environment));
            for dependency in package.dependencies.iter().filter(is_needed) {
                if !seen.insert(&dependency.name) {
                    continue;
                }
                for found in self.packages.iter().filter(|package| package.name == dependency.name) {
                    let installed = found.folder.iter().filter(|folder| folder.is_installed);
                    folders.extend(installed.map(|folder| folder.path.clone()));
                    todo.push(found);
                }
            }
        }
        Some(folders)
    }
}

/// Turns raw tables into values, and collects what cannot be read.
struct Reader<'t> {
    text: &'t str,
    problems: Vec<LockProblem>,
}

impl Reader<'_> {
    fn package(&mut self, raw: RawPackage) -> UvPackage {
        let folder = folder(&raw.source);
        let requirements = match folder {
            Some(_) => UvRequirements {
                dependencies: self.requirements(raw.metadata.requires_dist),
                extras: raw.metadata.provides_extras,
                groups: raw.metadata.requires_dev.into_iter().map(|(k, v)| (k, self.requirements(v))).collect(),
            },
            None => UvRequirements::default(),
        };
        let dependencies = raw.dependencies.into_iter().map(|RawDependency { name, marker }| UvDependency {
            name,
            marker: marker.and_then(|marker| marker.parse().ok()),
        });
        UvPackage { name: raw.name, folder, dependencies: dependencies.collect(), requirements }
    }

    fn requirements(&mut self, raw: Vec<Spanned<RawRequirement>>) -> Vec<UvRequirement> {
        let requirements = raw.into_iter().filter_map(|raw| {
            let line = line_of(self.text, raw.span().start);
            let raw = raw.into_inner();
            match raw.text().parse() {
                Ok(dependency) => Some(UvRequirement { dependency, has_source: !raw.source.is_empty() }),
                Err(error) => {
                    self.problems.push(LockProblem { line, reason: format!("{error}") });
                    None
                }
            }
        });
        requirements.collect()
    }
}

impl RawRequirement {
    /// The same as `[project] dependencies` has it.
    fn text(&self) -> String {
        let versions = self.specifier.as_deref().filter(|text| *text != "*").unwrap_or_default();
        let extras = if self.extras.is_empty() { String::new() } else { format!("[{}]", self.extras.join(",")) };
        let marker = self.marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
        format!("{}{extras} {versions}{marker}", self.name)
    }
}

fn folder(source: &toml::Table) -> Option<UvFolder> {
    let text = |key: &str| source.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let installed = text("editable").or_else(|| text("directory"));
    let installed = installed.map(|path| UvFolder { path, is_installed: true });
    installed.or_else(|| text("virtual").map(|path| UvFolder { path, is_installed: false }))
}

/// Whether two relative paths are one folder.
fn same_path(one: &str, other: &str) -> bool {
    let parts = |path: &str| path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
    let (one, other): (Vec<String>, Vec<String>) = (parts(one), parts(other));
    one == other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Libc, Target};

    fn environment() -> Environment {
        Environment::new(&Target {
            python: "3.11.2".parse().expect("valid"),
            platform: "linux/amd64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 36 },
        })
    }

    #[test]
    fn a_uv_lock_leads_from_a_project_to_the_folders_that_it_needs() {
        let text = "version = 1\n\
            [[package]]\nname = 'root'\nsource = { virtual = '.' }\n\
            [[package]]\nname = 'api'\nsource = { editable = 'packages/api' }\n\
            dependencies = [{ name = 'core' }, { name = 'six' }, { name = 'win', marker = \"os_name == 'nt'\" }]\n\
            [[package]]\nname = 'core'\nsource = { editable = 'packages/core' }\n\
            dependencies = [{ name = 'base' }, { name = 'api' }, { name = 'sheet' }]\n\
            [[package]]\nname = 'base'\nsource = { directory = '../base' }\n\
            [[package]]\nname = 'sheet'\nsource = { virtual = 'packages/sheet' }\n\
            [[package]]\nname = 'win'\nsource = { editable = 'packages/win' }\n\
            [[package]]\nname = 'six'\nsource = { registry = 'x' }\n";
        let lock = UvLock::parse(text, "uv.lock").expect("valid");
        let folders = |project: &str| lock.folders(project, &environment());
        assert_eq!(folders("./packages/api"), Some(vec!["packages/core".to_owned(), "../base".to_owned()]));
        assert_eq!(folders("."), Some(Vec::new()));
        assert_eq!(folders("elsewhere"), None);
    }

    #[test]
    fn a_uv_lock_that_cannot_be_read_is_refused_with_its_line() {
        let requirement = "[[package]]\nname = 'a'\nsource = { virtual = '.' }\n[package.metadata]\nrequires-dist = [\n\
            { name = 'b', specifier = 'newest' }]";
        for (text, expected) in [("\nversion = ", "uv.lock:2:"), (requirement, "line 6:")] {
            let error = UvLock::parse(text, "uv.lock").expect_err(text).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
