//! poetry.lock as TOML has it, and the way from there to checked values.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;
use serde::Deserialize;
use toml::Spanned;

use crate::lock::checker::{Checker, Of};
use crate::lock::chosen::{ToolFile, ToolFiles, ToolPackage};
use crate::lock::error::LockError;
use crate::lock::graph::Node;
use crate::lock::poetry::locked::{PoetryLock, PoetryPackage};
use crate::lock::poetry::poetry_version;
use crate::lock::poetry::roots::RawDependency;
use crate::name::{DistributionName, normalized};
use crate::poetry_versions::PoetryVersions;

/// The newest version whose form is known; a later minor version may add keys.
const MAJOR: u32 = 2;

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
    content_hash: Option<String>,
    python_versions: Option<String>,
    /// Where versions 1.0 and 1.1 have the files.
    #[serde(default)]
    files: BTreeMap<String, Vec<RawFile>>,
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
    files: Vec<RawFile>,
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

#[derive(Clone, Deserialize)]
struct RawFile {
    hash: String,
    url: Option<String>,
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
        let version = poetry_version(text);
        if version.is_none_or(|(major, _)| major > MAJOR) {
            checker.report(raw.metadata.span(), format!("lock-version is not known, expected version {MAJOR} at most"));
        }
        let metadata = raw.metadata.into_inner();
        let files: BTreeMap<String, Vec<RawFile>> =
            metadata.files.into_iter().map(|(name, files)| (normalized(&name), files)).collect();
        let hashes = metadata.hashes.into_iter().map(|(name, hashes)| {
            let files = hashes.into_iter().map(|hash| RawFile { hash: format!("sha256:{hash}"), url: None });
            (normalized(&name), files.collect())
        });
        let files = hashes.chain(files).collect();
        let python: Option<PoetryVersions> = metadata.python_versions.and_then(|text| text.parse().ok());
        let names = |texts: &[String]| texts.iter().filter_map(|text| requirement_name(text)).collect();
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

/// The name at the beginning of `PySocks (>=1.5.6)`.
fn requirement_name(text: &str) -> Option<DistributionName> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(text.len());
    text[..end].parse().ok()
}

impl Checker {
    fn poetry_package(
        &mut self,
        raw: Spanned<RawPackage>,
        files: &BTreeMap<String, Vec<RawFile>>,
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
        let files = self.poetry_files(&span, &raw, Of { name: Some(&name), version: Some(&version) });
        Some(PoetryPackage {
            is_optional: raw.optional,
            groups,
            node: raw.node(&name, &version),
            package: ToolPackage { name, version, requires_python: None, files, line },
        })
    }

    fn poetry_files(&mut self, span: &std::ops::Range<usize>, raw: &RawPackage, of: Of<'_>) -> ToolFiles {
        let source = raw.source.as_ref();
        let kind = source.and_then(|source| source.r#type.as_deref());
        let hashes = || raw.files.iter().map(|file| file.hash.as_str());
        let url = source.and_then(|source| source.url.as_deref()).unwrap_or_default();
        let place = match kind {
            Some("directory" | "file") => Some(url.to_owned()),
            Some("url") if raw.files.len() == 1 => {
                let files = raw.files.iter().map(|file| ToolFile { hash: &file.hash, url: Some(url) });
                return self.addressed(span, files, of);
            }
            Some("url") => Some(url.to_owned()),
            Some("git") => source.map(RawSource::repository),
            _ => None,
        };
        if let Some(place) = place {
            let hashes = self.hashes(span, hashes());
            return match self.place(span, &place) {
                Some(place) => ToolFiles::AtPlace(place, hashes),
                None => ToolFiles::OnIndex(None, Vec::new()),
            };
        }
        if !raw.files.is_empty() && raw.files.iter().all(|file| file.url.is_some()) {
            let files = raw.files.iter().map(|file| ToolFile { hash: &file.hash, url: file.url.as_deref() });
            return self.addressed(span, files, of);
        }
        let index = (kind == Some("legacy")).then_some(url).filter(|url| !url.is_empty());
        let index = self.words(span, index).pop();
        ToolFiles::OnIndex(index, self.words(span, hashes()))
    }
}

impl RawSource {
    /// A repository as a requirement says it.
    fn repository(&self) -> String {
        let url = self.url.as_deref().unwrap_or_default();
        // As git's own short form: git@host:owner/name.git.
        let url = match url.split_once(':') {
            Some((host, path)) if !url.contains("://") && host.contains('@') => format!("ssh://{host}/{path}"),
            _ => url.to_owned(),
        };
        let commit = self.resolved_reference.as_deref().or(self.reference.as_deref()).unwrap_or("HEAD");
        let folder = self.subdirectory.as_ref().map(|folder| format!("#subdirectory={folder}")).unwrap_or_default();
        format!("git+{url}@{commit}{folder}")
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
            let names: BTreeSet<DistributionName> = texts.iter().filter_map(|text| requirement_name(text)).collect();
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
