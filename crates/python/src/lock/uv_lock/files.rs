//! The files of a distribution in a uv.lock: wheels, source distribution, or the place that it comes from.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use toml::Spanned;

use crate::lock::checker::{Checker, Of, name_in_path, name_in_url};
use crate::lock::pylock::{LockedPackage, LockedSdist, LockedWheel, Origin};
use crate::lock::uv_lock::value::{UvFolder, UvPackage};
use crate::repository::Repository;

/// `source = { registry = "…" }`: one key of these.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSource {
    /// An address, or a folder of files.
    registry: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    r#virtual: Option<String>,
}

/// A wheel or a source distribution; a source that is one file has only its hash or name here.
#[derive(Deserialize)]
pub(super) struct RawFile {
    url: Option<String>,
    path: Option<String>,
    filename: Option<String>,
    hash: Option<String>,
    size: Option<u64>,
}

/// Where a file is.
struct Place {
    url: Option<String>,
    path: Option<String>,
}

impl RawSource {
    /// The user's own folder.
    pub(super) fn folder(&self) -> Option<UvFolder> {
        let installed = self.editable.clone().or_else(|| self.directory.clone());
        let installed = installed.map(|path| UvFolder { path, is_installed: true });
        installed.or_else(|| Some(UvFolder { path: self.r#virtual.clone()?, is_installed: false }))
    }

    /// Where a distribution comes from that has no files in the lock.
    pub(super) fn origin(&self) -> Option<Origin> {
        let folder = self.folder().map(|folder| Origin::Directory(folder.path));
        folder.or_else(|| self.git.as_deref().map(repository))
    }

    /// Where a file of a distribution with this source is.
    fn place(&self, file: &RawFile) -> Place {
        let url = file.url.clone().or_else(|| self.url.clone());
        let below = |path: &String| match self.registry.as_deref() {
            Some(folder) if !folder.contains("://") => format!("{folder}/{path}"),
            _ => path.clone(),
        };
        let path = file.path.as_ref().map(below).or_else(|| self.path.clone());
        Place { path: path.filter(|_| url.is_none()), url }
    }
}

/// `https://host/x?subdirectory=sub&rev=main#COMMIT`: what is asked for besides the commit is not needed any more.
fn repository(git: &str) -> Origin {
    let (place, commit) = git.split_once('#').unwrap_or((git, ""));
    let (url, query) = place.split_once('?').unwrap_or((place, ""));
    let subdirectory = query.split('&').find_map(|part| part.strip_prefix("subdirectory="));
    let subdirectory = subdirectory.map(|folder| percent_decode_str(folder).decode_utf8_lossy().into_owned());
    match Repository::parse(&format!("git+{url}@{commit}"), subdirectory) {
        Ok(repository) => Origin::Git(repository),
        Err(_) => Origin::Vcs(if commit.is_empty() { url.to_owned() } else { format!("{url} at {commit}") }),
    }
}

/// Reads the wheels of a distribution.
pub(super) fn wheels(
    checker: &mut Checker,
    source: &RawSource,
    raw: Vec<Spanned<RawFile>>,
    of: Of<'_>,
) -> Vec<LockedWheel> {
    let wheels = raw.into_iter().filter_map(|raw| {
        let (span, raw) = (raw.span(), raw.into_inner());
        let place = source.place(&raw);
        let named = raw.filename.clone().or_else(|| place.path.as_deref().map(|path| name_in_path(path).to_owned()));
        let name = named.or_else(|| place.url.as_deref().map(name_in_url)).unwrap_or_default();
        let name = checker.wheel_name(span.clone(), &name, of)?;
        let (sha256, stronger) = checker.hash(span, raw.hash.as_deref());
        Some(LockedWheel { name, url: place.url, path: place.path, size: raw.size, sha256, stronger })
    });
    wheels.collect()
}

/// Reads a source distribution.
pub(super) fn sdist(checker: &mut Checker, source: &RawSource, raw: Spanned<RawFile>) -> LockedSdist {
    let (span, raw) = (raw.span(), raw.into_inner());
    let Place { url, path } = source.place(&raw);
    let (sha256, stronger) = checker.hash(span, raw.hash.as_deref());
    LockedSdist { sha256, stronger, url, path }
}

impl UvPackage {
    /// In the form that wheels are selected from.
    pub(super) fn locked(&self) -> LockedPackage {
        LockedPackage {
            name: self.name.clone(),
            version: self.version.clone(),
            marker: None,
            requires_python: None,
            wheels: self.wheels.clone(),
            sdist: self.sdist.clone(),
            origin: self.origin.clone(),
            line: self.line,
        }
    }
}
