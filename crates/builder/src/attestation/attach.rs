//! An artifact on its way to the manifest that it is about.

use shipwheel_attest::Artifact;
use shipwheel_oci::Descriptor;
use shipwheel_store::Attachment;

use crate::error::BuildError;

/// An artifact as something to attach.
///
/// # Errors
/// Never: an artifact's manifest names its subject.
pub(crate) fn attachment(artifact: &Artifact, subject: &Descriptor) -> Result<Attachment, BuildError> {
    let blobs = artifact.blobs().map(<[u8]>::to_vec).to_vec();
    Attachment::new(artifact.manifest(subject), blobs).ok_or_else(|| BuildError::internal("an artifact has a subject"))
}
