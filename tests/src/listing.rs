//! What is in a layer, one line for each entry: the form in which a person compares two layers.

use std::fmt::Write as _;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use shipwheel_oci::Digest;

/// Lists a layer's blob, gzip or plain: type and mode, owner, size, digest, path and a link's target.
///
/// An entry in any other shape than shipwheel's own (a time, a name for an owner) has that said behind it.
///
/// # Panics
/// When the blob is not a tar.
pub fn listing(blob: &[u8]) -> String {
    let tar = unpacked(blob);
    let mut archive = tar::Archive::new(tar.as_slice());
    let mut text = String::new();
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("a tar");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("a tar");
        let header = entry.header();
        let kind = match header.entry_type() {
            tar::EntryType::Regular => 'f',
            tar::EntryType::Directory => 'd',
            tar::EntryType::Symlink => 'l',
            tar::EntryType::Link => 'h',
            _ => '?',
        };
        let [uid, gid] = [header.uid(), header.gid()].map(|id| id.expect("a number"));
        let mode = header.mode().expect("a number");
        let digest = if kind == 'f' { Digest::of(&bytes).hex()[..12].to_owned() } else { "-".to_owned() };
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let _ = write!(text, "{kind} {mode:04o} {uid}:{gid} {:>6} {digest:12} {path}", bytes.len());
        if let Some(target) = entry.link_name_bytes() {
            let _ = write!(text, " -> {}", String::from_utf8_lossy(&target));
        }
        match header.mtime().expect("a number") {
            // 1980-01-01, the earliest that shipwheel writes.
            315_532_800 => {}
            time => drop(write!(text, " at {time}")),
        }
        for name in [header.username_bytes(), header.groupname_bytes()].into_iter().flatten() {
            if !name.is_empty() {
                let _ = write!(text, " of {}", String::from_utf8_lossy(name));
            }
        }
        text.push('\n');
    }
    text
}

/// A layer's tar.
///
/// # Panics
/// When the blob begins as gzip and is broken.
pub fn unpacked(blob: &[u8]) -> Vec<u8> {
    if !blob.starts_with(&[0x1f, 0x8b]) {
        return blob.to_vec();
    }
    let mut tar = Vec::new();
    MultiGzDecoder::new(blob).read_to_end(&mut tar).expect("a layer is gzip");
    tar
}
