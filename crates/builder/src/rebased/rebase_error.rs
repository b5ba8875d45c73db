//! An image that is not put on another base, and why.

use shipwheel_oci::Platform;
use shipwheel_store::ErrorKind;

/// How many reasons a message has.
const SHOWN: usize = 20;

/// Why an image stays on its base.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebaseError {
    /// Nothing says which of its layers are its base's.
    #[error("nothing says which layers of {image} are its base's, for {platform}")]
    UnknownBase {
        /// The image.
        image: String,
        /// The platform.
        platform: Platform,
    },
    /// It is on another base.
    #[error("{image} is not on {from}, for {platform}: its layers do not begin with those")]
    OtherBase {
        /// The image.
        image: String,
        /// What was taken for its base.
        from: String,
        /// The platform.
        platform: Platform,
    },
    /// What is in the image would not be right on the new base.
    #[error("{image} does not fit {onto}:{}", lines(reasons))]
    Unfit {
        /// The image.
        image: String,
        /// The new base.
        onto: String,
        /// All that is wrong.
        reasons: Vec<String>,
    },
}

fn lines(reasons: &[String]) -> String {
    let mut text: String = reasons.iter().take(SHOWN).map(|reason| format!("\n  {reason}")).collect();
    if reasons.len() > SHOWN {
        text += &format!("\n  and {} more", reasons.len() - SHOWN);
    }
    text
}

impl RebaseError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownBase { .. } => "name the base that it was built on with `--from`",
            Self::OtherBase { .. } => {
                "name the base that it was built on with `--from`, by its digest if its tag has moved"
            }
            Self::Unfit { .. } => "build it again on the new base",
        }
        .to_owned()
    }
}
