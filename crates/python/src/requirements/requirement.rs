//! The requirements of a file: distributions, pinned.

use std::sync::Arc;

use pep440_rs::Version;

use crate::marker::Marker;
use crate::name::DistributionName;
use crate::requirements::option::Hashes;

/// A requirement: one distribution, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The distribution.
    pub name: DistributionName,
    /// The version behind `==`.
    pub version: Version,
    /// The extras in brackets.
    pub extras: Vec<String>,
    /// Where it is needed.
    pub marker: Option<Marker>,
    /// The hashes that its files may have.
    pub hashes: Hashes,
    /// The name of the file that has it, for messages.
    pub file: Arc<str>,
    /// The line where it begins, counted from 1.
    pub line: usize,
}

/// A requirements file, with those that it includes where the caller added them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirements {
    /// The file's name, for messages.
    pub file: String,
    /// The requirements, in the order of the file.
    pub requirements: Vec<Requirement>,
}

impl Requirements {
    /// Adds the requirements of a file that this one includes.
    pub fn include(&mut self, other: Self) {
        self.requirements.extend(other.requirements);
    }

    /// Whether every requirement has a hash.
    pub fn has_all_hashes(&self) -> bool {
        self.requirements.iter().all(|requirement| !requirement.hashes.is_empty())
    }
}
