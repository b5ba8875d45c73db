//! Signs an image with a key, in both of cosign's forms: a bundle that refers to each manifest, and a tag beside it.
//!
//! Both are needed: podman's policies and cosign before 3 read tags alone, and cosign 3 takes bundles where there are any.

use shipwheel_attest::{Artifact, Bundle, Payload, SIGNED, SigningKey, Statement, TaggedSignatures, signature_tag};
use shipwheel_oci::{Descriptor, Reference};
use shipwheel_store::image::ImageGraph;
use shipwheel_store::registry::RegistryDestination;
use shipwheel_store::{
    Attachment, Cache, CopyOptions, Destination, ImageSource, LoneSource, Progress, Registry, copy_image,
};

use crate::attestation::attach::attachment;
use crate::attestation::attest_error::AttestError;
use crate::error::BuildError;

/// Small blobs move one at a time.
const SMALL: CopyOptions = CopyOptions { concurrency: 1, referrers: false };

/// The signatures of an image, before they are anywhere.
#[derive(Debug, Clone)]
pub struct Signed {
    /// What is signed: the index, if there is one, and each platform's manifest.
    pub subjects: Vec<Descriptor>,
    /// The bundles.
    pub attachments: Vec<Attachment>,
}

/// Signs an image's index and the manifests of its platforms: the same bytes for the same image and key.
///
/// # Errors
/// When the image cannot be read.
pub fn sign(source: &dyn ImageSource, key: &SigningKey) -> Result<Signed, BuildError> {
    let graph = ImageGraph::read(source, &source.root()?)?;
    let signed = graph.documents().iter().filter(|document| !document.is_attestation());
    let subjects: Vec<Descriptor> = signed.map(|document| document.descriptor.clone()).collect();
    let attachments = subjects
        .iter()
        .map(|subject| {
            let bundle = Bundle::sign(&Statement::signature(subject.digest), key);
            attachment(&Artifact::bundle(&bundle, SIGNED), subject)
        })
        .collect::<Result<_, _>>()?;
    Ok(Signed { subjects, attachments })
}

/// Where signatures go.
#[derive(Clone, Copy)]
pub struct SignaturePlace<'a> {
    /// The registries.
    pub registry: &'a Registry,
    /// Keeps the blobs until they are there.
    pub cache: &'a Cache,
    /// Transfers.
    pub progress: &'a dyn Progress,
    /// The repository: its tag is not looked at.
    pub target: &'a Reference,
}

/// Puts the signatures of these manifests under tags of their own, beside those that are there; gives how many are new.
///
/// # Errors
/// When the registry cannot be asked or refuses them, or holds something else under such a tag.
pub fn tag_signatures(
    place: SignaturePlace<'_>,
    subjects: &[Descriptor],
    key: &SigningKey,
) -> Result<usize, BuildError> {
    let mut added = 0;
    for subject in subjects {
        let tag = signature_tag(&subject.digest);
        let target = [place.target.with_tag(&tag).map_err(BuildError::internal)?];
        let destinations = RegistryDestination::of(place.registry, &target, place.cache, place.progress);
        let [destination] = destinations.as_slice() else { continue };
        let mut signatures = match destination.named(&tag)? {
            Some(manifest) => TaggedSignatures::parse(&manifest).map_err(|cause| AttestError::Tag { tag, cause })?,
            None => TaggedSignatures::default(),
        };
        let before = signatures.clone();
        let repository = format!("{}/{}", place.target.registry(), place.target.repository());
        let payload = signatures.sign(&Payload { digest: subject.digest, repository }, key);
        if signatures == before {
            continue;
        }
        let blobs = [payload, signatures.config()];
        let source = LoneSource::new(signatures.manifest(), &blobs, place.cache)?;
        copy_image(&source, &[destination as &dyn Destination], SMALL)?;
        added += 1;
    }
    Ok(added)
}
