//! Copies of a layout with faults planted in them; what depends on a changed byte is hashed again.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use shipwheel_oci::Digest;
use tempfile::TempDir;

use crate::{Layout, scratch};

/// A member of a layer: a regular file, or anything else with only its header.
#[derive(Debug, Clone)]
pub struct Member {
    header: tar::Header,
    /// Its path, without a leading slash.
    pub path: String,
    /// Its bytes.
    pub data: Vec<u8>,
}

impl Member {
    /// A file of root's, modified at a time.
    pub fn file(path: &str, data: &[u8], modified: u64) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(modified);
        Self { header, path: path.to_owned(), data: data.to_vec() }
    }

    /// A device of blocks, such as a disk.
    pub fn device(path: &str) -> Self {
        let mut member = Self::file(path, &[], 0);
        member.header.set_entry_type(tar::EntryType::Block);
        member.header.set_size(0);
        // An old header may not have room for these; a device of zeros is one, too.
        let _ = member.header.set_device_major(8).and_then(|()| member.header.set_device_minor(0));
        member
    }

    /// The same with these permissions.
    #[must_use]
    pub fn with_mode(mut self, mode: u32) -> Self {
        self.header.set_mode(mode);
        self
    }

    /// A symbolic link of root's.
    ///
    /// # Panics
    /// When the target is longer than a header takes.
    pub fn link(path: &str, target: &str) -> Self {
        let mut member = Self::file(path, &[], 0);
        member.header.set_entry_type(tar::EntryType::Symlink);
        member.header.set_link_name(target).expect("a short target");
        member.header.set_size(0);
        member
    }
}

/// The files of one layer.
#[derive(Debug, Default)]
pub struct Members(Vec<Member>);

impl Members {
    /// A file, by its path in the image.
    ///
    /// # Panics
    /// When it is not there.
    pub fn file(&mut self, path: &str) -> &mut Member {
        let wanted = path.trim_start_matches('/');
        self.0.iter_mut().find(|member| member.path == wanted).unwrap_or_else(|| panic!("no {path}"))
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) {
        self.0.retain(|member| member.path != path.trim_start_matches('/'));
    }

    /// Puts a file in.
    pub fn add(&mut self, member: Member) {
        self.0.push(member);
    }
}

/// A layout of one's own to plant faults in.
#[derive(Debug)]
pub struct Tampered(TempDir);

impl Tampered {
    /// A copy of a layout.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn copy(layout: &Layout) -> Self {
        let folder = scratch();
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).expect("our own folder");
        for name in ["oci-layout", "index.json"] {
            std::fs::copy(layout.path().join(name), folder.path().join(name)).expect("a layout has it");
        }
        for entry in std::fs::read_dir(layout.path().join("blobs/sha256")).expect("a layout has blobs") {
            let entry = entry.expect("a readable folder");
            let target = folder.path().join("blobs/sha256").join(entry.file_name());
            std::fs::copy(entry.path(), target).expect("our own folder");
        }
        Self(folder)
    }

    /// The layout.
    pub fn layout(&self) -> Layout {
        Layout::new(self.0.path())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    fn blob_path(&self, digest: &str) -> PathBuf {
        self.path().join("blobs").join(digest.replace(':', "/"))
    }

    fn put(&self, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes).to_string();
        std::fs::write(self.blob_path(&digest), bytes).expect("our own folder");
        json!(digest)
    }

    /// Turns one bit over in the middle of a blob, and changes nothing else.
    ///
    /// # Panics
    /// When there is no such blob.
    pub fn flip_bit(&self, digest: &str) {
        let mut bytes = std::fs::read(self.blob_path(digest)).expect("a blob of the layout");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(self.blob_path(digest), bytes).expect("our own folder");
    }

    /// Changes the manifest of a platform, and all that names it.
    ///
    /// # Panics
    /// When the layout has no such platform.
    pub fn manifest(&self, platform: &str, change: impl FnOnce(&mut Value)) {
        let layout = self.layout();
        let descriptor = layout.descriptor(platform);
        let mut manifest = layout.manifest(platform);
        change(&mut manifest);
        self.replace(&descriptor["digest"], &manifest);
    }

    /// Changes the index over the platforms.
    ///
    /// # Panics
    /// When the layout has none.
    pub fn index(&self, change: impl FnOnce(&mut Value)) {
        let digest = self.layout().entry()["digest"].clone();
        let mut index = self.layout().json(&digest);
        assert!(index["manifests"].is_array(), "an index in {index}");
        change(&mut index);
        self.replace(&digest, &index);
    }

    /// Changes the config of a platform, and all that names it.
    ///
    /// # Panics
    /// When the layout has no such platform.
    pub fn config(&self, platform: &str, change: impl FnOnce(&mut Value)) {
        let mut config = self.layout().config(platform);
        change(&mut config);
        let bytes = serde_json::to_vec(&config).expect("JSON");
        let digest = self.put(&bytes);
        self.manifest(platform, |manifest| {
            manifest["config"]["digest"] = digest;
            manifest["config"]["size"] = json!(bytes.len());
        });
    }

    /// Changes the files of the layer of a platform that has a file, and all that names the layer.
    ///
    /// # Panics
    /// When no layer has the file.
    pub fn layer(&self, platform: &str, with: &str, change: impl FnOnce(&mut Members)) {
        let manifest = self.layout().manifest(platform);
        let layers = manifest["layers"].as_array().expect("a list of layers");
        let read = |layer: &Value| read_layer(&self.layout().blob(layer["digest"].as_str().expect("a digest")));
        let has = |members: &Members| members.0.iter().any(|member| member.path == with.trim_start_matches('/'));
        let found = layers.iter().enumerate().rev().map(|(number, layer)| (number, read(layer)));
        let (number, mut members) =
            found.into_iter().find(|(_, members)| has(members)).unwrap_or_else(|| panic!("no {with} in {platform}"));
        change(&mut members);
        let tar = write_tar(members);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        std::io::copy(&mut Cursor::new(&tar), &mut encoder).expect("memory takes all");
        let blob = encoder.finish().expect("memory takes all");
        let digest = self.put(&blob);
        self.config(platform, |config| config["rootfs"]["diff_ids"][number] = json!(Digest::of(&tar).to_string()));
        self.manifest(platform, |manifest| {
            manifest["layers"][number]["digest"] = digest;
            manifest["layers"][number]["size"] = json!(blob.len());
        });
    }

    /// Puts a document in the place of another, wherever that is named.
    fn replace(&self, old: &Value, document: &Value) {
        let bytes = serde_json::to_vec(document).expect("JSON");
        let digest = self.put(&bytes);
        let rename = |index: &mut Value| {
            let entries = index["manifests"].as_array_mut().expect("an index has entries");
            let found = entries.iter_mut().find(|entry| entry["digest"] == *old);
            found.map(|entry| {
                entry["digest"] = digest.clone();
                entry["size"] = json!(bytes.len());
            })
        };
        let path = self.path().join("index.json");
        let mut top: Value = serde_json::from_slice(&std::fs::read(&path).expect("a layout")).expect("JSON");
        if rename(&mut top).is_some() {
            return std::fs::write(path, serde_json::to_vec(&top).expect("JSON")).expect("our own folder");
        }
        let entry = self.layout().entry();
        let mut index = self.layout().json(&entry["digest"]);
        rename(&mut index).expect("the index names what is in it");
        self.replace(&entry["digest"], &index);
    }
}

fn read_layer(blob: &[u8]) -> Members {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(blob));
    let members = archive.entries().expect("a tar").map(|entry| {
        let mut entry = entry.expect("a tar");
        let path = String::from_utf8(entry.path_bytes().into_owned()).expect("UTF-8");
        let (header, mut data) = (entry.header().clone(), Vec::new());
        entry.read_to_end(&mut data).expect("a tar");
        Member { header, path, data }
    });
    Members(members.collect())
}

fn write_tar(members: Members) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for Member { mut header, path, data } in members.0 {
        match header.link_name().expect("a readable link").map(std::borrow::Cow::into_owned) {
            Some(target) => builder.append_link(&mut header, &path, target).expect("memory takes all"),
            None => {
                header.set_size(data.len() as u64);
                builder.append_data(&mut header, &path, data.as_slice()).expect("memory takes all");
            }
        }
    }
    builder.into_inner().expect("memory takes all")
}
