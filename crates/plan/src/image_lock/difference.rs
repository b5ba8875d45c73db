//! How what a build is made of differs from an image.lock: which package, wheel or layer, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use shipwheel_oci::{Digest, Platform};

use super::{ImageLock, LockedFile, LockedLayer, LockedPlatform};
use crate::layer::LayerKind;

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A form that decides bytes has another version.
    Format {
        /// Which.
        name: String,
        /// The locked version, if the lock has it.
        locked: Option<u32>,
        /// This program's version, if it has it.
        now: Option<u32>,
    },
    /// image.toml asks for another base.
    Base,
    /// The lock does not have a platform.
    Platform {
        /// Which.
        platform: Platform,
    },
    /// The base is an image, and its manifest is another.
    BaseManifest {
        /// Of which platform.
        platform: Platform,
        /// What it was.
        locked: Option<Digest>,
        /// What it is.
        now: Option<Digest>,
    },
    /// A package of Debian's is another one.
    Package(Named),
    /// A wheel is another one.
    Wheel(Named),
    /// A layer is another one.
    Layer {
        /// Of which platform.
        platform: Platform,
        /// What it is for.
        kind: LayerKind,
        /// What it holds.
        title: String,
        /// Why it differs.
        why: Why,
    },
    /// A platform's manifest is another one, and all of its layers are the same.
    Config {
        /// Of which platform.
        platform: Platform,
    },
    /// The index is another one, and the manifests that it lists are the same.
    Root,
}

/// Something with a name and a version that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Of which platform.
    pub platform: Platform,
    /// Its name.
    pub name: String,
    /// The version and the digest that are locked.
    pub locked: Option<(String, Digest)>,
    /// The version and the digest of now.
    pub now: Option<(String, Digest)>,
}

/// Why a layer differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is made from the same, by a program that writes it in another way.
    Written,
    /// It is made from something else.
    Inputs,
    /// The lock has none like it.
    New,
    /// The image has none like it.
    Gone,
}

impl Difference {
    /// Whether it comes from the application's own files and settings, which change with every commit.
    pub fn is_of_application(&self) -> bool {
        match self {
            Self::Layer { kind, .. } => matches!(kind, LayerKind::Application | LayerKind::ApplicationBytecode),
            Self::Config { .. } | Self::Root => true,
            Self::Format { .. } | Self::Base | Self::Platform { .. } | Self::BaseManifest { .. } => false,
            Self::Package(_) | Self::Wheel(_) => false,
        }
    }
}

impl ImageLock {
    /// How a build differs from this lock, what decides before what follows. Platforms that are not built are not missed.
    pub fn differences(&self, made: &Self) -> Vec<Difference> {
        let mut found = formats(&self.format, &made.format);
        if self.base != made.base {
            found.push(Difference::Base);
        }
        for now in &made.platforms {
            match self.platforms.iter().find(|locked| locked.platform == now.platform) {
                Some(locked) => platform(locked, now, &mut found),
                // One that only compiles leaves nothing of itself in the image.
                None if now.manifest.is_none() => {}
                None => found.push(Difference::Platform { platform: now.platform.clone() }),
            }
        }
        let built = |lock: &Self| -> BTreeSet<Platform> {
            lock.platforms.iter().filter(|it| it.manifest.is_some()).map(|it| it.platform.clone()).collect()
        };
        if found.is_empty() && built(self) == built(made) && self.root != made.root {
            found.push(Difference::Root);
        }
        found
    }
}

fn formats(locked: &BTreeMap<String, u32>, now: &BTreeMap<String, u32>) -> Vec<Difference> {
    let format = |(name, locked, now)| Difference::Format { name, locked, now };
    differing(locked, now).into_iter().map(format).collect()
}

/// What two maps do not have alike: the name, and the value on both sides.
fn differing<V: Clone + PartialEq>(
    locked: &BTreeMap<String, V>,
    now: &BTreeMap<String, V>,
) -> Vec<(String, Option<V>, Option<V>)> {
    let names: BTreeSet<&String> = locked.keys().chain(now.keys()).collect();
    let both = names.into_iter().map(|name| (name, locked.get(name), now.get(name)));
    let others = both.filter(|(_, locked, now)| locked != now);
    others.map(|(name, locked, now)| (name.clone(), locked.cloned(), now.cloned())).collect()
}

fn platform(locked: &LockedPlatform, now: &LockedPlatform, found: &mut Vec<Difference>) {
    let platform = &now.platform;
    if locked.base != now.base {
        let (platform, locked, now) = (platform.clone(), locked.base, now.base);
        found.push(Difference::BaseManifest { platform, locked, now });
    }
    found.extend(named(platform, &locked.packages, &now.packages).into_iter().map(Difference::Package));
    if now.manifest.is_none() {
        return;
    }
    found.extend(named(platform, &locked.wheels, &now.wheels).into_iter().map(Difference::Wheel));
    let layers = layers(platform, &locked.layers, &now.layers);
    if layers.is_empty() && locked.manifest != now.manifest {
        found.push(Difference::Config { platform: platform.clone() });
    }
    found.extend(layers);
}

fn named(platform: &Platform, locked: &[LockedFile], now: &[LockedFile]) -> Vec<Named> {
    let versions = |files: &[LockedFile]| -> BTreeMap<String, (String, Digest)> {
        files.iter().map(|file| (file.name.clone(), (file.version.clone(), file.digest))).collect()
    };
    let named = |(name, locked, now)| Named { platform: platform.clone(), name, locked, now };
    differing(&versions(locked), &versions(now)).into_iter().map(named).collect()
}

fn layers(platform: &Platform, locked: &[LockedLayer], now: &[LockedLayer]) -> Vec<Difference> {
    let has = |layers: &[LockedLayer], digest: Digest| layers.iter().any(|layer| layer.digest == digest);
    let differs = |layer: &LockedLayer, why| {
        let (platform, kind, title) = (platform.clone(), layer.kind, layer.title.clone());
        Difference::Layer { platform, kind, title, why }
    };
    // Titles end with versions: `numpy 2.4.6`.
    let first_word = |title: &str| title.split(' ').next().unwrap_or_default().to_owned();
    let is_like = |a: &LockedLayer, b: &LockedLayer| a.kind == b.kind && first_word(&a.title) == first_word(&b.title);
    let why = |layer: &LockedLayer| match layer.inputs {
        Some(inputs) if locked.iter().any(|it| it.inputs == Some(inputs)) => Why::Written,
        _ if locked.iter().any(|it| is_like(it, layer)) => Why::Inputs,
        _ => Why::New,
    };
    let new = now.iter().filter(|layer| !has(locked, layer.digest)).map(|layer| differs(layer, why(layer)));
    let gone = locked.iter().filter(|layer| !has(now, layer.digest) && !now.iter().any(|it| is_like(it, layer)));
    let mut found: Vec<Difference> = new.chain(gone.map(|layer| differs(layer, Why::Gone))).collect();
    if found.is_empty() && !locked.iter().map(|it| it.digest).eq(now.iter().map(|it| it.digest)) {
        // The same layers in another order.
        found.extend(now.last().map(|layer| differs(layer, Why::Inputs)));
    }
    found
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = |version: &Option<u32>| version.map_or("unknown".to_owned(), |version| version.to_string());
        let digest = |digest: &Option<Digest>| digest.map_or("none".to_owned(), |digest| digest.to_string());
        match self {
            Self::Format { name, locked, now } => {
                let (locked, now) = (version(locked), version(now));
                write!(f, "the form `{name}`: version {locked} is locked, and this version of shipwheel writes {now}")
            }
            Self::Base => f.write_str("the base: image.toml asks for another one than the locked"),
            Self::Platform { platform } => write!(f, "{platform}: it is not in the lock"),
            Self::BaseManifest { platform, locked, now } => {
                write!(f, "{platform}: the base is {}, and {} is locked", digest(now), digest(locked))
            }
            Self::Package(named) => write!(f, "{}: Debian's package {named}", named.platform),
            Self::Wheel(named) => write!(f, "{}: the wheel of {named}", named.platform),
            Self::Layer { platform, kind, title, why } => {
                write!(f, "{platform}: the layer {} ({title}) {}", kind.name(), why.text(*kind))
            }
            Self::Config { platform } => write!(
                f,
                "{platform}: the manifest, over the same layers: image.toml, the flags or SOURCE_DATE_EPOCH say \
                 something else"
            ),
            Self::Root => f.write_str("the index, over the same manifests: labels of image.toml are others"),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match (&self.locked, &self.now) {
            (Some((locked, was)), Some((now, is))) if locked == now => {
                write!(f, "{name} {now} is {is}, and {was} is locked")
            }
            (Some((locked, _)), Some((now, _))) => write!(f, "{name} is {now}, and {locked} is locked"),
            (None, Some((now, _))) => write!(f, "{name} {now} is not in the lock"),
            (Some((locked, _)), None) => write!(f, "{name} {locked} is locked, and the image has none"),
            (None, None) => f.write_str(name),
        }
    }
}

impl Why {
    fn text(self, kind: LayerKind) -> &'static str {
        match (self, kind) {
            (Self::Written, _) => "is made from the same, and written in another way by this version of shipwheel",
            (Self::New, _) => "is not in the lock",
            (Self::Gone, _) => "is locked, and the image has none like it",
            (Self::Inputs, LayerKind::Base) => "differs: the base's packages or its image are others",
            (Self::Inputs, LayerKind::StdlibBytecode | LayerKind::PlatformBytecode) => {
                "differs: Python, its sources or the level are others"
            }
            (Self::Inputs, LayerKind::Environment) => "differs: Python is another one",
            (Self::Inputs, LayerKind::Dependencies) => "differs: its wheels, or what is left out of them, are others",
            (Self::Inputs, LayerKind::DependencyBytecode) => "differs: its wheels, Python or the level are others",
            (Self::Inputs, LayerKind::Application) => {
                "differs: the application's files, their modes, or the folders to write to are others"
            }
            (Self::Inputs, LayerKind::ApplicationBytecode) => {
                "differs: the application's sources, Python or the level are others"
            }
        }
    }
}
