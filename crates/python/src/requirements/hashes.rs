//! A lock made from a requirements file, checked against the hashes in that file.

use std::collections::BTreeSet;

use crate::lock::{Lock, LockedSdist};
use crate::marker::Environment;
use crate::requirements::hash_problem::HashProblem;
use crate::requirements::pin::Pin;
use crate::requirements::requirement::Requirements;

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
    let mut all = requirements.pins_where(|_| true);
    all.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    let needed = requirements.pins(environments);
    let (mut problems, mut seen) = (Vec::new(), BTreeSet::new());
    for package in &mut lock.packages {
        let version = package.version.as_ref();
        let of_package =
            version.and_then(|version| Some((all.iter().find(|pin| pin.is_of(&package.name, version))?, version)));
        let Some((pin, version)) = of_package else {
            let (file, name, version) = (requirements.file.clone(), package.name.clone(), package.version.clone());
            problems.push(HashProblem::NotRequired { file, name, version });
            continue;
        };
        let found = package.wheels.iter().map(|w| (w.name.file_name().to_owned(), w.sha256)).collect();
        package.wheels.retain_mut(|wheel| {
            let wanted = pin.judge(wheel.sha256, &wheel.stronger);
            wanted.map(|(sha256, stronger)| (wheel.sha256, wheel.stronger) = (sha256, stronger)).is_some()
        });
        package.sdist = package.sdist.take().and_then(|sdist| {
            let (sha256, stronger) = pin.judge(sdist.sha256, &sdist.stronger)?;
            Some(LockedSdist { sha256, stronger, ..sdist })
        });
        if package.wheels.is_empty() && package.sdist.is_none() {
            problems.push(pin.none_matches(version, found));
        }
        seen.insert((&pin.name, &pin.version));
    }
    let is_needed = |pin: &&Pin| needed.iter().any(|it| it.is_of(&pin.name, &pin.version));
    let is_missing = |pin: &&Pin| !seen.contains(&(&pin.name, &pin.version));
    problems.extend(all.iter().filter(is_needed).filter(is_missing).map(Pin::missing));
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
