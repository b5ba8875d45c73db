//! Reads an OCI layout as the specification has it, without any code of the product.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A folder that is said to be an OCI layout.
#[derive(Debug)]
pub struct Layout(PathBuf);

impl Layout {
    /// The layout in this folder.
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_path_buf())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The entry of `index.json`: there is one image in a layout of ours.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub fn entry(&self) -> Value {
        let bytes = std::fs::read(self.0.join("index.json")).expect("a layout has an index.json");
        let index: Value = serde_json::from_slice(&bytes).expect("index.json is JSON");
        let entries = index["manifests"].as_array().expect("index.json has manifests");
        assert_eq!(entries.len(), 1, "one image in {index}");
        entries[0].clone()
    }

    /// The name that clients find the image by, as in `oci:<folder>:<name>`.
    ///
    /// # Panics
    /// When the entry has none.
    pub fn name(&self) -> String {
        let entry = self.entry();
        let name = entry["annotations"]["org.opencontainers.image.ref.name"].as_str();
        name.unwrap_or_else(|| panic!("no name in {entry}")).to_owned()
    }

    /// How skopeo and podman are told of the image.
    pub fn transport(&self) -> String {
        format!("oci:{}:{}", self.0.display(), self.name())
    }

    /// A blob as bytes.
    ///
    /// # Panics
    /// When it is not there.
    pub fn blob(&self, digest: &str) -> Vec<u8> {
        let path = self.0.join("blobs").join(digest.replace(':', "/"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// A blob as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self, digest: &Value) -> Value {
        let digest = digest.as_str().expect("a digest is text");
        serde_json::from_slice(&self.blob(digest)).unwrap_or_else(|error| panic!("{digest}: {error}"))
    }

    /// The manifest's descriptor for a platform such as `linux/arm64`; an image for one platform needs no index.
    ///
    /// # Panics
    /// When the image has no such platform.
    pub fn descriptor(&self, platform: &str) -> Value {
        let entry = self.entry();
        let image = self.json(&entry["digest"]);
        let Some(entries) = image["manifests"].as_array() else {
            let config = self.json(&image["config"]["digest"]);
            assert_eq!(name_of(&config), platform, "the one platform of {entry}");
            return entry;
        };
        let found = entries.iter().find(|entry| name_of(&entry["platform"]) == platform);
        found.unwrap_or_else(|| panic!("no {platform} in {image}")).clone()
    }

    /// The manifest for a platform.
    pub fn manifest(&self, platform: &str) -> Value {
        self.json(&self.descriptor(platform)["digest"])
    }

    /// The image config for a platform.
    pub fn config(&self, platform: &str) -> Value {
        self.json(&self.manifest(platform)["config"]["digest"])
    }
}

/// The platform that an index's entry or an image config is for, variants apart.
fn name_of(said: &Value) -> String {
    format!("{}/{}", said["os"].as_str().unwrap_or_default(), said["architecture"].as_str().unwrap_or_default())
}
