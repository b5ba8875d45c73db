//! The other readers: each gives its reading of a tar, or says why it has none.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use shipwheel_oci::Digest;
use shipwheel_tests::{judge, scratch};

use crate::reading::{Reading, of_folder};

const PYTHON: &str = include_str!("reading.py");

/// Python's tarfile, for many tars at once.
pub fn python(tars: &[PathBuf]) -> Vec<Result<Reading, String>> {
    let mut child = Command::new(judge("python3", "python3"))
        .args(["-c", PYTHON])
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let paths: String = tars.iter().map(|tar| format!("{}\n", tar.display())).collect();
    let writer = std::thread::spawn(move || stdin.write_all(paths.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "python3 {}", output.status);
    let answers = String::from_utf8(output.stdout).unwrap();
    let reading = |line: &str| {
        let answer: Value = serde_json::from_str(line).unwrap();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(serde_json::from_value(answer["read"].clone()).unwrap()),
        }
    };
    answers.lines().map(reading).collect()
}

/// GNU tar.
pub fn gnu_tar(tar: &Path) -> Result<Reading, String> {
    unpacked(&judge("tar", "tar"), tar)
}

/// bsdtar, which is libarchive.
pub fn bsdtar(tar: &Path) -> Result<Reading, String> {
    unpacked(&judge("bsdtar", "libarchive-tools"), tar)
}

fn unpacked(program: &Path, tar: &Path) -> Result<Reading, String> {
    let folder = scratch();
    let mut command = Command::new(program);
    command.args(["-x", "-p", "--no-same-owner", "--no-xattrs", "-f"]).arg(tar).arg("-C").arg(folder.path());
    succeed(&mut command)?;
    Ok(of_folder(folder.path()))
}

/// umoci, which is Go's archive/tar, for one tar laid over the other.
pub fn umoci(tars: &[Vec<u8>]) -> Result<Reading, String> {
    let folder = scratch();
    let (layout, root) = (folder.path().join("layout"), folder.path().join("root"));
    write_layout(&layout, tars);
    let mut command = Command::new(judge("umoci", "umoci"));
    command.args(["--log", "error", "raw", "unpack", "--rootless", "--image"]);
    command.arg(format!("{}:tars", layout.display())).arg(&root);
    succeed(&mut command)?;
    Ok(of_folder(&root))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.env("LC_ALL", "C.UTF-8").output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Writes an image with one uncompressed layer for each tar.
fn write_layout(layout: &Path, tars: &[Vec<u8>]) {
    let blobs = layout.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let blob = |media_type: &str, bytes: &[u8]| {
        let digest = Digest::of(bytes);
        std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest.to_string(), "size": bytes.len() })
    };
    let document = |media_type: &str, value: &Value| blob(media_type, value.to_string().as_bytes());
    let layers: Vec<Value> = tars.iter().map(|tar| blob("application/vnd.oci.image.layer.v1.tar", tar)).collect();
    let diff_ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
    let config = document(
        "application/vnd.oci.image.config.v1+json",
        &json!({ "architecture": "amd64", "os": "linux", "config": {}, "rootfs": { "type": "layers", "diff_ids": diff_ids } }),
    );
    let mut manifest = document(
        "application/vnd.oci.image.manifest.v1+json",
        &json!({ "schemaVersion": 2, "config": config, "layers": layers }),
    );
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "tars" });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    std::fs::write(layout.join("index.json"), index.to_string()).unwrap();
    std::fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}
