//! What a resolver needs to know of a distribution: its METADATA without what only people read.

use pep440_rs::Version;

use crate::name::DistributionName;
use crate::wheel::headers;

/// The fields of METADATA that decide what is installed with a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreMetadata {
    /// Its name.
    pub name: DistributionName,
    /// Its version.
    pub version: Version,
    /// What it requires, each as `Requires-Dist` has it.
    pub requires: Vec<String>,
    /// The names of its extras.
    pub extras: Vec<String>,
}

impl CoreMetadata {
    /// Reads the text of METADATA; `None` if it has no valid name or version.
    pub fn parse(text: &str) -> Option<Self> {
        let all = |name| headers(text, name).map(str::to_owned).collect();
        Some(Self {
            name: headers(text, "Name").next()?.parse().ok()?,
            version: headers(text, "Version").next()?.parse().ok()?,
            requires: all("Requires-Dist"),
            extras: all("Provides-Extra"),
        })
    }
}
