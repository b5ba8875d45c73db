//! What becomes of one source.

use shipwheel_bytecode::{InvalidationMode, Optimization};

/// What becomes of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Treatment {
    /// What is left out of its bytecode.
    pub optimization: Optimization,
    /// When its bytecode counts as stale.
    pub invalidation: InvalidationMode,
    /// Whether its bytecode takes its place, and the source is left out.
    pub replaces_source: bool,
}
