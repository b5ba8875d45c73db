//! pylock.toml as TOML has it, and the way from there to checked values.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use serde::Deserialize;
use shipwheel_oci::Digest;
use toml::Spanned;

use super::{Lock, LockError, LockProblem, LockedPackage, LockedSdist, LockedWheel, Origin, line_of};
use crate::wheel_name::WheelName;

/// Keys that are not listed are ignored, as the PEP asks for within version 1.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawLock {
    lock_version: Spanned<String>,
    requires_python: Option<Spanned<String>>,
    #[serde(default)]
    environments: Vec<Spanned<String>>,
    #[serde(default)]
    default_groups: Vec<String>,
    #[serde(default)]
    packages: Vec<Spanned<RawPackage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPackage {
    name: Spanned<String>,
    version: Option<Spanned<String>>,
    marker: Option<Spanned<String>>,
    requires_python: Option<Spanned<String>>,
    #[serde(default)]
    wheels: Vec<Spanned<RawFile>>,
    sdist: Option<Spanned<RawFile>>,
    directory: Option<RawPlace>,
    vcs: Option<RawPlace>,
    archive: Option<Spanned<RawFile>>,
}

#[derive(Deserialize)]
struct RawFile {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    size: Option<u64>,
    #[serde(default)]
    hashes: BTreeMap<String, Spanned<String>>,
}

impl RawFile {
    fn file_name(&self) -> Option<String> {
        let in_path = || self.path.as_ref().map(|path| path.rsplit('/').next().unwrap_or_default().to_owned());
        self.name.clone().or_else(in_path).or_else(|| self.url.as_deref().map(name_in_url))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPlace {
    url: Option<String>,
    path: Option<String>,
    commit_id: Option<String>,
}

impl RawPlace {
    fn text(self) -> String {
        let place = self.path.or(self.url).unwrap_or_default();
        match self.commit_id {
            Some(commit) => format!("{place} at {commit}"),
            None => place,
        }
    }
}

/// Parses a lock and checks its values.
pub(super) fn parse(text: &str, file: &str) -> Result<Lock, LockError> {
    let raw: RawLock = toml::from_str(text).map_err(|error| LockError::syntax(text, file, &error))?;
    let mut checker = Checker { text, problems: Vec::new() };
    if raw.lock_version.get_ref().split('.').next() != Some("1") {
        let reason = format!("lock-version is {}, and only version 1 is known", raw.lock_version.get_ref());
        checker.report(raw.lock_version.span(), reason);
    }
    let lock = Lock {
        file: file.to_owned(),
        requires_python: checker.optional(raw.requires_python),
        environments: raw.environments.into_iter().filter_map(|marker| checker.value(&marker)).collect(),
        default_groups: raw.default_groups,
        packages: raw.packages.into_iter().filter_map(|package| checker.package(package)).collect(),
    };
    let mut problems = checker.problems;
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(lock) } else { Err(LockError::Values { file: file.to_owned(), problems }) }
}

struct Checker<'a> {
    text: &'a str,
    problems: Vec<LockProblem>,
}

impl Checker<'_> {
    fn report(&mut self, span: Range<usize>, reason: String) {
        self.problems.push(LockProblem { line: line_of(self.text, span.start), reason });
    }

    fn value<T: FromStr<Err: Display>>(&mut self, raw: &Spanned<String>) -> Option<T> {
        raw.get_ref().parse().map_err(|error: T::Err| self.report(raw.span(), error.to_string())).ok()
    }

    fn optional<T: FromStr<Err: Display>>(&mut self, raw: Option<Spanned<String>>) -> Option<T> {
        raw.and_then(|raw| self.value(&raw))
    }

    fn package(&mut self, raw: Spanned<RawPackage>) -> Option<LockedPackage> {
        let line = line_of(self.text, raw.span().start);
        let raw = raw.into_inner();
        let origin = raw.directory.map(|place| Origin::Directory(place.text()));
        let origin = origin.or_else(|| raw.vcs.map(|place| Origin::Vcs(place.text())));
        let name = self.value(&raw.name);
        let mut wheels = raw.wheels;
        // A wheel given by its URL is an archive (PEP 751); it is a wheel all the same.
        let archive = raw.archive.and_then(|archive| match archive.get_ref().file_name() {
            Some(name) if name.ends_with(".whl") => {
                wheels.push(archive);
                None
            }
            name => Some(Origin::Archive(name.unwrap_or_default())),
        });
        let package = LockedPackage {
            version: self.optional(raw.version),
            marker: self.optional(raw.marker),
            requires_python: self.optional(raw.requires_python),
            wheels: wheels.into_iter().filter_map(|wheel| self.wheel(wheel)).collect(),
            sdist: raw.sdist.map(|sdist| self.sdist(sdist.into_inner())),
            origin: origin.or(archive),
            name: name?,
            line,
        };
        Some(package)
    }

    fn wheel(&mut self, raw: Spanned<RawFile>) -> Option<LockedWheel> {
        let span = raw.span();
        let raw = raw.into_inner();
        let Some(name) = raw.file_name() else {
            self.report(span, "a wheel has neither name nor path nor url".to_owned());
            return None;
        };
        let name: WheelName = match name.parse() {
            Ok(name) => name,
            Err(error) => {
                self.report(span, format!("{error}"));
                return None;
            }
        };
        let sha256 = self.sha256(&raw.hashes);
        Some(LockedWheel { name, url: raw.url, path: raw.path, size: raw.size, sha256 })
    }

    fn sdist(&mut self, raw: RawFile) -> LockedSdist {
        LockedSdist { sha256: self.sha256(&raw.hashes), url: raw.url, path: raw.path }
    }

    fn sha256(&mut self, hashes: &BTreeMap<String, Spanned<String>>) -> Option<Digest> {
        let raw = hashes.get("sha256")?;
        let digest = Digest::from_hex(&raw.get_ref().to_ascii_lowercase());
        digest.map_err(|error| self.report(raw.span(), error.to_string())).ok()
    }
}

/// The last part of a URL's path, with its percent signs decoded: `+` is `%2B` there.
fn name_in_url(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut parts = name.split('%');
    let mut decoded = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                decoded.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                decoded.push(b'%');
                decoded.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
