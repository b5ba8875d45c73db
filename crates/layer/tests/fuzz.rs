//! Whatever a base's layer holds, reading it is an error or a tree, never a panic and never more than the limits.

#[path = "../../oci/tests/mutation/mod.rs"]
mod mutation;

use std::sync::Arc;

use mutation::mutated;
use proptest::prelude::*;
use shipwheel_layer::{ReadLimits, Tree, overlay_tar};

/// A tar with one entry of each kind, long names and whiteouts among them.
fn sample() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let long = "n".repeat(120);
    for (kind, path, link, data) in [
        (tar::EntryType::Directory, "usr/", "", ""),
        (tar::EntryType::Regular, "usr/file", "", "hello"),
        (tar::EntryType::Link, "usr/hard", "usr/file", ""),
        (tar::EntryType::Symlink, "lib", "usr/lib", ""),
        (tar::EntryType::XHeader, "pax", "", "23 path=usr/from-a-pax\n"),
        (tar::EntryType::Regular, "replaced", "", "x"),
        (tar::EntryType::GNULongName, "././@LongLink", "", long.as_str()),
        (tar::EntryType::Regular, "replaced", "", "y"),
        (tar::EntryType::Regular, "usr/.wh.gone", "", ""),
        (tar::EntryType::Regular, "usr/.wh..wh..opq", "", ""),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_path(path).expect("short");
        if !link.is_empty() {
            header.set_link_name_literal(link).expect("short");
        }
        header.set_cksum();
        builder.append(&header, data.as_bytes()).expect("memory takes all");
    }
    builder.into_inner().expect("memory takes all")
}

/// Corrects the checksums of all headers: otherwise the reader would stop at them.
fn with_checksums(mut bytes: Vec<u8>) -> Vec<u8> {
    for header in bytes.chunks_exact_mut(512).filter(|header| header[257..262] == *b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn changed_layers_are_read_without_a_panic(bytes in mutated(vec![sample()]), repaired in any::<bool>()) {
        let bytes = if repaired { with_checksums(bytes) } else { bytes };
        let limits = ReadLimits { entries: 100, bytes: 1 << 20 };
        let _ = overlay_tar(&mut Tree::new(), Arc::new(bytes), limits);
    }
}

#[test]
fn the_sample_itself_is_read() {
    let mut tree = Tree::new();
    overlay_tar(&mut tree, Arc::new(sample()), ReadLimits::default()).expect("it is sound");
}
