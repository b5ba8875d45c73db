//! Versions as Poetry writes them: `^1.2`, `~1.2`, `1.*`, `>=1,<2 || >=3`.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use crate::version::satisfies;

/// A set of versions: all that any of some lists of specifiers allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PoetryVersions(Vec<VersionSpecifiers>);

/// A text that names no versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a version constraint of Poetry")]
pub(crate) struct PoetryVersionsError;

impl PoetryVersions {
    /// Whether a version is one of them.
    pub(crate) fn allow(&self, version: &Version) -> bool {
        self.0.is_empty() || self.0.iter().any(|specifiers| satisfies(version, specifiers))
    }

    /// The specifiers, where one list says it all.
    pub(crate) fn only(&self) -> Option<&VersionSpecifiers> {
        match &self.0[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl From<VersionSpecifiers> for PoetryVersions {
    fn from(specifiers: VersionSpecifiers) -> Self {
        Self(vec![specifiers])
    }
}

impl FromStr for PoetryVersions {
    type Err = PoetryVersionsError;

    fn from_str(text: &str) -> Result<Self, PoetryVersionsError> {
        let any = text.split('|').map(str::trim).filter(|part| !part.is_empty());
        let any: Result<Vec<_>, _> = any.map(all).collect();
        any.map(Self)
    }
}

/// A list that all must allow: `>=1.0, <2.0` or `>=1.0 <2.0`.
fn all(text: &str) -> Result<VersionSpecifiers, PoetryVersionsError> {
    // A blank stands between specifiers, and after an operator.
    let mut parts: Vec<String> = Vec::new();
    for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        match parts.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '~', '^']) => last.push_str(word),
            _ => parts.push(word.to_owned()),
        }
    }
    let parts: Option<Vec<String>> = parts.iter().map(|part| one(part)).collect();
    let parts: Vec<String> = parts.ok_or(PoetryVersionsError)?.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(",").parse().map_err(|_| PoetryVersionsError)
}

/// One specifier as PEP 440 writes it; an empty text for all versions.
fn one(text: &str) -> Option<String> {
    let next = |version: &str, at: usize| -> Option<String> {
        let parsed: Version = version.parse().ok()?;
        let mut release: Vec<u64> = parsed.release().iter().copied().take(at + 1).collect();
        release.resize(at + 1, 0);
        release[at] += 1;
        Some(release.iter().map(ToString::to_string).collect::<Vec<_>>().join("."))
    };
    if text == "*" {
        return Some(String::new());
    }
    if let Some(version) = text.strip_prefix('^') {
        let parsed: Version = version.parse().ok()?;
        let release = parsed.release();
        // The first number that is not zero may not grow; `^0.0` and `^0` have none.
        let at = release.iter().position(|number| *number != 0).unwrap_or(release.len().saturating_sub(1));
        return Some(format!(">={version},<{}", next(version, at)?));
    }
    if let Some(version) = text.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
        let parsed: Version = version.parse().ok()?;
        let at = if parsed.release().len() == 1 { 0 } else { 1 };
        return Some(format!(">={version},<{}", next(version, at)?));
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || c == 'v') {
        return Some(format!("=={text}"));
    }
    // Poetry knows `=1.0` too.
    if text.starts_with('=') && !text.starts_with("==") {
        return Some(format!("={text}"));
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_allows_what_poetry_allows() {
        for (text, yes, no) in [
            ("*", &["0.1", "9"][..], &[][..]),
            ("^1.2.3", &["1.2.3", "1.9"], &["1.2.2", "2.0"]),
            ("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0", "1.0"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4"]),
            ("^0.0", &["0.0.7"], &["0.1"]),
            ("^0", &["0.9"], &["1.0"]),
            ("^1", &["1.9"], &["2"]),
            ("~1.2.3", &["1.2.9"], &["1.3"]),
            ("~1.2", &["1.2.0"], &["1.3"]),
            ("~1", &["1.9"], &["2"]),
            ("~=1.2", &["1.9"], &["2"]),
            ("1.2", &["1.2", "1.2.0"], &["1.2.1"]),
            ("1.2.*", &["1.2.7"], &["1.3"]),
            ("!=1.2.*", &["1.3"], &["1.2.7"]),
            (">=1.0 , <2.0", &["1.5"], &["2.0", "0.9"]),
            (">= 1.0 <2.0", &["1.5"], &["2.0"]),
            (">=1,<1.5.7 || >1.5.7", &["1.5.6", "1.5.8"], &["1.5.7", "0.9"]),
            ("<1|>=2", &["0.5", "2.1"], &["1.5"]),
            ("=1.0", &["1.0"], &["1.1"]),
        ] {
            let versions: PoetryVersions = text.parse().unwrap_or_else(|error| panic!("{text} {error}"));
            let allows = |version: &&str| versions.allow(&version.parse().expect("a version"));
            assert!(yes.iter().all(allows) && !no.iter().any(allows), "{text}: {versions:?}");
        }
        for text in ["^", "~x", "one", ">=", "^1.2.3.x"] {
            assert!(text.parse::<PoetryVersions>().is_err(), "{text}");
        }
    }
}
