//! One wheel per distribution for a target, or every reason why there is none.

use std::collections::BTreeMap;

use pep440_rs::Version;

use crate::lock::{Lock, LockedPackage, LockedWheel};
use crate::marker::Environment;
use crate::name::DistributionName;
use crate::select::misfit::Misfit;
use crate::select::problem::{Reason, SelectError, SelectProblem};
use crate::select::selection::{SelectedWheel, Selection};
use crate::target::Target;
use crate::version::{python_release, satisfies};
use crate::wheel::WheelTag;

/// Chooses a wheel for each distribution that the target needs; sorted by name.
///
/// # Errors
/// Every distribution that cannot be installed from a wheel with a sha256.
pub fn select(lock: &Lock, target: &Target, selection: &Selection) -> Result<Vec<SelectedWheel>, SelectError> {
    let environment = selection.environment(lock, target);
    let python = python_release(&target.python);
    let mut problems = lock_problems(lock, &environment, &python);
    let tags = target.tags();
    let ranks: BTreeMap<&WheelTag, usize> = tags.iter().zip(0..).collect();
    let mut selected: BTreeMap<DistributionName, SelectedWheel> = BTreeMap::new();
    for package in &lock.packages {
        if package.marker.as_ref().is_some_and(|marker| !marker.evaluate(&environment)) {
            continue;
        }
        let chosen =
            choose(package, target, &python, &ranks, selection).and_then(|wheel| match selected.get(&wheel.name) {
                Some(other) => Err(Reason::Ambiguous(other.version.clone())),
                None => Ok(wheel),
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
    selection: &Selection,
) -> Result<SelectedWheel, Reason> {
    if let Some(requires) = package.requires_python.as_ref().filter(|requires| !satisfies(python, requires)) {
        return Err(Reason::RequiresPython(requires.clone()));
    }
    let is_of = |wheel: &&LockedWheel| {
        wheel.name.distribution == package.name && package.version.as_ref().is_none_or(|v| *v == wheel.name.version)
    };
    let best = best_wheel(&package.wheels, ranks).or_else(|| best_wheel(selection.added.iter().filter(is_of), ranks));
    let wheel = best.ok_or_else(|| match (&package.origin, &package.sdist) {
        _ if !package.wheels.is_empty() => {
            let misfits = package.wheels.iter().map(|wheel| (wheel.name.clone(), Misfit::of(&wheel.name, target)));
            Reason::NoneFits(misfits.collect())
        }
        (Some(origin), _) => Reason::NotAWheel(origin.clone()),
        (None, Some(_)) => Reason::OnlySdist,
        (None, None) => Reason::NoFiles,
    })?;
    let sha256 = wheel.sha256.or_else(|| selection.sha256(wheel)).ok_or_else(|| match wheel.stronger.is_empty() {
        true => Reason::NoHash(wheel.name.clone()),
        false => Reason::Unhashed(Box::new(wheel.clone())),
    })?;
    Ok(SelectedWheel {
        name: package.name.clone(),
        version: package.version.clone().unwrap_or_else(|| wheel.name.version.clone()),
        wheel: wheel.name.clone(),
        url: wheel.url.clone(),
        path: wheel.path.clone(),
        size: wheel.size,
        sha256,
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
