//! One wheel per distribution for a target, or every reason why there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use pep440_rs::{Version, VersionSpecifiers};
use shipwheel_oci::Digest;

use crate::environment::Environment;
use crate::lock::{Lock, LockedPackage, LockedWheel, Origin};
use crate::misfit::Misfit;
use crate::name::DistributionName;
use crate::target::Target;
use crate::version::{python_release, satisfies};
use crate::wheel_name::{WheelName, WheelTag};

/// What of a lock is wanted besides its plain dependencies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Extras of the project.
    pub extras: BTreeSet<String>,
    /// Dependency groups; `None` is the lock's default groups.
    pub groups: Option<BTreeSet<String>>,
    /// Wheels that the lock does not list and that its distributions may have all the same, where none
    /// of the listed ones fits.
    pub added: Vec<LockedWheel>,
}

/// The wheel chosen for a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedWheel {
    /// The distribution.
    pub name: DistributionName,
    /// Its version.
    pub version: Version,
    /// The wheel's file name.
    pub wheel: WheelName,
    /// Where it can be fetched.
    pub url: Option<String>,
    /// Where it is on disk, relative to the lock file.
    pub path: Option<String>,
    /// Its size in bytes, where the lock says it.
    pub size: Option<u64>,
    /// Its sha256.
    pub sha256: Digest,
}

/// Distributions that have no wheel for the target: all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SelectError {
    /// What was selected for.
    pub target: Box<Target>,
    /// The lock file's name.
    pub file: String,
    /// Every problem, in the order of the lock.
    pub problems: Vec<SelectProblem>,
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be installed for {}:", self.file, self.target)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

/// One distribution, or the lock itself, that does not fit the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectProblem {
    /// The lock was not made for this environment.
    Environment,
    /// The lock was not made for this Python.
    LockPython {
        /// What the lock requires.
        requires: VersionSpecifiers,
    },
    /// A distribution does not fit.
    Package {
        /// Its name.
        name: DistributionName,
        /// Its version.
        version: Option<Version>,
        /// Its line in the lock, counted from 1.
        line: usize,
        /// Why not.
        reason: Reason,
    },
}

/// Why no wheel of a distribution can be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It does not run with the full version of the target's Python.
    RequiresPython(VersionSpecifiers),
    /// It has wheels, but none fits: each with what it lacks.
    NoneFits(Vec<(WheelName, Misfit)>),
    /// It has a source distribution alone.
    OnlySdist,
    /// It is a folder, a repository or an archive.
    NotAWheel(Origin),
    /// It has no files at all.
    NoFiles,
    /// The wheel that fits has no sha256 in the lock.
    NoHash(WheelName),
    /// Another version of it is wanted in the same environment.
    Ambiguous(Version),
}

impl SelectProblem {
    /// What the user can do about it.
    pub fn hint(&self) -> String {
        let Self::Package { name, reason, .. } = self else {
            return "lock again for this version of Python and this platform".to_owned();
        };
        match reason {
            Reason::RequiresPython(requires) => {
                format!("use a base image with Python {requires}, or lock a version of {name} that runs with this one")
            }
            Reason::NoneFits(wheels) => match wheels.iter().map(|(_, misfit)| misfit).max_by_key(|m| m.is_libc()) {
                Some(Misfit::LibcVersion { needs, .. }) => {
                    format!("use a base image with {needs} or newer, or lock a version of {name} with older wheels")
                }
                _ => format!("lock a version of {name} with wheels for this target, or `accept` a built wheel of it"),
            },
            Reason::OnlySdist => format!(
                "lock a version of {name} that has wheels, `accept` a built wheel of it, or name it in `allow-build` \
                 if it is pure Python"
            ),
            Reason::NotAWheel(_) | Reason::NoFiles => {
                format!("`accept` a built wheel of {name}, or lock a version that has wheels")
            }
            Reason::NoHash(_) => "lock again with hashes".to_owned(),
            Reason::Ambiguous(_) => "ask for extras or groups that do not exclude each other".to_owned(),
        }
    }
}

impl fmt::Display for SelectProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => write!(f, "the lock names the environments it was made for, and this is none of them"),
            Self::LockPython { requires } => write!(f, "the lock was made for Python {requires}"),
            Self::Package { name, version, line, reason } => {
                write!(f, "line {line}: {name}")?;
                version.iter().try_for_each(|version| write!(f, " {version}"))?;
                write!(f, " {reason}")
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequiresPython(requires) => write!(f, "requires Python {requires}"),
            Self::NoneFits(wheels) => {
                write!(f, "has no wheel that fits; found:")?;
                wheels.iter().try_for_each(|(wheel, why)| write!(f, "\n  {} {why}", wheel.compressed_tags()))
            }
            Self::OnlySdist => write!(f, "has a source distribution and no wheel"),
            Self::NotAWheel(origin) => write!(f, "comes from {origin}, not from a wheel"),
            Self::NoFiles => write!(f, "has no files in the lock"),
            Self::NoHash(wheel) => write!(f, "has no sha256 for {wheel}"),
            Self::Ambiguous(other) => write!(f, "is wanted, and {other} too"),
        }
    }
}

/// Chooses a wheel for each distribution that the target needs; sorted by name.
///
/// # Errors
/// Every distribution that cannot be installed from a wheel with a sha256.
pub fn select(lock: &Lock, target: &Target, selection: &Selection) -> Result<Vec<SelectedWheel>, SelectError> {
    let groups: Vec<&String> = match &selection.groups {
        Some(groups) => groups.iter().collect(),
        None => lock.default_groups.iter().collect(),
    };
    let environment = Environment::new(target).with_extras(&selection.extras).with_groups(groups);
    let python = python_release(&target.python);
    let mut problems = lock_problems(lock, &environment, &python);
    let tags = target.tags();
    let ranks: BTreeMap<&WheelTag, usize> = tags.iter().zip(0..).collect();
    let mut selected: BTreeMap<DistributionName, SelectedWheel> = BTreeMap::new();
    for package in &lock.packages {
        if package.marker.as_ref().is_some_and(|marker| !marker.evaluate(&environment)) {
            continue;
        }
        let chosen = choose(package, target, &python, &ranks, &selection.added).and_then(|wheel| {
            match selected.get(&wheel.name) {
                Some(other) => Err(Reason::Ambiguous(other.version.clone())),
                None => Ok(wheel),
            }
        });
        match chosen {
            Ok(wheel) => {
                selected.insert(wheel.name.clone(), wheel);
            }
            Err(reason) => problems.push(SelectProblem::Package {
                name: package.name.clone(),
                version: package.version.clone(),
                line: package.line,
                reason,
            }),
        }
    }
    if problems.is_empty() {
        return Ok(selected.into_values().collect());
    }
    Err(SelectError { target: Box::new(target.clone()), file: lock.file.clone(), problems })
}

fn lock_problems(lock: &Lock, environment: &Environment, python: &Version) -> Vec<SelectProblem> {
    let mut problems = Vec::new();
    if !lock.environments.is_empty() && !lock.environments.iter().any(|marker| marker.evaluate(environment)) {
        problems.push(SelectProblem::Environment);
    }
    let requires = lock.requires_python.iter().filter(|requires| !satisfies(python, requires));
    problems.extend(requires.map(|requires| SelectProblem::LockPython { requires: requires.clone() }));
    problems
}

fn choose(
    package: &LockedPackage,
    target: &Target,
    python: &Version,
    ranks: &BTreeMap<&WheelTag, usize>,
    added: &[LockedWheel],
) -> Result<SelectedWheel, Reason> {
    if let Some(requires) = package.requires_python.as_ref().filter(|requires| !satisfies(python, requires)) {
        return Err(Reason::RequiresPython(requires.clone()));
    }
    let is_of = |wheel: &&LockedWheel| {
        wheel.name.distribution == package.name && package.version.as_ref().is_none_or(|v| *v == wheel.name.version)
    };
    let best = best_wheel(&package.wheels, ranks).or_else(|| best_wheel(added.iter().filter(is_of), ranks));
    let wheel = best.ok_or_else(|| match (&package.origin, &package.sdist) {
        _ if !package.wheels.is_empty() => {
            let misfits = package.wheels.iter().map(|wheel| (wheel.name.clone(), Misfit::of(&wheel.name, target)));
            Reason::NoneFits(misfits.collect())
        }
        (Some(origin), _) => Reason::NotAWheel(origin.clone()),
        (None, Some(_)) => Reason::OnlySdist,
        (None, None) => Reason::NoFiles,
    })?;
    Ok(SelectedWheel {
        name: package.name.clone(),
        version: package.version.clone().unwrap_or_else(|| wheel.name.version.clone()),
        wheel: wheel.name.clone(),
        url: wheel.url.clone(),
        path: wheel.path.clone(),
        size: wheel.size,
        sha256: wheel.sha256.ok_or_else(|| Reason::NoHash(wheel.name.clone()))?,
    })
}

/// The wheel with the best tag; of those the one with the highest build tag, then the first name.
fn best_wheel<'a>(
    wheels: impl IntoIterator<Item = &'a LockedWheel>,
    ranks: &BTreeMap<&WheelTag, usize>,
) -> Option<&'a LockedWheel> {
    let ranked = wheels.into_iter().filter_map(|wheel| {
        let rank = wheel.name.tags.iter().filter_map(|tag| ranks.get(tag)).min()?;
        Some((rank, std::cmp::Reverse(wheel.name.build_order()), wheel.name.file_name(), wheel))
    });
    ranked.min_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2))).map(|(.., wheel)| wheel)
}

#[cfg(test)]
mod tests;
