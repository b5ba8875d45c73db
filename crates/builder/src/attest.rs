//! What can be said of an image, attached to it: SBOMs of what it holds, and provenance of what it was made from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shipwheel_attest::{
    Artifact, Attestations, Bundle, CYCLONEDX_PREDICATE, CYCLONEDX_TYPE, Dependency, Provenance, Purl, SPDX_PREDICATE,
    SPDX_TYPE, SigningKey, Statement, cyclonedx, spdx,
};
use shipwheel_oci::{Descriptor, Digest, canonical_value, media_type};
use shipwheel_plan::image_lock::{ImageLock, LockedPlatform};
use shipwheel_plan::layer::LayerKind;
use shipwheel_plan::spec::{AttestationsSpec, Base, SbomFormat};
use shipwheel_store::limits::MAX_LOCK;
use shipwheel_store::{Attachment, FileAction, ImageSource, IndexedAttestations, read_small};

use crate::attestation::attach::attachment;
use crate::attestation::bill::{About, TOOL, bill};
use crate::contents::contents::Contents;
use crate::error::BuildError;
use crate::project::definition::Definition;

/// What is attested, and from what.
pub struct AttestOptions<'a> {
    /// What is asked for.
    pub wanted: &'a AttestationsSpec,
    /// The definition that was built.
    pub definition: &'a Definition,
    /// The profile of it that was chosen.
    pub profile: Option<&'a str>,
    /// What came of it, and what it was made of.
    pub lock: &'a ImageLock,
    /// The creation time in outputs, in RFC 3339.
    pub created: &'a str,
    /// Signs each of them as well.
    pub key: Option<&'a SigningKey>,
}

/// What there is to attest of the image of one platform: made once, wherever it goes.
pub struct Testimony<'a> {
    contents: &'a Contents,
    sboms: Vec<(SbomFormat, Vec<u8>)>,
    provenance: Option<Statement>,
}

/// What there is to attest of each platform of a built image; `in_index`, for its index as well, which has an SBOM in SPDX
/// and provenance whatever the definition asks for.
///
/// # Errors
/// When an SBOM of a wheel or the lock cannot be read.
pub fn testify<'a>(
    platforms: &'a [Contents],
    options: &AttestOptions<'_>,
    in_index: bool,
) -> Result<Vec<Testimony<'a>>, BuildError> {
    let mut formats = options.wanted.sbom.clone();
    formats.extend(in_index.then_some(SbomFormat::Spdx));
    let files = if options.wanted.provenance || in_index { Some(files(options.definition)?) } else { None };
    let testimonies = platforms.iter().map(|contents| {
        let about = About { name: &options.definition.name, created: options.created, lock: Some(options.lock) };
        let provenance = files.as_ref().map(|files| provenance(contents, options, files).statement());
        Ok(Testimony { contents, sboms: sboms(contents, about, &formats)?, provenance })
    });
    testimonies.collect()
}

/// The attestations of the platforms of a built image: the same bytes for the same image, definition and key.
///
/// # Errors
/// When an SBOM is none.
pub fn attest(testimonies: &[Testimony<'_>], options: &AttestOptions<'_>) -> Result<Vec<Attachment>, BuildError> {
    let mut attachments = Vec::new();
    for Testimony { contents, sboms, provenance } in testimonies {
        let subject = &contents.manifest;
        let mut add = |plain: Artifact, statement: &Statement| {
            attachments.push(attachment(&plain, subject)?);
            if let Some(key) = options.key {
                let bundle = Bundle::sign(statement, key);
                attachments.push(attachment(&Artifact::bundle(&bundle, &statement.predicate_type), subject)?);
            }
            Ok::<_, BuildError>(())
        };
        for (format, document) in sboms.iter().filter(|(format, _)| options.wanted.sbom.contains(format)) {
            let predicate: Value = serde_json::from_slice(document).map_err(BuildError::internal)?;
            let (kind, predicate_type) = match format {
                SbomFormat::Spdx => (SPDX_TYPE, SPDX_PREDICATE),
                SbomFormat::Cyclonedx => (CYCLONEDX_TYPE, CYCLONEDX_PREDICATE),
            };
            add(Artifact::plain(kind, document.clone()), &Statement::of(subject.digest, predicate_type, predicate))?;
        }
        if let Some(statement) = provenance.as_ref().filter(|_| options.wanted.provenance) {
            add(Artifact::statement(statement), statement)?;
        }
    }
    Ok(attachments)
}

/// The same image under an index that lists, beside its platforms, an SBOM in SPDX and provenance of each, as BuildKit has
/// them: that index has another digest.
///
/// # Errors
/// As [`attest`], and when the image's root cannot be read.
pub fn index_attestations(
    source: &dyn ImageSource,
    testimonies: &[Testimony<'_>],
) -> Result<IndexedAttestations, BuildError> {
    let root = source.root()?;
    let bytes = source.document(&root)?;
    let mut index: Value = serde_json::from_slice(&bytes).map_err(BuildError::internal)?;
    if index.get("manifests").is_none() {
        let platform = testimonies.first().map(|it| it.contents.platform.clone());
        let entry = Descriptor { platform, ..Descriptor::new(&root.media_type, root.digest, root.size) };
        index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [entry] });
    }
    let mut found = IndexedAttestations::default();
    for Testimony { contents, sboms, provenance } in testimonies {
        let mut statements = Vec::new();
        for (_, document) in sboms.iter().filter(|(format, _)| *format == SbomFormat::Spdx) {
            let predicate: Value = serde_json::from_slice(document).map_err(BuildError::internal)?;
            statements.push(Statement::of(contents.manifest.digest, SPDX_PREDICATE, predicate));
        }
        statements.extend(provenance.clone());
        let Attestations { manifest, blobs, entry } = Attestations::new(&contents.manifest, &statements);
        if let Some(entries) = index.get_mut("manifests").and_then(Value::as_array_mut) {
            entries.push(entry);
        }
        found.manifests.push(manifest);
        found.blobs.extend(blobs);
    }
    found.index = canonical_value(index);
    Ok(found)
}

/// The SBOMs of a platform's image that nobody attached: without the hashes that only a build knows.
///
/// # Errors
/// When an SBOM of a wheel cannot be read from its layer.
pub fn sbom(contents: &Contents, name: &str, created: &str, format: SbomFormat) -> Result<Vec<u8>, BuildError> {
    let all = sboms(contents, About { name, created, lock: None }, &BTreeSet::from([format]))?;
    Ok(all.into_iter().map(|(_, document)| document).next().unwrap_or_default())
}

fn sboms(
    contents: &Contents,
    about: About<'_>,
    formats: &BTreeSet<SbomFormat>,
) -> Result<Vec<(SbomFormat, Vec<u8>)>, BuildError> {
    if formats.is_empty() {
        return Ok(Vec::new());
    }
    let bill = bill(contents, about)?;
    let write = |format: &SbomFormat| match format {
        SbomFormat::Spdx => (*format, spdx(&bill)),
        SbomFormat::Cyclonedx => (*format, cyclonedx(&bill)),
    };
    Ok(formats.iter().map(write).collect())
}

/// The files that say what to build, by the names that they have in the definition.
fn files(definition: &Definition) -> Result<BTreeMap<String, Digest>, BuildError> {
    let name = if definition.derived { "image.toml (derived)" } else { "image.toml" };
    let mut files = BTreeMap::from([(name.to_owned(), Digest::of(definition.text.as_bytes()))]);
    if let Some(python) = &definition.spec.python {
        let path = definition.folder.join(&python.lock.value);
        let lock = read_small(&path, MAX_LOCK).map_err(BuildError::file(FileAction::Read, &path))?;
        files.insert(python.lock.value.clone(), Digest::of(&lock));
    }
    Ok(files)
}

fn provenance(contents: &Contents, options: &AttestOptions<'_>, files: &BTreeMap<String, Digest>) -> Provenance {
    let locked = options.lock.platforms.iter().find(|it| it.platform == contents.platform);
    let mut choices = BTreeMap::from([("name".to_owned(), options.definition.name.clone())]);
    choices.extend(options.profile.map(|profile| ("profile".to_owned(), profile.to_owned())));
    choices.extend(contents.python.as_ref().map(|it| ("interpreter".to_owned(), it.version.to_string())));
    Provenance {
        manifest: contents.manifest.digest,
        platform: contents.platform.clone(),
        files: files.clone(),
        choices,
        format: options.lock.format.clone(),
        dependencies: locked.map(|locked| dependencies(locked, options.definition)).unwrap_or_default(),
        tool: TOOL.to_owned(),
    }
}

/// All that went into a platform's image: the base, the wheels, and the application's files together.
fn dependencies(locked: &LockedPlatform, definition: &Definition) -> Vec<Dependency> {
    let mut all: Vec<Dependency> = Vec::new();
    if let Some(digest) = locked.base {
        let name = definition.spec.base.iter().find_map(|base| match base {
            Base::Image(reference) => reference.value.repository().rsplit('/').next().map(str::to_owned),
            Base::Layout(_) => Some("base".to_owned()),
            Base::Debian(_) => None,
        });
        let uri = Purl::new("oci", name.as_deref().unwrap_or("base"), &digest.to_string()).to_string();
        all.push(Dependency { uri, digest });
    }
    let debian = locked.packages.iter().map(|it| (Purl::new("deb", &it.name, &it.version).namespace("debian"), it));
    let wheels = locked.wheels.iter().map(|it| (Purl::new("pypi", &it.name, &it.version), it));
    all.extend(debian.chain(wheels).map(|(purl, it)| Dependency { uri: purl.to_string(), digest: it.digest }));
    let own = locked.layers.iter().filter(|layer| layer.kind == LayerKind::Application);
    // A name of our own: the files have no place that others could fetch them from.
    all.extend(
        own.filter_map(|layer| Some(Dependency { uri: "shipwheel:application".to_owned(), digest: layer.inputs? })),
    );
    all
}
