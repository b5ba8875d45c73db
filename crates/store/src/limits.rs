//! The largest documents that shipwheel reads, wherever they come from.

/// The longest manifest or index: the least that the distribution specification asks registries to take.
pub(crate) const MAX_MANIFEST: u64 = 4 << 20;

/// The longest config: that of a base, of an image to verify, and of one to retrofit.
pub const MAX_CONFIG: u64 = 16 << 20;
