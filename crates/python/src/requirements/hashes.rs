//! A lock made from a requirements file, checked against the hashes in that file.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;
use shipwheel_oci::Digest;

use crate::lock::Lock;
use crate::name::DistributionName;
use crate::requirements::requirement::Requirements;

/// A distribution whose files are not the ones that the requirements file allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashProblem {
    /// The lock has a distribution, or a version of it, that the file has not.
    #[error("{name} {} is in the lock but not in {file}", version.as_ref().map(Version::to_string).unwrap_or_default())]
    NotRequired {
        /// The requirements file.
        file: String,
        /// The distribution.
        name: DistributionName,
        /// The lock's version.
        version: Option<Version>,
    },
    /// The file has a distribution that the lock has not.
    #[error("{file}:{line}: {name} {version} is missing from the lock")]
    Missing {
        /// The requirements file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The distribution.
        name: DistributionName,
        /// The file's version.
        version: Version,
    },
    /// No file of the distribution has a hash that the requirements file lists.
    #[error("{file}:{line}: no file found for {name} {version} has one of the {} hashes listed", allowed.len())]
    NoneMatches {
        /// The requirements file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The distribution.
        name: DistributionName,
        /// The version.
        version: Version,
        /// The hashes that the file lists.
        allowed: Vec<Digest>,
        /// The files that were found, with the hashes that they have.
        found: Vec<(String, Option<Digest>)>,
    },
}

/// Keeps of a lock only the files whose sha256 the requirements file lists.
///
/// The lookup that makes the lock (`uv pip compile`) does not compare hashes: this does.
///
/// # Errors
/// Every distribution that one side lacks, and every one of which no file is left.
pub fn check_hashes(mut lock: Lock, requirements: &Requirements) -> Result<Lock, Vec<HashProblem>> {
    let file = || requirements.file.clone();
    let mut allowed: BTreeMap<(&DistributionName, &Version), (usize, BTreeSet<Digest>)> = BTreeMap::new();
    for requirement in &requirements.requirements {
        let entry = allowed.entry((&requirement.name, &requirement.version));
        entry.or_insert((requirement.line, BTreeSet::new())).1.extend(&requirement.hashes);
    }
    let (mut problems, mut seen) = (Vec::new(), BTreeSet::new());
    for package in &mut lock.packages {
        let (name, version) = (package.name.clone(), package.version.clone());
        let Some(version) = version.filter(|version| allowed.contains_key(&(&name, version))) else {
            problems.push(HashProblem::NotRequired { file: file(), name, version: package.version.clone() });
            continue;
        };
        let (line, listed) = &allowed[&(&name, &version)];
        let is_listed = |sha256: Option<Digest>| sha256.is_some_and(|digest| listed.contains(&digest));
        let found: Vec<_> = package.wheels.iter().map(|w| (w.name.file_name().to_owned(), w.sha256)).collect();
        package.wheels.retain(|wheel| is_listed(wheel.sha256));
        package.sdist.take_if(|sdist| !is_listed(sdist.sha256));
        if package.wheels.is_empty() && package.sdist.is_none() {
            let (line, allowed) = (*line, listed.iter().copied().collect());
            let (name, version) = (name.clone(), version.clone());
            problems.push(HashProblem::NoneMatches { file: file(), line, name, version, allowed, found });
        }
        seen.insert((name, version));
    }
    for ((name, version), (line, _)) in &allowed {
        if !seen.contains(&((*name).clone(), (*version).clone())) {
            let (name, version) = ((*name).clone(), (*version).clone());
            problems.push(HashProblem::Missing { file: file(), line: *line, name, version });
        }
    }
    if problems.is_empty() { Ok(lock) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &[char])]) -> Lock {
        let mut text = "lock-version = '1.0'\n".to_owned();
        for (name, hashes) in packages {
            text += &format!("[[packages]]\nname = '{name}'\nversion = '1'\nwheels = [");
            for (number, digit) in hashes.iter().enumerate() {
                let sha256 = digit.to_string().repeat(64);
                text +=
                    &format!("{{ name = '{name}-1-{number}-py3-none-any.whl', hashes = {{ sha256 = '{sha256}' }} }}, ");
            }
            text += "]\n";
        }
        Lock::parse(&text, "lock").unwrap_or_else(|error| panic!("{error}"))
    }

    fn requirements(pins: &[(&str, char)]) -> Requirements {
        let line =
            |(name, digit): &(&str, char)| format!("{name}==1.0 --hash=sha256:{}\n", digit.to_string().repeat(64));
        Requirements::parse(&pins.iter().map(line).collect::<String>(), "r.txt").expect("valid")
    }

    #[test]
    fn a_wheel_whose_hash_is_not_listed_is_dropped() {
        let checked = check_hashes(lock(&[("a", &['1', '2'])]), &requirements(&[("a", '2')])).expect("one is left");
        assert_eq!(checked.packages[0].wheels.len(), 1);
        assert_eq!(checked.packages[0].wheels[0].name.build.as_deref(), Some("1"));
    }

    #[test]
    fn distributions_without_files_or_on_only_one_side_are_reported() {
        let problems = check_hashes(lock(&[("a", &['1']), ("b", &['1'])]), &requirements(&[("a", '2'), ("c", '1')]));
        let texts: Vec<_> = problems.expect_err("three problems").iter().map(HashProblem::to_string).collect();
        assert_eq!(
            texts,
            [
                "r.txt:1: no file found for a 1 has one of the 1 hashes listed",
                "b 1 is in the lock but not in r.txt",
                "r.txt:2: c 1.0 is missing from the lock",
            ]
        );
    }
}
