//! uv.lock as TOML has it, and the way from there to checked values.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::lock::checker::{Checker, Of};
use crate::lock::error::LockError;
use crate::lock::uv_lock::conflict::{ConflictSet, Conflicting, Part};
use crate::lock::uv_lock::files::{RawFile, RawSource, sdist, wheels};
use crate::lock::uv_lock::value::{UvDependency, UvLock, UvPackage, UvRequirement, UvRequirements};
use crate::name::{DistributionName, normalized};

/// The version of the form that is read here; its revisions add keys.
const VERSION: i64 = 1;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawLock {
    version: Option<Spanned<i64>>,
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
            checker.report(version.span(), format!("version is {}, expected version {VERSION}", version.get_ref()));
        }
        let set = |set: Vec<RawConflict>| ConflictSet(set.into_iter().map(RawConflict::checked).collect());
        let groups = raw.manifest.dependency_groups.into_iter();
        let lock = Self {
            file: file.to_owned(),
            requires_python: checker.optional(raw.requires_python),
            environments: raw.supported_markers.iter().filter_map(|marker| checker.value(marker)).collect(),
            members: raw.manifest.members.into_iter().collect(),
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
            requirements: if folder.is_some() { self.requirements_of(raw.metadata) } else { UvRequirements::default() },
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

    fn requirements_of(&mut self, raw: RawMetadata) -> UvRequirements {
        UvRequirements {
            dependencies: self.requirements(raw.requires_dist),
            extras: raw.provides_extras.iter().map(|extra| normalized(extra)).collect(),
            groups: raw.requires_dev.into_iter().map(|(k, v)| (normalized(&k), self.requirements(v))).collect(),
        }
    }

    fn requirements(&mut self, raw: Vec<Spanned<RawRequirement>>) -> Vec<UvRequirement> {
        let requirements = raw.into_iter().filter_map(|raw| {
            let (span, raw) = (raw.span(), raw.into_inner());
            let dependency = self.parsed(span, &raw.text())?;
            Some(UvRequirement { dependency, has_source: !raw.source.is_empty() })
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
    /// The same as `[project] dependencies` has it.
    fn text(&self) -> String {
        let versions = self.specifier.as_deref().filter(|text| *text != "*").unwrap_or_default();
        let extras = if self.extras.is_empty() { String::new() } else { format!("[{}]", self.extras.join(",")) };
        let marker = self.marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
        format!("{}{extras} {versions}{marker}", self.name)
    }
}
