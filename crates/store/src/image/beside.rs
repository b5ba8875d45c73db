//! What cosign keeps beside a document under tags that have its digest in their names: signatures, attestations, SBOMs.
//!
//! No document of these names a subject, so that no list of referrers has them.

use shipwheel_oci::{Descriptor, Digest};

use super::source::ImageSource;
use crate::error::Result;
use crate::sync::in_parallel;

/// How the tags end: signatures, attestations, and the SBOMs of older versions.
const ENDINGS: [&str; 3] = ["sig", "att", "sbom"];

/// The tags that a document may have beside it: `sha256-HEX.sig` and the like.
pub(crate) fn tags_of(subject: &Digest) -> [String; 3] {
    ENDINGS.map(|ending| format!("sha256-{}.{ending}", subject.hex()))
}

/// The document that a tag is about; `None` if it is the tag of an image.
pub(crate) fn subject_of(tag: &str) -> Option<Digest> {
    let (hex, ending) = tag.strip_prefix("sha256-")?.split_once('.')?;
    let subject: Digest = format!("sha256:{hex}").parse().ok()?;
    ENDINGS.contains(&ending).then_some(subject)
}

impl dyn ImageSource + '_ {
    /// What is beside a document, with the tags.
    ///
    /// # Errors
    /// When it cannot be asked for.
    pub fn all_beside(&self, subject: &Digest) -> Result<Vec<(String, Descriptor)>> {
        let tags = tags_of(subject);
        let found = in_parallel(&tags, tags.len(), |tag| self.beside(tag))?;
        Ok(tags.into_iter().zip(found).filter_map(|(tag, found)| Some((tag, found?))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_the_document_that_it_is_about() {
        let digest = Digest::of(b"subject");
        for tag in tags_of(&digest) {
            assert_eq!(subject_of(&tag), Some(digest), "{tag}");
        }
        let hex = digest.hex();
        for other in ["1.0".to_owned(), format!("sha256-{hex}"), format!("sha256-{hex}.x"), "sha256-ab.sig".to_owned()]
        {
            assert_eq!(subject_of(&other), None, "{other}");
        }
    }
}
