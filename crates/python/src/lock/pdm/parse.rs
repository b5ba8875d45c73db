//! pdm.lock as TOML has it, and the way from there to checked values.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;
use toml::Spanned;

use crate::lock::checker::{Checker, FormVersions, Of};
use crate::lock::chosen::ToolPackage;
use crate::lock::error::LockError;
use crate::lock::pdm::locked::{PdmLock, PdmPackage};
use crate::lock::tool_file::{At, ToolFile, git_place, in_folder};
use crate::marker::Marker;
use crate::name::{DistributionName, normalized};

/// The strategy by which a lock says which groups need what, and where.
const INHERIT: &str = "inherit_metadata";

const VERSIONS: FormVersions = FormVersions {
    key: "lock_version",
    known: "version 4",
    remedy: "lock again with PDM 2 (`pdm lock`), or export a pylock.toml (`pdm export --format pylock`)",
};

#[derive(Deserialize)]
struct RawLock {
    #[serde(default)]
    package: Vec<Spanned<RawPackage>>,
    metadata: Spanned<RawMetadata>,
}

#[derive(Deserialize)]
struct RawMetadata {
    lock_version: Option<Spanned<String>>,
    content_hash: Option<String>,
    /// What PDM 2.29 compares in place of the digest, where it is asked to.
    lock_inputs: Option<toml::Value>,
    groups: Option<Vec<String>>,
    #[serde(default)]
    strategy: Vec<String>,
    #[serde(default)]
    targets: Vec<RawTarget>,
    /// Where versions before 4.3 have the files, by name and version.
    #[serde(default)]
    files: BTreeMap<String, Vec<ToolFile>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTarget {
    requires_python: Option<String>,
    platform: Option<String>,
    implementation: Option<String>,
}

#[derive(Deserialize)]
struct RawPackage {
    name: Spanned<String>,
    version: Option<Spanned<String>>,
    #[serde(default)]
    extras: Vec<String>,
    requires_python: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    marker: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    files: Vec<ToolFile>,
    git: Option<String>,
    hg: Option<String>,
    svn: Option<String>,
    bzr: Option<String>,
    r#ref: Option<String>,
    revision: Option<String>,
    subdirectory: Option<String>,
    url: Option<String>,
    path: Option<String>,
}

impl PdmLock {
    /// Parses a text; `file` names it in messages.
    ///
    /// # Errors
    /// When it is not TOML, is of another version than 4, or values in it cannot be used: all of them.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let raw: RawLock = toml::from_str(text).map_err(|error| LockError::syntax(text, file, &error))?;
        let mut checker = Checker::new(text);
        let span = raw.metadata.span();
        let metadata = raw.metadata.into_inner();
        let version = metadata.lock_version.as_ref().map(|version| version.get_ref().as_str());
        if version.and_then(|version| version.split('.').next()) != Some("4") {
            let place = metadata.lock_version.as_ref().map_or(span.clone(), Spanned::span);
            checker.report_version(place, version, &VERSIONS);
        }
        let set = |names: Vec<String>| -> BTreeSet<String> { names.iter().map(|name| normalized(name)).collect() };
        // A target without conditions is every environment.
        let targets: Option<Vec<String>> = metadata.targets.iter().map(RawTarget::marker).collect();
        let lock = Self {
            // With it the digest says nothing: it changes with the order of dependencies, too.
            content_hash: metadata.content_hash.filter(|_| metadata.lock_inputs.is_none()),
            groups: metadata.groups.map(set),
            is_inherited: metadata.strategy.iter().any(|strategy| strategy == INHERIT),
            targets: targets.unwrap_or_default().iter().filter_map(|text| checker.parsed(span.clone(), text)).collect(),
            packages: raw.package.into_iter().filter_map(|it| checker.pdm_package(it, &metadata.files)).collect(),
        };
        checker.finish(lock, file)
    }
}

impl RawTarget {
    /// The marker of its environment; `None` for every one, which a lock with such a target is for.
    fn marker(&self) -> Option<String> {
        let mut parts = Vec::new();
        let versions: Option<VersionSpecifiers> = self.requires_python.as_deref().and_then(|text| text.parse().ok());
        parts.extend(versions.iter().flat_map(|all| all.iter()).map(|it| {
            format!("python_full_version {} '{}'", it.operator().to_string().trim_end_matches(".*"), version_of(it))
        }));
        if let Some(platform) = &self.platform {
            let platform = platform.to_ascii_lowercase();
            let system =
                [("win", "win32"), ("macos", "darwin")].into_iter().find(|(start, _)| platform.starts_with(start));
            parts.push(format!("sys_platform == '{}'", system.map_or("linux", |(_, system)| system)));
            let machine = [("x86_64", "x86_64"), ("amd64", "AMD64"), ("aarch64", "aarch64"), ("arm64", "arm64")]
                .into_iter()
                .find(|(end, _)| platform.ends_with(end));
            parts.extend(machine.map(|(_, machine)| format!("platform_machine == '{machine}'")));
        }
        if let Some(implementation) =
            self.implementation.as_deref().filter(|it| it.bytes().all(|b| b.is_ascii_alphanumeric()))
        {
            parts.push(format!("implementation_name == '{}'", implementation.to_ascii_lowercase()));
        }
        (!parts.is_empty()).then(|| parts.join(" and "))
    }
}

/// The version of a specifier, with its star.
fn version_of(specifier: &pep440_rs::VersionSpecifier) -> String {
    let star = if specifier.operator().is_star() { ".*" } else { "" };
    format!("{}{star}", specifier.version())
}

impl Checker {
    fn pdm_package(&mut self, raw: Spanned<RawPackage>, files: &BTreeMap<String, Vec<ToolFile>>) -> Option<PdmPackage> {
        let (span, mut raw) = (raw.span(), raw.into_inner());
        let line = self.line(&span);
        let name: Option<DistributionName> = self.value(&raw.name);
        let version: Option<Version> = match &raw.version {
            Some(version) => self.value(version),
            // A folder whose version is made up by its build may have none.
            None => Some(Version::new([0])),
        };
        let (name, version) = name.zip(version)?;
        if raw.files.is_empty() {
            let key = format!(
                "{} {}",
                raw.name.get_ref(),
                raw.version.as_ref().map(|it| it.get_ref().as_str()).unwrap_or_default()
            );
            raw.files = files.get(&key).cloned().unwrap_or_default();
        }
        let marker: Option<Marker> = raw.marker.as_deref().and_then(|text| self.parsed(span.clone(), text));
        let dependencies = raw.dependencies.iter().filter_map(|text| self.parsed(span.clone(), text)).collect();
        let requires_python =
            raw.requires_python.as_deref().filter(|text| !text.is_empty()).and_then(|text| text.parse().ok());
        let files = self.tool_files(&span, raw.at(), &raw.files, Of { name: Some(&name), version: Some(&version) });
        let set = |names: &[String]| names.iter().map(|name| normalized(name)).collect();
        Some(PdmPackage {
            extras: set(&raw.extras),
            groups: set(&raw.groups),
            marker,
            dependencies,
            package: ToolPackage { name, version, requires_python, files, line },
        })
    }
}

impl RawPackage {
    /// Where it is.
    fn at(&self) -> At {
        let folder = self.subdirectory.as_deref();
        if let Some(git) = &self.git {
            let commit = self.revision.as_deref().or(self.r#ref.as_deref());
            return At::Place(git_place(git, commit, folder));
        }
        let others = [("hg", &self.hg), ("svn", &self.svn), ("bzr", &self.bzr)];
        if let Some((kind, url)) = others.into_iter().find_map(|(kind, url)| Some((kind, url.as_ref()?))) {
            return At::Place(format!("{kind}+{url}"));
        }
        // A path is also an address with the project's folder in it.
        let Some(path) = self.path.as_ref().or(self.url.as_ref()) else { return At::Index(None) };
        let path = path.strip_prefix("file:///${PROJECT_ROOT}/").map_or(path.clone(), |rest| format!("./{rest}"));
        let is_address = path.starts_with("https://") || path.starts_with("http://");
        if is_address && folder.is_none() { At::Address(path) } else { At::Place(path + &in_folder(folder)) }
    }
}
