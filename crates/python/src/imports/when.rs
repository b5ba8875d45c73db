//! When a statement of a module runs.

/// When an import, or another statement, runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Whenever the module is imported or run.
    Always,
    /// When the module is the one that is run.
    AsMain,
    /// Perhaps: in a function, or under a condition that only a run knows.
    Sometimes,
    /// Its failure is caught.
    Guarded,
}

impl When {
    /// By its letter in a report.
    pub(super) fn of(letter: &str) -> Option<Self> {
        match letter {
            "a" => Some(Self::Always),
            "m" => Some(Self::AsMain),
            "o" => Some(Self::Sometimes),
            "g" => Some(Self::Guarded),
            _ => None,
        }
    }

    /// Whether it is bound to run in a module that runs, as the main module or not.
    pub(super) fn is_bound(self, as_main: bool) -> bool {
        self == Self::Always || self == Self::AsMain && as_main
    }
}
