//! SBOMs and provenance of what `image` built.

use shipwheel_attest::SigningKey;
use shipwheel_builder::{
    AttestOptions, Built, Definition, DescribeOptions, Session, attest as attest_image, describe, index_attestations,
    testify,
};
use shipwheel_store::{Attachment, ImageSource, IndexedAttestations};

use crate::failure::Failure;

/// What was built, and where.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) definition: &'a Definition,
    pub(crate) built: &'a Built,
    /// The profile that was chosen.
    pub(crate) profile: Option<&'a str>,
    /// Whether the index has attestations in it, as BuildKit's.
    pub(crate) in_index: bool,
}

/// What is attested of an image.
#[derive(Default)]
pub(crate) struct Attested {
    /// What is attached to its manifests.
    pub(crate) attachments: Vec<Attachment>,
    /// Its index with attestations in it, if that is asked for.
    pub(crate) indexed: Option<IndexedAttestations>,
}

/// What the definition asks to be attached to the image, with a key everything signed as well; and the attestations for its
/// index.
pub(crate) fn attest(
    about: &About<'_>,
    source: &dyn ImageSource,
    key: Option<&SigningKey>,
) -> Result<Attested, Failure> {
    let About { session, definition, built, profile, in_index } = *about;
    let wanted = &definition.spec.attestations;
    if !wanted.is_any() && !in_index {
        return Ok(Attested::default());
    }
    let doing = || Failure::while_doing("attest what the image is made of");
    let options = DescribeOptions { cache: &session.cache, report: session.report, platforms: Vec::new() };
    let description = describe(source, &options).map_err(doing())?;
    let created = session.created();
    let options = AttestOptions { wanted, definition, profile, lock: &built.lock, created: &created, key };
    let testimonies = testify(&description.platforms, &options, in_index).map_err(doing())?;
    let attachments = attest_image(&testimonies, &options).map_err(doing())?;
    let indexed = match in_index {
        true => Some(index_attestations(source, &testimonies).map_err(doing())?),
        false => None,
    };
    Ok(Attested { attachments, indexed })
}
