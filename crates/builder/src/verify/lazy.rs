//! Clients that pull lazily believe a layer's table of contents, and all others its tar: both have to say the same.

use std::collections::BTreeMap;

use shipwheel_layer::toc::{TOC, TOC_DIGEST, Toc, TocEntry};
use shipwheel_layer::{ByteReader, ByteSource, Entries, Entry, EntryKind, ReadError};
use shipwheel_oci::{Descriptor, Digest, Hasher};

use crate::inspect::finding::{Finding, FindingKind};

/// The largest table that is read, in bytes.
const MAX_TOC: u64 = 256 << 20;

/// How many differences of a layer are told.
const MOST: usize = 20;

/// The annotation of the list of files that podman's own form of lazy layers has, which nothing here reads.
const ZSTD_CHUNKED: &str = "io.github.containers.zstd-chunked.manifest-checksum";

/// Compares the tables of a layer with its tar.
pub(super) fn check(layer: &Descriptor, tar: &dyn ByteSource) -> Vec<Finding> {
    let mut findings = Vec::new();
    if layer.annotations.contains_key(ZSTD_CHUNKED) {
        let found = "zstd:chunked, which has a list of its own that was not compared";
        findings.push(Finding::warning(FindingKind::Lazy, "one list of the layer's files", found));
    }
    // A tar that cannot be read is a finding of its own.
    findings.extend(compare(layer, tar).unwrap_or_default());
    findings.into_iter().map(|finding| finding.of_blob(&layer.digest)).collect()
}

fn compare(layer: &Descriptor, tar: &dyn ByteSource) -> Result<Vec<Finding>, ReadError> {
    let problem = |expected: &str, found: String| Ok(vec![Finding::problem(FindingKind::Lazy, expected, found)]);
    let promised = layer.annotations.get(TOC_DIGEST);
    let json = match toc_of(tar)? {
        Some((_, size)) if size > MAX_TOC => {
            return problem("a table of contents of at most 256 MiB", format!("one of {size} bytes"));
        }
        Some((offset, size)) => read(tar, offset, size).unwrap_or_default(),
        None if promised.is_some() => {
            return problem("the table of contents that the manifest names", "none".to_owned());
        }
        None => return Ok(Vec::new()),
    };
    let found = Digest::of(&json).to_string();
    if let Some(promised) = promised.filter(|promised| **promised != found) {
        return problem(&format!("the table of contents {promised}"), found);
    }
    let toc: Toc = match serde_json::from_slice(&json) {
        Ok(toc) => toc,
        Err(error) => return problem("a table of contents", format!("no such JSON: {error}")),
    };
    let mut differing = differences(toc, tar)?;
    let more = differing.len().saturating_sub(MOST);
    differing.truncate(MOST);
    if more > 0 {
        let found = format!("{more} more differences");
        differing.push(Finding::problem(FindingKind::Lazy, "the table of contents as the tar", found));
    }
    Ok(differing)
}

/// Where in a tar the table's data is, and how long it is.
fn toc_of(tar: &dyn ByteSource) -> Result<Option<(u64, u64)>, ReadError> {
    let (mut entries, mut found) = (Entries::new(tar), None);
    while let Some(entry) = entries.next_entry()? {
        if let EntryKind::File { offset, size } = entry.kind
            && plain(&String::from_utf8_lossy(&entry.path)) == TOC[1..]
        {
            found = Some((offset, size));
        }
    }
    Ok(found)
}

fn read(tar: &dyn ByteSource, offset: u64, size: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size).ok()?];
    tar.read_exact_at(&mut bytes, offset).ok().map(|()| bytes)
}

/// A path as the readers of tables compare it: without `.`, and slashes at its ends.
fn plain(path: &str) -> String {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.collect::<Vec<_>>().join("/")
}

/// What a table says of one path: its entry, and the chunks of its file.
#[derive(Default)]
struct Listed {
    entry: TocEntry,
    chunks: Vec<TocEntry>,
}

fn differences(toc: Toc, tar: &dyn ByteSource) -> Result<Vec<Finding>, ReadError> {
    let mut findings = Vec::new();
    let problem = |path: &str, expected: &str, found: &str| {
        Finding::problem(FindingKind::Lazy, expected, found).at(format!("/{path}"))
    };
    let mut listed = BTreeMap::<String, Listed>::new();
    for entry in toc.entries {
        let path = plain(&entry.name);
        if entry.kind == "chunk" {
            listed.entry(path).or_default().chunks.push(entry);
            continue;
        }
        let place = listed.entry(path.clone()).or_default();
        if !place.entry.kind.is_empty() {
            findings.push(problem(&path, "one entry in the table of contents", "several"));
        }
        place.entry = entry;
    }
    let mut entries = Entries::new(tar);
    while let Some(entry) = entries.next_entry()? {
        let path = plain(&String::from_utf8_lossy(&entry.path));
        if path == TOC[1..] || path.is_empty() {
            continue;
        }
        let Some(found) = listed.remove(&path) else {
            findings.push(problem(&path, "an entry in the table of contents as in the tar", "none"));
            continue;
        };
        if let Some(difference) = difference(&entry, &found, tar) {
            findings.push(problem(&path, "the table of contents as the tar", &format!("another {difference}")));
        }
        if !found.entry.xattrs.is_empty() {
            let found = "extended attributes in the table of contents, which were not compared";
            let warning = Finding::warning(FindingKind::Lazy, "nothing that was not compared", found);
            findings.push(warning.at(format!("/{path}")));
        }
    }
    listed.remove("");
    findings.extend(listed.keys().map(|path| problem(path, "no entry in the table of contents", "one")));
    Ok(findings)
}

/// What an entry of the tar is, and what the table says it is not.
fn difference(entry: &Entry, listed: &Listed, tar: &dyn ByteSource) -> Option<&'static str> {
    let said = &listed.entry;
    let link = |target: &[u8]| said.link_name.as_bytes() == target;
    let kinds: &[&str] = match &entry.kind {
        EntryKind::File { .. } => &["reg"],
        EntryKind::Directory => &["dir"],
        EntryKind::Symlink(_) => &["symlink"],
        EntryKind::HardLink(_) => &["hardlink"],
        EntryKind::Special => &["char", "block", "fifo"],
    };
    match &entry.kind {
        _ if !kinds.contains(&said.kind.as_str()) => Some("kind"),
        EntryKind::Symlink(target) if !link(target) => Some("target of the link"),
        EntryKind::HardLink(target) if plain(&said.link_name) != plain(&String::from_utf8_lossy(target)) => {
            Some("target of the link")
        }
        // A link's own mode and owner mean nothing.
        EntryKind::Symlink(_) | EntryKind::HardLink(_) => None,
        _ if said.mode & 0o7777 != u64::from(entry.mode & 0o7777) => Some("mode"),
        _ if (said.uid, said.gid) != (entry.uid, entry.gid) => Some("owner"),
        EntryKind::File { size, .. } if said.size != *size => Some("size"),
        EntryKind::File { offset, size } if !is_content(listed, tar, (*offset, *size)) => Some("content"),
        EntryKind::File { .. } | EntryKind::Directory | EntryKind::Special => None,
    }
}

/// Whether the chunks of a file are, one after the other, what the tar has.
fn is_content(listed: &Listed, tar: &dyn ByteSource, (offset, size): (u64, u64)) -> bool {
    let digest = |from: u64, length: u64| digest_of(tar, offset + from, length).map(|it| it.to_string());
    let mut at = 0;
    if size > 0 {
        for chunk in std::iter::once(&listed.entry).chain(&listed.chunks) {
            let length = if chunk.chunk_size == 0 { size.saturating_sub(at) } else { chunk.chunk_size };
            let fits = chunk.chunk_offset == at && length > 0 && length <= size - at;
            if !fits || digest(at, length).as_ref() != Some(&chunk.chunk_digest) {
                return false;
            }
            at += length;
        }
    }
    let whole = &listed.entry.digest;
    at == size && (whole.is_empty() || digest(0, size).as_ref() == Some(whole))
}

fn digest_of(tar: &dyn ByteSource, offset: u64, length: u64) -> Option<Digest> {
    let mut reader = ByteReader::slice(tar, offset, length);
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut reader, &mut buffer).ok()? {
            0 => return Some(hasher.finish()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::sync::Arc;

    use shipwheel_layer::{Compression, Content, FileTime, Tree, write_compressed};
    use shipwheel_oci::LayerDescriptor;

    use super::*;

    /// A lazy layer, and its tar with a change to the table.
    fn layer(change: impl Fn(&mut serde_json::Value)) -> (Descriptor, Vec<u8>) {
        let mut tree = Tree::new();
        tree.insert_file("/app/main.py", 0o644, Content::from_bytes(&b"print()\n"[..])).expect("new");
        tree.insert_file("/app/large", 0o644, Content::from_bytes(vec![7; 9 << 20])).expect("new");
        tree.insert_symlink("/bin", "usr/bin").expect("new");
        let written = write_compressed(&tree, FileTime::EARLIEST, Compression::Estargz, Vec::new());
        let (blob, LayerDescriptor { blob: mut descriptor, .. }) = written.expect("to memory");
        let mut tar = Vec::new();
        flate2::read::MultiGzDecoder::new(&blob[..]).read_to_end(&mut tar).expect("gzip");
        let source: Arc<dyn ByteSource> = Arc::new(tar.clone());
        let (offset, size) = toc_of(source.as_ref()).expect("readable").expect("a table");
        let mut json: serde_json::Value =
            serde_json::from_slice(&tar[offset as usize..(offset + size) as usize]).expect("JSON");
        change(&mut json);
        // As long as before: the tar's header says so.
        let mut text = serde_json::to_vec(&json).expect("JSON");
        assert!(text.len() <= size as usize + 200, "a change that fits");
        text.resize(text.len().max(size as usize), b' ');
        descriptor.annotations.insert(TOC_DIGEST.to_owned(), Digest::of(&text).to_string());
        tar.truncate(offset as usize - 512);
        let mut builder = tar::Builder::new(tar);
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o444);
        builder.append_data(&mut header, &TOC[1..], &text[..]).expect("to memory");
        (descriptor, builder.into_inner().expect("to memory"))
    }

    fn found(change: impl Fn(&mut serde_json::Value)) -> Vec<String> {
        let (descriptor, tar) = layer(change);
        let shown = |it: Finding| format!("{} {}", it.path.unwrap_or_default(), it.found).trim().to_owned();
        check(&descriptor, &tar).into_iter().map(shown).collect()
    }

    fn entry<'v>(json: &'v mut serde_json::Value, name: &str) -> &'v mut serde_json::Value {
        let mut entries = json["entries"].as_array_mut().expect("a list").iter_mut();
        entries.find(|entry| entry["name"] == name).expect("there")
    }

    #[test]
    fn a_table_that_is_the_tars_is_no_finding() {
        assert!(found(|_| {}).is_empty());
        let (mut descriptor, tar) = layer(|_| {});
        descriptor.annotations.clear();
        assert!(check(&descriptor, &tar).is_empty(), "nobody promises it, and it is right");
    }

    #[test]
    fn each_difference_is_told_with_its_path() {
        for (what, expected) in [
            ("digest", "/app/main.py another content"),
            ("chunkDigest", "/app/main.py another content"),
            ("size", "/app/main.py another size"),
            ("mode", "/app/main.py another mode"),
            ("uid", "/app/main.py another owner"),
            ("type", "/app/main.py another kind"),
        ] {
            let change = |json: &mut serde_json::Value| {
                let other = match what {
                    "size" | "mode" | "uid" => serde_json::json!(0o4755),
                    "type" => serde_json::json!("dir"),
                    _ => serde_json::json!(Digest::of(b"other").to_string()),
                };
                entry(json, "app/main.py")[what] = other;
            };
            assert_eq!(found(change), [expected], "{what}");
        }
        assert_eq!(
            found(|json| entry(json, "bin")["linkName"] = "usr/bad".into()),
            ["/bin another target of the link"]
        );
        assert_eq!(found(|json| entry(json, "bin")["name"] = "sbi".into()), ["/bin none", "/sbi one"]);
        let cut = |json: &mut serde_json::Value| {
            json["entries"].as_array_mut().expect("a list").retain(|it| it["type"] != "chunk")
        };
        assert_eq!(found(cut), ["/app/large another content"], "a part of it is nowhere");
    }

    #[test]
    fn what_the_manifest_promises_must_be_there() {
        let (mut descriptor, tar) = layer(|_| {});
        descriptor.annotations.insert(TOC_DIGEST.to_owned(), Digest::of(b"other").to_string());
        assert_eq!(check(&descriptor, &tar).len(), 1);
        let plain =
            write_compressed(&Tree::new(), FileTime::EARLIEST, Compression::Gzip, Vec::new()).expect("to memory");
        let mut tar = Vec::new();
        flate2::read::MultiGzDecoder::new(&plain.0[..]).read_to_end(&mut tar).expect("gzip");
        assert_eq!(check(&descriptor, &tar)[0].found, "none");
        descriptor.annotations = BTreeMap::from([(ZSTD_CHUNKED.to_owned(), "x".to_owned())]);
        assert!(check(&descriptor, &tar)[0].found.starts_with("zstd:chunked"));
    }
}
