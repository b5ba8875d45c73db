//! What a project declares as not to be installed together, and the names that markers have for it.

use std::collections::BTreeSet;
use std::fmt;

use crate::name::DistributionName;

/// Things of which at most one may be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConflictSet(pub(super) Vec<Conflicting>);

/// One thing that others conflict with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Conflicting {
    pub(super) package: DistributionName,
    pub(super) part: Part,
}

/// What of a distribution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The distribution itself.
    Itself,
    /// An extra, normalized.
    Extra(String),
    /// A dependency group, normalized.
    Group(String),
}

impl Conflicting {
    /// An extra of a distribution.
    pub(super) fn extra(package: &DistributionName, extra: &str) -> Self {
        Self { package: package.clone(), part: Part::Extra(extra.to_owned()) }
    }

    /// The name that stands for it in `extra == '…'`: the length of the distribution's name keeps two apart.
    pub(super) fn marker_name(&self) -> String {
        let (package, length) = (&self.package, self.package.as_str().len());
        match &self.part {
            Part::Itself => format!("project-{length}-{package}"),
            Part::Extra(extra) => format!("extra-{length}-{package}-{extra}"),
            Part::Group(group) => format!("group-{length}-{package}-{group}"),
        }
    }
}

impl fmt::Display for Conflicting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            Part::Itself => write!(f, "{}", self.package),
            Part::Extra(extra) => write!(f, "the extra `{extra}` of {}", self.package),
            Part::Group(group) => write!(f, "the group `{group}` of {}", self.package),
        }
    }
}

impl ConflictSet {
    /// What of it is wanted, if that is too much.
    pub(super) fn broken_by(&self, wanted: &BTreeSet<Conflicting>) -> Option<UvConflict> {
        let found: Vec<String> = self.0.iter().filter(|one| wanted.contains(one)).map(ToString::to_string).collect();
        (found.len() > 1).then_some(UvConflict { wanted: found })
    }
}

/// Things that are wanted together, and that the project declares as conflicting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} conflict with each other, as `conflicts` of `[tool.uv]` says", .wanted.join(" and "))]
pub struct UvConflict {
    /// What is wanted: at least two.
    pub wanted: Vec<String>,
}
