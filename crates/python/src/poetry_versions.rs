//! Versions as Poetry writes them: `^1.2`, `~1.2`, `1.*`, `>=1,<2 || >=3`, a bare `1.2`. They mean here what they mean to
//! poetry-core (`parse_constraint`).

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use crate::version::satisfies;

/// The newest minor version of Python 3 that is looked at where a text has alternatives.
const NEWEST_MINOR: u64 = 40;

/// A set of versions: all that any of some lists of specifiers allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PoetryVersions(Vec<Alternative>);

/// A list of specifiers of which all must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alternative {
    /// As poetry-core writes them into METADATA: `>=1.2,<2.0`; empty for all versions.
    text: String,
    specifiers: VersionSpecifiers,
}

/// A text that names no versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a version constraint of Poetry")]
pub(crate) struct PoetryVersionsError;

impl PoetryVersions {
    /// Whether a version is one of them.
    pub(crate) fn allow(&self, version: &Version) -> bool {
        self.0.is_empty() || self.0.iter().any(|it| satisfies(version, &it.specifiers))
    }

    /// The specifiers, where one list says it all.
    pub(crate) fn only(&self) -> Option<&VersionSpecifiers> {
        match &self.0[..] {
            [only] => Some(&only.specifiers),
            _ => None,
        }
    }

    /// The text of the specifiers, where one list says it all: `>=1.2,<2.0`, and nothing for `*`.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.0[..] {
            [only] => Some(&only.text),
            _ => None,
        }
    }

    /// The specifiers of a project's `python`, as its METADATA has them: a bare `3.11` stands for all of 3.11 there,
    /// and alternatives are told by minor versions (poetry-core's `format_python_constraint`).
    pub(crate) fn python_text(&self) -> String {
        let is_two = |text: &str| text.split('.').count() <= 2 && !text.ends_with('*');
        match self.text() {
            Some(text) => match text.strip_prefix("==").filter(|version| is_two(version)) {
                Some(version) if version.contains('.') => tilde(version).unwrap_or_default(),
                Some(version) => caret(&format!("{version}.0")).unwrap_or_default(),
                None => text.to_owned(),
            },
            None => self.by_minor(),
        }
    }

    /// The minor versions of Python of which any version is allowed.
    fn by_minor(&self) -> String {
        let minors = [(2, 7)].into_iter().chain((0..=NEWEST_MINOR).map(|minor| (3, minor)));
        let is_allowed = |(major, minor): (u64, u64)| {
            (0..=NEWEST_MINOR).chain([u64::MAX]).any(|patch| self.allow(&Version::new([major, minor, patch])))
        };
        let allowed: Vec<(u64, u64)> = minors.clone().filter(|it| is_allowed(*it)).collect();
        let (Some(first), Some(last)) = (allowed.first(), allowed.last()) else { return String::new() };
        let left_out = minors.filter(|it| first < it && it < last && !allowed.contains(it));
        let mut parts = vec![format!(">={}.{}", first.0, first.1)];
        parts.extend(left_out.map(|(major, minor)| format!("!={major}.{minor}.*")));
        parts.extend((last.1 < NEWEST_MINOR).then(|| format!("<{}.{}", last.0, last.1 + 1)));
        parts.join(",")
    }
}

impl From<VersionSpecifiers> for PoetryVersions {
    fn from(specifiers: VersionSpecifiers) -> Self {
        Self(vec![Alternative { text: specifiers.to_string(), specifiers }])
    }
}

impl FromStr for PoetryVersions {
    type Err = PoetryVersionsError;

    fn from_str(text: &str) -> Result<Self, PoetryVersionsError> {
        // One bar does as well as two.
        let alternatives: Result<Vec<_>, _> = text.replace("||", "|").split('|').map(all).collect();
        alternatives.map(Self)
    }
}

/// A list that all must allow: `>=1.0, <2.0` or `>=1.0 <2.0`.
fn all(text: &str) -> Result<Alternative, PoetryVersionsError> {
    // A blank stands between specifiers, and after an operator.
    let mut parts: Vec<String> = Vec::new();
    for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        match parts.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '~', '^']) => last.push_str(word),
            _ => parts.push(word.to_owned()),
        }
    }
    if parts.is_empty() {
        return Err(PoetryVersionsError);
    }
    let parts: Option<Vec<String>> = parts.iter().map(|part| one(part)).collect();
    let parts: Vec<String> = parts.ok_or(PoetryVersionsError)?.into_iter().filter(|part| !part.is_empty()).collect();
    let text = parts.join(",");
    let specifiers = text.parse().map_err(|_| PoetryVersionsError)?;
    Ok(Alternative { text, specifiers })
}

/// One specifier as PEP 440 writes it; an empty text for all versions.
fn one(text: &str) -> Option<String> {
    if let Some(version) = text.strip_prefix('^') {
        return caret(version);
    }
    if let Some(version) = text.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
        return tilde(version);
    }
    let at = text.find(|c: char| !"<>=!~".contains(c)).unwrap_or(text.len());
    let (operator, version) = text.split_at(at);
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    // All behind the first star is stars.
    let (numbers, has_star) = match version.split_once('*') {
        Some((numbers, rest)) if rest.split('.').all(|part| ["", "*"].contains(&part)) => (numbers, true),
        Some(_) => return None,
        None => (version, false),
    };
    let numbers = if has_star { numbers.strip_suffix('.').unwrap_or(numbers) } else { numbers };
    match operator {
        "" if has_star && numbers.is_empty() => Some(String::new()),
        "" | "=" | "==" | "!=" if has_star && numbers.is_empty() => None,
        "" | "=" | "==" if has_star => Some(format!("=={numbers}.*")),
        "!=" if has_star => Some(format!("!={numbers}.*")),
        "" | "=" | "==" => Some(format!("=={numbers}")),
        // `~=1` is `~1`, and a star behind a comparison means nothing.
        "~=" if !has_star && !numbers.contains('.') => tilde(numbers),
        "<" | "<=" | ">" | ">=" | "!=" => Some(format!("{operator}{numbers}")),
        "~=" if !has_star => Some(format!("~={numbers}")),
        _ => None,
    }
}

/// `^1.2`: the first number that is not zero may not grow; `^0.0` and `^0` have none.
fn caret(version: &str) -> Option<String> {
    let parsed: Version = version.parse().ok()?;
    let release = parsed.release();
    let at = release.iter().position(|number| *number != 0).unwrap_or(release.len().saturating_sub(1));
    below(version, &parsed, at)
}

/// `~1.2`: only what follows the second number may grow, and of `~1` what follows the first.
fn tilde(version: &str) -> Option<String> {
    let parsed: Version = version.parse().ok()?;
    below(version, &parsed, usize::from(parsed.release().len() > 1))
}

/// All from a version to the one where its number at a place is the next one, written as long.
fn below(version: &str, parsed: &Version, at: usize) -> Option<String> {
    let numbers = parsed.release().iter().enumerate().map(|(place, number)| match place.cmp(&at) {
        std::cmp::Ordering::Less => Some(*number),
        std::cmp::Ordering::Equal => number.checked_add(1),
        std::cmp::Ordering::Greater => Some(0),
    });
    let numbers: Option<Vec<u64>> = numbers.collect();
    let next = Version::new(numbers?).with_epoch(parsed.epoch());
    Some(format!(">={version},<{next}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Versions that each text of [`ALLOWED`] is held against.
    const VERSIONS: &str = "0 0.0.0 0.0.1 0.0.3 0.0.4 0.0.7 0.1 0.1.0b1 0.2 0.2.2 0.2.3 0.2.9 0.3 0.9 1.0a1 1.0 1.0+local 1.0.post1 1.0.1 1.1 1.2.dev1 1.2b1 1.2 1.2.0 1.2.2 1.2.3.dev1 1.2.3a1 1.2.3b1 1.2.3 1.2.3.1 1.2.3.4 1.2.3.5 1.2.3.post1 1.2.3.post4 1.2.4 1.2.7 1.2.9 1.3.dev1 1.3 1.5 1.5.6 1.5.7 1.5.8 1.6 1.9 2.0.dev1 2.0a1 2.0 2.1 2.7 2.7.18 3.0.1 3 3.1 3.7.0 3.7.1 3.8 3.8.1 3.9.0 3.9.4 3.10 3.11 3.11.0 3.11.4 3.12 3.99 4.0a1 4.0 5 9 1!2.0 1!2.5 1!3";

    /// For each text, which of these poetry-core 2.5.0 allows (1) and which not (0); nothing where it refuses the text.
    ///
    /// Left out are comparisons with local versions, which specifiers cannot say, and `>1.0a1`, which packaging and
    /// Poetry read differently.
    const ALLOWED: [(&str, &str); 98] = [
        ("*", "1111111111111111111111111111111111111111111111111111111111111111111111111"),
        ("", ""),
        ("^1.2.3", "0000000000000000000000000000111111111111111110000000000000000000000000000"),
        ("^1.2", "0000000000000000000000111111111111111111111110000000000000000000000000000"),
        ("^1", "0000000000000001111111111111111111111111111110000000000000000000000000000"),
        ("^0.2.3", "0000000000110000000000000000000000000000000000000000000000000000000000000"),
        ("^0.2", "0000000011110000000000000000000000000000000000000000000000000000000000000"),
        ("^0.0.3", "0001000000000000000000000000000000000000000000000000000000000000000000000"),
        ("^0.0", "1111110000000000000000000000000000000000000000000000000000000000000000000"),
        ("^0", "1111111111111100000000000000000000000000000000000000000000000000000000000"),
        ("^0.0.0", "1100000000000000000000000000000000000000000000000000000000000000000000000"),
        ("^1.2.3.4", "0000000000000000000000000000001100111111111110000000000000000000000000000"),
        ("^1.2.3b1", "0000000000000000000000000001111111111111111110000000000000000000000000000"),
        ("^1.2b1", "0000000000000000000001111111111111111111111110000000000000000000000000000"),
        ("~1.2.3", "0000000000000000000000000000111111111000000000000000000000000000000000000"),
        ("~1.2", "0000000000000000000000111111111111111000000000000000000000000000000000000"),
        ("~1", "0000000000000001111111111111111111111111111110000000000000000000000000000"),
        ("~0", "1111111111111100000000000000000000000000000000000000000000000000000000000"),
        ("~1.2.3.4", "0000000000000000000000000000001100111000000000000000000000000000000000000"),
        ("~1.2b1", "0000000000000000000001111111111111111000000000000000000000000000000000000"),
        ("~=1.2", "0000000000000000000000111111111111111111111110000000000000000000000000000"),
        ("~=1.2.3", "0000000000000000000000000000111111111000000000000000000000000000000000000"),
        ("~=3.8", "0000000000000000000000000000000000000000000000000000000011111111110000000"),
        ("~=1", "0000000000000001111111111111111111111111111110000000000000000000000000000"),
        ("~ 1.2", "0000000000000000000000111111111111111000000000000000000000000000000000000"),
        ("^ 1.2", "0000000000000000000000111111111111111111111110000000000000000000000000000"),
        ("~3", "0000000000000000000000000000000000000000000000000001111111111111110000000"),
        ("3.11", "0000000000000000000000000000000000000000000000000000000000000110000000000"),
        ("3", "0000000000000000000000000000000000000000000000000000100000000000000000000"),
        ("^3.8", "0000000000000000000000000000000000000000000000000000000011111111110000000"),
        (">=3.8,<4.0 || >=5", "0000000000000000000000000000000000000000000000000000000011111111110011111"),
        ("3.*", "0000000000000000000000000000000000000000000000000001111111111111110000000"),
        ("3.11.*", "0000000000000000000000000000000000000000000000000000000000000111000000000"),
        ("!=3.9.*", "1111111111111111111111111111111111111111111111111111111111001111111111111"),
        ("==3.9.*", "0000000000000000000000000000000000000000000000000000000000110000000000000"),
        ("=1.0", "0000000000000001100000000000000000000000000000000000000000000000000000000"),
        ("==1.0", "0000000000000001100000000000000000000000000000000000000000000000000000000"),
        ("===1.0", ""),
        ("1.0", "0000000000000001100000000000000000000000000000000000000000000000000000000"),
        ("v1.0", "0000000000000001100000000000000000000000000000000000000000000000000000000"),
        ("V1.0", "0000000000000001100000000000000000000000000000000000000000000000000000000"),
        (">= 1.0 <2.0", "0000000000000001111111111111111111111111111110000000000000000000000000000"),
        (">=1.0 , <2.0", "0000000000000001111111111111111111111111111110000000000000000000000000000"),
        (">=1,<1.5.7 || >1.5.7", "0000000000000001111111111111111111111111101111111111111111111111111111111"),
        ("<1|>=2", "1111111111111100000000000000000000000000000000011111111111111111111111111"),
        ("<1||>=2", "1111111111111100000000000000000000000000000000011111111111111111111111111"),
        ("!=1.5", "1111111111111111111111111111111111111110111111111111111111111111111111111"),
        ("!=1.5,!=1.6", "1111111111111111111111111111111111111110111011111111111111111111111111111"),
        (">1.*", "0000000000000000001111111111111111111111111111111111111111111111111111111"),
        (">=1.*", "0000000000000001111111111111111111111111111111111111111111111111111111111"),
        ("<=1.*", "1111111111111111100000000000000000000000000000000000000000000000000000000"),
        ("<2.*", "1111111111111111111111111111111111111111111110000000000000000000000000000"),
        ("1.2.x", ""),
        ("1.x", ""),
        ("*.*", "1111111111111111111111111111111111111111111111111111111111111111111111111"),
        ("==*", ""),
        ("!=*", ""),
        (">=1.0,", "0000000000000001111111111111111111111111111111111111111111111111111111111"),
        ("^1.2.3.dev1", "0000000000000000000000000111111111111111111110000000000000000000000000000"),
        ("^1.2.3-alpha", "0000000000000000000000000011111111111111111110000000000000000000000000000"),
        ("1.2.3-4", "0000000000000000000000000000000001000000000000000000000000000000000000000"),
        ("1.0+local", "0000000000000000100000000000000000000000000000000000000000000000000000000"),
        ("==1.0+local", "0000000000000000100000000000000000000000000000000000000000000000000000000"),
        ("1.*.*", "0000000000000011111111111111111111111111111110000000000000000000000000000"),
        ("^1.*", ""),
        ("~1.*", ""),
        ("^", ""),
        ("~x", ""),
        ("one", ""),
        (">=", ""),
        ("^1.2.3.x", ""),
        ("1 || 2", "0000000000000001100000000000000000000000000000010000000000000000000000000"),
        ("1.0 1.1", "0000000000000000000000000000000000000000000000000000000000000000000000000"),
        (">=1.0a1", "0000000000000011111111111111111111111111111111111111111111111111111111111"),
        ("^1!2.0", "0000000000000000000000000000000000000000000000000000000000000000000000110"),
        (">1.0", "0000000000000000001111111111111111111111111111111111111111111111111111111"),
        (">1.0.0", "0000000000000000001111111111111111111111111111111111111111111111111111111"),
        ("<1.0", "1111111111111100000000000000000000000000000000000000000000000000000000000"),
        ("<=1.0", "1111111111111111100000000000000000000000000000000000000000000000000000000"),
        ("||", ""),
        ("1 ||", ""),
        ("latest", ""),
        ("dev-master", ""),
        (">=3.8,<4.0,!=3.9.0", "0000000000000000000000000000000000000000000000000000000011011111110000000"),
        (">3.8-dev", "0000000000000000000000000000000000000000000000000000000011111111111111111"),
        ("^3.8 || ^4", "0000000000000000000000000000000000000000000000000000000011111111110100000"),
        (">=3.7.1,<4.0", "0000000000000000000000000000000000000000000000000000000111111111110000000"),
        ("^2.7 || ^3.6", "0000000000000000000000000000000000000000000000000110001111111111110000000"),
        (">=1.0-2.0", ""),
        ("1.0 - 2.0", ""),
        ("~1.2.*", ""),
        ("<3,>=2", "0000000000000000000000000000000000000000000000011110000000000000000000000"),
        ("2.7 || >=3.5", "0000000000000000000000000000000000000000000000000100001111111111111111111"),
        (">=2.7, !=3.0.*, !=3.1.*", "0000000000000000000000000000000000000000000000000110001111111111111111111"),
        ("^0.1.0-beta.1", "0000001100000000000000000000000000000000000000000000000000000000000000000"),
        ("0.0.*", "1111110000000000000000000000000000000000000000000000000000000000000000000"),
        ("0.*", "1111111111111100000000000000000000000000000000000000000000000000000000000"),
        ("!=0.*", "0000000000000011111111111111111111111111111111111111111111111111111111111"),
    ];

    #[test]
    fn every_text_allows_what_poetry_allows() {
        let mut differences = Vec::new();
        for (text, expected) in ALLOWED {
            let versions: Option<PoetryVersions> = text.parse().ok();
            if versions.is_none() != expected.is_empty() {
                differences.push(format!("{text}: {versions:?}"));
            }
            let Some(versions) = versions else { continue };
            for (version, expected) in VERSIONS.split(' ').zip(expected.chars()) {
                let allows = versions.allow(&version.parse().expect("a version"));
                if allows != (expected == '1') {
                    differences.push(format!("{text}: {version} {allows}"));
                }
            }
        }
        assert!(differences.is_empty(), "{differences:#?}");
    }

    /// As poetry-core 2.5.0 writes Requires-Dist and Requires-Python.
    #[test]
    fn texts_are_written_as_poetry_writes_metadata() {
        for (text, expected) in [
            ("^1.2.3", Some(">=1.2.3,<2.0.0")),
            ("^1.2", Some(">=1.2,<2.0")),
            ("^3", Some(">=3,<4")),
            ("^0.2.3", Some(">=0.2.3,<0.3.0")),
            ("^0.0.3", Some(">=0.0.3,<0.0.4")),
            ("^0.0", Some(">=0.0,<0.1")),
            ("^1.2.3.4", Some(">=1.2.3.4,<2.0.0.0")),
            ("^1.2b1", Some(">=1.2b1,<2.0")),
            ("~1.2.3", Some(">=1.2.3,<1.3.0")),
            ("~1.2", Some(">=1.2,<1.3")),
            ("~1", Some(">=1,<2")),
            ("1.2.*", Some("==1.2.*")),
            ("1.2.3", Some("==1.2.3")),
            ("=1.0", Some("==1.0")),
            ("v1.0", Some("==1.0")),
            (">=1.2, <3", Some(">=1.2,<3")),
            (">=1 <2", Some(">=1,<2")),
            ("!=1.5", Some("!=1.5")),
            ("*", Some("")),
            ("^1 || ^2", None),
        ] {
            let versions: PoetryVersions = text.parse().unwrap_or_else(|error| panic!("{text} {error}"));
            assert_eq!(versions.text(), expected, "{text}");
        }
        for (text, expected) in [
            ("*", ""),
            ("3.11", ">=3.11,<3.12"),
            ("==3.11", ">=3.11,<3.12"),
            ("3", ">=3.0,<4.0"),
            ("3.11.4", "==3.11.4"),
            ("3.11.*", "==3.11.*"),
            ("^3.11", ">=3.11,<4.0"),
            ("~3.11.2", ">=3.11.2,<3.12.0"),
            ("^3.8 || ^4", ">=3.8"),
            ("^2.7 || >=3.6,<3.12", ">=2.7,!=3.0.*,!=3.1.*,!=3.2.*,!=3.3.*,!=3.4.*,!=3.5.*,<3.12"),
            ("3.10.* || 3.12.*", ">=3.10,!=3.11.*,<3.13"),
        ] {
            let versions: PoetryVersions = text.parse().unwrap_or_else(|error| panic!("{text} {error}"));
            assert_eq!(versions.python_text(), expected, "{text}");
            assert!(expected.parse::<VersionSpecifiers>().is_ok(), "{text}");
        }
    }
}
