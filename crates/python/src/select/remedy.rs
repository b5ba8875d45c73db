//! What to do about distributions that do not fit a target: once for each cause, however many have it.

use std::collections::BTreeSet;

use crate::lock::Origin;
use crate::name::DistributionName;
use crate::select::misfit::Misfit;
use crate::select::problem::{Reason, SelectProblem};

/// A way out, and what a text about it says besides names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Remedy {
    LockForTarget,
    OtherPython(String),
    NewerLibc(String),
    OtherVersion,
    Build,
    BuildCommit,
    Accept,
    Hashes,
    Selection,
}

/// Distributions without wheels for Linux, and others with the same modules that have them.
const WITH_WHEELS: [(&str, &str); 3] =
    [("psycopg-c", "psycopg-binary"), ("psycopg2", "psycopg2-binary"), ("uwsgi", "pyuwsgi")];

impl Remedy {
    fn of(problem: &SelectProblem) -> Self {
        let SelectProblem::Package { reason, .. } = problem else { return Self::LockForTarget };
        match reason {
            Reason::RequiresPython(requires) => Self::OtherPython(requires.to_string()),
            Reason::NoneFits(wheels) => match wheels.iter().map(|(_, misfit)| misfit).max_by_key(|m| m.is_libc()) {
                Some(Misfit::LibcVersion { needs, .. }) => Self::NewerLibc(needs.to_string()),
                _ => Self::OtherVersion,
            },
            Reason::OnlySdist => Self::Build,
            Reason::NotAWheel(Origin::Git(repository)) if repository.commit().is_some() => Self::BuildCommit,
            Reason::NotAWheel(_) | Reason::NoFiles => Self::Accept,
            Reason::NoHash(_) | Reason::Unhashed(_) => Self::Hashes,
            Reason::Ambiguous(_) => Self::Selection,
        }
    }

    /// The text for these distributions, with those that are the same as one of them and have wheels.
    fn text(&self, names: &[&DistributionName]) -> String {
        let same = WITH_WHEELS.iter().filter(|(name, _)| names.iter().any(|it| it.as_str() == *name));
        let same = same.map(|(name, wheels)| format!("; {wheels} is {name} with wheels: lock that instead"));
        let same: String = same.filter(|_| matches!(self, Self::OtherVersion | Self::Build)).collect();
        self.way_out(names) + &same
    }

    fn way_out(&self, names: &[&DistributionName]) -> String {
        let list =
            |quote: &str| names.iter().map(|name| format!("{quote}{name}{quote}")).collect::<Vec<_>>().join(", ");
        let versions = match names {
            [only] => format!("a version of {only}"),
            _ => format!("versions of {}", list("")),
        };
        let wheels = if names.len() == 1 { "a built wheel" } else { "built wheels" };
        let (is, its, them) = if names.len() == 1 { ("it is", "its", "it") } else { ("they are", "their", "them") };
        let flags: Vec<String> = names.iter().map(|name| format!("`--allow-build {name}`")).collect();
        let flags = flags.join(" ");
        match self {
            Self::LockForTarget => "lock again for this version of Python and this platform".to_owned(),
            Self::OtherPython(requires) => {
                format!("use a base image with Python {requires}, or lock {versions} for this one")
            }
            Self::NewerLibc(needs) => {
                format!("use a base image with {needs} or newer, or lock {versions} with older wheels")
            }
            Self::OtherVersion => {
                format!("lock {versions} with wheels for this target, or `accept` {wheels} of {them}")
            }
            Self::Build => format!(
                "if {is} pure Python, add `allow-build = [{}]` to `[python]` in image.toml, or pass {flags}; \
                 or lock {versions} with wheels, or `accept` {wheels} of {them}",
                list("\"")
            ),
            Self::BuildCommit => format!(
                "if {is} pure Python and you trust {its} code, which would run on this machine, add `allow-build = [{}]` to \
                 `[python]` in image.toml, or pass {flags}; or `accept` {wheels} of {them}",
                list("\"")
            ),
            Self::Accept => format!("`accept` {wheels} of {}, or lock versions that have wheels", list("")),
            Self::Hashes => "lock again with hashes".to_owned(),
            Self::Selection => "ask for extras or groups that do not exclude each other".to_owned(),
        }
    }
}

/// The ways out of some problems, in the order of the problems.
pub(super) fn remedies<'p>(problems: impl IntoIterator<Item = &'p SelectProblem>) -> Vec<String> {
    let mut groups: Vec<(Remedy, BTreeSet<&DistributionName>)> = Vec::new();
    for problem in problems {
        let remedy = Remedy::of(problem);
        let at = groups.iter().position(|(known, _)| *known == remedy).unwrap_or_else(|| {
            groups.push((remedy, BTreeSet::new()));
            groups.len() - 1
        });
        if let SelectProblem::Package { name, .. } = problem {
            groups[at].1.insert(name);
        }
    }
    groups.iter().map(|(remedy, names)| remedy.text(&names.iter().copied().collect::<Vec<_>>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_has_one_way_out_however_many_have_it() {
        let problem = |name: &str, reason| SelectProblem::Package {
            name: name.parse().expect("a name"),
            version: None,
            line: 1,
            reason,
        };
        let problems = [
            problem("b", Reason::OnlySdist),
            problem("c", Reason::NoFiles),
            problem("a", Reason::OnlySdist),
            problem("b", Reason::OnlySdist),
            SelectProblem::Environment,
        ];
        let found = remedies(&problems);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("`allow-build = [\"a\", \"b\"]`"), "{}", found[0]);
        assert!(found[1].starts_with("`accept` a built wheel of c"), "{}", found[1]);
    }

    #[test]
    fn what_is_the_same_and_has_wheels_is_named() {
        let windows = || "psycopg2-2.9.9-cp311-cp311-win_amd64.whl".parse().expect("a wheel");
        for (name, reason, expected) in [
            ("psycopg2", Reason::OnlySdist, Some("; psycopg2-binary is psycopg2 with wheels: lock that instead")),
            (
                "psycopg2",
                Reason::NoneFits(vec![(windows(), Misfit::System("win_amd64".to_owned()))]),
                Some("; psycopg2-binary is psycopg2 with wheels: lock that instead"),
            ),
            ("psycopg2", Reason::NoHash(windows()), None),
            ("psycopg2-binary", Reason::OnlySdist, None),
        ] {
            let name = name.parse().expect("a name");
            let found = remedies([&SelectProblem::Package { name, version: None, line: 1, reason }]);
            assert_eq!(
                found[0].split_once("; psycopg2-binary").map(|(at, _)| &found[0][at.len()..]),
                expected,
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_library_that_is_too_old_is_named() {
        let wheel = "native-1-cp311-cp311-manylinux_2_39_x86_64.whl".parse().expect("a wheel");
        let needs = crate::target::Libc::Glibc { major: 2, minor: 39 };
        let has = crate::target::Libc::Glibc { major: 2, minor: 36 };
        let problem = SelectProblem::Package {
            name: "native".parse().expect("a name"),
            version: None,
            line: 1,
            reason: Reason::NoneFits(vec![(wheel, Misfit::LibcVersion { needs, has })]),
        };
        assert!(remedies([&problem])[0].starts_with("use a base image with glibc 2.39 or newer"));
    }
}
