//! A lock made from a requirements file, checked against the hashes in that file.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;
use shipwheel_oci::Digest;

use crate::lock::Lock;
use crate::marker::{Environment, Marker};
use crate::name::DistributionName;
use crate::requirements::requirement::{Requirement, Requirements};

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
    /// No index that was asked has the distribution.
    #[error("{file}:{line}: no index has {name}")]
    NotFound {
        /// The requirements file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The distribution.
        name: DistributionName,
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

/// What a requirements file says of one version of a distribution.
struct Listed<'r> {
    /// The first line about it.
    first: &'r Requirement,
    hashes: BTreeSet<Digest>,
    /// Whether it is needed in any of the environments.
    is_needed: bool,
}

/// Keeps of a lock only the files whose sha256 the requirements file lists.
///
/// The lookup that makes the lock (`uv pip compile`) does not compare hashes: this does. It leaves out what no
/// environment needs that it was made for; `environments` are some of these.
///
/// # Errors
/// Every distribution that one side lacks, and every one of which no file is left.
pub fn check_hashes(
    mut lock: Lock,
    requirements: &Requirements,
    environments: &[Environment],
) -> Result<Lock, Vec<HashProblem>> {
    let mut allowed: BTreeMap<(&DistributionName, &Version), Listed<'_>> = BTreeMap::new();
    for requirement in &requirements.requirements {
        let holds = |marker: &Marker| environments.iter().any(|environment| marker.evaluate(environment));
        let entry = allowed.entry((&requirement.name, &requirement.version));
        let listed = entry.or_insert(Listed { first: requirement, hashes: BTreeSet::new(), is_needed: false });
        listed.hashes.extend(&requirement.hashes);
        listed.is_needed |= requirement.marker.as_ref().is_none_or(holds);
    }
    let (mut problems, mut seen) = (Vec::new(), BTreeSet::new());
    for package in &mut lock.packages {
        let (name, version) = (package.name.clone(), package.version.clone());
        let Some(version) = version.filter(|version| allowed.contains_key(&(&name, version))) else {
            let file = requirements.file.clone();
            problems.push(HashProblem::NotRequired { file, name, version: package.version.clone() });
            continue;
        };
        let Listed { first, hashes, .. } = &allowed[&(&name, &version)];
        let is_listed = |sha256: Option<Digest>| sha256.is_some_and(|digest| hashes.contains(&digest));
        let found: Vec<_> = package.wheels.iter().map(|w| (w.name.file_name().to_owned(), w.sha256)).collect();
        package.wheels.retain(|wheel| is_listed(wheel.sha256));
        package.sdist.take_if(|sdist| !is_listed(sdist.sha256));
        if package.wheels.is_empty() && package.sdist.is_none() {
            let (file, line) = (first.file.to_string(), first.line);
            let (name, version, allowed) = (name.clone(), version.clone(), hashes.iter().copied().collect());
            problems.push(HashProblem::NoneMatches { file, line, name, version, allowed, found });
        }
        seen.insert((name, version));
    }
    for ((name, version), listed) in allowed {
        let (name, version) = (name.clone(), version.clone());
        if listed.is_needed && !seen.contains(&(name.clone(), version.clone())) {
            let (file, line) = (listed.first.file.to_string(), listed.first.line);
            problems.push(HashProblem::Missing { file, line, name, version });
        }
    }
    if problems.is_empty() { Ok(lock) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Libc, Target};

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
        let checked =
            check_hashes(lock(&[("a", &['1', '2'])]), &requirements(&[("a", '2')]), &[]).expect("one is left");
        assert_eq!(checked.packages[0].wheels.len(), 1);
        assert_eq!(checked.packages[0].wheels[0].name.build.as_deref(), Some("1"));
    }

    #[test]
    fn distributions_without_files_or_on_only_one_side_are_reported() {
        let problems =
            check_hashes(lock(&[("a", &['1']), ("b", &['1'])]), &requirements(&[("a", '2'), ("c", '1')]), &[]);
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

    #[test]
    fn what_no_environment_needs_may_be_missing() {
        let target = Target {
            python: "3.13.5".parse().expect("valid"),
            platform: "linux/amd64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 41 },
        };
        let environments = [Environment::new(&target)];
        for (marker, is_needed) in [
            ("python_version < '3.11'", false),
            ("python_version == '3.10'", false),
            ("extra == 'x'", false),
            ("sys_platform == 'win32'", false),
            ("python_version >= '3.8' and python_version < '4.0'", true),
        ] {
            let text = format!("a==1 ; {marker} --hash=sha256:{}\n", "1".repeat(64));
            let listed = Requirements::parse(&text, "r.txt").expect("valid");
            let checked = check_hashes(lock(&[]), &listed, &environments);
            assert_eq!(checked.is_err(), is_needed, "{marker}");
        }
    }
}
