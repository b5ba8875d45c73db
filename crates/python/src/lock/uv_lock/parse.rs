//! uv.lock as TOML has it, and the way from there to checked values.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::lock::checker::{Checker, FormVersions, Of};
use crate::lock::error::LockError;
use crate::lock::uv_lock::conflict::{ConflictSet, Conflicting, Part};
use crate::lock::uv_lock::files::{RawFile, RawSource, sdist, wheels};
use crate::lock::uv_lock::value::{UvDependency, UvLock, UvManifest, UvPackage, UvRequirement, UvRequirements};
use crate::name::{DistributionName, normalized};
use crate::pyproject::UvSource;

/// The version of the form that is read here; its revisions add keys.
const VERSION: i64 = 1;

const VERSIONS: FormVersions = FormVersions {
    key: "version",
    known: "version 1",
    remedy: "lock again with a uv that writes version 1, or export a pylock.toml (`uv export --format pylock.toml`)",
};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawLock {
    version: Option<Spanned<i64>>,
    revision: Option<i64>,
    requires_python: Option<Spanned<String>>,
    #[serde(default)]
    supported_markers: Vec<Spanned<String>>,
    #[serde(default)]
    conflicts: Vec<Vec<RawConflict>>,
    #[serde(default)]
    manifest: RawManifest,
    #[serde(default)]
    package: Vec<Spanned<RawPackage>>,
}

#[derive(Deserialize)]
struct RawConflict {
    package: DistributionName,
    extra: Option<String>,
    group: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawManifest {
    members: Vec<DistributionName>,
    constraints: Vec<Spanned<RawRequirement>>,
    overrides: Vec<Spanned<RawRequirement>>,
    excludes: Vec<DistributionName>,
    dependency_groups: BTreeMap<String, Vec<Spanned<RawRequirement>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPackage {
    name: DistributionName,
    version: Option<Spanned<String>>,
    #[serde(default)]
    source: toml::Table,
    #[serde(default)]
    dependencies: Vec<Spanned<RawDependency>>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Spanned<RawDependency>>>,
    #[serde(default, alias = "dependency-groups")]
    dev_dependencies: BTreeMap<String, Vec<Spanned<RawDependency>>>,
    default_groups: Option<Vec<String>>,
    #[serde(default)]
    group_requires_python: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    metadata: RawMetadata,
    #[serde(default)]
    wheels: Vec<Spanned<RawFile>>,
    sdist: Option<Spanned<RawFile>>,
}

#[derive(Deserialize)]
struct RawDependency {
    name: DistributionName,
    version: Option<String>,
    source: Option<toml::Table>,
    #[serde(default)]
    extra: Vec<String>,
    marker: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct RawMetadata {
    requires_dist: Vec<Spanned<RawRequirement>>,
    provides_extras: Vec<String>,
    requires_dev: BTreeMap<String, Vec<Spanned<RawRequirement>>>,
}

/// `{ name = "idna", extras = ["all"], marker = "…", specifier = ">=3" }`, or with a source in place of versions.
#[derive(Deserialize)]
struct RawRequirement {
    name: String,
    #[serde(default)]
    extras: Vec<String>,
    specifier: Option<String>,
    marker: Option<String>,
    #[serde(flatten)]
    source: toml::Table,
}

impl UvLock {
    /// Parses the text of a uv.lock; `file` names it in messages.
    ///
    /// # Errors
    /// When it is not a uv.lock of version 1, or values in it cannot be used: all of them.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let raw: RawLock = toml::from_str(text).map_err(|error| LockError::syntax(text, file, &error))?;
        let mut checker = Checker::new(text);
        if let Some(version) = raw.version.filter(|version| *version.get_ref() != VERSION) {
            checker.report_version(version.span(), Some(&version.get_ref().to_string()), &VERSIONS);
        }
        let set = |set: Vec<RawConflict>| ConflictSet(set.into_iter().map(RawConflict::checked).collect());
        let groups = raw.manifest.dependency_groups.into_iter();
        let lock = Self {
            file: file.to_owned(),
            revision: raw.revision,
            requires_python: checker.optional(raw.requires_python),
            environments: raw.supported_markers.iter().filter_map(|marker| checker.value(marker)).collect(),
            members: raw.manifest.members.into_iter().collect(),
            manifest: UvManifest {
                constraints: checker.requirements(raw.manifest.constraints),
                overrides: checker.requirements(raw.manifest.overrides),
                excludes: raw.manifest.excludes,
            },
            packages: raw.package.into_iter().map(|package| checker.uv_package(package)).collect(),
            groups: groups.map(|(name, edges)| (normalized(&name), checker.required(edges))).collect(),
            conflicts: raw.conflicts.into_iter().map(set).collect(),
        };
        checker.finish(lock, file)
    }
}

impl RawConflict {
    fn checked(self) -> Conflicting {
        let part = match (self.extra, self.group) {
            (Some(extra), _) => Part::Extra(normalized(&extra)),
            (None, Some(group)) => Part::Group(normalized(&group)),
            (None, None) => Part::Itself,
        };
        Conflicting { package: self.package, part }
    }
}

impl Checker {
    fn uv_package(&mut self, raw: Spanned<RawPackage>) -> UvPackage {
        let (span, raw) = (raw.span(), raw.into_inner());
        let (line, source_text) = (self.line(&span), raw.source.to_string());
        let source: RawSource = raw.source.try_into().unwrap_or_else(|error: toml::de::Error| {
            self.report(span, error.message().to_owned());
            RawSource::default()
        });
        let version = self.optional(raw.version);
        let of = Of { name: Some(&raw.name), version: version.as_ref() };
        let sections = |checker: &mut Self, raw: BTreeMap<String, Vec<Spanned<RawDependency>>>| {
            raw.into_iter().map(|(name, edges)| (normalized(&name), checker.edges(edges))).collect()
        };
        let folder = source.folder();
        UvPackage {
            wheels: wheels(self, &source, raw.wheels, of),
            sdist: raw.sdist.map(|raw| sdist(self, &source, raw)),
            origin: source.origin(),
            requirements: if folder.is_some() {
                self.requirements_of(raw.metadata, raw.group_requires_python)
            } else {
                UvRequirements::default()
            },
            folder,
            dependencies: self.edges(raw.dependencies),
            extras: sections(self, raw.optional_dependencies),
            groups: sections(self, raw.dev_dependencies),
            default_groups: raw.default_groups,
            source: source_text,
            line,
            version,
            name: raw.name,
        }
    }

    fn edges(&mut self, raw: Vec<Spanned<RawDependency>>) -> Vec<UvDependency> {
        let edges = raw.into_iter().map(|raw| {
            let (span, raw) = (raw.span(), raw.into_inner());
            UvDependency {
                name: raw.name,
                version: raw.version.and_then(|version| self.parsed(span.clone(), &version)),
                source: raw.source.map(|source| source.to_string()),
                extras: raw.extra.iter().map(|extra| normalized(extra)).collect(),
                marker: raw.marker.and_then(|marker| self.parsed(span, &marker)),
            }
        });
        edges.collect()
    }

    fn requirements_of(&mut self, raw: RawMetadata, pythons: BTreeMap<String, Spanned<String>>) -> UvRequirements {
        let pythons = pythons.into_iter().filter_map(|(group, text)| Some((normalized(&group), self.value(&text)?)));
        UvRequirements {
            group_pythons: pythons.collect(),
            dependencies: self.requirements(raw.requires_dist),
            extras: raw.provides_extras.iter().map(|extra| normalized(extra)).collect(),
            groups: raw.requires_dev.into_iter().map(|(k, v)| (normalized(&k), self.requirements(v))).collect(),
        }
    }

    fn requirements(&mut self, raw: Vec<Spanned<RawRequirement>>) -> Vec<UvRequirement> {
        let requirements = raw.into_iter().filter_map(|raw| {
            let (span, raw) = (raw.span(), raw.into_inner());
            let dependency = self.parsed(span, &raw.text())?;
            Some(UvRequirement { dependency, source: raw.source() })
        });
        requirements.collect()
    }

    /// Requirements as edges: the groups of the top of a workspace have nothing else.
    fn required(&mut self, raw: Vec<Spanned<RawRequirement>>) -> Vec<UvDependency> {
        let edges = self.requirements(raw).into_iter().map(|UvRequirement { dependency, .. }| UvDependency {
            name: dependency.name,
            version: None,
            source: None,
            extras: dependency.extras.iter().map(|extra| normalized(extra)).collect(),
            marker: dependency.marker,
        });
        edges.collect()
    }
}

impl RawRequirement {
    /// `git = "https://host/x?rev=1"`, `index = "…"` and the like.
    fn source(&self) -> Option<UvSource> {
        let text = |key: &str| self.source.get(key).and_then(toml::Value::as_str);
        if let Some((place, query)) = text("git").map(|git| git.split_once('?').unwrap_or((git, ""))) {
            let mut values = query.split('&').filter_map(|pair| pair.split_once('='));
            let revision = values.find(|(key, _)| ["rev", "tag", "branch"].contains(key)).map(|(_, value)| value);
            return Some(UvSource::Git(place.to_owned(), revision.unwrap_or_default().to_owned()));
        }
        if let Some(url) = text("url") {
            return Some(UvSource::Url(url.to_owned()));
        }
        let is_local = ["path", "directory", "editable", "virtual"].into_iter().any(|key| text(key).is_some());
        let local = is_local.then_some(UvSource::Local);
        local.or_else(|| text("index").map(|_| UvSource::Index))
    }

    /// The same as `[project] dependencies` has it.
    fn text(&self) -> String {
        let versions = self.specifier.as_deref().filter(|text| *text != "*").unwrap_or_default();
        let extras = if self.extras.is_empty() { String::new() } else { format!("[{}]", self.extras.join(",")) };
        let marker = self.marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
        format!("{}{extras} {versions}{marker}", self.name)
    }
}
