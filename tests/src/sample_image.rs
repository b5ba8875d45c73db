//! Images made of noise, as OCI layouts: what registries are tried with.

use std::path::Path;

use serde_json::{Value, json};
use shipwheel_oci::Digest;
use tempfile::TempDir;

use crate::scratch;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// An image of two platforms that share their first layer.
#[derive(Debug)]
pub struct SampleImage {
    folder: TempDir,
    /// The digest of its root.
    pub root: Digest,
    /// Bytes of all blobs, each counted once.
    pub size: u64,
    /// Media type and bytes of everything, by digest.
    pub content: Vec<(String, Vec<u8>)>,
}

impl SampleImage {
    /// With layers of these sizes for each platform; the same sizes give the same image.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn new(layers: &[usize]) -> Self {
        Self::with_platforms(layers, &["amd64", "arm64"])
    }

    /// With layers of these sizes for each of these architectures; `unknown` is that of an attestation.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn with_platforms(layers: &[usize], platforms: &[&str]) -> Self {
        let folder = scratch();
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).expect("our own folder");
        let mut sample = Self { folder, root: Digest::of(b""), size: 0, content: Vec::new() };
        let manifests: Vec<Value> = platforms.iter().map(|platform| sample.manifest(layers, platform)).collect();
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        let root = sample.add(INDEX, &serde_json::to_vec_pretty(&index).expect("JSON"));
        sample.publish(&root);
        std::fs::write(sample.folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
            .expect("our own folder");
        sample
    }

    /// The image of one architecture, without an index.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn without_index(layers: &[usize]) -> Self {
        let mut sample = Self::with_platforms(layers, &["amd64"]);
        // The index comes last.
        sample.content.pop();
        let (_, manifest) = sample.content.last().expect("a manifest");
        let root = json!({ "mediaType": MANIFEST, "digest": Digest::of(manifest), "size": manifest.len() });
        sample.publish(&root);
        sample
    }

    /// Names an image in `index.json`.
    fn publish(&mut self, root: &Value) {
        self.root = root["digest"].as_str().and_then(|digest| digest.parse().ok()).expect("a digest of ours");
        let top = json!({ "schemaVersion": 2, "manifests": [root] });
        std::fs::write(self.folder.path().join("index.json"), top.to_string()).expect("our own folder");
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn manifest(&mut self, layers: &[usize], platform: &str) -> Value {
        let mut descriptors = Vec::new();
        let mut diff_ids = Vec::new();
        for (number, size) in layers.iter().enumerate() {
            let seed =
                if number == 0 { 1 } else { number as u64 * 1000 + platform.bytes().map(u64::from).sum::<u64>() };
            let bytes = tar_of(&noise(*size, seed));
            // The layers are not compressed: the diff id is the digest.
            diff_ids.push(Digest::of(&bytes).to_string());
            descriptors.push(self.add(LAYER, &bytes));
        }
        let config = json!({ "architecture": platform, "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": diff_ids } });
        let config = self.add(CONFIG, config.to_string().as_bytes());
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": descriptors });
        let mut entry = self.add(MANIFEST, &serde_json::to_vec_pretty(&manifest).expect("JSON"));
        let os = if platform == "unknown" { "unknown" } else { "linux" };
        entry["platform"] = json!({ "os": os, "architecture": platform });
        entry
    }

    fn add(&mut self, kind: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes);
        let path = self.folder.path().join("blobs/sha256").join(digest.hex());
        if !path.exists() {
            std::fs::write(path, bytes).expect("our own folder");
            self.content.push((kind.to_owned(), bytes.to_vec()));
            self.size += if kind == LAYER || kind == CONFIG { bytes.len() as u64 } else { 0 };
        }
        json!({ "mediaType": kind, "digest": digest, "size": bytes.len() })
    }
}

/// Bytes that do not compress, always the same for a seed.
pub fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..size.div_ceil(8)).flat_map(|_| next()).take(size).collect()
}

/// A tar with one file, as runtimes want to see a layer.
fn tar_of(content: &[u8]) -> Vec<u8> {
    let mut header = [0u8; 512];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, "noise");
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", content.len()));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let padding = content.len().next_multiple_of(512) - content.len();
    [&header[..], content, &vec![0; padding + 1024]].concat()
}
