//! Archives made of an input, so that checksums do not keep libFuzzer from what is behind them.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shipwheel_oci::Digest;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A tar's unit.
pub(crate) const BLOCK: usize = 512;

/// A tar with the checksum of each header corrected.
pub(crate) fn with_checksums(mut tar: Vec<u8>) -> Vec<u8> {
    for header in tar.chunks_exact_mut(BLOCK).filter(|header| header[257..262] == *b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    tar
}

/// An ar archive of members, each with a name of at most 16 bytes.
pub(crate) fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in members {
        archive.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, "100644", content.len()).bytes());
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(2), b'\n');
    }
    archive
}

/// The files in an input: pairs of a path and a content, each ended by the byte 0xff.
pub(crate) fn named(input: &[u8]) -> Vec<(String, &[u8])> {
    let parts: Vec<&[u8]> = input.split(|byte| *byte == 0xff).collect();
    let pairs = parts.chunks_exact(2).take(16);
    pairs.map(|pair| (String::from_utf8_lossy(pair[0]).into_owned(), pair[1])).collect()
}

/// A wheel of files, with its RECORD unless that is among them; `None` for names that a zip cannot have.
pub(crate) fn wheel(dist_info: &str, files: &[(String, &[u8])]) -> Option<Vec<u8>> {
    let record = format!("{dist_info}/RECORD");
    let row = |(path, content): &(String, &[u8])| {
        let hash = URL_SAFE_NO_PAD.encode(Digest::of(content).as_bytes());
        format!("\"{}\",sha256={hash},{}\n", path.replace('"', "\"\""), content.len())
    };
    let rows = files.iter().map(row).collect::<String>() + &record + ",,\n";
    let is_given = files.iter().any(|(path, _)| *path == record);
    let own = (!is_given).then_some((record, rows.as_bytes()));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files.iter().chain(&own) {
        zip.start_file(path.as_str(), SimpleFileOptions::default()).ok()?;
        zip.write_all(content).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}
