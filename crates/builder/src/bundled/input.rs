//! A file that a build took from the network: what it is, and what people call it.

use serde::{Deserialize, Serialize};

/// The media type of all of them: a registry must not take a base's manifest for one of its own.
pub(crate) const INPUT_TYPE: &str = "application/vnd.shipwheel.bundle.input.v1";

/// What an input is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// A text that says what is built: image.toml, a lock.
    Definition,
    /// A package of Debian, a list of packages, or a release with its signature.
    Debian,
    /// A manifest, a config or a layer of a base that is an image.
    Base,
    /// A wheel.
    Wheel,
}

impl InputKind {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Definition, Self::Debian, Self::Base, Self::Wheel];

    /// Its name in annotations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Debian => "debian",
            Self::Base => "base",
            Self::Wheel => "wheel",
        }
    }
}

/// A file that is known by its digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Input {
    pub(crate) kind: InputKind,
    /// Its name, without a host or a folder of this machine.
    pub(crate) name: String,
}
