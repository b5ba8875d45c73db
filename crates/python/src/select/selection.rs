//! What of a lock is wanted, and the wheels that it gives.

use std::collections::BTreeSet;

use pep440_rs::Version;
use serde::{Deserialize, Serialize};
use shipwheel_oci::Digest;

use crate::lock::{Lock, LockedWheel};
use crate::marker::Environment;
use crate::name::DistributionName;
use crate::target::Target;
use crate::wheel::WheelName;

/// What of a lock is wanted besides its plain dependencies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Extras of the project.
    pub extras: BTreeSet<String>,
    /// Dependency groups; `None` is the lock's default groups.
    pub groups: Option<BTreeSet<String>>,
    /// Wheels that the lock does not list and that its distributions may have all the same, where none
    /// of the listed ones fits.
    pub added: Vec<LockedWheel>,
    /// The sha256 of wheels for which the lock has other hashes in its place.
    pub hashed: Vec<(LockedWheel, Digest)>,
}

impl Selection {
    /// The sha256 that was found out of a wheel.
    pub(super) fn sha256(&self, wheel: &LockedWheel) -> Option<Digest> {
        self.hashed.iter().find(|(known, _)| known == wheel).map(|(_, digest)| *digest)
    }

    /// What the markers of a lock are asked about for a target.
    pub fn environment(&self, lock: &Lock, target: &Target) -> Environment {
        let groups: Vec<&String> = match &self.groups {
            Some(groups) => groups.iter().collect(),
            None => lock.default_groups.iter().collect(),
        };
        Environment::new(target).with_extras(&self.extras).with_groups(groups)
    }
}

/// The wheel selected for a distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectedWheel {
    /// The distribution.
    pub name: DistributionName,
    /// Its version.
    pub version: Version,
    /// The wheel's file name.
    pub wheel: WheelName,
    /// Where it can be fetched.
    pub url: Option<String>,
    /// Where it is on disk, relative to the lock file.
    pub path: Option<String>,
    /// Its size in bytes, where the lock says it.
    pub size: Option<u64>,
    /// Its sha256.
    pub sha256: Digest,
}
