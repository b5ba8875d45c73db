//! `image.lock`: what an image was made of and what it came to, so that a build can be held to it.
//!
//! It pins what image.toml leaves open (the base), and records what follows from the rest: wheels, layers, manifests,
//! and the versions of the forms that decide bytes. It names no host and no path of a machine.

pub mod difference;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use shipwheel_oci::{Digest, Hasher, Platform};

use crate::layer::LayerKind;
use crate::spec::{Base, Libraries};

/// The name of the file, beside image.toml.
pub const IMAGE_LOCK: &str = "image.lock";

/// The version of the file's own form.
const VERSION: i64 = 1;

/// What a build was made of, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageLock {
    /// The versions of the forms that decide bytes, by their names: `layer`, `bytecode`.
    pub format: BTreeMap<String, u32>,
    /// The base that was taken.
    pub base: LockedBase,
    /// What each platform is made of, sorted; a platform without a manifest only compiles.
    pub platforms: Vec<LockedPlatform>,
    /// What a reference to the image names: the index, or the one manifest.
    pub root: Digest,
}

/// Which base was taken, and from what words of image.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedBase {
    /// The kind of base.
    pub kind: BaseKind,
    /// A digest of all that image.toml says of the base and that decides what is in it.
    pub inputs: Digest,
}

/// The kinds of bases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseKind {
    /// Debian's packages.
    Debian,
    /// An image of a registry.
    Image,
    /// A layout or an archive.
    Layout,
}

/// What a platform's image is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPlatform {
    /// The platform.
    pub platform: Platform,
    /// Its manifest; `None` where it was only needed to compile for others.
    pub manifest: Option<Digest>,
    /// For a base that is an image: the manifest of that image.
    pub base: Option<Digest>,
    /// For a base of Debian's packages: all of them, sorted by name.
    pub packages: Vec<LockedFile>,
    /// The wheels, sorted by name.
    pub wheels: Vec<LockedFile>,
    /// The layers, bottom to top.
    pub layers: Vec<LockedLayer>,
}

/// A package of Debian's, or a wheel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedFile {
    /// The name of the package or the distribution.
    pub name: String,
    /// The version; a package's with its epoch.
    pub version: String,
    /// The sha256 of the `.deb` or the `.whl`.
    pub digest: Digest,
}

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedLayer {
    /// What it is for.
    pub kind: LayerKind,
    /// What it holds.
    pub title: String,
    /// Its blob.
    pub digest: Digest,
    /// Stands for all that it was made from; a base's own layers have none.
    pub inputs: Option<Digest>,
}

impl BaseKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Debian, Self::Image, Self::Layout];

    /// The name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Image => "image",
            Self::Layout => "layout",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl LockedBase {
    /// What image.toml says of a base, as the file remembers it: not where it is fetched from.
    pub fn of(base: &Base) -> Self {
        let mut hasher = Hasher::new();
        let kind = match base {
            Base::Debian(debian) => {
                hasher.field("debian").field(&debian.suite.value);
                hasher.fields(debian.packages.iter().map(|package| &package.value));
                hasher.field("exclude").fields(&debian.exclude);
                hasher.field(if debian.libraries == Libraries::Auto { "auto" } else { "warn" });
                BaseKind::Debian
            }
            Base::Image(reference) => {
                hasher.field("image").field(reference.value.to_string());
                BaseKind::Image
            }
            Base::Layout(path) => {
                hasher.field("layout").field(&path.value);
                BaseKind::Layout
            }
        };
        Self { kind, inputs: hasher.finish() }
    }
}

impl ImageLock {
    /// What is locked for a platform, if `base` is still what the lock was made for.
    pub fn pins(&self, base: &Base, platform: &Platform) -> Option<&LockedPlatform> {
        let is_same = self.base == LockedBase::of(base);
        self.platforms.iter().find(|locked| is_same && locked.platform == *platform)
    }
}
