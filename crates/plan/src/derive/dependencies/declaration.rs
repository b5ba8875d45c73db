//! A place that declares dependencies, and what to do about it.

/// A place that declares dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// What declares them, as a message names it.
    pub(super) place: String,
    /// What to do about it.
    pub(super) advice: String,
}
