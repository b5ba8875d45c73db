//! An image's layers as folders of the cache that containers share: unpacked once, and never written to again.

use std::cell::RefCell;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use fs_err as fs;
use rayon::prelude::*;
use shipwheel_layer::{ByteSource, Node, ReadLimits, Tree, TreePath, overlay_tar};
use shipwheel_oci::{Descriptor, DiffId, Digest, Hasher, ImageConfig};
use shipwheel_store::{Cache, FileAction, ImageSource, PlatformImage};

use super::account::Accounts;
use super::tree_folder::{Links, Owners, write};
use crate::disk::tar::unpack;
use crate::error::BuildError;
use crate::inspect::image_error::ImageError;
use crate::session::Report;

/// Raise this when the same layers become other files on disk.
const RUN_RECIPE: u32 = 1;

/// The kind of the folders.
const KIND: &str = "run";

/// The folder in each of them that has the files: its own permissions are the image's.
const TREE: &str = "tree";

/// The kind of the records of accounts.
const ACCOUNTS: &str = "run-accounts";

/// The largest list of accounts that is read.
const MAX_ACCOUNTS: u64 = 1 << 20;

/// One platform's image, whose layers are unpacked when they are needed.
pub(super) struct ImageFiles<'a> {
    source: &'a dyn ImageSource,
    cache: &'a Cache,
    report: &'a dyn Report,
    name: String,
    layers: Vec<(Descriptor, DiffId)>,
    /// How many of the layers stay as they are while the others change.
    ground: usize,
    /// The files of those, once they have been read.
    tree: RefCell<Option<Tree>>,
}

impl<'a> ImageFiles<'a> {
    /// The files of an image; `ground` of its layers are unpacked together and the others together.
    ///
    /// # Errors
    /// When manifest and config do not fit.
    pub(super) fn new(
        (source, image, config): (&'a dyn ImageSource, &PlatformImage, &ImageConfig),
        ground: Option<usize>,
        (cache, report): (&'a Cache, &'a dyn Report),
    ) -> Result<Self, BuildError> {
        let name = source.name();
        let broken = |cause| ImageError::Config { image: name.clone(), cause };
        let diff_ids = config.diff_ids().map_err(broken)?;
        let blobs = image.manifest.layers();
        if diff_ids.len() != blobs.len() {
            let (layers, diff_ids) = (blobs.len(), diff_ids.len());
            return Err(ImageError::LayerCount { image: name, layers, diff_ids }.into());
        }
        let layers: Vec<_> = blobs.iter().cloned().zip(diff_ids).collect();
        let ground = ground.unwrap_or(layers.len()).min(layers.len());
        Ok(Self { source, cache, report, name, layers, ground, tree: RefCell::default() })
    }

    /// The image's accounts, which are in the layers that stay.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub(super) fn accounts(&self) -> Result<Accounts, BuildError> {
        let key = self.key(self.ground, "accounts");
        if let Some(accounts) = self.cache.record(ACCOUNTS, &key) {
            return Ok(accounts);
        }
        let tree = self.tree(0, self.ground)?;
        let accounts = Accounts { passwd: text(&tree, "/etc/passwd"), group: text(&tree, "/etc/group") };
        // The files are wanted next.
        self.tree.replace(Some(tree));
        self.cache.put_record(ACCOUNTS, &key, &accounts)?;
        Ok(accounts)
    }

    /// The folders with the files, bottom to top.
    ///
    /// # Errors
    /// When a layer cannot be read, or the cache not be written.
    pub(super) fn folders(&self, owners: &Owners) -> Result<Vec<PathBuf>, BuildError> {
        let mut parts = vec![(0, self.ground)];
        if self.ground < self.layers.len() {
            parts.push((self.ground, self.layers.len()));
        }
        parts.into_iter().map(|(from, to)| self.folder(from, to, owners)).collect()
    }

    /// All files.
    ///
    /// # Errors
    /// When a layer cannot be read.
    pub(super) fn whole(&self) -> Result<Tree, BuildError> {
        self.tree(0, self.layers.len())
    }

    fn folder(&self, from: usize, to: usize, owners: &Owners) -> Result<PathBuf, BuildError> {
        let key = self.key(to, &format!("from {from} {}", owners.key()));
        if let Some(folder) = self.cache.folder(KIND, &key) {
            return Ok(folder.join(TREE));
        }
        let folder = self.cache.publish_folder(KIND, &key, |folder| {
            self.report.step(&format!("run: unpacking {} layers", to - from));
            let known = if (from, to) == (0, self.ground) { self.tree.take() } else { None };
            let tree = known.map_or_else(|| self.tree(from, to), Ok)?;
            let folder = folder.join(TREE);
            fs::create_dir(&folder).map_err(BuildError::file(FileAction::Create, &folder))?;
            write(&tree, &folder, owners, Links::AsTheyAre)
        })?;
        Ok(folder.join(TREE))
    }

    /// Stands for what layers unpack to.
    fn key(&self, to: usize, more: &str) -> Digest {
        let mut hasher = Hasher::new();
        hasher.field("run").field(RUN_RECIPE.to_le_bytes()).field(more);
        hasher.fields(self.layers[..to].iter().map(|(_, diff_id)| diff_id.to_string()));
        hasher.finish()
    }

    /// The tree of some of the layers.
    fn tree(&self, from: usize, to: usize) -> Result<Tree, BuildError> {
        let place = (self.source, self.cache, self.name.as_str());
        let tars: Vec<Arc<dyn ByteSource>> =
            self.layers[from..to].par_iter().map(|layer| tar(place, layer)).collect::<Result<_, _>>()?;
        let mut tree = Tree::new();
        for tar in tars {
            overlay_tar(&mut tree, tar, ReadLimits::default())?;
        }
        Ok(tree)
    }
}

/// A layer's tar, which is held against what the config says.
fn tar(
    (source, cache, name): (&dyn ImageSource, &Cache, &str),
    (blob, diff_id): &(Descriptor, DiffId),
) -> Result<Arc<dyn ByteSource>, BuildError> {
    let file = source.blob(blob)?;
    let reader = file.open().map_err(BuildError::file(FileAction::Open, &file.path))?;
    let title = format!("layer {} of {name}", blob.digest.short());
    let tar = unpack(cache, &mut reader.take(blob.size), &blob.media_type, &title);
    let tar = tar.map_err(|cause| ImageError::Layer { image: name.to_owned(), digest: blob.digest, cause })?;
    if tar.diff_id != *diff_id {
        let (image, digest, expected) = (name.to_owned(), blob.digest, *diff_id);
        return Err(ImageError::DiffId { image, digest, expected, found: tar.diff_id }.into());
    }
    Ok(tar.source)
}

/// A small text of an image; empty where it has none, or something else.
fn text(tree: &Tree, path: &str) -> String {
    let found = TreePath::new(path).ok().and_then(|path| tree.resolve(&path));
    match found {
        Some((_, Node::File(_, content))) if content.size() <= MAX_ACCOUNTS => {
            content.to_vec().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
