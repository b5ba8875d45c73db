//! The SBOM of one platform of an image: the one that is attached to it, or else what its files say.

use shipwheel_attest::{CYCLONEDX_TYPE, SPDX_TYPE};
use shipwheel_oci::{Descriptor, Platform};
use shipwheel_plan::spec::SbomFormat;
use shipwheel_store::image::{Document, ImageGraph, Walk, is_attestation};
use shipwheel_store::{Cache, ImageSource, StoreError};

use crate::error::BuildError;

/// The longest SBOM that is read.
const MAX_SBOM: u64 = 64 << 20;

/// The most manifests that refer to an image and are opened.
const MAX_REFERRERS: usize = 200;

/// The SBOM of a format that is attached to the manifest of a platform; `None` if there is none.
///
/// Whoever may push to the repository may have attached it: a signature says who did.
///
/// # Errors
/// When the image has no such platform, or what is attached to it cannot be read.
pub fn attached_sbom(
    source: &dyn ImageSource,
    platform: &Platform,
    format: SbomFormat,
    cache: &Cache,
) -> Result<Option<Vec<u8>>, BuildError> {
    let wanted = match format {
        SbomFormat::Spdx => SPDX_TYPE,
        SbomFormat::Cyclonedx => CYCLONEDX_TYPE,
    };
    let mut blobs: Vec<Descriptor> = Vec::new();
    let manifest = manifest(source, platform)?;
    for referrer in source.referrers(&manifest.digest)?.into_iter().take(MAX_REFERRERS) {
        let graph = ImageGraph::read(source, &referrer.descriptor)?;
        let layers = graph.documents().iter().flat_map(|document| &document.layers);
        blobs.extend(layers.filter(|layer| layer.media_type == wanted).cloned());
    }
    // Of several, always the same one.
    blobs.sort_by_key(|blob| blob.digest);
    blobs.first().map(|blob| Ok(source.read(blob, MAX_SBOM, cache)?)).transpose()
}

/// The manifest of a platform; that of an image without an index may be of any.
fn manifest(source: &dyn ImageSource, platform: &Platform) -> Result<Descriptor, BuildError> {
    let follows = |entry: &Descriptor| !is_attestation(entry);
    let walk = Walk { follows: &follows, fault: &mut |error, _| Err(error) };
    let graph = ImageGraph::walk(source, &source.root()?, walk)?;
    let all: Vec<&Document> = graph.manifests().collect();
    let own = all.iter().find(|document| document.platform().is_none_or(|own| own == platform));
    let found = || all.iter().filter_map(|document| document.platform().cloned()).collect();
    let own =
        own.ok_or_else(|| StoreError::NoPlatform { what: source.name(), platform: platform.clone(), found: found() })?;
    Ok(own.descriptor.clone())
}
