//! How much of an image's Python has bytecode that its interpreter would load.

use std::collections::BTreeMap;

use rayon::prelude::*;
use shipwheel_bytecode::source_hash;
use shipwheel_layer::{Content, Node, Tree};

use crate::error::BuildError;
use crate::inspect::modules::{Importable, importable};
use crate::inspect::python::ImagePython;

/// Larger files are no modules, and count as not loaded.
const MAX_FILE: u64 = 256 << 20;

/// The modules of one package, of the standard library, or of a folder that the image imports from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderCoverage {
    /// The folder.
    pub folder: String,
    /// How many sources could be imported.
    pub sources: usize,
    /// How many of them have a pyc that would be loaded.
    pub loaded: usize,
}

/// The modules that an interpreter can import, and how many of them come from bytecode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By folder, in their order.
    pub folders: Vec<FolderCoverage>,
}

impl Coverage {
    /// How many sources could be imported.
    pub fn sources(&self) -> usize {
        self.folders.iter().map(|folder| folder.sources).sum()
    }

    /// How many of them have a pyc that would be loaded.
    pub fn loaded(&self) -> usize {
        self.folders.iter().map(|folder| folder.loaded).sum()
    }

    /// Looks at every module's pyc as the interpreter would: its place, magic number, and what it says of its source.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub(super) fn of(tree: &Tree, python: &ImagePython) -> Result<Self, BuildError> {
        let modules = importable(tree, python);
        let loaded: Vec<bool> =
            modules.par_iter().map(|module| is_loaded(tree, python, module)).collect::<Result<_, BuildError>>()?;
        let mut folders: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (module, is_loaded) in modules.into_iter().zip(loaded) {
            let (sources, loaded) = folders.entry(module.folder).or_default();
            *sources += 1;
            *loaded += usize::from(is_loaded);
        }
        let folder = |(folder, (sources, loaded))| FolderCoverage { folder, sources, loaded };
        Ok(Self { folders: folders.into_iter().map(folder).collect() })
    }
}

/// Whether the interpreter would take a module's pyc and not compile its source (PEP 552).
fn is_loaded(tree: &Tree, python: &ImagePython, module: &Importable) -> Result<bool, BuildError> {
    let file = |path| match tree.resolve(path) {
        Some((_, Node::File(_, content))) if content.size() <= MAX_FILE => Some(content),
        Some(_) | None => None,
    };
    let (Some(pyc), Some(source)) = (file(&module.pyc), file(&module.source)) else { return Ok(false) };
    let head = pyc.head(16)?;
    let word = |from: usize| head.get(from..from + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
    if head.len() < 16 || pyc.size() < 17 || head[..4] != python.facts.magic_number {
        return Ok(false);
    }
    match word(4) {
        // CPython compares the lowest 32 bits.
        Some(0) => Ok(word(8) == Some(modified(source)) && word(12) == Some(source.size() as u32)),
        Some(0b01) => Ok(true),
        Some(0b11) => {
            let hash = source_hash(python.facts.version.minor, python.facts.magic_number, &source.to_vec()?);
            Ok(head[8..16] == hash)
        }
        Some(_) | None => Ok(false),
    }
}

fn modified(source: &Content) -> u32 {
    source.modified().unwrap_or_default() as u32
}
