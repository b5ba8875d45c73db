//! Everything that one platform's image holds.

use std::collections::BTreeMap;

use shipwheel_bytecode::PythonVersion;
use shipwheel_oci::{Descriptor, ImageConfig, Platform};

use super::coverage::Coverage;
use super::distributions::ImageDistribution;
use super::layers::LayerContents;
use super::owner::{ImageFile, Owner};
use super::packages::ImagePackage;
use super::system::SystemRelease;

/// The interpreter that an image starts, or that its `PATH` finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInterpreter {
    /// Its full version.
    pub version: PythonVersion,
    /// Its path, links followed.
    pub executable: String,
    /// The folder of its standard library.
    pub stdlib: String,
    /// The level of optimization that it runs at.
    pub level: u32,
}

/// One platform's image: its documents, layers, packages, distributions and files.
///
/// What is listed by an image was not checked: a name is only what the image says.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The platform.
    pub platform: Platform,
    /// Its manifest.
    pub manifest: Descriptor,
    /// The manifest's annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its config's blob.
    pub config_blob: Descriptor,
    /// Its config.
    pub config: ImageConfig,
    /// What `os-release` says.
    pub system: Option<SystemRelease>,
    /// Its layers, bottom to top.
    pub layers: Vec<LayerContents>,
    /// Its files and links, sorted by path.
    pub files: Vec<ImageFile>,
    /// Its Debian packages, sorted by name.
    pub packages: Vec<ImagePackage>,
    /// Its distributions, sorted by name.
    pub distributions: Vec<ImageDistribution>,
    /// Its interpreter.
    pub python: Option<ImageInterpreter>,
    /// How much of its Python has bytecode.
    pub coverage: Coverage,
}

/// What an owner has in a layer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// Files and links.
    pub files: usize,
    /// The bytes of the files.
    pub bytes: u64,
}

/// A layer by its place, who has something in it, and whether that is bytecode.
pub type Part = (usize, Owner, bool);

impl Contents {
    /// What a pull fetches: the layers, packed.
    pub fn packed(&self) -> u64 {
        self.layers.iter().map(|layer| layer.blob.size).sum()
    }

    /// What its files take.
    pub fn bytes(&self) -> u64 {
        self.layers.iter().map(|layer| layer.bytes).sum()
    }

    /// What each owner has in each layer.
    pub fn weights(&self) -> BTreeMap<Part, Weight> {
        let mut weights: BTreeMap<Part, Weight> = BTreeMap::new();
        for file in &self.files {
            let Some(layer) = file.layer else { continue };
            let weight = weights.entry((layer, file.owner, file.is_bytecode)).or_default();
            weight.files += 1;
            weight.bytes += file.bytes();
        }
        weights
    }

    /// What an owner has in all layers.
    pub fn weight_of(&self, owner: Owner) -> Weight {
        let own = self.files.iter().filter(|file| file.owner == owner);
        weight(own)
    }

    /// What the files at these places take, such as those of a package.
    pub fn weight_of_files(&self, files: &[usize]) -> Weight {
        weight(files.iter().filter_map(|number| self.files.get(*number)))
    }

    /// The name of an owner, with its version if it has one.
    pub fn name_of(&self, owner: Owner) -> (&str, Option<&str>) {
        match owner {
            Owner::Package(number) => self
                .packages
                .get(number)
                .map_or(("", None), |it| (it.about.name.as_str(), Some(it.about.version.as_str()))),
            Owner::Distribution(number) => self
                .distributions
                .get(number)
                .map_or(("", None), |it| (it.about.name.as_str(), Some(it.about.version.as_str()))),
            Owner::Interpreter => ("Python", None),
            Owner::System => ("system", None),
            Owner::Application => ("application", None),
        }
    }
}

fn weight<'a>(files: impl Iterator<Item = &'a ImageFile>) -> Weight {
    files.fold(Weight::default(), |weight, file| Weight { files: weight.files + 1, bytes: weight.bytes + file.bytes() })
}
