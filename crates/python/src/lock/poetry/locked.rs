//! poetry.lock of version 2.1: what is chosen of it, as lines of a requirements file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use crate::lock::checker::Checker;
use crate::lock::error::LockError;
use crate::marker::{Marker, Settled};
use crate::name::{DistributionName, normalized};

/// The group of what a project needs at run time.
const MAIN: &str = "main";

/// A poetry.lock that records which groups need each distribution: version 2.1 and later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoetryLock {
    /// The digest of what it was made from.
    content_hash: Option<String>,
    /// The project's extras, normalized.
    pub extras: BTreeSet<String>,
    packages: Vec<Package>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    name: DistributionName,
    version: String,
    /// The groups that need it, normalized, each with where it does.
    groups: BTreeMap<String, Option<Marker>>,
    hashes: Vec<String>,
    /// Whether it comes from a folder, a file, an address or a repository.
    is_placed: bool,
    /// The address of its index, if that is not the usual one.
    index: Option<String>,
}

#[derive(Deserialize)]
struct RawLock {
    #[serde(default)]
    package: Vec<Spanned<RawPackage>>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    metadata: RawMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawMetadata {
    content_hash: Option<String>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: DistributionName,
    version: String,
    #[serde(default)]
    groups: Vec<String>,
    markers: Option<RawMarkers>,
    #[serde(default)]
    files: Vec<RawFile>,
    source: Option<RawSource>,
}

/// One marker, or one for each group.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawMarkers {
    One(String),
    ByGroup(BTreeMap<String, String>),
}

#[derive(Deserialize)]
struct RawFile {
    hash: String,
}

#[derive(Deserialize)]
struct RawSource {
    r#type: Option<String>,
    url: Option<String>,
}

impl PoetryLock {
    /// Parses a text; `file` names it in messages.
    ///
    /// # Errors
    /// When it is not TOML, or values in it cannot be used: all of them.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let raw: RawLock = toml::from_str(text).map_err(|error| LockError::syntax(text, file, &error))?;
        let mut checker = Checker::new(text);
        let lock = Self {
            content_hash: raw.metadata.content_hash,
            extras: raw.extras.keys().map(|extra| normalized(extra)).collect(),
            packages: raw.package.into_iter().map(|package| checker.poetry_package(package)).collect(),
        };
        checker.finish(lock, file)
    }

    /// Whether it was made from a pyproject.toml as it is; what cannot be told counts as made from it.
    pub fn is_of(&self, pyproject: &str) -> bool {
        let recorded = self.content_hash.as_deref();
        recorded.and_then(|hash| super::content_hash::is_of(hash, pyproject)).unwrap_or(true)
    }

    /// The groups that need anything, normalized.
    pub fn groups(&self) -> BTreeSet<String> {
        self.packages.iter().flat_map(|package| package.groups.keys().cloned()).collect()
    }

    /// The lines of what is needed, and of the indexes that it comes from, with these extras and, besides the main one, these groups; their names are
    /// normalized. `None` where something comes from elsewhere than an index.
    pub fn to_requirements(&self, extras: &BTreeSet<String>, groups: &BTreeSet<String>) -> Option<String> {
        let mut groups = groups.clone();
        groups.insert(MAIN.to_owned());
        let (mut lines, mut indexes) = (String::new(), BTreeSet::new());
        for package in &self.packages {
            let needed = package.groups.iter().filter(|(group, _)| groups.contains(*group));
            let needed = needed
                .map(|(_, marker)| marker.as_ref().map_or(Settled::Always, |marker| marker.settled(extras, &groups)));
            let marker = match Settled::any(needed) {
                Settled::Never => continue,
                _ if package.is_placed => return None,
                Settled::Always => String::new(),
                Settled::Where(text) => format!(" ; {text}"),
            };
            indexes.extend(package.index.iter().map(|url| format!("--extra-index-url {url}\n")));
            let hashes: String = package.hashes.iter().map(|hash| format!(" --hash={hash}")).collect();
            lines += &format!("{}=={}{marker}{hashes}\n", package.name, package.version);
        }
        Some(indexes.into_iter().collect::<String>() + &lines)
    }
}

impl Checker {
    fn poetry_package(&mut self, raw: Spanned<RawPackage>) -> Package {
        let (span, raw) = (raw.span(), raw.into_inner());
        let by_group = |group: &String| match &raw.markers {
            None => None,
            Some(RawMarkers::One(text)) => Some(text),
            Some(RawMarkers::ByGroup(texts)) => texts.get(group),
        };
        let groups = raw.groups.iter().map(|group| {
            let marker = by_group(group).and_then(|text| self.parsed(span.clone(), text));
            (normalized(group), marker)
        });
        let groups = groups.collect();
        // They become words of a line.
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let (kind, url) = raw.source.map(|source| (source.r#type, source.url)).unwrap_or_default();
        let index = url.filter(|_| kind.as_deref() == Some("legacy"));
        let texts = raw.files.iter().map(|file| &file.hash).chain([&raw.version]).chain(&index);
        for text in texts.filter(|text| !is_word(text)) {
            self.report(span.clone(), format!("`{}` is not a version, a hash or an address", text.escape_debug()));
        }
        Package {
            is_placed: kind.is_some_and(|kind| ["directory", "file", "git", "url"].contains(&kind.as_str())),
            index,
            name: raw.name,
            version: raw.version,
            groups,
            hashes: raw.files.into_iter().map(|file| file.hash).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "[[package]]\nname = 'A_b'\nversion = '1'\noptional = false\ngroups = ['main', 'dev']\n\
        markers = {main = \"os_name == 'nt'\", dev = \"extra == 'x' or os_name == 'posix'\"}\n\
        files = [{file = 'a.whl', hash = 'sha256:00'}, {file = 'a.tar.gz', hash = 'sha256:11'}]\n\
        [[package]]\nname = 'c'\nversion = '2'\ngroups = ['main']\nmarkers = \"extra == 'fast'\"\nfiles = []\n[package.source]\ntype = 'legacy'\nurl = 'https://own.example/simple'\n\
        [[package]]\nname = 'd'\nversion = '3'\ngroups = ['Docs']\nfiles = []\n[package.source]\ntype = 'git'\nurl = 'x'\n\
        [extras]\nFast = ['c']\n[metadata]\nlock-version = '2.1'\ncontent-hash = 'x'\n";

    fn lines(extras: &[&str], groups: &[&str]) -> Option<String> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        PoetryLock::parse(LOCK, "poetry.lock").expect("valid").to_requirements(&set(extras), &set(groups))
    }

    #[test]
    fn what_is_chosen_becomes_lines_with_hashes_and_the_rest_of_the_markers() {
        let hashes = "--hash=sha256:00 --hash=sha256:11\n";
        assert_eq!(lines(&[], &[]), Some(format!("a-b==1 ; os_name == 'nt' {hashes}")));
        let with_index = "--extra-index-url https://own.example/simple\n";
        assert_eq!(lines(&["fast"], &[]), Some(format!("{with_index}a-b==1 ; os_name == 'nt' {hashes}c==2\n")));
        let both = format!("a-b==1 ; (os_name == 'posix') or (os_name == 'nt') {hashes}");
        assert_eq!(lines(&[], &["dev"]), Some(both));
        assert_eq!(lines(&["x"], &["dev"]), Some(format!("a-b==1 {hashes}")));
        assert_eq!(lines(&[], &["docs"]), None, "an index has no repository");
    }

    #[test]
    fn extras_and_groups_are_known_and_broken_values_have_their_line() {
        let lock = PoetryLock::parse(LOCK, "poetry.lock").expect("valid");
        assert_eq!(lock.extras.into_iter().collect::<Vec<_>>(), ["fast"]);
        assert!(!PoetryLock::parse(LOCK, "poetry.lock").expect("valid").is_of("[project]\nname = 'a'\n"));
        for (from, to, expected) in
            [("os_name == 'posix'", "os == 1", "line 1:"), ("version = '2'", "version = \"2\\n./x\"", "line 8:")]
        {
            let error = PoetryLock::parse(&LOCK.replace(from, to), "poetry.lock").expect_err(from).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
