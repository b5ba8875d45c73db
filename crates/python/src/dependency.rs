//! What a project asks for: `name[extra] >=1,<2 ; marker` (PEP 508), and whether a lock has it.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use crate::marker::{Environment, Marker};
use crate::name::DistributionName;
use crate::version::satisfies;

/// A text that is not a dependency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a dependency: {reason}")]
pub struct DependencyError {
    /// The text as it was found, cut short.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A dependency as `[project] dependencies` and `Requires-Dist` have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The distribution.
    pub name: DistributionName,
    /// The extras in brackets, as they were written.
    pub extras: Vec<String>,
    /// The versions that will do; all of them where it names none, or an address.
    pub versions: VersionSpecifiers,
    /// The address behind `@`, in place of versions.
    pub address: Option<String>,
    /// Where it is needed.
    pub marker: Option<Marker>,
}

impl FromStr for Dependency {
    type Err = DependencyError;

    fn from_str(text: &str) -> Result<Self, DependencyError> {
        let error = |reason: String| DependencyError { text: text.chars().take(200).collect(), reason };
        let (wanted, marker) = split_marker(text.trim());
        let (name, rest) = DistributionName::at_start(wanted)
            .map_err(|cause| error(format!("`{}` is not a distribution's name", cause.found)))?;
        let (extras, rest) = match rest.trim_start().strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(|| error("`]` is missing".to_owned()))?,
            None => ("", rest),
        };
        let (address, versions) = match rest.trim().strip_prefix('@') {
            Some(address) => (Some(address.trim().to_owned()), ""),
            None => (None, rest.trim()),
        };
        // Old metadata has the versions in parentheses.
        let versions = versions.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(versions);
        Ok(Self {
            name,
            extras: extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).map(str::to_owned).collect(),
            versions: versions
                .parse()
                .map_err(|cause| error(format!("`{versions}` is not a list of version specifiers: {cause}")))?,
            address,
            marker: marker.map(str::parse).transpose().map_err(|cause| error(format!("{cause}")))?,
        })
    }
}

/// The dependency and its marker: behind an address only a `;` with a blank before it begins one.
fn split_marker(text: &str) -> (&str, Option<&str>) {
    let separator = if text.contains('@') { " ;" } else { ";" };
    match text.split_once(separator) {
        Some((wanted, marker)) => (wanted.trim(), Some(marker.trim())),
        None => (text, None),
    }
}

impl Dependency {
    /// Whether it is needed in an environment.
    pub fn is_needed(&self, environment: &Environment) -> bool {
        self.marker.as_ref().is_none_or(|marker| marker.evaluate(environment))
    }
}

/// A dependency that a lock does not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// What is asked for.
    pub dependency: Dependency,
    /// The version that the lock has instead, if it has any.
    pub locked: Option<Version>,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dependency { name, versions, .. } = &self.dependency;
        match &self.locked {
            None => write!(f, "{name} is not in the lock"),
            Some(locked) => write!(f, "{name} {locked} is in the lock, and `{versions}` is asked for"),
        }
    }
}

/// The dependencies that what a lock gives for an environment does not meet, in their own order.
pub fn unmet<'l>(
    dependencies: &[Dependency],
    environment: &Environment,
    locked: impl IntoIterator<Item = (&'l DistributionName, &'l Version)>,
) -> Vec<Unmet> {
    let locked: std::collections::BTreeMap<_, _> = locked.into_iter().collect();
    let needed = dependencies.iter().filter(|dependency| dependency.is_needed(environment));
    let missing = needed.filter_map(|dependency| match locked.get(&dependency.name) {
        Some(version) if satisfies(version, &dependency.versions) => None,
        found => Some(Unmet { dependency: dependency.clone(), locked: found.map(|version| (*version).clone()) }),
    });
    missing.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Libc, Target};
    use proptest::prelude::*;

    #[test]
    fn dependencies_are_read_with_extras_versions_addresses_and_markers() {
        for (text, expected) in [
            ("six", "six [] - false"),
            ("Foo.Bar[b, a] >=1, <2 ; python_version < '3'", "foo-bar [\"b\", \"a\"] >=1, <2 - true"),
            ("uvicorn[standard]>=0.30;sys_platform=='linux'", "uvicorn [\"standard\"] >=0.30 - true"),
            ("a (>=1)", "a [] >=1 - false"),
            ("a @ file:///x;y ; os_name == 'nt'", "a [] file:///x;y true"),
            ("a~=1.2", "a [] ~=1.2 - false"),
        ] {
            let found: Dependency = text.parse().unwrap_or_else(|error| panic!("{error}"));
            let Dependency { name, extras, versions, address, marker } = found;
            let place = address.unwrap_or_else(|| "-".to_owned());
            let shown = format!("{name} {extras:?} {versions} {place} {}", marker.is_some()).replace("  ", " ");
            assert_eq!(shown, expected, "{text}");
        }
    }

    #[test]
    fn an_invalid_dependency_is_refused() {
        for text in ["", ">=1", "a[b", "a >=x", "a ; no marker", "a b", "é"] {
            assert!(text.parse::<Dependency>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_lock_meets_what_it_has_in_a_version_that_will_do() {
        let target = Target {
            python: "3.11.2".parse().expect("valid"),
            platform: "linux/arm64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 36 },
        };
        let wanted: Vec<Dependency> = ["a>=2", "B", "c", "d>1 ; sys_platform == 'win32'", "e==1.*", "f ; extra == 'x'"]
            .map(|text| text.parse().expect("valid"))
            .into();
        let locked: Vec<(DistributionName, Version)> = [("a", "1.9"), ("b", "1"), ("e", "1.4")]
            .map(|(n, v)| (n.parse().expect("n"), v.parse().expect("v")))
            .into();
        let found = unmet(&wanted, &Environment::new(&target), locked.iter().map(|(name, version)| (name, version)));
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a 1.9 is in the lock, and `>=2` is asked for", "c is not in the lock"]);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "[a-z\\[\\](),;@<>=~! 0-9.'\"_é]{0,30}") {
            let _ = text.parse::<Dependency>();
        }
    }
}
