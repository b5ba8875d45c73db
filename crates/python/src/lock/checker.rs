//! From TOML's texts to checked values: what cannot be used is collected, with its line.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use pep440_rs::Version;
use shipwheel_oci::Digest;
use toml::Spanned;

use crate::lock::error::{LockError, LockProblem};
use crate::name::DistributionName;
use crate::wheel::{StrongHash, WheelName};

/// The text of a lock, and what is wrong with it so far.
pub(super) struct Checker {
    /// The places of the line ends.
    ends: Vec<usize>,
    problems: Vec<LockProblem>,
}

/// The versions of a form that are read here.
pub(super) struct FormVersions {
    /// The key that says the version.
    pub(super) key: &'static str,
    /// Those that are read: `version 1`.
    pub(super) known: &'static str,
    /// What to do about another one.
    pub(super) remedy: &'static str,
}

/// What a file in a lock is said to be of.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) name: Option<&'a DistributionName>,
    pub(super) version: Option<&'a Version>,
}

impl Checker {
    pub(super) fn new(text: &str) -> Self {
        Self { ends: text.match_indices('\n').map(|(at, _)| at).collect(), problems: Vec::new() }
    }

    /// A value, unless anything is wrong with it; `file` names the lock in messages.
    pub(super) fn finish<T>(self, value: T, file: &str) -> Result<T, LockError> {
        let mut problems = self.problems;
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(value) } else { Err(LockError::Values { file: file.to_owned(), problems }) }
    }

    /// The line of a place, counted from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        1 + self.ends.partition_point(|end| *end < span.start)
    }

    pub(super) fn report(&mut self, span: Range<usize>, reason: String) {
        self.problems.push(LockProblem { line: self.line(&span), reason });
    }

    /// Reports a version of the lock's form that is not read here, or that it says none.
    pub(super) fn report_version(&mut self, span: Range<usize>, found: Option<&str>, versions: &FormVersions) {
        let FormVersions { key, known, remedy } = versions;
        let found = found.map_or("is missing".to_owned(), |found| format!("is `{}`", found.escape_debug()));
        self.report(span, format!("{key} {found}, and shipwheel reads {known}: {remedy}"));
    }

    pub(super) fn value<T: FromStr<Err: Display>>(&mut self, raw: &Spanned<String>) -> Option<T> {
        self.parsed(raw.span(), raw.get_ref())
    }

    pub(super) fn optional<T: FromStr<Err: Display>>(&mut self, raw: Option<Spanned<String>>) -> Option<T> {
        raw.and_then(|raw| self.value(&raw))
    }

    /// As [`value`](Self::value), for a text that was put together.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&mut self, span: Range<usize>, text: &str) -> Option<T> {
        text.parse().map_err(|error: T::Err| self.report(span, error.to_string())).ok()
    }

    /// The name of a wheel; a wheel of another distribution would be installed under the wrong name.
    pub(super) fn wheel_name(&mut self, span: Range<usize>, file: &str, of: Of<'_>) -> Option<WheelName> {
        let name: WheelName = self.parsed(span.clone(), file)?;
        match not_of(&name, of) {
            None => Some(name),
            Some(other) => {
                self.report(span, other);
                None
            }
        }
    }

    /// A hash as `sha256:…`, or one in place of a sha256; nothing of an algorithm that proves nothing.
    pub(super) fn hash(&mut self, span: Range<usize>, text: Option<&str>) -> (Option<Digest>, Vec<StrongHash>) {
        let Some((algorithm, digits)) = text.and_then(|text| text.split_once(':')) else { return (None, Vec::new()) };
        match algorithm {
            "sha256" => (self.sha256(span, digits), Vec::new()),
            _ if !StrongHash::ALGORITHMS.contains(&algorithm) => (None, Vec::new()),
            _ => (None, self.stronger(span, algorithm, digits).into_iter().collect()),
        }
    }

    /// A sha384 or a sha512 as hexadecimal digits.
    pub(super) fn stronger(&mut self, span: Range<usize>, algorithm: &str, digits: &str) -> Option<StrongHash> {
        let hash = StrongHash::from_hex(algorithm, digits);
        hash.map_err(|error| self.report(span, format!("`{digits}` {error}"))).ok()
    }

    /// A sha256 as hexadecimal digits.
    pub(super) fn sha256(&mut self, span: Range<usize>, digits: &str) -> Option<Digest> {
        let digest = Digest::from_hex(&digits.to_ascii_lowercase());
        digest.map_err(|error| self.report(span, error.to_string())).ok()
    }
}

/// Why a wheel is not one of a package, by their names and versions.
fn not_of(wheel: &WheelName, of: Of<'_>) -> Option<String> {
    let file = wheel.file_name();
    if let Some(package) = of.name.filter(|package| **package != wheel.distribution) {
        return Some(format!("{file} is a wheel of {}, but the package is {package}: lock again", wheel.distribution));
    }
    // A version without a local part stands for every local part of it (PEP 440).
    let is_of = |version: &&Version| {
        wheel.version == **version || version.local().is_empty() && wheel.version.clone().without_local() == **version
    };
    of.version.filter(|version| !is_of(version)).map(|version| {
        format!("{file} is a wheel of version {}, but the package has version {version}: lock again", wheel.version)
    })
}

/// The last part of a URL's path, with its percent signs decoded: `+` is `%2B` there.
pub fn name_in_url(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    percent_encoding::percent_decode_str(name_in_path(path)).decode_utf8_lossy().into_owned()
}

/// The last part of a path.
pub(super) fn name_in_path(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
