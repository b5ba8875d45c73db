//! Images that cannot be joined to one index.

use shipwheel_oci::Platform;

/// Why images do not make one index together.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Two manifests for one platform.
    #[error("{platform} is in {first} and in {second}")]
    SamePlatform {
        /// The platform.
        platform: Platform,
        /// The image that was named first.
        first: String,
        /// The image that was named later.
        second: String,
    },
    /// An annotation that all of the images must have alike, because the index gets it.
    #[error("`{name}` is {} in {first} and {} in {second}", quoted(.at_first), quoted(.at_second))]
    Annotation {
        /// The annotation.
        name: String,
        /// The image that was named first.
        first: String,
        /// Its value there.
        at_first: Option<String>,
        /// The other image.
        second: String,
        /// Its value there.
        at_second: Option<String>,
    },
    /// An entry of an index whose config names another platform.
    #[error("{image} lists a manifest for {listed}, and its config says {found}")]
    Mislabeled {
        /// The image.
        image: String,
        /// What its index says.
        listed: Platform,
        /// What the config says.
        found: Platform,
    },
    /// Fewer than two platforms.
    #[error("an index joins at least two platforms, and all images together have {count}")]
    TooFew {
        /// How many there are.
        count: usize,
    },
}

impl JoinError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SamePlatform { .. } => "name each platform once: build the images with different `--platforms`",
            Self::Annotation { name, .. } if name == "org.opencontainers.image.created" => {
                "set the same SOURCE_DATE_EPOCH on every machine, or none, and build again"
            }
            Self::Annotation { .. } => "build all of the images from the same image.toml and the same base",
            Self::Mislabeled { .. } => "build this image again: clients would start it on the wrong machine",
            Self::TooFew { .. } => "give `--from` once for each machine that built a platform",
        }
    }
}

fn quoted(value: &Option<String>) -> String {
    value.as_ref().map_or_else(|| "missing".to_owned(), |value| format!("`{value}`"))
}
