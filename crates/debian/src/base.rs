//! A base image's tree from unpacked packages: what dpkg and the maintainer scripts would have made.

use std::collections::BTreeMap;
use std::sync::Arc;

use shipwheel_layer::{ContentError, Node, ReadError, ReadLimits, Source, Tree, TreeError, TreePath, overlay_tar};

use crate::packages::Package;
use crate::{setup, slim};

/// A base that cannot be assembled.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// A package's data tar cannot be read.
    #[error("package `{package}` cannot be unpacked")]
    Read {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: ReadError,
    },
    /// A package's file does not fit among those of the others.
    #[error("package `{package}` does not fit into the base")]
    Tree {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: TreeError,
    },
    /// Two packages have different things at one path.
    #[error("packages `{first}` and `{second}` have different files at `{path}`")]
    Conflict {
        /// The path.
        path: TreePath,
        /// The package that came first by name.
        first: String,
        /// The other.
        second: String,
    },
    /// What the maintainer scripts make does not fit with what the packages hold.
    #[error("the base's own files do not fit with those of the packages")]
    Setup(#[source] TreeError),
    /// A file that others are made from cannot be read.
    #[error("failed to read `{path}`")]
    Content {
        /// The file.
        path: TreePath,
        /// The cause.
        #[source]
        cause: ContentError,
    },
}

/// A package with its files.
#[derive(Clone)]
pub struct UnpackedPackage {
    /// The package.
    pub package: Package,
    /// The control file `md5sums`, where it has one.
    pub md5sums: Option<Vec<u8>>,
    /// The uncompressed data tar.
    pub data: Arc<dyn Source>,
}

/// How a base is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseOptions {
    /// Leaves out what no program reads. In `/usr/share`: `doc` but for the `copyright` files and the
    /// links between packages' folders, `man`, `info`, `locale`, `lintian`, `bug`, `doc-base`, `menu`,
    /// `applications`, `pixmaps`, `bash-completion`, `gcc` and `gdb` (printers for debuggers). `__pycache__` is left out in any case.
    pub slim: bool,
    /// The suite's codename: for `/etc/os-release` where no package has it.
    pub codename: Option<String>,
}

impl Default for BaseOptions {
    fn default() -> Self {
        Self { slim: true, codename: None }
    }
}

/// Assembles the tree of a base image; the order of the packages does not matter.
///
/// `/usr` is merged, as Debian has it since bookworm. No maintainer script runs: accounts, the
/// bundle of CA certificates, the usual directories and `python3` are made here, and each package
/// leaves its stanza in `/var/lib/dpkg/status.d` for scanners. Diversions and alternatives
/// are not known. Modes and owners are the packages'; set-uid bits stay.
///
/// # Errors
/// When a tar is broken, or two packages have different files at one path.
pub fn assemble(packages: &[UnpackedPackage], options: &BaseOptions) -> Result<Tree, BaseError> {
    let mut packages: Vec<&UnpackedPackage> = packages.iter().collect();
    packages.sort_by(|one, two| one.package.name.cmp(&two.package.name));
    let mut base = Base::default();
    let amd64 = packages.iter().any(|unpacked| unpacked.package.architecture == "amd64");
    setup::merge_usr(&mut base.tree, amd64).map_err(BaseError::Setup)?;
    for unpacked in &packages {
        base.unpack(unpacked, options.slim)?;
    }
    let mut tree = base.tree;
    setup::directories(&mut tree).map_err(BaseError::Setup)?;
    setup::accounts(&mut tree).map_err(BaseError::Setup)?;
    setup::os_release(&mut tree, options.codename.as_deref()).map_err(BaseError::Setup)?;
    setup::timezone(&mut tree).map_err(BaseError::Setup)?;
    setup::python(&mut tree).map_err(BaseError::Setup)?;
    setup::certificates(&mut tree)?;
    for unpacked in &packages {
        setup::status(&mut tree, &unpacked.package, unpacked.md5sums.as_deref()).map_err(BaseError::Setup)?;
    }
    Ok(tree)
}

#[derive(Default)]
struct Base {
    tree: Tree,
    /// The package that first had each path.
    owners: BTreeMap<TreePath, String>,
}

impl Base {
    fn unpack(&mut self, unpacked: &UnpackedPackage, slim: bool) -> Result<(), BaseError> {
        let package = &unpacked.package.name;
        let mut own = Tree::new();
        overlay_tar(&mut own, unpacked.data.clone(), ReadLimits::default())
            .map_err(|cause| BaseError::Read { package: package.clone(), cause })?;
        for (path, node) in own {
            if !slim::is_kept(&path, &node, slim) {
                continue;
            }
            let path = self.tree.resolve_parent(&path);
            if node.is_directory() && self.has_directory(&path) {
                continue;
            }
            self.insert(path, node, package)?;
        }
        Ok(())
    }

    /// Whether a package's directory is there already: one by name, or a link to one. As with
    /// dpkg, what is there keeps its mode; one that was only made for what is in it does not.
    fn has_directory(&self, path: &TreePath) -> bool {
        let owned = self.owners.contains_key(path);
        match self.tree.node(path) {
            Some(Node::Directory(_)) => owned,
            Some(Node::Symlink(_)) => self.tree.resolve(path).is_some_and(|(_, node)| node.is_directory()),
            _ => false,
        }
    }

    fn insert(&mut self, path: TreePath, node: Node, package: &str) -> Result<(), BaseError> {
        let owner = |path: &TreePath| self.owners.get(path).cloned();
        match self.tree.insert(path.clone(), node) {
            Ok(()) => {
                self.owners.entry(path).or_insert_with(|| package.to_owned());
                Ok(())
            }
            Err(TreeError::Conflict { path } | TreeError::NotADirectory { path, .. }) if owner(&path).is_some() => {
                let first = owner(&path).unwrap_or_default();
                Err(BaseError::Conflict { path, first, second: package.to_owned() })
            }
            Err(cause) => Err(BaseError::Tree { package: package.to_owned(), cause }),
        }
    }
}
