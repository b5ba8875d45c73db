//! OCI image layouts in folders: written so that a reader never sees one half done.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use shipwheel_oci::{Descriptor, Digest, Index, Reference};
use tempfile::NamedTempFile;

use crate::error::{Result, StoreError};
use crate::image::{Blobs, StoredImage};

/// The content of `oci-layout` (OCI image spec, `image-layout.md`).
pub(crate) const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The tag in `index.json`: skopeo, podman and umoci find the image by it.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The full name in `index.json`, for containerd and `docker load`.
pub(crate) const IMAGE_NAME: &str = "io.containerd.image.name";

/// Says in `index.json` that the folder is an output of shipwheel, which may be replaced.
pub(crate) const OWN: (&str, &str) = ("shipwheel.layout", "1");

/// How the names of files begin that are not complete yet.
pub(crate) const UNFINISHED: &str = ".shipwheel-";

/// An OCI image layout in a folder.
#[derive(Debug, Clone)]
pub struct Layout {
    path: PathBuf,
}

impl Layout {
    /// A layout to write to: a folder that is new, empty, or was written by shipwheel before.
    ///
    /// # Errors
    /// When the folder holds anything else, or cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(StoreError::file("create", path))?;
        let layout = Self { path: path.to_owned() };
        let occupied = |reason| Err(StoreError::Occupied { path: path.to_owned(), reason });
        let is_empty = fs::read_dir(path).map_err(StoreError::file("read", path))?.next().is_none();
        match (is_empty, layout.index()) {
            (true, _) => {}
            (false, Ok(index)) if is_own(&index) => {}
            (false, Ok(_)) => return occupied("is an OCI layout that shipwheel did not write"),
            // A first write that was killed leaves blobs and no index.
            (false, Err(_)) if layout.is_unfinished()? => {}
            (false, Err(_)) => return occupied("is not empty and no OCI layout"),
        }
        Ok(layout)
    }

    /// A layout to read, of whatever tool.
    ///
    /// # Errors
    /// When the folder is no layout.
    pub fn open(path: &Path) -> Result<Self> {
        let layout = Self { path: path.to_owned() };
        layout.index()?;
        Ok(layout)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `index.json`.
    ///
    /// # Errors
    /// When it is not there or no index.
    pub fn index(&self) -> Result<Index> {
        let path = self.path.join("index.json");
        let bytes = read_small(&path)?;
        Index::parse(bytes).map_err(StoreError::image(path.display().to_string()))
    }

    pub(crate) fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path.join("blobs/sha256").join(digest.hex())
    }

    /// Whether nothing is there but what a write begins with.
    fn is_unfinished(&self) -> Result<bool> {
        let entries = fs::read_dir(&self.path).map_err(StoreError::file("read", &self.path))?;
        let known = |name: &str| name == "oci-layout" || name == "blobs" || name.starts_with(UNFINISHED);
        Ok(entries.flatten().all(|entry| known(&entry.file_name().to_string_lossy())))
    }

    /// Writes an image, which replaces the one there was; blobs that both have are left in place.
    ///
    /// # Errors
    /// When a blob cannot be had, or the folder cannot be written.
    pub fn write_image(&self, image: &StoredImage, name: Option<&Reference>, blobs: &Blobs<'_>) -> Result<()> {
        let folder = self.path.join("blobs/sha256");
        fs::create_dir_all(&folder).map_err(StoreError::file("create", &folder))?;
        self.write_file("oci-layout", |file| file.write_all(OCI_LAYOUT))?;
        let sources = blobs.layer_paths(image)?;
        let mut kept = BTreeSet::new();
        for (layer, source) in image.layers().into_iter().zip(sources) {
            self.copy_blob(layer.descriptor, &source)?;
            kept.insert(layer.descriptor.digest.hex());
        }
        for (descriptor, bytes) in image.configs().into_iter().chain(image.documents()) {
            if !self.has(descriptor) {
                self.write_file(&format!("blobs/sha256/{}", descriptor.digest.hex()), |file| file.write_all(bytes))?;
            }
            kept.insert(descriptor.digest.hex());
        }
        let index = top_index(image, name, true);
        self.write_file("index.json", |file| file.write_all(index.raw()))?;
        remove_all(&folder, |name| !kept.contains(name))?;
        remove_all(&self.path, |name| name.starts_with(UNFINISHED))
    }

    pub(crate) fn has(&self, descriptor: &Descriptor) -> bool {
        let metadata = fs::symlink_metadata(self.blob_path(&descriptor.digest));
        metadata.is_ok_and(|metadata| metadata.is_file() && metadata.len() == descriptor.size)
    }

    fn copy_blob(&self, descriptor: &Descriptor, source: &Path) -> Result<()> {
        if self.has(descriptor) {
            return Ok(());
        }
        let mut reader = File::open(source).map_err(StoreError::file("open", source))?;
        let mut found = 0;
        self.write_file(&format!("blobs/sha256/{}", descriptor.digest.hex()), |file| {
            found = io::copy(&mut reader, file)?;
            Ok(())
        })?;
        if found != descriptor.size {
            return Err(StoreError::Size { what: source.display().to_string(), expected: descriptor.size, found });
        }
        Ok(())
    }

    /// Writes a file beside its place and renames it there.
    pub(crate) fn write_file(&self, name: &str, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
        let path = self.path.join(name);
        write_renamed(&path, fill)
    }
}

/// Removes files by their names: the blobs of an earlier image, and what a kill left behind.
pub(crate) fn remove_all(folder: &Path, stale: impl Fn(&str) -> bool) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(StoreError::file("read", folder))?.flatten() {
        if stale(&entry.file_name().to_string_lossy()) {
            let path = entry.path();
            fs::remove_file(&path).map_err(StoreError::file("remove", &path))?;
        }
    }
    Ok(())
}

fn is_own(index: &Index) -> bool {
    let value: serde_json::Value = serde_json::from_slice(index.raw()).unwrap_or_default();
    value.get("annotations").and_then(|all| all.get(OWN.0)).is_some()
}

/// The `index.json` of an image: one entry, which is the manifest itself if there is no index.
pub(crate) fn top_index(image: &StoredImage, name: Option<&Reference>, own: bool) -> Index {
    let mut entry = image.root().clone();
    if image.index().is_none() {
        entry.platform = image.images().first().map(|image| image.platform.clone());
    }
    if let Some(name) = name {
        let tag = name.tag().map_or_else(|| name.version(), str::to_owned);
        entry.annotations.insert(REF_NAME.to_owned(), tag);
        entry.annotations.insert(IMAGE_NAME.to_owned(), name.to_string());
    }
    let annotations: BTreeMap<String, String> =
        if own { [(OWN.0.to_owned(), OWN.1.to_owned())].into() } else { BTreeMap::new() };
    Index::assemble(vec![entry], &annotations)
}

/// Writes a file beside its place and renames it there, readable as the umask has it.
pub(crate) fn write_renamed(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = create_beside(folder).map_err(StoreError::file("create a file in", folder))?;
    fill(file.as_file_mut()).map_err(StoreError::file("write", path))?;
    file.persist(path).map_err(|error| error.error).map(|_| ()).map_err(StoreError::file("write", path))
}

/// Temporary files are private; an output is for whoever the user's umask admits.
fn create_beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Reads a manifest, an index or another small document.
pub(crate) fn read_small(path: &Path) -> Result<Vec<u8>> {
    let limit = crate::registry::LARGEST_MANIFEST;
    let size = fs::metadata(path).map_err(StoreError::file("read", path))?.len();
    if size > limit {
        return Err(StoreError::TooLarge { what: path.display().to_string(), limit });
    }
    fs::read(path).map_err(StoreError::file("read", path))
}

#[cfg(test)]
mod tests;
