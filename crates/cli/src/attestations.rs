//! SBOMs and provenance of what `image` built.

use shipwheel_attest::SigningKey;
use shipwheel_builder::{AttestOptions, Built, Definition, DescribeOptions, Session, attest as attest_image, describe};
use shipwheel_store::{Attachment, ImageSource};

use crate::failure::Failure;

/// What was built, and where.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) definition: &'a Definition,
    pub(crate) built: &'a Built,
}

/// What the definition asks to be attached to the image; with a key, everything signed as well.
pub(crate) fn attest(
    about: &About<'_>,
    profile: Option<&str>,
    source: &dyn ImageSource,
    key: Option<&SigningKey>,
) -> Result<Vec<Attachment>, Failure> {
    let About { session, definition, built } = *about;
    let wanted = &definition.spec.attestations;
    if !wanted.is_any() {
        return Ok(Vec::new());
    }
    let doing = || Failure::while_doing("attest what the image is made of");
    let options = DescribeOptions { cache: &session.cache, report: session.report, platforms: Vec::new() };
    let description = describe(source, &options).map_err(doing())?;
    let created = session.created();
    let options = AttestOptions { wanted, definition, profile, lock: &built.lock, created: &created, key };
    attest_image(&description.platforms, &options).map_err(doing())
}
