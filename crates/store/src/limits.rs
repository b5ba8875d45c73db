//! The largest documents that shipwheel reads, wherever they come from.

/// The longest manifest or index: the least that the distribution specification asks registries to take.
pub(crate) const MAX_MANIFEST: u64 = 4 << 20;

/// The longest config: that of a base, of an image to verify, and of one to retrofit.
pub const MAX_CONFIG: u64 = 16 << 20;

/// The longest file of settings of the user's or the machine's: definitions, logins, certificates, keys.
pub const MAX_SETTINGS: u64 = 4 << 20;

/// The longest lock, and the longest file that a lock is made from; one of thousands of distributions has 10 MiB.
pub const MAX_LOCK: u64 = 32 << 20;
