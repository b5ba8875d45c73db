//! How much is tried, from the variables that `cargo xtask soak` sets.

use std::time::{Duration, Instant};

/// The seed of the short form.
const SEED: u64 = 11;

/// How many kills and faults the short form has.
const SHORT: (u64, u64) = (20, 300);

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) kills: u64,
    pub(crate) faults: u64,
    /// When to begin nothing new.
    end: Option<Instant>,
}

impl Settings {
    pub(crate) fn from_environment() -> Self {
        let number = |name: &str| -> Option<u64> {
            let text = std::env::var(format!("SHIPWHEEL_SOAK_{name}")).ok()?;
            Some(text.parse().unwrap_or_else(|_| panic!("SHIPWHEEL_SOAK_{name} is a number, not `{text}`")))
        };
        Self {
            seed: number("SEED").unwrap_or(SEED),
            kills: number("KILLS").unwrap_or(SHORT.0),
            faults: number("FAULTS").unwrap_or(SHORT.1),
            end: number("MINUTES").map(|minutes| Instant::now() + Duration::from_secs(60 * minutes)),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}
