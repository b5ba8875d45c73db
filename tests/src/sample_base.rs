//! A base image made of fixed bytes: an OCI layout for both platforms, with a Python that cannot run.
//!
//! It has what a builder has to mind in a base: a link for a folder, a folder of another owner, a sticky one,
//! a file that a higher layer deletes, and keys in its config that no specification names.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use shipwheel_oci::Digest;

/// What differs between the platforms: name, triplet, ELF machine and loader.
const PLATFORMS: [(&str, &str, u16, &str); 2] = [
    ("amd64", "x86_64-linux-gnu", 62, "/lib64/ld-linux-x86-64.so.2"),
    ("arm64", "aarch64-linux-gnu", 183, "/lib/ld-linux-aarch64.so.1"),
];

/// What a base is to have; [`SampleBase::write`] makes it.
#[derive(Debug, Clone, Copy)]
pub struct SampleBase {
    /// The architectures, such as `amd64`.
    pub architectures: &'static [&'static str],
    /// Whether there is a Python 3.11.2.
    pub python: bool,
}

impl SampleBase {
    /// Both platforms, with Python.
    pub const FULL: Self = Self { architectures: &["amd64", "arm64"], python: true };

    /// Writes the layout into a folder; gives the manifests' digests by architecture.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn write(self, folder: &Path) -> Vec<(&'static str, Digest)> {
        let blobs = folder.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).expect("our own folder");
        let put = |media_type: &str, bytes: &[u8]| {
            let digest = Digest::of(bytes);
            std::fs::write(blobs.join(digest.hex()), bytes).expect("our own folder");
            json!({ "mediaType": media_type, "digest": digest.to_string(), "size": bytes.len() })
        };
        let mut manifests = Vec::new();
        let mut entries = Vec::new();
        for platform in PLATFORMS.iter().filter(|platform| self.architectures.contains(&platform.0)) {
            let tars = [self.system(platform), changes()];
            let layers = [
                put("application/vnd.oci.image.layer.v1.tar+gzip", &gzip(&tars[0])),
                put("application/vnd.oci.image.layer.v1.tar", &tars[1]),
            ];
            let config = to_bytes(&config(platform.0, &tars));
            let manifest = to_bytes(&json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": put("application/vnd.oci.image.config.v1+json", &config),
                "layers": layers,
            }));
            let mut entry = put("application/vnd.oci.image.manifest.v1+json", &manifest);
            entry["platform"] = json!({ "architecture": platform.0, "os": "linux" });
            entries.push(entry);
            manifests.push((platform.0, Digest::of(&manifest)));
        }
        let index = to_bytes(&json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": entries,
        }));
        let entry = put("application/vnd.oci.image.index.v1+json", &index);
        let top = to_bytes(&json!({ "schemaVersion": 2, "manifests": [entry] }));
        std::fs::write(folder.join("index.json"), top).expect("our own folder");
        std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("our own folder");
        manifests
    }

    fn system(self, platform: &(&str, &str, u16, &str)) -> Vec<u8> {
        let &(_, triplet, machine, loader) = platform;
        let mut tar = Tar::default();
        for (path, mode, owner) in [
            ("etc", 0o755, 0),
            ("tmp", 0o1777, 0),
            ("usr", 0o755, 0),
            ("usr/bin", 0o755, 0),
            ("usr/lib", 0o755, 0),
            ("usr/lib64", 0o755, 0),
            ("var", 0o755, 0),
            ("var/lib", 0o755, 0),
            ("var/lib/app", 0o750, 1000),
        ] {
            tar.folder(path, mode, owner);
        }
        tar.link("lib", "usr/lib");
        tar.link("lib64", "usr/lib64");
        tar.file("etc/os-release", 0o644, b"ID=sample\nVERSION_ID=1\n");
        tar.file("etc/deleted", 0o644, b"The next layer takes this away.\n");
        let library = format!("usr/lib/{triplet}");
        tar.folder(&library, 0o755, 0);
        tar.file(&format!("{library}/libc.so.6"), 0o755, b"GNU C Library (sample) stable release version 2.36.\n");
        tar.file(&format!("usr{loader}"), 0o755, &program(machine, loader, ""));
        if self.python {
            tar.file("usr/bin/python3.11", 0o755, &program(machine, loader, "3.11.2"));
            tar.link("usr/bin/python3", "python3.11");
            for (path, text) in [
                ("", None),
                ("/importlib", None),
                (
                    "/importlib/_bootstrap_external.py",
                    Some("MAGIC_NUMBER = (3495).to_bytes(2, 'little') + b'\\r\\n'\n"),
                ),
                ("/os.py", Some("\"\"\"A module of the standard library.\"\"\"\nname = 'posix'\n")),
                ("/site-packages", None),
            ] {
                let path = format!("usr/lib/python3.11{path}");
                match text {
                    Some(text) => tar.file(&path, 0o644, text.as_bytes()),
                    None => tar.folder(&path, 0o755, 0),
                }
            }
            let made = format!("usr/lib/python3.11/_sysconfigdata__{triplet}.py");
            tar.file(&made, 0o644, format!("build_time_vars = {{'MULTIARCH': '{triplet}'}}\n").as_bytes());
        }
        tar.finish()
    }
}

/// The second layer: one file more, and one less.
fn changes() -> Vec<u8> {
    let mut tar = Tar::default();
    tar.folder("etc", 0o755, 0);
    tar.file("etc/.wh.deleted", 0o644, b"");
    tar.file("etc/passwd", 0o644, b"root:x:0:0::/root:/bin/false\nsample:x:1000:1000::/app:/bin/false\n");
    tar.finish()
}

fn config(architecture: &str, tars: &[Vec<u8>; 2]) -> Value {
    let diff_ids: Vec<String> = tars.iter().map(|tar| Digest::of(tar).to_string()).collect();
    json!({
        "architecture": architecture,
        "os": "linux",
        "author": "the sample",
        "config": {
            "Cmd": ["/usr/bin/python3"],
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
            "Healthcheck": { "Test": ["NONE"] },
            "Labels": { "org.example.base": "sample" },
            "OnBuild": [],
        },
        "created": "2020-02-02T02:02:02Z",
        "history": [
            { "created": "2020-02-02T02:02:02Z", "created_by": "system" },
            { "created": "2020-02-02T02:02:02Z", "created_by": "CMD", "empty_layer": true },
            { "created": "2020-02-02T02:02:02Z", "created_by": "changes" },
        ],
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "x-unknown": { "kept": true },
    })
}

/// A 64-bit program that names its loader, and holds a text as a whole C string; nothing could run it.
fn program(machine: u16, loader: &str, text: &str) -> Vec<u8> {
    let (header, segment) = (64u16, 56u16);
    let offset = u64::from(header) + u64::from(segment);
    let name = [loader.as_bytes(), b"\0"].concat();
    let mut file = [b"\x7fELF", &[2, 1, 1, 0][..], &[0; 8]].concat();
    file.extend([&2u16.to_le_bytes()[..], &machine.to_le_bytes(), &1u32.to_le_bytes()].concat());
    // Entry, program headers, section headers (none) and flags.
    file.extend([&0u64.to_le_bytes()[..], &u64::from(header).to_le_bytes(), &[0; 8], &[0; 4]].concat());
    file.extend([header, segment, 1, 64, 0, 0].map(u16::to_le_bytes).concat());
    // PT_INTERP, readable: where the loader's name is.
    file.extend([3u32.to_le_bytes(), 4u32.to_le_bytes()].concat());
    let size = name.len() as u64;
    file.extend([offset, offset, offset, size, size, 1].map(u64::to_le_bytes).concat());
    [file, name, b"\0".to_vec(), text.as_bytes().to_vec(), b"\0".to_vec()].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn to_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

/// A tar in the making; its entries are of one fixed time.
struct Tar(tar::Builder<Vec<u8>>);

impl Default for Tar {
    fn default() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }
}

impl Tar {
    fn header(kind: tar::EntryType, mode: u32, owner: u64) -> tar::Header {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner);
        header.set_gid(owner);
        header.set_mtime(1_580_608_922);
        header
    }

    fn folder(&mut self, path: &str, mode: u32, owner: u64) {
        let mut header = Self::header(tar::EntryType::Directory, mode, owner);
        header.set_size(0);
        self.0.append_data(&mut header, format!("{path}/"), &[][..]).expect("memory takes all");
    }

    fn file(&mut self, path: &str, mode: u32, bytes: &[u8]) {
        let mut header = Self::header(tar::EntryType::Regular, mode, 0);
        header.set_size(bytes.len() as u64);
        self.0.append_data(&mut header, path, bytes).expect("memory takes all");
    }

    fn link(&mut self, path: &str, target: &str) {
        let mut header = Self::header(tar::EntryType::Symlink, 0o777, 0);
        header.set_size(0);
        self.0.append_link(&mut header, path, target).expect("memory takes all");
    }

    fn finish(self) -> Vec<u8> {
        self.0.into_inner().expect("memory takes all")
    }
}
