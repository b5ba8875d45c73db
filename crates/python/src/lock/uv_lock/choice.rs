//! What of a uv.lock is wanted, and what it offers.

use std::collections::{BTreeMap, BTreeSet};

use crate::lock::uv_lock::value::{UvDependency, UvLock, UvPackage};
use crate::name::DistributionName;

/// What of a uv.lock is wanted; names of extras and groups are normalized.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvChoice {
    /// The member of the workspace; `None` for the project beside the lock, or all members where there is none.
    pub package: Option<DistributionName>,
    /// Its extras.
    pub extras: BTreeSet<String>,
    /// Its dependency groups.
    pub groups: BTreeSet<String>,
}

/// What can be chosen of a uv.lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvOffer {
    /// The extras, normalized.
    pub extras: BTreeSet<String>,
    /// The dependency groups, normalized.
    pub groups: BTreeSet<String>,
}

impl UvLock {
    /// The names that `package` may have.
    pub fn projects(&self) -> BTreeSet<&DistributionName> {
        match self.members.is_empty() {
            true => self.in_folder(".").map(|package| &package.name).into_iter().collect(),
            false => self.members.iter().collect(),
        }
    }

    /// What can be chosen of a member; of all projects that are installed together without a name.
    pub fn offer(&self, package: Option<&DistributionName>) -> UvOffer {
        let mut offer = UvOffer::default();
        for root in self.roots(package) {
            let UvPackage { extras, groups, requirements, .. } = &self.packages[root];
            offer.extras.extend(extras.keys().chain(&requirements.extras).cloned());
            offer.groups.extend(groups.keys().chain(requirements.groups.keys()).cloned());
        }
        if self.is_headless(package) {
            offer.groups.extend(self.groups.keys().cloned());
        }
        offer
    }

    /// The project whose default groups hold: a member, or the one beside the lock.
    pub fn chosen(&self, package: Option<&DistributionName>) -> Option<&UvPackage> {
        match package {
            Some(name) => self.local_packages().map(|(package, _)| package).find(|package| package.name == *name),
            None => self.in_folder("."),
        }
    }

    /// The groups of the top of a workspace that is no project, where all members are wanted.
    pub(super) fn own_groups(&self, choice: &UvChoice) -> &BTreeMap<String, Vec<UvDependency>> {
        static NONE: BTreeMap<String, Vec<UvDependency>> = BTreeMap::new();
        if self.is_headless(choice.package.as_ref()) { &self.groups } else { &NONE }
    }

    /// The places of the projects that are installed.
    pub(super) fn roots(&self, package: Option<&DistributionName>) -> Vec<usize> {
        let is_root = |one: &UvPackage| match package {
            _ if one.folder.is_none() => false,
            Some(name) => one.name == *name,
            None if self.is_headless(None) => self.members.contains(&one.name),
            None => self.in_folder(".").is_some_and(|root| std::ptr::eq(root, one)),
        };
        (0..self.packages.len()).filter(|at| is_root(&self.packages[*at])).collect()
    }

    /// Whether the top of the workspace is no project itself: all of its members are installed then.
    fn is_headless(&self, package: Option<&DistributionName>) -> bool {
        package.is_none() && self.in_folder(".").is_none()
    }
}
