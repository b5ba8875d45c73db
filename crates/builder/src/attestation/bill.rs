//! What an image holds, as an SBOM says it.

use rayon::prelude::*;
use serde::Deserialize;
use shipwheel_attest::{Bill, Component, HashedFile, Kind, License, NamedHash, OperatingSystem};
use shipwheel_plan::image_lock::{ImageLock, LockedFile, LockedPlatform};

use crate::contents::contents::Contents;
use crate::contents::distributions::ImageDistribution;
use crate::contents::owner::Owner;
use crate::contents::packages::ImagePackage;
use crate::error::BuildError;

/// The version of this program.
pub(crate) const TOOL: &str = env!("CARGO_PKG_VERSION");

/// The longest file that is hashed: one of each thread is in memory.
const MAX_HASHED: u64 = 1 << 30;

/// The longest SBOM of a wheel that is read.
const MAX_SBOM: usize = 8 << 20;

/// The most components that are taken from the SBOMs of one wheel.
const MAX_COMPONENTS: usize = 2000;

/// The longest name, version or purl that a wheel's SBOM may give.
const MAX_TEXT: usize = 300;

/// Which image it is, as far as its contents do not say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// Its name, without a registry.
    pub(crate) name: &'a str,
    /// The creation time in outputs, in RFC 3339.
    pub(crate) created: &'a str,
    /// What it was made of: the hashes of packages and wheels.
    pub(crate) lock: Option<&'a ImageLock>,
}

/// The SBOM of a platform's image, before it has a format.
///
/// # Errors
/// When the SBOM of a wheel cannot be read from its layer.
pub(crate) fn bill(contents: &Contents, about: About<'_>) -> Result<Bill, BuildError> {
    let locked = about.lock.and_then(|lock| lock.platforms.iter().find(|it| it.platform == contents.platform));
    let mut components: Vec<Component> = contents.packages.iter().map(|it| package(contents, it, locked)).collect();
    for distribution in &contents.distributions {
        // Scanners and people would find a Debian package's own distribution twice.
        if distribution.package.is_some() {
            continue;
        }
        let hashed = hashed(contents, &distribution.files)?;
        components.push(Component { hashed, ..wheel(contents, distribution, locked) });
        components.extend(bundled(contents, distribution)?);
    }
    if let Some(python) = &contents.python {
        let files = owned(contents, Owner::Interpreter);
        let version = python.version.to_string();
        let license = License::Expression("PSF-2.0".to_owned());
        components.push(Component { files, license, ..plain(Kind::Interpreter, "CPython", &version) });
    }
    let files = owned(contents, Owner::Application);
    if !files.is_empty() {
        components.push(Component { files, ..plain(Kind::Application, about.name, "") });
    }
    let system = contents.system.as_ref().filter(|system| !system.id.is_empty()).map(|system| OperatingSystem {
        id: system.id.clone(),
        version: system.version.clone().unwrap_or_default(),
        title: system.name.clone().unwrap_or_default(),
    });
    Ok(Bill {
        name: about.name.to_owned(),
        manifest: contents.manifest.digest,
        platform: contents.platform.clone(),
        created: about.created.to_owned(),
        tool: TOOL.to_owned(),
        system,
        components,
    })
}

fn plain(kind: Kind, name: &str, version: &str) -> Component {
    let (license, hashes, files, hashed) = Default::default();
    Component { kind, name: name.to_owned(), version: version.to_owned(), license, hashes, files, hashed }
}

/// The paths of all files of an owner.
fn owned(contents: &Contents, owner: Owner) -> Vec<String> {
    let files = contents.files.iter().filter(|file| file.owner == owner);
    files.map(|file| file.path.as_str().to_owned()).collect()
}

fn paths(contents: &Contents, files: &[usize]) -> Vec<String> {
    let files = files.iter().filter_map(|number| contents.files.get(*number));
    files.map(|file| file.path.as_str().to_owned()).collect()
}

/// What a wheel brought along, hashed: without the bytecode, which is made here, and without what is too large to be read
/// at once.
fn hashed(contents: &Contents, files: &[usize]) -> Result<Vec<HashedFile>, BuildError> {
    let files: Vec<_> = files.iter().filter_map(|number| contents.files.get(*number)).collect();
    let own = files.par_iter().filter(|file| !file.is_bytecode && file.path.is_utf8());
    let read = own.filter_map(|file| Some((file, file.content.as_ref().filter(|it| it.size() <= MAX_HASHED)?)));
    read.map(|(file, content)| Ok(HashedFile::new(file.path.as_str(), &content.to_vec()?))).collect()
}

fn hashes(files: &[LockedFile], name: &str, version: &str) -> Vec<NamedHash> {
    let same = files.iter().filter(|file| file.name == name && file.version == version);
    same.map(|file| NamedHash { name: file.name.clone(), digest: file.digest }).collect()
}

fn package(contents: &Contents, package: &ImagePackage, locked: Option<&LockedPlatform>) -> Component {
    let about = &package.about;
    let source = (about.source.clone(), about.source_version.clone());
    let kind = Kind::Debian { architecture: about.architecture.clone(), source };
    let hashes = locked.map(|it| hashes(&it.packages, &about.name, &about.version)).unwrap_or_default();
    let license = License::of_debian(&package.licenses);
    Component { hashes, license, files: paths(contents, &package.files), ..plain(kind, &about.name, &about.version) }
}

fn wheel(contents: &Contents, distribution: &ImageDistribution, locked: Option<&LockedPlatform>) -> Component {
    let about = &distribution.about;
    let hashes = match distribution.is_vendored {
        true => Vec::new(),
        false => locked.map(|it| hashes(&it.wheels, &about.name, &about.version)).unwrap_or_default(),
    };
    let classifiers = about.license_classifiers.iter().map(String::as_str);
    let license = License::of_metadata(about.license_expression.as_deref(), about.license.as_deref(), classifiers);
    let files = paths(contents, &distribution.files);
    Component { hashes, files, license, ..plain(Kind::Python, &about.written_name, &about.version) }
}

/// A component of a wheel's own SBOM, in CycloneDX.
#[derive(Deserialize)]
struct Part {
    name: String,
    #[serde(default)]
    version: String,
    purl: Option<String>,
}

#[derive(Deserialize)]
struct Sbom {
    #[serde(rename = "bomFormat")]
    format: String,
    #[serde(default)]
    components: Vec<Part>,
}

/// What a wheel says that it holds (PEP 770); what is not CycloneDX in JSON stays a file of the wheel.
fn bundled(contents: &Contents, distribution: &ImageDistribution) -> Result<Vec<Component>, BuildError> {
    let mut found = Vec::new();
    for file in distribution.sboms.iter().filter_map(|number| contents.files.get(*number)) {
        let Some(content) = file.content.as_ref().filter(|content| content.size() <= MAX_SBOM as u64) else { continue };
        let Ok(sbom) = serde_json::from_slice::<Sbom>(&content.head(MAX_SBOM)?) else { continue };
        if sbom.format != "CycloneDX" {
            continue;
        }
        let is_short = |part: &Part| [&part.name, &part.version].iter().all(|text| text.len() <= MAX_TEXT);
        for part in sbom.components.into_iter().filter(is_short).take(MAX_COMPONENTS) {
            let purl = part.purl.filter(|purl| is_purl(purl));
            let within = distribution.about.written_name.clone();
            found.push(plain(Kind::Bundled { within, purl }, &part.name, &part.version));
        }
    }
    Ok(found)
}

fn is_purl(text: &str) -> bool {
    text.starts_with("pkg:") && text.len() <= MAX_TEXT && text.bytes().all(|byte| byte.is_ascii_graphic())
}
