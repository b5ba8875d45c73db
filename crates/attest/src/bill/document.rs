//! All that an SBOM says of the image of one platform, before it has a format.

use shipwheel_oci::{Digest, Platform};

use super::component::Component;

/// The distribution of Linux that an image is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatingSystem {
    /// Its `ID` in os-release, such as `debian`.
    pub id: String,
    /// Its version: `VERSION_ID`, with the point release where the image tells it.
    pub version: String,
    /// Its name for people.
    pub title: String,
}

impl OperatingSystem {
    /// `debian-12`: what a purl calls it.
    pub(super) fn distribution(&self) -> String {
        let major = self.version.split('.').next().unwrap_or_default();
        match major {
            "" => self.id.clone(),
            major => format!("{}-{major}", self.id),
        }
    }
}

/// What the image of one platform is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The image's name, without a registry.
    pub name: String,
    /// Its manifest.
    pub manifest: Digest,
    /// Its platform.
    pub platform: Platform,
    /// When it was made, in RFC 3339: SOURCE_DATE_EPOCH, never a clock.
    pub created: String,
    /// The version of shipwheel that says all this.
    pub tool: String,
    /// The distribution of Linux.
    pub system: Option<OperatingSystem>,
    /// The parts.
    pub components: Vec<Component>,
}

impl Bill {
    /// The parts in one order, each once.
    pub(super) fn parts(&self) -> Vec<&Component> {
        let mut parts: Vec<&Component> = self.components.iter().collect();
        parts.sort_by(|a, b| a.order().cmp(&b.order()));
        parts.dedup_by(|a, b| a.order() == b.order());
        parts
    }

    /// What purls call the distribution of Linux.
    pub(super) fn distribution(&self) -> Option<String> {
        self.system.as_ref().map(OperatingSystem::distribution)
    }
}
