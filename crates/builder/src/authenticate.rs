//! Is an image signed by a key? Over its very digest, with the predicate of a signature, in either of cosign's forms.
//!
//! cosign 3 takes any attestation by the key for a signature; an SBOM says nothing of the kind, and does not count here.

use shipwheel_attest::{
    AttestationError, Bundle, Payload, PublicKey, SIGNED, Statement, TaggedSignature, TaggedSignatures, signature_tag,
};
use shipwheel_oci::{Descriptor, Digest};
use shipwheel_store::image::{Document, ImageGraph};
use shipwheel_store::{Cache, ImageSource};

use crate::attestation::attest_error::AttestError;
use crate::attestation::refused::{Refused, RefusedReason};
use crate::error::BuildError;

/// The most manifests that refer to an image and are opened.
const MAX_REFERRERS: usize = 200;

/// The longest bundle: an SBOM of a large image fits.
const MAX_BUNDLE: u64 = 32 << 20;

/// The longest payload of the older form.
const MAX_PAYLOAD: u64 = 64 << 10;

/// What the beginning of the media type of every bundle is.
const BUNDLES: &str = "application/vnd.dev.sigstore.bundle";

/// How an image is signed by a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticity {
    /// What is signed: the index, or the one manifest.
    pub digest: Digest,
    /// How many bundles sign it.
    pub bundles: usize,
    /// How many payloads under its tag do.
    pub tagged: usize,
    /// What else the key attests of it, by predicate.
    pub attests: Vec<String>,
}

/// Finds the signatures of a key over an image's root.
///
/// # Errors
/// When what is attached to the image cannot be listed, or nothing of it is a signature by the key.
pub fn authenticate(source: &dyn ImageSource, key: &PublicKey, cache: &Cache) -> Result<Authenticity, BuildError> {
    let root = source.root()?;
    let search = Search { source, key, cache, root: &root };
    let mut found = search.bundles()?;
    found.extend(search.tagged()?);
    let mut signed = Authenticity { digest: root.digest, bundles: 0, tagged: 0, attests: Vec::new() };
    let mut refused = Vec::new();
    for one in found {
        match one {
            Found::Bundle => signed.bundles += 1,
            Found::Tagged => signed.tagged += 1,
            Found::Refused(one) => {
                if let RefusedReason::OtherPredicate(predicate) = &one.reason {
                    signed.attests.push(predicate.clone());
                }
                refused.push(one);
            }
        }
    }
    signed.attests.sort();
    signed.attests.dedup();
    match signed.bundles + signed.tagged {
        0 => Err(AttestError::Unsigned { digest: root.digest, found: refused }.into()),
        _ => Ok(signed),
    }
}

enum Found {
    Bundle,
    Tagged,
    Refused(Refused),
}

struct Search<'a> {
    source: &'a dyn ImageSource,
    key: &'a PublicKey,
    cache: &'a Cache,
    root: &'a Descriptor,
}

impl Search<'_> {
    /// All bundles that refer to the root. Some lists call a bundle something else, so that every manifest is opened.
    fn bundles(&self) -> Result<Vec<Found>, BuildError> {
        let mut found = Vec::new();
        for referrer in self.source.referrers(&self.root.digest)?.into_iter().take(MAX_REFERRERS) {
            // What cannot be read is no signature; another one may be.
            let Ok(graph) = ImageGraph::read(self.source, &referrer.descriptor) else { continue };
            let Some(document) = graph.document(&referrer.descriptor.digest) else { continue };
            let is_bundle = |layer: &&Descriptor| layer.media_type.starts_with(BUNDLES);
            for layer in document.layers.iter().filter(is_bundle).take(1) {
                found.push(self.bundle(document, layer)?);
            }
        }
        Ok(found)
    }

    fn bundle(&self, document: &Document, layer: &Descriptor) -> Result<Found, BuildError> {
        let bytes = self.source.read(layer, MAX_BUNDLE, self.cache)?;
        let refused = |reason| Ok(Found::Refused(Refused { place: document.descriptor.digest, reason }));
        match Bundle::parse(&bytes).and_then(|bundle| bundle.statement(self.key)) {
            Err(error) => refused(RefusedReason::Unusable(error)),
            Ok(statement) if !statement.is_about(&self.root.digest) => refused(RefusedReason::OtherImage),
            Ok(Statement { predicate_type, .. }) if predicate_type != SIGNED => {
                refused(RefusedReason::OtherPredicate(predicate_type))
            }
            Ok(_) => Ok(Found::Bundle),
        }
    }

    /// All payloads under the root's tag.
    fn tagged(&self) -> Result<Vec<Found>, BuildError> {
        let Some(manifest) = self.source.beside(&signature_tag(&self.root.digest))? else { return Ok(Vec::new()) };
        let bytes = self.source.document(&manifest)?;
        let refused = |place, reason| Found::Refused(Refused { place, reason });
        let signatures = match TaggedSignatures::parse(&bytes) {
            Ok(signatures) => signatures,
            Err(error) => return Ok(vec![refused(manifest.digest, RefusedReason::Unusable(error))]),
        };
        let judged = signatures.signatures().map(|TaggedSignature { payload, signature }| {
            let bytes = self.source.read(&payload, MAX_PAYLOAD, self.cache)?;
            let refused = |reason| Ok(refused(payload.digest, reason));
            if !self.key.verifies(&bytes, &signature) {
                return refused(RefusedReason::Unusable(AttestationError::Signature));
            }
            match Payload::parse(&bytes) {
                Err(error) => refused(RefusedReason::Unusable(error)),
                Ok(payload) if payload.digest != self.root.digest => refused(RefusedReason::OtherImage),
                Ok(_) => Ok(Found::Tagged),
            }
        });
        judged.collect()
    }
}
