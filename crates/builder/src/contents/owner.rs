//! A file of an image, and who brought it.

use shipwheel_layer::{Content, TreePath};

/// Who brought a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A Debian package, by its place in [`Contents::packages`](super::contents::Contents::packages).
    Package(usize),
    /// A distribution, by its place in [`Contents::distributions`](super::contents::Contents::distributions).
    Distribution(usize),
    /// The interpreter with its standard library, where it is of no package.
    Interpreter,
    /// Settings, notes and caches of the system that no package lists.
    System,
    /// Everything else.
    Application,
}

/// A file or a symbolic link of an image.
#[derive(Debug, Clone)]
pub struct ImageFile {
    /// Its path.
    pub path: TreePath,
    /// The length in bytes; 0 for a link.
    pub size: u64,
    /// Permission bits; 0 for a link.
    pub mode: u32,
    /// Where a symbolic link leads, as it is written.
    pub target: Option<String>,
    /// What is in it; none for a link.
    pub content: Option<Content>,
    /// The layer that has it, by its place from the bottom.
    pub layer: Option<usize>,
    /// Whether it is another name of a file before it, and takes no place of its own.
    pub is_repeated: bool,
    /// Who brought it. Bytecode is of whoever brought its source.
    pub owner: Owner,
    /// Whether it is bytecode.
    pub is_bytecode: bool,
}

impl ImageFile {
    /// The bytes that it takes in its layer.
    pub fn bytes(&self) -> u64 {
        if self.is_repeated { 0 } else { self.size }
    }
}
