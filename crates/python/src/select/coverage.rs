//! Whether a lock has a wheel of everything for every platform: one report over all of them.

use std::fmt;

use crate::lock::{Lock, LockedWheel};
use crate::select::one_target::select;
use crate::select::problem::{Reason, SelectError, SelectProblem};
use crate::select::remedy::remedies;
use crate::select::selection::{SelectedWheel, Selection};
use crate::target::Target;

/// What a lock lacks, platform by platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CoverageError {
    /// One for each target that something is missing for, in the order asked.
    pub errors: Vec<SelectError>,
}

/// Chooses wheels for every target, each of its own lock; the lists are in the order of the targets.
///
/// # Errors
/// All that is missing for any of them.
pub fn select_all<'l>(
    targets: impl IntoIterator<Item = (&'l Lock, &'l Target)>,
    selection: &Selection,
) -> Result<Vec<Vec<SelectedWheel>>, CoverageError> {
    let (mut selected, mut errors) = (Vec::new(), Vec::new());
    for (lock, target) in targets {
        match select(lock, target, selection) {
            Ok(wheels) => selected.push(wheels),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(selected) } else { Err(CoverageError { errors }) }
}

impl CoverageError {
    /// The problems, each once however many targets have it, in the order of the lock.
    fn distinct(&self) -> Vec<(&SelectProblem, Vec<(&Target, &SelectProblem)>)> {
        let mut groups: Vec<(&SelectProblem, Vec<(&Target, &SelectProblem)>)> = Vec::new();
        for error in &self.errors {
            for problem in &error.problems {
                let member = (&*error.target, problem);
                match groups.iter_mut().find(|(first, _)| subject(first) == subject(problem)) {
                    Some((_, members)) => members.push(member),
                    None => groups.push((problem, vec![member])),
                }
            }
        }
        groups.sort_by_key(|(problem, _)| line(problem));
        groups
    }

    /// What the user can do: one way out of each cause.
    pub fn hint(&self) -> Option<String> {
        let hints = remedies(self.errors.iter().flat_map(|error| &error.problems));
        (!hints.is_empty()).then(|| hints.join("; "))
    }

    /// The wheels whose sha256 has to be found out, each once, and what else is wrong.
    #[must_use]
    pub fn without_unhashed(self) -> (Vec<LockedWheel>, Self) {
        let unhashed = |problem: &SelectProblem| match problem {
            SelectProblem::Package { reason: Reason::Unhashed(wheel), .. } => Some(LockedWheel::clone(wheel)),
            SelectProblem::Package { .. } | SelectProblem::Environment | SelectProblem::LockPython { .. } => None,
        };
        let mut wheels: Vec<LockedWheel> = Vec::new();
        for wheel in self.errors.iter().flat_map(|error| &error.problems).filter_map(unhashed) {
            if !wheels.contains(&wheel) {
                wheels.push(wheel);
            }
        }
        (wheels, self.only(|problem| unhashed(problem).is_none()))
    }

    /// Only those problems, of those targets that have any.
    #[must_use]
    pub fn only(mut self, keep: impl Fn(&SelectProblem) -> bool) -> Self {
        for error in &mut self.errors {
            error.problems.retain(&keep);
        }
        self.errors.retain(|error| !error.problems.is_empty());
        self
    }
}

/// What a problem is about, and the line in the lock.
fn subject(problem: &SelectProblem) -> (usize, &str) {
    match problem {
        SelectProblem::Package { name, line, .. } => (*line, name.as_str()),
        SelectProblem::Environment => (0, "environment"),
        SelectProblem::LockPython { .. } => (0, "python"),
    }
}

fn line(problem: &SelectProblem) -> usize {
    subject(problem).0
}

impl fmt::Display for CoverageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.distinct();
        let file = self.errors.first().map_or("the lock", |error| error.file.as_str());
        let packages = groups.iter().filter(|(problem, _)| matches!(problem, SelectProblem::Package { .. })).count();
        match packages {
            0 => write!(f, "{file} was not made for every platform:")?,
            1 => write!(f, "{file} has a distribution without a usable wheel:")?,
            count => write!(f, "{file} has {count} distributions without a usable wheel:")?,
        }
        for (first, members) in groups {
            match first {
                SelectProblem::Package { name, version, line, .. } => {
                    let version = version.iter().map(|version| format!(" {version}")).collect::<String>();
                    write!(f, "\nline {line}: {name}{version}")?;
                }
                other => write!(f, "\n{other}")?,
            }
            for (target, problem) in members {
                match problem {
                    SelectProblem::Package { reason, .. } => {
                        write!(f, "\n  {target}: {}", indented(reason))?;
                    }
                    _ => write!(f, "\n  {target}")?,
                }
            }
        }
        Ok(())
    }
}

fn indented(reason: &Reason) -> String {
    reason.to_string().replace('\n', "\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Libc;

    fn target(python: &str, platform: &str, libc: Libc) -> Target {
        Target { python: python.parse().expect("valid"), platform: platform.parse().expect("valid"), libc }
    }

    #[test]
    fn a_report_is_in_the_order_of_the_lock_whichever_platform_misses_what() {
        let hash = "0".repeat(64);
        let wheel = |name: &str| format!("{{ name = '{name}.whl', hashes = {{ sha256 = '{hash}' }} }}");
        let text = format!(
            "lock-version = '1.0'\nenvironments = [\"platform_machine == 'x86_64'\"]\n\
             [[packages]]\nname = 'a'\nversion = '1'\nwheels = [{}]\n\
             [[packages]]\nname = 'b'\nversion = '2'\nsdist = {{ url = 'x' }}\n",
            wheel("a-1-cp311-cp311-linux_x86_64"),
        );
        let lock = Lock::parse(&text, "pylock.toml").expect("valid");
        let glibc = Libc::Glibc { major: 2, minor: 36 };
        let targets = ["amd64", "arm64"].map(|platform| target("3.11.2", platform, glibc));
        let error = select_all(targets.iter().map(|target| (&lock, target)), &Selection::default())
            .expect_err("b has no wheel");
        let shown = error.to_string();
        let heads: Vec<&str> = shown.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(
            heads,
            [
                "pylock.toml has 2 distributions without a usable wheel:",
                "the lock was made for other environments than this one",
                "line 3: a 1",
                "line 7: b 2",
            ]
        );
        let hint = error.hint().expect("a way out");
        let ways = hint.split("; ").filter(|part| !part.starts_with("or "));
        assert_eq!(ways.count(), 3, "each way out once: {hint}");
        assert_eq!(error.clone().only(|_| false).hint(), None);
        let amd64 = select_all([(&lock, &targets[0])], &Selection::default()).expect_err("b has no wheel");
        assert!(amd64.to_string().starts_with("pylock.toml has a distribution without a usable wheel:"), "{amd64}");
        let environment = error.only(|problem| matches!(problem, SelectProblem::Environment));
        assert_eq!(
            environment.to_string(),
            "pylock.toml was not made for every platform:\n\
             the lock was made for other environments than this one\n  \
             linux/arm64 with CPython 3.11.2 and glibc 2.36"
        );
    }

    #[test]
    fn one_report_names_everything_on_every_platform() {
        let hash = "0".repeat(64);
        let wheel = |name: &str| format!("{{ name = '{name}.whl', hashes = {{ sha256 = '{hash}' }} }},");
        let text = format!(
            "lock-version = '1.0'\n[[packages]]\nname = 'a'\nversion = '1'\nwheels = [{}{}]\n\
             [[packages]]\nname = 'b'\nversion = '2'\nsdist = {{ url = 'x' }}\n[[packages]]\nname = 'c'\nwheels = [{}]\n",
            wheel("a-1-cp311-cp311-manylinux_2_39_x86_64"),
            wheel("a-1-cp311-cp311-musllinux_1_2_x86_64"),
            wheel("c-1-py3-none-any"),
        );
        let lock = Lock::parse(&text, "pylock.toml").expect("valid");
        let targets = [
            target("3.11.2", "amd64", Libc::Glibc { major: 2, minor: 36 }),
            target("3.11.2", "arm64", Libc::Musl { major: 1, minor: 1 }),
        ];
        let error = select_all(targets.iter().map(|target| (&lock, target)), &Selection::default())
            .expect_err("two lack wheels");
        assert_eq!(
            error.to_string(),
            "pylock.toml has 2 distributions without a usable wheel:\n\
             line 2: a 1\n  \
             linux/amd64 with CPython 3.11.2 and glibc 2.36: has no compatible wheel; found:\n    \
             cp311-cp311-manylinux_2_39_x86_64 needs glibc 2.39, and the base has glibc 2.36\n    \
             cp311-cp311-musllinux_1_2_x86_64 is built with musl 1.2, and the base has glibc 2.36\n  \
             linux/arm64 with CPython 3.11.2 and musl 1.1: has no compatible wheel; found:\n    \
             cp311-cp311-manylinux_2_39_x86_64 is for the architecture x86_64\n    \
             cp311-cp311-musllinux_1_2_x86_64 is for the architecture x86_64\n\
             line 6: b 2\n  \
             linux/amd64 with CPython 3.11.2 and glibc 2.36: has a source distribution but no wheel\n  \
             linux/arm64 with CPython 3.11.2 and musl 1.1: has a source distribution but no wheel"
        );
        let hint = error.hint().expect("a way out");
        for part in ["glibc 2.39 or newer", "`accept`", "`allow-build = "] {
            assert!(hint.contains(part), "{hint}");
        }
        let is_sdist =
            |problem: &SelectProblem| matches!(problem, SelectProblem::Package { reason: Reason::OnlySdist, .. });
        assert_eq!(error.only(is_sdist).errors.iter().map(|error| error.problems.len()).collect::<Vec<_>>(), [1, 1]);
    }
}
