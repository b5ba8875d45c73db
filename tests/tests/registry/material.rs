//! Data of every kind that a registry may hold, as an OCI layout.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use shipwheel_oci::Digest;
use shipwheel_tests::{noise, scratch};
use tempfile::TempDir;

pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// A type that no specification knows.
pub(crate) const ARTIFACT: &str = "application/vnd.example.thing.v1";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A layout that grows.
pub(crate) struct Material {
    folder: TempDir,
}

impl Material {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let folder = scratch();
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        std::fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        Self { folder }
    }

    /// The digest of some bytes as documents write it.
    pub(crate) fn digest(bytes: &[u8]) -> String {
        Digest::of(bytes).to_string()
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes this the layout's only image.
    pub(crate) fn publish(&self, root: &Value) {
        let top = json!({ "schemaVersion": 2, "manifests": [root] });
        std::fs::write(self.path().join("index.json"), top.to_string()).unwrap();
    }

    /// The digest of the image.
    pub(crate) fn root(&self) -> String {
        let top: Value = serde_json::from_slice(&std::fs::read(self.path().join("index.json")).unwrap()).unwrap();
        top["manifests"][0]["digest"].as_str().unwrap().to_owned()
    }

    /// Whether the image refers to another one.
    pub(crate) fn has_subject(&self) -> bool {
        String::from_utf8_lossy(&std::fs::read(self.file(&self.root())).unwrap()).contains("\"subject\"")
    }

    /// Adds bytes; gives their descriptor.
    pub(crate) fn blob(&mut self, kind: &str, bytes: &[u8]) -> Value {
        let digest = Self::digest(bytes);
        std::fs::write(self.file(&digest), bytes).unwrap();
        json!({ "mediaType": kind, "digest": digest, "size": bytes.len() })
    }

    /// An image of one platform over layers of these sizes.
    pub(crate) fn image(&mut self, platform: &str, sizes: &[usize]) -> Value {
        let layers: Vec<Value> = sizes.iter().map(|size| self.blob(LAYER, &noise(*size, *size as u64))).collect();
        let mut own = self.manifest(&layers, json!({ "annotations": { "for": platform } }));
        let (os, architecture) = platform.split_once('/').unwrap();
        own["platform"] = json!({ "os": os, "architecture": architecture });
        own
    }

    /// An image whose layers are of this type.
    pub(crate) fn image_of(&mut self, kind: &str, sizes: &[usize]) -> Value {
        let layers: Vec<Value> = sizes.iter().map(|size| self.blob(kind, &noise(*size, *size as u64))).collect();
        self.manifest(&layers, json!({}))
    }

    /// An index over an image for each platform.
    pub(crate) fn images(&mut self, platforms: &[&str]) -> Value {
        let entries: Vec<Value> = platforms.iter().map(|platform| self.image(platform, &[200, 100])).collect();
        self.index(&entries, json!({}))
    }

    /// An artifact with one blob of this type, and more keys.
    pub(crate) fn artifact(&mut self, kind: &str, content: &[u8], more: Value) -> Value {
        let (config, blob) = (self.blob(EMPTY, b"{}"), self.blob(kind, content));
        let own = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": ARTIFACT, "config": config,
            "layers": [blob] });
        self.document(MANIFEST, own, more)
    }

    /// A manifest over layers, with more keys.
    pub(crate) fn manifest(&mut self, layers: &[Value], more: Value) -> Value {
        let ids: Vec<Value> = layers.iter().map(|layer| layer["digest"].clone()).collect();
        let config = json!({ "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": ids } });
        let config = self.blob(CONFIG, config.to_string().as_bytes());
        let own = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        self.document(MANIFEST, own, more)
    }

    /// An index over documents, with more keys.
    pub(crate) fn index(&mut self, entries: &[Value], more: Value) -> Value {
        let own = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        self.document(INDEX, own, more)
    }

    /// Removes a blob.
    pub(crate) fn lose(&self, blob: &Value) {
        std::fs::remove_file(self.file(blob["digest"].as_str().unwrap())).unwrap();
    }

    /// Adds blanks to a document, so that its digest is wrong.
    pub(crate) fn spoil(&self, document: &Value) {
        let path = self.file(document["digest"].as_str().unwrap());
        std::fs::write(&path, [std::fs::read(&path).unwrap(), b"  ".to_vec()].concat()).unwrap();
    }

    /// Everything in it, by digest.
    pub(crate) fn blobs(folder: &Path) -> Vec<(String, Vec<u8>)> {
        let files = std::fs::read_dir(folder.join("blobs/sha256")).unwrap().map(Result::unwrap);
        let mut all: Vec<(String, Vec<u8>)> = files
            .map(|file| (format!("sha256:{}", file.file_name().display()), std::fs::read(file.path()).unwrap()))
            .collect();
        all.sort();
        all
    }

    fn document(&mut self, kind: &str, mut own: Value, more: Value) -> Value {
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        // Blanks that a client must not lose.
        self.blob(kind, serde_json::to_string_pretty(&own).unwrap().as_bytes())
    }

    /// Where a blob or a document is.
    pub(crate) fn file(&self, digest: &str) -> PathBuf {
        self.path().join("blobs").join(digest.replace(':', "/"))
    }
}
