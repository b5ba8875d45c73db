//! A base image's tree from unpacked packages: what dpkg and the maintainer scripts would have made.

use std::collections::BTreeMap;

use shipwheel_layer::{Node, ReadLimits, Tree, TreeError, TreePath, read_tar};

use crate::base::{AssembleError, BaseOptions, UnpackedPackage, setup, slim};

/// Assembles the tree of a base image; the order of the packages does not matter.
///
/// `/usr` is merged, as Debian has it since bookworm. No maintainer script runs: accounts, the
/// bundle of CA certificates, the usual directories and `python3` are made here, and each package
/// leaves its stanza in `/var/lib/dpkg/status.d` for scanners. Diversions and alternatives
/// are not applied. Modes and owners are the packages'; set-uid bits stay.
///
/// # Errors
/// When a tar is broken, or two packages have different files at one path.
pub fn assemble(packages: &[UnpackedPackage], options: &BaseOptions) -> Result<Tree, AssembleError> {
    let mut packages: Vec<&UnpackedPackage> = packages.iter().collect();
    packages.sort_by(|one, two| one.package.name.cmp(&two.package.name));
    let mut base = Assembly::default();
    let amd64 = packages.iter().any(|unpacked| unpacked.package.architecture == "amd64");
    setup::merge_usr(&mut base.tree, amd64).map_err(AssembleError::Setup)?;
    for unpacked in &packages {
        base.unpack(unpacked, options.slim)?;
    }
    let mut tree = base.tree;
    setup::directories(&mut tree).map_err(AssembleError::Setup)?;
    setup::accounts(&mut tree).map_err(AssembleError::Setup)?;
    setup::os_release(&mut tree, options.codename.as_deref()).map_err(AssembleError::Setup)?;
    setup::timezone(&mut tree).map_err(AssembleError::Setup)?;
    setup::python(&mut tree).map_err(AssembleError::Setup)?;
    setup::certificates(&mut tree)?;
    for unpacked in &packages {
        setup::status(&mut tree, &unpacked.package, unpacked.md5sums.as_deref()).map_err(AssembleError::Setup)?;
    }
    if options.loader_cache {
        let architectures = packages.iter().map(|unpacked| unpacked.package.architecture.as_str());
        let architecture = architectures.into_iter().find(|name| *name != "all").unwrap_or_default();
        setup::loader_cache(&mut tree, architecture).map_err(AssembleError::Setup)?;
    }
    Ok(tree)
}

#[derive(Default)]
struct Assembly {
    tree: Tree,
    /// The package that first had each path.
    owners: BTreeMap<TreePath, String>,
}

impl Assembly {
    fn unpack(&mut self, unpacked: &UnpackedPackage, slim: bool) -> Result<(), AssembleError> {
        let package = &unpacked.package.name;
        let own = read_tar(unpacked.data.clone(), ReadLimits::default())
            .map_err(|cause| AssembleError::Read { package: package.clone(), cause })?;
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

    fn insert(&mut self, path: TreePath, node: Node, package: &str) -> Result<(), AssembleError> {
        let owner = |path: &TreePath| self.owners.get(path).cloned();
        match self.tree.insert(path.clone(), node) {
            Ok(()) => {
                self.owners.entry(path).or_insert_with(|| package.to_owned());
                Ok(())
            }
            Err(TreeError::Conflict { path } | TreeError::NotADirectory { path, .. }) if owner(&path).is_some() => {
                let first = owner(&path).unwrap_or_default();
                Err(AssembleError::Conflict { path, first, second: package.to_owned() })
            }
            Err(cause) => Err(AssembleError::Tree { package: package.to_owned(), cause }),
        }
    }
}
