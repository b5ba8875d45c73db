//! A requirement as uv.lock writes it down: a table.

use serde::Deserialize;

use super::StaleError;
use crate::dependency::Dependency;

/// `{ name = "idna", extras = ["all"], marker = "…", specifier = ">=3" }`, or with a source in place of versions.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RawRequirement {
    pub(super) name: String,
    #[serde(default)]
    extras: Vec<String>,
    specifier: Option<String>,
    marker: Option<String>,
    #[serde(flatten)]
    rest: toml::Table,
}

impl RawRequirement {
    /// Whether it comes from a folder, a repository, an address, or an index of its own.
    pub(super) fn has_source(&self) -> bool {
        !self.rest.is_empty()
    }

    /// The same as text has it.
    pub(super) fn dependency(&self) -> Result<Dependency, StaleError> {
        let versions = self.specifier.as_deref().filter(|text| *text != "*").unwrap_or_default();
        let extras = if self.extras.is_empty() { String::new() } else { format!("[{}]", self.extras.join(",")) };
        let marker = self.marker.as_ref().map(|marker| format!(" ; {marker}")).unwrap_or_default();
        let text = format!("{}{extras}{versions}{marker}", self.name);
        text.parse().map_err(|error| StaleError { file: "uv.lock", reason: format!("{error}") })
    }
}
