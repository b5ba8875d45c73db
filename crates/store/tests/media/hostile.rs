//! Archives that are not what they should be.

use shipwheel_oci::{Digest, Platform, media_type};
use shipwheel_store::{ErrorKind, PlatformImage};

use crate::setup::{Medium, Setup, blob_count, local};

#[test]
fn a_document_that_is_neither_a_manifest_nor_an_index_is_copied_nowhere() {
    let setup = Setup::new();
    for (media_type, document) in [
        (media_type::MANIFEST, r#"{"hello":1}"#),
        (media_type::INDEX, r#"{"hello":1}"#),
        ("application/json", r#"{"schemaVersion":2}"#),
        (media_type::INDEX, r#"{"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:00","size":1}}"#),
    ] {
        setup.server.contents().add_manifest("odd", "1", media_type, document.as_bytes());
        let (_folder, cache) = setup.other_cache();
        let source = setup.open(Medium::Registry, "odd", None, &cache).unwrap();
        for (medium, file) in [(Medium::Layout, "odd"), (Medium::OciArchive, "odd.tar"), (Medium::Registry, "copy")] {
            let error = setup.write(&*source, medium, file).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
            let is_written = setup.path(file).join("index.json").exists() || setup.path(file).is_file();
            assert!(!is_written && !setup.server.contents().has_manifest("copy"), "{document} to {medium:?}");
        }
        let base = PlatformImage::of(&*source, &Platform::linux_amd64(), &cache).unwrap_err();
        assert_eq!(base.kind(), ErrorKind::Configuration, "{base}");
    }
}

#[test]
fn hostile_archives_are_errors_and_write_nothing_outside() {
    let setup = Setup::new();
    let entry = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        [header.as_bytes(), bytes, &vec![0; (512 - bytes.len() % 512) % 512][..]].concat()
    };
    let right = Digest::of(b"right");
    let wrong = format!("blobs/sha256/{}", right.hex());
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{right}","size":5}}]}}"#
    );
    for archive in [
        b"not a tar".to_vec(),
        Vec::new(),
        entry("../outside", b"x"),
        entry("blobs/sha256/../../../outside", b"x"),
        entry("index.json", b"{"),
        [entry("index.json", br#"{"schemaVersion":2,"manifests":[]}"#), entry(&wrong, b"wrong")].concat(),
        [entry("index.json", index.as_bytes()), entry(&wrong, b"wrong")].concat(),
        entry("manifest.json", b"{"),
        entry("manifest.json", b"[]"),
        entry("manifest.json", br#"[{"Config":"../../etc/passwd","Layers":[]}]"#),
    ] {
        let path = setup.path("hostile.tar");
        std::fs::write(&path, archive).unwrap();
        let (_folder, cache) = setup.other_cache();
        let read = local(&path, None);
        let read = read.and_then(|source| PlatformImage::of(&*source, &Platform::linux_amd64(), &cache));
        assert!(read.is_err());
        assert_eq!(blob_count(cache.root()), 0);
    }
    assert!(!setup.path("outside").exists());
}
