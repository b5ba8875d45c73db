//! Bases in the shape of those that people take from registries, in small: built on, verified and started.

use std::io::{Cursor, Read as _};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use shipwheel_oci::Digest;
use shipwheel_tests::{Definition, Layout, Registry, Rootfs, Shipwheel, scratch};

use crate::hostile_base::{PLATFORM, honest};

/// The tar of a base's only layer, its config, and what becomes of both.
struct Shape {
    tar: Vec<u8>,
    config: Value,
    /// Tars over the first one.
    more: Vec<Vec<u8>>,
    family: Family,
}

/// Whose media types an image has, and how its layers are compressed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// OCI's, gzip.
    Oci,
    /// OCI's, zstd.
    Zstd,
    /// Docker's, gzip.
    Docker,
}

impl Shape {
    /// Debian's Python in /usr, without a shell and without packages of its own.
    fn small() -> Self {
        let base = honest();
        let layout = base.layout();
        let manifest = layout.manifest(PLATFORM);
        let layer = &manifest["layers"][0]["digest"];
        let mut tar = Vec::new();
        MultiGzDecoder::new(layout.blob(layer.as_str().unwrap()).as_slice()).read_to_end(&mut tar).unwrap();
        let mut config = layout.config(PLATFORM);
        config["config"] = json!({ "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] });
        config["history"] = json!([]);
        Self { tar, config, more: Vec::new(), family: Family::Oci }
    }

    /// With every path changed; what has none afterwards is left out.
    fn moved(mut self, place: impl Fn(&str) -> Option<String>) -> Self {
        let mut builder = tar::Builder::new(Vec::new());
        for entry in tar::Archive::new(self.tar.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let (mut header, mut data) = (entry.header().clone(), Vec::new());
            let link = header.link_name().unwrap().map(std::borrow::Cow::into_owned);
            entry.read_to_end(&mut data).unwrap();
            match (place(&path), link) {
                (None, _) => {}
                (Some(path), Some(target)) => builder.append_link(&mut header, path, target).unwrap(),
                (Some(path), None) => builder.append_data(&mut header, path, data.as_slice()).unwrap(),
            }
        }
        self.tar = builder.into_inner().unwrap();
        self
    }

    /// Pushes it as an index over this platform and an attestation; gives the reference.
    fn push(self, registry: &Registry, name: &str) -> String {
        let folder = scratch();
        let layout = folder.path().join("layout");
        std::fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
        let (docker, oci) = ("application/vnd.docker", "application/vnd.oci");
        let of = |for_docker: &str, for_oci: &str| match self.family {
            Family::Docker => format!("{docker}.{for_docker}"),
            Family::Oci | Family::Zstd => format!("{oci}.{for_oci}"),
        };
        let (mut layers, mut diff_ids) = (Vec::new(), Vec::new());
        for tar in std::iter::once(&self.tar).chain(&self.more) {
            let (bytes, media_type) = match self.family {
                Family::Zstd => (zstd::encode_all(tar.as_slice(), 1).unwrap(), "image.layer.v1.tar+zstd"),
                Family::Oci | Family::Docker => (gzip(tar), "image.layer.v1.tar+gzip"),
            };
            layers.push(put(&layout, &of("image.rootfs.diff.tar.gzip", media_type), &bytes));
            diff_ids.push(Digest::of(tar).to_string());
        }
        let mut config = self.config.clone();
        config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
        let config = document(&layout, &of("container.image.v1+json", "image.config.v1+json"), &config);
        let (manifest, index) = ("image.manifest.v1+json", "image.index.v1+json");
        let mut own = document(
            &layout,
            &of("distribution.manifest.v2+json", manifest),
            &json!({ "schemaVersion": 2, "mediaType": of("distribution.manifest.v2+json", manifest),
                     "config": config, "layers": layers }),
        );
        own["platform"] = json!({ "architecture": "amd64", "os": "linux" });
        // As BuildKit attaches them: a manifest of no platform, for another one.
        let statement =
            put(&layout, "application/vnd.in-toto+json", b"{\"_type\":\"https://example.invalid/Statement\"}");
        let empty = document(
            &layout,
            &format!("{oci}.image.config.v1+json"),
            &json!({ "architecture": "unknown", "os": "unknown",
            "config": {}, "rootfs": { "type": "layers", "diff_ids": [statement["digest"]] } }),
        );
        let mut attestation = document(
            &layout,
            &format!("{oci}.image.manifest.v1+json"),
            &json!({ "schemaVersion": 2, "mediaType": format!("{oci}.image.manifest.v1+json"),
                     "config": empty, "layers": [statement] }),
        );
        attestation["platform"] = json!({ "architecture": "unknown", "os": "unknown" });
        attestation["annotations"] = json!({ "vnd.docker.reference.digest": own["digest"], "vnd.docker.reference.type": "attestation-manifest" });
        let index_type = of("distribution.manifest.list.v2+json", index);
        let index = document(
            &layout,
            &index_type,
            &json!({ "schemaVersion": 2, "mediaType": index_type, "manifests": [attestation, own] }),
        );
        std::fs::write(layout.join("index.json"), json!({ "schemaVersion": 2, "manifests": [index] }).to_string())
            .unwrap();
        std::fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        let reference = format!("{}/{name}:1", registry.host());
        Shipwheel::new().run(&["push", &layout.display().to_string(), &reference]).succeeded();
        reference
    }
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::copy(&mut Cursor::new(tar), &mut encoder).unwrap();
    encoder.finish().unwrap()
}

fn put(layout: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest = Digest::of(bytes);
    std::fs::write(layout.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
    json!({ "mediaType": media_type, "digest": digest.to_string(), "size": bytes.len() })
}

fn document(layout: &Path, media_type: &str, value: &Value) -> Value {
    put(layout, media_type, value.to_string().as_bytes())
}

/// Entries of a tar that no writer of ours makes: paths as bytes, links, folders.
fn tar_of(entries: &[(&[u8], tar::EntryType, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind, text) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..path.len()].copy_from_slice(path);
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let data = if *kind == tar::EntryType::Symlink { "" } else { *text };
        if *kind == tar::EntryType::Symlink {
            header.set_link_name(text).unwrap();
        }
        header.set_size(data.len() as u64);
        header.set_cksum();
        builder.append(&header, data.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Builds on a base, verifies and starts what came out.
#[track_caller]
fn sound_on(reference: &str) -> Definition {
    let definition = Definition::over(&format!("{{ image = \"{reference}\" }}"));
    let output = format!("oci:{}", definition.output().display());
    Shipwheel::new().image(&[&definition.argument(), "--platform", PLATFORM, "--output", &output]).succeeded();
    Shipwheel::new().run(&["verify", &output, "--rebuild"]).succeeded();
    let report = Shipwheel::new().run(&["startup", &output, "--runs", "1", "--json"]).succeeded().json();
    assert!(report.is_object(), "{report}");
    definition
}

/// The same, and runs it; gives the image unpacked.
#[track_caller]
fn built_on(reference: &str, python: &str) -> Rootfs {
    let definition = sound_on(reference);
    let rootfs = Rootfs::unpack(&Layout::new(&definition.output()), "amd64");
    let script = "import sys, json; print(json.__cached__, sys.base_prefix)";
    let (said, _) = rootfs.run(&[], &[python, "-c", script]);
    assert!(said.contains(".pyc"), "{said}");
    rootfs
}

#[test]
fn debians_python_without_a_shell_is_a_base() {
    let registry = Registry::start();
    let mut shape = Shape::small().moved(|path| {
        let is_shell = matches!(path, "bin/sh" | "usr/bin/sh" | "usr/bin/dash" | "usr/bin/bash");
        (!is_shell).then(|| path.to_owned())
    });
    shape.config["config"]["User"] = json!("65532");
    shape.config["config"]["Entrypoint"] = json!(["/usr/bin/python3.11"]);
    shape.config["config"]["WorkingDir"] = json!("/home/nonroot");
    let rootfs = built_on(&shape.push(&registry, "distroless/python3"), "/usr/bin/python3.11");
    assert!(!rootfs.join("/usr/bin/sh").exists() && !rootfs.join("/usr/bin/dash").exists());
}

#[test]
fn a_python_of_its_own_below_usr_local_is_a_base_with_dockers_media_types() {
    let registry = Registry::start();
    let mut shape = Shape::small().moved(|path| match path {
        "usr/bin/python3" | "usr/bin/python" => None,
        path if path.starts_with("usr/lib/python3/") => None,
        path => Some(match path.strip_prefix("usr/lib/python3.11") {
            Some(below) => format!("usr/local/lib/python3.11{below}"),
            None => path.replace("usr/bin/python3.11", "usr/local/bin/python3.11"),
        }),
    });
    use tar::EntryType::Symlink;
    shape.more = vec![tar_of(&[
        (b"usr/local/bin/python3", Symlink, "python3.11"),
        (b"usr/local/bin/python", Symlink, "python3"),
    ])];
    shape.config["config"]["Env"] =
        json!(["PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "PYTHON_VERSION=3.11.2"]);
    shape.config["config"]["Cmd"] = json!(["python3"]);
    shape.family = Family::Docker;
    let rootfs = built_on(&shape.push(&registry, "library/python"), "/usr/local/bin/python3");
    let (said, _) = rootfs.run(&[], &["/usr/local/bin/python3", "-c", "import json; print(json.__cached__)"]);
    assert!(said.starts_with("/usr/local/lib/python3.11/json/__pycache__/__init__."), "{said}");
}

#[test]
fn layers_of_zstd_with_names_in_any_encoding_and_a_folder_over_a_link_are_a_base() {
    use tar::EntryType::{Directory, Regular, Symlink};
    let registry = Registry::start();
    let mut shape = Shape::small();
    shape.more = vec![
        tar_of(&[(b"opt", Symlink, "usr/opt"), (b"usr/opt/below", Directory, ""), (b"srv/gone", Regular, "x")]),
        tar_of(&[
            (b"opt", Directory, ""),
            (b"opt/own", Regular, "own"),
            (b"srv/caf\xe9.txt", Regular, "latin-1"),
            (b"srv/l\xe8", Symlink, "nowhere"),
            (b"srv/.wh.gone", Regular, ""),
        ]),
    ];
    shape.family = Family::Zstd;
    // umoci, which judges other images, does not read zstd: this one is looked at by shipwheel and by what it starts.
    let reference = shape.push(&registry, "hardened/python");
    let definition = sound_on(&reference);
    let layers = Layout::new(&definition.output()).manifest(PLATFORM)["layers"].clone();
    let types: Vec<&str> =
        layers.as_array().unwrap().iter().map(|layer| layer["mediaType"].as_str().unwrap()).collect();
    assert!(types[..3].iter().all(|media_type| media_type.ends_with("+zstd")), "the base's own blobs: {types:?}");
    assert!(types[3..].iter().all(|media_type| media_type.ends_with("+gzip")), "{types:?}");
    let retrofitted = definition.path().join("retrofitted");
    let target = format!("oci:{}", retrofitted.display());
    Shipwheel::new().run(&["retrofit", &reference, "--output", &target]).succeeded();
    Shipwheel::new().run(&["verify", &target]).succeeded();
}
