//! How two images differ: by layer, package, distribution, file and setting, and what a pull of the second one costs.

use shipwheel_oci::{Descriptor, Platform};

/// What became of something from the first image to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Only the second image has it.
    Added,
    /// Both have it, and it differs.
    Changed,
    /// Only the first image has it.
    Removed,
    /// Both have it.
    Kept,
}

/// A layer of either image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerChange {
    /// What became of it; a layer has no changes, it is another one.
    pub change: Change,
    /// The blob.
    pub blob: Descriptor,
    /// The line of the image's history.
    pub made_by: Option<String>,
    /// Whether the first image has the same files in a blob that is packed in another way.
    pub is_repacked: bool,
}

/// A package or a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionChange {
    /// What became of it.
    pub change: Change,
    /// Its name; with the architecture where an image has it for several.
    pub name: String,
    /// The versions that the first image has, sorted; several where it has several.
    pub before: Vec<String>,
    /// The versions that the second image has.
    pub after: Vec<String>,
    /// What its files took, with their bytecode.
    pub bytes_before: u64,
    /// What its files take.
    pub bytes_after: u64,
}

/// A file or a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// What became of it.
    pub change: Change,
    /// Its path.
    pub path: String,
    /// Its size in the first image.
    pub before: Option<u64>,
    /// Its size in the second image.
    pub after: Option<u64>,
    /// What differs besides the content: `mode 644 → 755`, `link a → b`.
    pub note: Option<String>,
}

/// A value of the image's config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// Where it is: `config.Env.PATH`.
    pub name: String,
    /// What the first image has, as text.
    pub before: Option<String>,
    /// What the second image has.
    pub after: Option<String>,
}

/// What a pull of the second image fetches where the first one is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PullCost {
    /// The layers that are fetched.
    pub layers: usize,
    /// Their bytes, packed.
    pub bytes: u64,
    /// The bytes of the manifest and the config that are fetched.
    pub documents: u64,
    /// All layers of the second image.
    pub all_layers: usize,
    /// Their bytes, packed: what a pull without the first image fetches.
    pub all_bytes: u64,
}

/// How one platform differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformComparison {
    /// The platform.
    pub platform: Platform,
    /// What a pull costs.
    pub pull: PullCost,
    /// The layers of both: those of the second image from the bottom, then those that are gone.
    pub layers: Vec<LayerChange>,
    /// The Debian packages that differ.
    pub packages: Vec<VersionChange>,
    /// The distributions that differ.
    pub distributions: Vec<VersionChange>,
    /// The files that differ, sorted by path.
    pub files: Vec<FileChange>,
    /// The settings that differ.
    pub settings: Vec<SettingChange>,
}

/// How two images differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The platforms that both have.
    pub platforms: Vec<PlatformComparison>,
    /// The platforms that only the first image has.
    pub only_before: Vec<Platform>,
    /// The platforms that only the second image has.
    pub only_after: Vec<Platform>,
}
