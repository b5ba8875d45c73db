//! One version of a distribution, pinned with hashes by one or more lines of a requirements file.

use std::collections::BTreeSet;
use std::sync::Arc;

use pep440_rs::Version;
use shipwheel_oci::Digest;

use crate::marker::{Environment, Marker};
use crate::name::DistributionName;
use crate::requirements::hash_problem::HashProblem;
use crate::requirements::requirement::{Requirement, Requirements};
use crate::wheel::StrongHash;

/// What the bytes of a file must have: this sha256, or else one of these hashes.
pub(super) type Wanted = (Option<Digest>, Vec<StrongHash>);

/// One version of a distribution, with all that the lines of a requirements file say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The distribution.
    pub name: DistributionName,
    /// Its version.
    pub version: Version,
    /// The sha256 values that its files may have.
    pub hashes: BTreeSet<Digest>,
    /// Hashes that they may have in place of a sha256.
    pub stronger: BTreeSet<StrongHash>,
    /// Where it is needed; everywhere, if there is none.
    pub(super) marker: Option<Marker>,
    file: Arc<str>,
    /// The first line about it.
    pub(super) line: usize,
}

impl Requirements {
    /// What is needed in any of these environments, in the order of the file: nothing else has to be looked up.
    pub fn pins(&self, environments: &[Environment]) -> Vec<Pin> {
        self.pins_where(|requirement| requirement.is_needed(environments))
    }

    /// What some of its lines pin, in the order of the file.
    pub(super) fn pins_where(&self, is_wanted: impl Fn(&Requirement) -> bool) -> Vec<Pin> {
        let mut pins: Vec<Pin> = Vec::new();
        for requirement in self.requirements.iter().filter(|requirement| is_wanted(requirement)) {
            match pins.iter_mut().find(|pin| pin.is_of(&requirement.name, &requirement.version)) {
                Some(pin) => pin.add(requirement),
                None => pins.push(Pin::of(requirement)),
            }
        }
        pins
    }
}

impl Requirement {
    fn is_needed(&self, environments: &[Environment]) -> bool {
        let holds = |marker: &Marker| environments.iter().any(|environment| marker.evaluate(environment));
        self.marker.as_ref().is_none_or(holds)
    }
}

impl Pin {
    fn of(requirement: &Requirement) -> Self {
        Self {
            name: requirement.name.clone(),
            version: requirement.version.clone(),
            hashes: requirement.hashes.sha256.iter().copied().collect(),
            stronger: requirement.hashes.stronger.iter().copied().collect(),
            marker: requirement.marker.clone(),
            file: requirement.file.clone(),
            line: requirement.line,
        }
    }

    /// Adds what another line says.
    fn add(&mut self, requirement: &Requirement) {
        self.hashes.extend(&requirement.hashes.sha256);
        self.stronger.extend(&requirement.hashes.stronger);
        self.marker = self.marker.take().zip(requirement.marker.clone()).map(|(one, other)| one.or(other));
    }

    /// Whether it is about a version of a distribution.
    pub(super) fn is_of(&self, name: &DistributionName, version: &Version) -> bool {
        self.name == *name && self.version == *version
    }

    /// What the bytes of a file must have that somebody else says has these hashes; `None` if it is not one that the pin
    /// lists.
    ///
    /// A file of which nobody says a hash of the kind that is listed may be the right one: its bytes decide.
    pub(super) fn judge(&self, sha256: Option<Digest>, stronger: &[StrongHash]) -> Option<Wanted> {
        let is_listed = stronger.iter().any(|hash| self.stronger.contains(hash));
        match sha256 {
            Some(digest) if self.hashes.contains(&digest) => return Some((Some(digest), Vec::new())),
            _ if is_listed => {}
            Some(_) if !self.hashes.is_empty() => return None,
            _ if self.stronger.is_empty() => return None,
            _ if stronger.iter().any(|hash| self.has_kind_of(hash)) => return None,
            _ => {}
        }
        Some((None, self.stronger.iter().copied().collect()))
    }

    fn has_kind_of(&self, hash: &StrongHash) -> bool {
        self.stronger.iter().any(|listed| std::mem::discriminant(listed) == std::mem::discriminant(hash))
    }

    pub(super) fn not_found(&self) -> HashProblem {
        HashProblem::NotFound { file: self.file.to_string(), line: self.line, name: self.name.clone() }
    }

    pub(super) fn missing(&self) -> HashProblem {
        let (name, version) = (self.name.clone(), self.version.clone());
        HashProblem::Missing { file: self.file.to_string(), line: self.line, name, version }
    }

    /// `found` has the files that there are of the version, as they spell it, with their hashes.
    pub(super) fn none_matches(&self, version: &Version, found: Vec<(String, Option<Digest>)>) -> HashProblem {
        let (name, version) = (self.name.clone(), version.clone());
        let allowed = self.hashes.len() + self.stronger.len();
        HashProblem::NoneMatches { file: self.file.to_string(), line: self.line, name, version, allowed, found }
    }
}
