//! All that a plan needs to know about the world, as values: versions, names, paths and digests, none of them text to parse.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipwheel_bytecode::PythonVersion;
use shipwheel_layer::{FileTime, TreePath};
use shipwheel_oci::{Digest, LayerDescriptor, Platform};
use shipwheel_python::{DistributionName, Libc, Version};

/// A source file that may be compiled: its place in the image, and the digest of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path in the image.
    pub path: TreePath,
    /// The sha256 of the source.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

impl Ord for SourceFile {
    /// By the text of the path: keys of layers hash their sources in this order.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |it: &'_ Self| (it.digest, it.size);
        self.path.as_str().cmp(other.path.as_str()).then_with(|| key(self).cmp(&key(other)))
    }
}

impl PartialOrd for SourceFile {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The interpreter in a base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonFacts {
    /// The full version.
    pub version: PythonVersion,
    /// What its pycs begin with.
    pub magic_number: [u8; 4],
    /// Its path in the image, links followed: `/usr/bin/python3.11`.
    pub executable: String,
    /// The folder of the standard library, links followed: `/usr/lib/python3.11`.
    pub stdlib: String,
    /// The sources of the standard library that can be compiled.
    pub sources: Vec<SourceFile>,
}

/// A directory of a base that is not a plain one of root's with mode 0755.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpecialDirectory {
    /// A directory with another mode or owner.
    Directory {
        /// Permission bits.
        mode: u32,
        /// Owner.
        uid: u32,
        /// Group.
        gid: u32,
    },
    /// A symbolic link to a directory.
    Link {
        /// Where it leads in the image.
        target: String,
    },
}

/// A base for one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseFacts {
    /// Its layers, bottom to top.
    pub layers: Vec<LayerDescriptor>,
    /// Its config, as canonical or fetched JSON text.
    pub config: String,
    /// Its interpreter, if it has one.
    pub python: Option<PythonFacts>,
    /// Its directories that need care, by path.
    pub directories: BTreeMap<String, SpecialDirectory>,
    /// The numbers of its accounts, by their names: what `/etc/passwd` says.
    pub users: BTreeMap<String, u32>,
    /// Its C library, if it has one that wheels are built for.
    pub libc: Option<Libc>,
    /// The names of the shared libraries in the folders that its loader searches, sorted: `libz.so.1`.
    pub libraries: Vec<String>,
    /// How many pycs in it its interpreter never loads, and the first of them.
    pub stray_bytecode: Option<(u64, String)>,
}

impl BaseFacts {
    /// glibc's version, if it has glibc.
    pub fn glibc(&self) -> Option<(u32, u32)> {
        match self.libc? {
            Libc::Glibc { major, minor } => Some((major, minor)),
            Libc::Musl { .. } => None,
        }
    }
}

/// One locked wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WheelFacts {
    /// The distribution's name.
    pub name: DistributionName,
    /// Its version.
    pub version: Version,
    /// The wheel's file name.
    pub file_name: String,
    /// The sha256 of the wheel.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Whether it fits every platform.
    pub pure: bool,
    /// The sources that it installs and that can be compiled.
    pub sources: Vec<SourceFile>,
    /// Paths of its files that are left out, because another distribution's are there; sorted.
    pub left_out: Vec<TreePath>,
    /// The first of its sources that shows that it reads sources at run time, and by what.
    pub reads_source: Option<(String, String)>,
}

/// One file of the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppFile {
    /// Its path in the image.
    pub path: TreePath,
    /// The sha256 of its bytes; of a link the sha256 of its target.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Whether it may be executed.
    pub executable: bool,
    /// For a symbolic link, its target.
    pub link: Option<String>,
}

impl Ord for AppFile {
    /// By the text of the path: keys of layers hash their files in this order.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |it: &'_ Self| (it.digest, it.size, it.executable);
        let by_path = self.path.as_str().cmp(other.path.as_str());
        by_path.then_with(|| key(self).cmp(&key(other))).then_with(|| self.link.cmp(&other.link))
    }
}

impl PartialOrd for AppFile {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is known of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformFacts {
    /// The base.
    pub base: BaseFacts,
    /// The wheels, sorted by name.
    pub wheels: Vec<WheelFacts>,
    /// The files of the application's own wheels as they are installed here, sorted by path.
    pub installed: Vec<AppFile>,
}

/// What is known of everything that an image is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// By platform.
    pub platforms: BTreeMap<Platform, PlatformFacts>,
    /// The application's plain files, sorted by path.
    pub app: Vec<AppFile>,
    /// When the application's files were changed, as the user says (`SOURCE_DATE_EPOCH`).
    pub app_time: FileTime,
}
