//! Whether an image is all there, by the specification and without any code of the product.

use std::path::Path;

use serde_json::Value;
use shipwheel_oci::Digest;

/// The digest of the image in a layout folder; `None` if there is no `index.json`.
///
/// # Errors
/// When anything that hangs on the image is not there, or has other bytes.
pub(crate) fn whole_layout(folder: &Path) -> Result<Option<Digest>, String> {
    let top = match std::fs::read(folder.join("index.json")) {
        Ok(top) => top,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("index.json: {error}")),
    };
    if !folder.join("oci-layout").is_file() {
        return Err("there is no oci-layout".to_owned());
    }
    let top = json(&top)?;
    let entries = top["manifests"].as_array().cloned().unwrap_or_default();
    entries.iter().try_for_each(|entry| is_whole(folder, entry))?;
    match &entries[..] {
        [entry] => Ok(text(entry, "digest").parse().ok()),
        _ => Err(format!("index.json has {} images", entries.len())),
    }
}

fn is_whole(folder: &Path, descriptor: &Value) -> Result<(), String> {
    let digest = text(descriptor, "digest");
    let bytes = std::fs::read(folder.join("blobs").join(digest.replace(':', "/")));
    let bytes = bytes.map_err(|error| format!("{digest}: {error}"))?;
    if Digest::of(&bytes).to_string() != digest || descriptor["size"].as_u64() != Some(bytes.len() as u64) {
        return Err(format!("{digest} has {} other bytes", bytes.len()));
    }
    let kind = text(descriptor, "mediaType");
    if !kind.contains("manifest") && !kind.contains("index") {
        return Ok(());
    }
    let document = json(&bytes)?;
    let lists = ["manifests", "layers"].map(|key| document[key].as_array().cloned().unwrap_or_default());
    lists.iter().flatten().chain(document.get("config")).try_for_each(|entry| is_whole(folder, entry))
}

fn json(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("{error} in {}", String::from_utf8_lossy(bytes)))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

#[test]
fn a_layout_that_lacks_a_byte_is_not_whole() {
    let sample = shipwheel_tests::SampleImage::new(&[1000]);
    assert_eq!(whole_layout(sample.path()), Ok(Some(sample.root)));
    let layer = sample.path().join("blobs/sha256").join(Digest::of(&sample.content[0].1).hex());
    let bytes = std::fs::read(&layer).unwrap();
    std::fs::write(&layer, &bytes[1..]).unwrap();
    assert!(whole_layout(sample.path()).is_err());
    std::fs::remove_file(&layer).unwrap();
    assert!(whole_layout(sample.path()).is_err());
}
