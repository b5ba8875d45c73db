//! A base assembled from Debian's packages: closure resolved, tree made.

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use shipwheel_debian::base::{BaseOptions, UnpackedPackage};
use shipwheel_debian::package::{Package, PackageIndex, decompress, open_deb};
use shipwheel_debian::{BASE_RECIPE, assemble, resolve as close};
use shipwheel_layer::{ByteSource, Compression, ESTARGZ_RECIPE, FileTime, FirstFiles, LAYER_RECIPE, Tree};
use shipwheel_oci::{Digest, Hasher, ImageConfig, Platform, RuntimeConfig};
use shipwheel_plan::image_lock::LockedFile;
use shipwheel_plan::spec::{DebianBase, Libraries};
use shipwheel_store::FileAction;
use shipwheel_store::http::Download;

use super::base_error::BaseError;
use super::debian_error::DebianError;
use super::describe::{DESCRIBE_RECIPE, describe};
use super::meanwhile::Meanwhile;
use super::releases::{Archive, Releases, fetch_all};
use super::resolved::ResolvedBase;
use crate::disk::bytes::FileSource;
use crate::disk::file_error::file_error;
use crate::error::BuildError;
use crate::layer::last_build::note_packages;
use crate::layer::store_layer::store_layer;
use crate::session::Session;

/// The most bytes that an index may decompress to.
const MAX_INDEX: u64 = 1 << 30;

/// The most bytes that a package may unpack to.
const MAX_PACKAGE: u64 = 4 << 30;

/// How many packages are fetched at a time.
pub(super) const CONCURRENCY: usize = 8;

/// A package of the closure, as it is remembered.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct SelectedPackage {
    stanza: String,
    url: String,
    digest: Digest,
    size: u64,
}

/// Gives the releases, which are fetched only if somebody needs them.
pub(super) type FindReleases<'r> = dyn Fn() -> Result<&'r Releases, DebianError> + Sync + 'r;

impl SelectedPackage {
    fn of(archive: &Archive, package: Package) -> Self {
        let Package { filename, digest, size, stanza, .. } = package;
        Self { url: format!("{}/{filename}", archive.url), stanza, digest, size }
    }

    /// As image.lock names it.
    fn locked(&self) -> Result<LockedFile, DebianError> {
        let Package { name, version, .. } = Package::parse(&self.stanza)?;
        Ok(LockedFile { name, version: version.to_string(), digest: self.digest })
    }
}

/// Assembles a base for a platform, unless it is known; of the packages that image.lock names, if it names any.
///
/// # Errors
/// When a package is missing, or anything cannot be fetched.
pub(super) fn resolve_platform(
    session: &Session<'_>,
    releases: &FindReleases<'_>,
    base: &DebianBase,
    locked: Option<&[LockedFile]>,
    platform: &Platform,
    form: (Compression, &FirstFiles),
    meanwhile: &Meanwhile<'_>,
) -> Result<ResolvedBase, BuildError> {
    let fail = |error| named(error, base, platform);
    // What is locked and known needs nothing but its digests.
    if let Some(locked) = locked
        && let Some(known) = known(session, &key_of(base, platform, form, locked.iter().map(|it| it.digest)), platform)
    {
        return Ok(ResolvedBase { packages: locked.to_vec(), ..known });
    }
    let packages = match locked {
        Some(locked) => as_locked(session, releases, locked, platform),
        None => releases().and_then(|releases| closure(session, base, releases, platform)),
    };
    let packages = packages.map_err(fail)?;
    let list = packages.iter().map(SelectedPackage::locked).collect::<Result<_, _>>().map_err(fail)?;
    let key = key_of(base, platform, form, packages.iter().map(|package| package.digest));
    if let Some(known) = known(session, &key, platform) {
        return Ok(ResolvedBase { packages: list, ..known });
    }
    session.report.step(&format!("base: assembling {} packages for {platform}", packages.len()));
    meanwhile();
    let downloads: Vec<Download> = packages
        .iter()
        .map(|package| Download {
            url: package.url.clone(),
            digest: package.digest,
            size: Some(package.size),
            name: None,
        })
        .collect();
    fetch_all(session, &downloads, CONCURRENCY).map_err(fail)?;
    let tree = unpack_all(session, base, &packages).map_err(fail)?;
    session.cache.put_record("packages", &set_key(packages.iter().map(|package| package.digest)), &packages)?;
    let made = store(session, base, &tree, &key, (platform, form))?;
    note_packages(session, &made.facts.layers[0], &list)?;
    Ok(ResolvedBase { packages: list, ..made })
}

/// The key of a base that is made of some packages.
fn key_of(
    base: &DebianBase,
    platform: &Platform,
    (compression, first): (Compression, &FirstFiles),
    packages: impl Iterator<Item = Digest>,
) -> Digest {
    let mut hasher = Hasher::new();
    hasher.fields([BASE_RECIPE, DESCRIBE_RECIPE, LAYER_RECIPE].map(u32::to_le_bytes));
    hasher.field(platform.to_string());
    hasher.fields(packages);
    if has_loader_cache(base) {
        hasher.field("ld.so.cache");
    }
    if compression == Compression::Estargz {
        hasher.field("estargz").field(ESTARGZ_RECIPE.to_le_bytes());
        if !first.is_empty() {
            hasher.field(first.digest().as_bytes());
        }
    }
    hasher.finish()
}

/// A base that is whole in the cache.
fn known(session: &Session<'_>, key: &Digest, platform: &Platform) -> Option<ResolvedBase> {
    let known = ResolvedBase::known(session, key, platform)?;
    known.facts.layers.iter().all(|layer| session.cache.has(&layer.blob)).then_some(known)
}

/// The key of a set of packages, however they are made into a base.
fn set_key(packages: impl Iterator<Item = Digest>) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field("packages").fields(packages);
    hasher.finish()
}

/// The packages that image.lock names: as a base was made of them before, else from the lists of the mirror.
fn as_locked(
    session: &Session<'_>,
    releases: &FindReleases<'_>,
    locked: &[LockedFile],
    platform: &Platform,
) -> Result<Vec<SelectedPackage>, DebianError> {
    let known: Option<Vec<SelectedPackage>> =
        session.cache.record("packages", &set_key(locked.iter().map(|package| package.digest)));
    if let Some(known) = known.filter(|known| known.iter().all(|it| session.cache.blob_size(&it.digest).is_some())) {
        return Ok(known);
    }
    let indexes = releases()?.indexes(&platform.architecture)?;
    let parsed = parsed(session, &indexes)?;
    let archives: Vec<&Archive> = indexes.iter().map(|(archive, _)| *archive).collect();
    locked.iter().map(|package| find(&archives, &parsed, package)).collect()
}

/// The entry of a locked package in the lists of the mirror.
fn find(archives: &[&Archive], indexes: &[PackageIndex], locked: &LockedFile) -> Result<SelectedPackage, DebianError> {
    let mut found = Vec::new();
    for (archive, index) in archives.iter().zip(indexes) {
        for package in index.packages(&locked.name)? {
            if package.digest == locked.digest && package.version.to_string() == locked.version {
                return Ok(SelectedPackage::of(archive, package));
            }
            found.push(format!("{} ({})", package.version, package.digest.short()));
        }
    }
    let LockedFile { name: package, version, digest } = locked.clone();
    Err(DebianError::NotOffered { package, version, digest, found })
}

/// Whether programs are to find libraries by name: with what finds the libraries that they need.
fn has_loader_cache(base: &DebianBase) -> bool {
    base.libraries == Libraries::Auto
}

/// The error with the suite and the platform that it is about.
pub(super) fn named(cause: DebianError, base: &DebianBase, platform: &Platform) -> BuildError {
    let (suite, platform) = (base.suite.value.clone(), platform.clone());
    BaseError::Debian { suite, platform, cause: Box::new(cause) }.into()
}

/// The packages of a base, sorted by name: remembered for as long as no index changes.
fn closure(
    session: &Session<'_>,
    base: &DebianBase,
    releases: &Releases,
    platform: &Platform,
) -> Result<Vec<SelectedPackage>, DebianError> {
    let wanted: Vec<String> = base.packages.iter().map(|package| package.value.clone()).collect();
    let mut hasher = Hasher::new();
    hasher.field("closure").field(BASE_RECIPE.to_le_bytes()).field(&platform.architecture);
    hasher.fields(&wanted).field("exclude").fields(&base.exclude);
    let indexes = releases.indexes(&platform.architecture)?;
    for (archive, index) in &indexes {
        hasher.field(&archive.url).field(index.digest.as_bytes());
    }
    let key = hasher.finish();
    if let Some(known) = session.cache.record("closure", &key) {
        return Ok(known);
    }
    let parsed = parsed(session, &indexes)?;
    let chosen = close(&parsed.iter().collect::<Vec<_>>(), &platform.architecture, &wanted, &base.exclude)?;
    let packages: Vec<SelectedPackage> =
        chosen.into_iter().map(|resolved| SelectedPackage::of(indexes[resolved.index].0, resolved.package)).collect();
    session.cache.put_record("closure", &key, &packages)?;
    Ok(packages)
}

/// The package indexes of a suite, read.
///
/// # Errors
/// When one cannot be fetched or read.
pub(super) fn parsed(
    session: &Session<'_>,
    indexes: &[(&Archive, Download)],
) -> Result<Vec<PackageIndex>, DebianError> {
    fetch_all(session, &indexes.iter().map(|(_, index)| index.clone()).collect::<Vec<_>>(), CONCURRENCY)?;
    let parse = |(_, index): &(&Archive, Download)| {
        let compressed = session.cache.read_blob(&index.digest)?;
        Ok(PackageIndex::parse(decompress(&compressed, MAX_INDEX)?)?)
    };
    indexes.par_iter().map(parse).collect()
}

/// The tree of all packages.
fn unpack_all(session: &Session<'_>, base: &DebianBase, packages: &[SelectedPackage]) -> Result<Tree, DebianError> {
    let unpacked: Vec<UnpackedPackage> =
        packages.par_iter().map(|package| unpack(session, package)).collect::<Result<_, DebianError>>()?;
    let options = BaseOptions {
        codename: Some(base.suite.value.clone()),
        loader_cache: has_loader_cache(base),
        ..BaseOptions::default()
    };
    Ok(assemble(&unpacked, &options)?)
}

/// The tree as a layer in the cache, and what a plan needs to know of it.
fn store(
    session: &Session<'_>,
    base: &DebianBase,
    tree: &Tree,
    key: &Digest,
    (platform, form): (&Platform, (Compression, &FirstFiles)),
) -> Result<ResolvedBase, BuildError> {
    let title = format!("Debian {}", base.suite.value);
    let layer = store_layer(session, &title, tree, FileTime::EARLIEST, form)?;
    let mut config = config_of(platform);
    // The base does not say when it was made: the same packages are the same layer.
    config.push_layer(layer.diff_id, "1970-01-01T00:00:00Z", &format!("{CREATED_BY}{title}"));
    describe(session, key, platform, tree, &config, vec![layer])
}

/// How the line of history of a base begins that is made of packages.
pub(crate) const CREATED_BY: &str = "shipwheel: base: ";

/// What every base that is made of packages tells the runtime.
pub(crate) fn config_of(platform: &Platform) -> ImageConfig {
    let mut config = ImageConfig::empty(platform);
    let env = [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("LANG", "C.UTF-8"),
        // OpenSSL's own folder belongs to a package with a shell script; the bundle is where Debian has it.
        ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    config.apply(&RuntimeConfig { env, ..RuntimeConfig::default() });
    config
}

fn unpack(session: &Session<'_>, package: &SelectedPackage) -> Result<UnpackedPackage, DebianError> {
    let parsed = Package::parse(&package.stanza)?;
    let failed = |cause| DebianError::Deb { package: parsed.name.clone(), cause };
    let bytes = session.cache.read_blob(&package.digest)?;
    let deb = open_deb(&bytes).map_err(failed)?;
    let md5sums = deb.control_file("md5sums").map_err(failed)?;
    // Nameless, and gone with its last reader: what is unpacked is never part of the cache.
    let mut file = session.cache.scratch_file()?;
    deb.write_data_tar(&mut file, MAX_PACKAGE).map_err(failed)?;
    let source = FileSource::new(file, parsed.name.clone());
    let source = source.map_err(file_error(FileAction::Read, session.cache.root()))?;
    Ok(UnpackedPackage { package: parsed, md5sums, data: Arc::new(source) as Arc<dyn ByteSource> })
}
