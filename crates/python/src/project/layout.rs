//! What a backend puts into a wheel besides the metadata of `[project]`.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::not_static::NotStatic;

/// The files of a wheel, and what its backend alone knows of the metadata.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The paths of the wheel's files, each with the file of the project that is there.
    pub(super) files: BTreeMap<String, String>,
    /// The project's license files.
    pub(super) licenses: BTreeSet<String>,
    /// Whether METADATA is silent about license files that nobody named.
    pub(super) hides_licenses: bool,
    /// The version, where `[project]` has none.
    pub(super) version: Option<String>,
    /// The summary, likewise.
    pub(super) summary: Option<String>,
    /// The requirements, where `[project]` leaves them to the backend.
    pub(super) dependencies: Option<Vec<String>>,
    /// Further files of `.dist-info`, with their texts.
    pub(super) notes: BTreeMap<&'static str, String>,
}

impl Layout {
    /// Adds a file of the project.
    pub(super) fn add(&mut self, to: impl Into<String>, from: impl Into<String>) -> Result<(), NotStatic> {
        let (to, from) = (to.into(), from.into());
        match self.files.get(&to) {
            Some(other) if *other != from => {
                Err(NotStatic::because(format!("`{other}` and `{from}` would both become `{to}`")))
            }
            _ => {
                self.files.insert(to, from);
                Ok(())
            }
        }
    }
}
