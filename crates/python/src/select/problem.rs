//! Why distributions of a lock cannot be installed for a target.

use std::fmt;

use pep440_rs::{Version, VersionSpecifiers};

use crate::lock::{LockedWheel, Origin};
use crate::name::DistributionName;
use crate::select::misfit::Misfit;
use crate::target::Target;
use crate::wheel::WheelName;

/// Distributions that have no wheel for the target: all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SelectError {
    /// What was selected for.
    pub target: Box<Target>,
    /// The lock file's name.
    pub file: String,
    /// Every problem, in the order of the lock.
    pub problems: Vec<SelectProblem>,
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be installed for {}:", self.file, self.target)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n{problem}"))
    }
}

/// One distribution, or the lock itself, that does not fit the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectProblem {
    /// The lock was not made for this environment.
    Environment,
    /// The lock was not made for this Python.
    LockPython {
        /// What the lock requires.
        requires: VersionSpecifiers,
    },
    /// A distribution does not fit.
    Package {
        /// Its name.
        name: DistributionName,
        /// Its version.
        version: Option<Version>,
        /// Its line in the lock, counted from 1.
        line: usize,
        /// Why not.
        reason: Reason,
    },
}

/// Why no wheel of a distribution can be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It does not run with the full version of the target's Python.
    RequiresPython(VersionSpecifiers),
    /// It has wheels, but none fits: each with what it lacks.
    NoneFits(Vec<(WheelName, Misfit)>),
    /// It only has a source distribution.
    OnlySdist,
    /// It is a folder, a repository or an archive.
    NotAWheel(Origin),
    /// It has no files at all.
    NoFiles,
    /// The wheel that fits has no hash in the lock that proves anything.
    NoHash(WheelName),
    /// The wheel that fits has another hash in the lock in place of a sha256: its sha256 has to be found out.
    Unhashed(Box<LockedWheel>),
    /// Another version of it is wanted in the same environment.
    Ambiguous(Version),
}

impl fmt::Display for SelectProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => write!(f, "the lock was made for other environments than this one"),
            Self::LockPython { requires } => write!(f, "the lock was made for Python {requires}"),
            Self::Package { name, version, line, reason } => {
                write!(f, "line {line}: {name}")?;
                version.iter().try_for_each(|version| write!(f, " {version}"))?;
                write!(f, " {reason}")
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequiresPython(requires) => write!(f, "requires Python {requires}"),
            Self::NoneFits(wheels) => {
                write!(f, "has no compatible wheel; found:")?;
                wheels.iter().try_for_each(|(wheel, why)| write!(f, "\n  {} {why}", wheel.compressed_tags()))
            }
            Self::OnlySdist => write!(f, "has a source distribution but no wheel"),
            Self::NotAWheel(origin) => write!(f, "comes from {origin}, not from a wheel"),
            Self::NoFiles => write!(f, "has no files in the lock"),
            Self::NoHash(wheel) => write!(f, "has no sha256, sha384 or sha512 for {wheel}; others prove nothing"),
            Self::Unhashed(wheel) => write!(f, "has no sha256 for {}", wheel.name),
            Self::Ambiguous(other) => write!(f, "is wanted, and {other} too"),
        }
    }
}
