//! poetry.lock as TOML has it, and the way from there to checked values.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;
use serde::Deserialize;
use toml::Spanned;

use crate::lock::checker::{Checker, FormVersions, Of};
use crate::lock::chosen::ToolPackage;
use crate::lock::error::LockError;
use crate::lock::graph::Node;
use crate::lock::poetry::locked::{PoetryLock, PoetryPackage};
use crate::lock::poetry::roots::RawDependency;
use crate::lock::tool_file::{At, ToolFile, git_place};
use crate::name::{DistributionName, normalized};
use crate::poetry_versions::PoetryVersions;

/// The newest version whose form is known; a later minor version may add keys.
const MAJOR: u32 = 2;

/// The version of the oldest locks, which do not say it.
const OLDEST: (u32, u32) = (1, 0);

const VERSIONS: FormVersions = FormVersions {
    key: "lock-version",
    known: "versions 1 and 2",
    remedy: "lock again with Poetry 2 (`poetry lock`), or export a requirements.txt with hashes (`poetry export`)",
};

#[derive(Deserialize)]
struct RawLock {
    #[serde(default)]
    package: Vec<Spanned<RawPackage>>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    metadata: Spanned<RawMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawMetadata {
    lock_version: Option<Spanned<String>>,
    content_hash: Option<String>,
    python_versions: Option<String>,
    /// Where versions 1.0 and 1.1 have the files.
    #[serde(default)]
    files: BTreeMap<String, Vec<ToolFile>>,
    /// Where the oldest have the hashes alone.
    #[serde(default)]
    hashes: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPackage {
    name: Spanned<String>,
    version: Spanned<String>,
    #[serde(default)]
    optional: bool,
    python_versions: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    markers: Option<RawMarkers>,
    #[serde(default)]
    files: Vec<ToolFile>,
    #[serde(default)]
    dependencies: BTreeMap<String, RawDependency>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    source: Option<RawSource>,
}

/// One marker, or one for each group.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawMarkers {
    One(String),
    ByGroup(BTreeMap<String, String>),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawSource {
    r#type: Option<String>,
    url: Option<String>,
    reference: Option<String>,
    resolved_reference: Option<String>,
    subdirectory: Option<String>,
}

impl PoetryLock {
    /// Parses a text; `file` names it in messages.
    ///
    /// # Errors
    /// When it is not TOML, is of a later version, or values in it cannot be used: all of them.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let raw: RawLock = toml::from_str(text).map_err(|error| LockError::syntax(text, file, &error))?;
        let mut checker = Checker::new(text);
        let metadata = raw.metadata.into_inner();
        let version = metadata.lock_version.as_ref().map_or(Some(OLDEST), |version| numbers(version.get_ref()));
        if let Some(found) = metadata.lock_version.filter(|_| version.is_none_or(|(major, _)| major > MAJOR)) {
            checker.report_version(found.span(), Some(found.get_ref()), &VERSIONS);
        }
        let files: BTreeMap<String, Vec<ToolFile>> =
            metadata.files.into_iter().map(|(name, files)| (normalized(&name), files)).collect();
        let hashes = metadata.hashes.into_iter().map(|(name, hashes)| {
            let files = hashes.into_iter().map(|hash| ToolFile { hash: format!("sha256:{hash}"), url: None });
            (normalized(&name), files.collect())
        });
        let files = hashes.chain(files).collect();
        let python: Option<PoetryVersions> = metadata.python_versions.and_then(|text| text.parse().ok());
        let names = |texts: &[String]| texts.iter().filter_map(|text| name_of(text)).collect();
        let lock = Self {
            content_hash: metadata.content_hash,
            requires_python: python.as_ref().and_then(PoetryVersions::only).cloned(),
            extras: raw.extras.iter().map(|(extra, texts)| (normalized(extra), names(texts))).collect(),
            has_groups: version.is_some_and(|version| version >= (2, 1)),
            packages: raw.package.into_iter().filter_map(|package| checker.poetry_package(package, &files)).collect(),
        };
        checker.finish(lock, file)
    }
}

/// The numbers of `2.1`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The name at the beginning of `PySocks (>=1.5.6)`.
fn name_of(text: &str) -> Option<DistributionName> {
    DistributionName::at_start(text).ok().map(|(name, _)| name)
}

impl Checker {
    fn poetry_package(
        &mut self,
        raw: Spanned<RawPackage>,
        files: &BTreeMap<String, Vec<ToolFile>>,
    ) -> Option<PoetryPackage> {
        let (span, mut raw) = (raw.span(), raw.into_inner());
        let line = self.line(&span);
        let (name, version): (Option<DistributionName>, Option<Version>) =
            (self.value(&raw.name), self.value(&raw.version));
        let (name, version) = name.zip(version)?;
        if raw.files.is_empty() {
            raw.files = files.get(name.as_str()).cloned().unwrap_or_default();
        }
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
        let of = Of { name: Some(&name), version: Some(&version) };
        let at = raw.source.as_ref().map_or(At::Index(None), RawSource::at);
        let files = self.tool_files(&span, at, &raw.files, of);
        Some(PoetryPackage {
            is_optional: raw.optional,
            groups,
            node: raw.node(&name, &version),
            package: ToolPackage { name, version, requires_python: None, files, line },
        })
    }
}

impl RawSource {
    /// Where a distribution is that has this source.
    fn at(&self) -> At {
        let url = self.url.clone().unwrap_or_default();
        match self.r#type.as_deref() {
            Some("directory" | "file") => At::Place(url),
            Some("url") => At::Address(url),
            Some("git") => {
                let commit = self.resolved_reference.as_deref().or(self.reference.as_deref());
                At::Place(git_place(&url, commit, self.subdirectory.as_deref()))
            }
            Some("legacy") => At::Index(Some(url).filter(|url| !url.is_empty())),
            _ => At::Index(None),
        }
    }
}

impl RawPackage {
    fn node(&self, name: &DistributionName, version: &Version) -> Node {
        let named = self.dependencies.iter().filter_map(|(name, raw)| Some((name.parse().ok()?, raw)));
        let edges: Vec<_> = named
            .flat_map(|(name, raw): (DistributionName, _)| {
                raw.tables().into_iter().map(move |table| (table.optional, table.edge(&name)))
            })
            .collect();
        let of_extra = |texts: &[String]| {
            let names: BTreeSet<DistributionName> = texts.iter().filter_map(|text| name_of(text)).collect();
            let edges = edges.iter().filter(|(is_optional, edge)| *is_optional && names.contains(&edge.name));
            edges.map(|(_, edge)| edge.clone()).collect()
        };
        Node {
            name: name.clone(),
            version: version.clone(),
            python: self.python_versions.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default(),
            extras: self.extras.iter().map(|(extra, texts)| (normalized(extra), of_extra(texts))).collect(),
            edges: edges.into_iter().filter(|(is_optional, _)| !is_optional).map(|(_, edge)| edge).collect(),
        }
    }
}
