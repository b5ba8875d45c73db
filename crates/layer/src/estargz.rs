//! Tree → eStargz: a gzip layer whose files can be fetched one by one (stargz-snapshotter, `docs/estargz.md`).
//!
//! Every file that is not empty begins a gzip member of its own, and so do its further chunks and the table of contents,
//! which is the last file of the tar. To everyone who does not know that, it is a gzip layer like any other, with two files
//! more. Deflated members of wheels are passed through as in other layers: large ones are compressed again, since a
//! member cannot be cut.
//!
//! What a start reads comes first, with the folders above, and a landmark ends it: clients fetch all before that at once.

use std::collections::BTreeSet;
use std::io::Write;

use rayon::prelude::*;
use shipwheel_oci::{Descriptor, DiffId, Digest, HashWriter, Hasher, LayerDescriptor, canonical_json, media_type};

use crate::content::{Content, Deflated};
use crate::first_files::FirstFiles;
use crate::gzip;
use crate::member::{BATCH, MAX_IN_MEMORY, Member, SMALLEST_PASSED_THROUGH, for_each_block, wrap};
use crate::path::TreePath;
use crate::tar;
use crate::time::FileTime;
use crate::toc::{LANDMARK, NO_PREFETCH, PREFETCH, TOC, TOC_DIGEST, Toc, TocEntry, UNCOMPRESSED_SIZE, is_toc_file};
use crate::tree::{Metadata, Node, Tree};
use crate::write_error::WriteError;

/// Files above [`MAX_IN_MEMORY`] are cut into chunks of this many bytes, so that a reader fetches no more than it needs.
const CHUNK: usize = 4 << 20;

/// Writes a tree as an eStargz layer; the descriptor has the annotations that readers look for.
///
/// # Errors
/// As [`write_compressed`](crate::write_compressed); also when a file of the tree is named like one of the format's own.
pub fn write_estargz<W: Write>(
    tree: &Tree,
    time: FileTime,
    first: &FirstFiles,
    out: W,
) -> Result<(W, LayerDescriptor), WriteError> {
    if let Some((path, _)) = tree.iter().find(|(path, _)| is_toc_file(path.as_str())) {
        return Err(WriteError::Reserved { path: path.clone() });
    }
    let mut writer = Writer::new(time, out);
    let first = first_entries(tree, first);
    for path in &first {
        writer.append(path, tree.node(path).expect("an entry of the tree"))?;
    }
    let landmark = TreePath::new(if first.is_empty() { NO_PREFETCH } else { PREFETCH }).expect("a plain path");
    let node = Node::File(Metadata::root(0o444), Content::from_bytes(&LANDMARK[..]));
    writer.append(&landmark, &node)?;
    let written: BTreeSet<&TreePath> = first.iter().collect();
    for (path, node) in tree.iter().filter(|(path, _)| !written.contains(path)) {
        writer.append(path, node)?;
    }
    writer.finish()
}

/// The files of a layer that a start reads, each after the folders above that are not there yet.
fn first_entries(tree: &Tree, first: &FirstFiles) -> Vec<TreePath> {
    let (mut entries, mut seen) = (Vec::new(), BTreeSet::new());
    for path in first.iter().filter(|path| matches!(tree.node(path), Some(Node::File(..)))) {
        let mut above: Vec<TreePath> = path.ancestors().filter(|above| tree.node(above).is_some()).collect();
        above.reverse();
        for entry in above.into_iter().chain([path.clone()]) {
            if seen.insert(entry.clone()) {
                entries.push(entry);
            }
        }
    }
    entries
}

/// What becomes one gzip member.
enum Piece<'a> {
    /// The first bytes are a file's or a chunk's content, if there is one, and headers and padding follow.
    Plain { bytes: Vec<u8>, chunk: Option<Chunk> },
    /// A file that is passed through.
    Deflated { path: TreePath, content: &'a Content, deflated: &'a Deflated, entry: usize },
}

/// The content at the beginning of a piece.
#[derive(Clone, Copy)]
struct Chunk {
    /// Its place in the table.
    entry: usize,
    /// Its length.
    size: usize,
}

/// A piece that is compressed.
struct Packed {
    member: Member,
    /// Its entry in the table, and the digest of its content.
    found: Option<(usize, Digest)>,
}

struct Writer<'a, W> {
    time: FileTime,
    out: HashWriter<W>,
    written: u64,
    diff_id: Hasher,
    unpacked: u64,
    toc: Toc,
    plain: Vec<u8>,
    chunk: Option<Chunk>,
    batch: Vec<Piece<'a>>,
    batch_size: u64,
}

impl<'a, W: Write> Writer<'a, W> {
    fn new(time: FileTime, out: W) -> Self {
        Self {
            time,
            out: HashWriter::new(out),
            written: 0,
            diff_id: Hasher::new(),
            unpacked: 0,
            toc: Toc { version: 1, entries: Vec::new() },
            plain: Vec::new(),
            chunk: None,
            batch: Vec::new(),
            batch_size: 0,
        }
    }

    fn append(&mut self, path: &TreePath, node: &'a Node) -> Result<(), WriteError> {
        tar::append_header(&mut self.plain, path, node, self.time);
        let entry = self.toc.entries.len();
        self.toc.entries.push(entry_of(path, node, self.time)?);
        let Node::File(_, content) = node else { return self.cut_long() };
        if content.size() == 0 {
            self.toc.entries[entry].digest = Digest::of(b"").to_string();
            return self.cut_long();
        }
        self.cut()?;
        let small = |deflated: &&Deflated| {
            let passed = SMALLEST_PASSED_THROUGH..=MAX_IN_MEMORY;
            passed.contains(&deflated.compressed_size) && deflated.size <= MAX_IN_MEMORY
        };
        match content.deflated().filter(small) {
            Some(deflated) => {
                let piece = Piece::Deflated { path: path.clone(), content, deflated, entry };
                self.push(piece, content.size())?;
            }
            None => self.append_content(path, content, entry)?,
        }
        self.plain.extend_from_slice(tar::padding(content.size()));
        self.cut_long()
    }

    /// A file in one piece or, if it is large, in chunks; padding and headers may follow the last one.
    fn append_content(&mut self, path: &TreePath, content: &Content, entry: usize) -> Result<(), WriteError> {
        if content.size() <= MAX_IN_MEMORY {
            let bytes = content.to_vec().map_err(|cause| WriteError::Content { path: path.clone(), cause })?;
            self.chunk = Some(Chunk { entry, size: bytes.len() });
            self.plain.extend_from_slice(&bytes);
            return Ok(());
        }
        let mut at = 0;
        let digest = for_each_block(path, content, CHUNK, &mut |block| {
            let entry = self.next_chunk(entry, at, block.len());
            self.cut()?;
            self.chunk = Some(Chunk { entry, size: block.len() });
            self.plain.extend_from_slice(block);
            at += block.len() as u64;
            Ok(())
        })?;
        self.toc.entries[entry].digest = digest.to_string();
        Ok(())
    }

    /// The place in the table of a chunk of a large file: its own entry for the first one.
    fn next_chunk(&mut self, file: usize, at: u64, size: usize) -> usize {
        let chunk_size = if size == CHUNK { CHUNK as u64 } else { 0 };
        if at == 0 {
            self.toc.entries[file].chunk_size = chunk_size;
            return file;
        }
        let name = self.toc.entries[file].name.clone();
        let kind = "chunk".to_owned();
        self.toc.entries.push(TocEntry { name, kind, chunk_offset: at, chunk_size, ..TocEntry::default() });
        self.toc.entries.len() - 1
    }

    /// Ends a member that has become large without a file's content that begins one.
    fn cut_long(&mut self) -> Result<(), WriteError> {
        let after = self.plain.len() - self.chunk.map_or(0, |chunk| chunk.size);
        if after >= gzip::BLOCK { self.cut() } else { Ok(()) }
    }

    /// Ends the member, so that what comes next begins another.
    fn cut(&mut self) -> Result<(), WriteError> {
        if self.plain.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.plain);
        let size = bytes.len() as u64;
        let chunk = self.chunk.take();
        self.push(Piece::Plain { bytes, chunk }, size)
    }

    fn push(&mut self, piece: Piece<'a>, size: u64) -> Result<(), WriteError> {
        self.batch.push(piece);
        self.batch_size += size;
        if self.batch_size >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Compresses what has gathered side by side, and writes it in order.
    fn flush(&mut self) -> Result<(), WriteError> {
        self.batch_size = 0;
        let packed = std::mem::take(&mut self.batch).into_par_iter().map(Piece::pack);
        for Packed { member, found } in packed.collect::<Result<Vec<_>, WriteError>>()? {
            if let Some((entry, digest)) = found {
                let entry = &mut self.toc.entries[entry];
                entry.offset = self.written;
                entry.chunk_digest = digest.to_string();
                if entry.kind == "reg" && entry.digest.is_empty() {
                    entry.digest = digest.to_string();
                }
            }
            self.write(&member)?;
        }
        Ok(())
    }

    fn write(&mut self, member: &Member) -> Result<(), WriteError> {
        self.diff_id.update(&member.tar);
        self.unpacked += member.tar.len() as u64;
        self.written += member.compressed.len() as u64;
        Ok(self.out.write_all(&member.compressed)?)
    }

    /// Writes the table in a member of its own, and the place of that in the last one.
    fn finish(mut self) -> Result<(W, LayerDescriptor), WriteError> {
        self.cut()?;
        self.flush()?;
        let json = canonical_json(&self.toc);
        let (digest, place) = (Digest::of(&json), self.written);
        let node = Node::File(Metadata::root(0o444), Content::from_bytes(json.clone()));
        let mut tar = Vec::new();
        tar::append_header(&mut tar, &TreePath::new(TOC).expect("a plain path"), &node, self.time);
        tar.extend_from_slice(&json);
        tar.extend_from_slice(tar::padding(json.len() as u64));
        tar.extend_from_slice(&tar::END);
        self.write(&Member { compressed: gzip::best_member(&tar), tar })?;
        self.out.write_all(&footer(place))?;
        let (out, blob, size) = self.out.finish();
        let mut blob = Descriptor::new(media_type::LAYER_GZIP, blob, size);
        blob.annotations.insert(TOC_DIGEST.to_owned(), digest.to_string());
        blob.annotations.insert(UNCOMPRESSED_SIZE.to_owned(), self.unpacked.to_string());
        Ok((out, LayerDescriptor { blob, diff_id: DiffId::from_hasher(self.diff_id) }))
    }
}

impl Piece<'_> {
    fn pack(self) -> Result<Packed, WriteError> {
        match self {
            Self::Plain { bytes, chunk } => {
                let found = chunk.map(|chunk| (chunk.entry, Digest::of(&bytes[..chunk.size])));
                Ok(Packed { member: Member { compressed: gzip::best_member(&bytes), tar: bytes }, found })
            }
            Self::Deflated { path, content, deflated, entry } => {
                let member = wrap(content, deflated).map_err(|cause| WriteError::Content { path, cause })?;
                let found = Some((entry, Digest::of(&member.tar)));
                Ok(Packed { member, found })
            }
        }
    }
}

/// The entry of a node, without what is only known when it is written.
fn entry_of(path: &TreePath, node: &Node, time: FileTime) -> Result<TocEntry, WriteError> {
    let unnamed = || WriteError::Unnamed { path: path.clone() };
    let mut entry = TocEntry { name: path.relative().to_owned(), modified: time.to_string(), ..TocEntry::default() };
    let kind = match node {
        Node::Directory(_) => {
            entry.name.push('/');
            "dir"
        }
        Node::File(_, content) => {
            entry.size = content.size();
            "reg"
        }
        Node::Symlink(target) => {
            entry.link_name = if target.is_utf8() { target.as_str().to_owned() } else { return Err(unnamed()) };
            "symlink"
        }
    };
    let metadata = match node {
        Node::Directory(metadata) | Node::File(metadata, _) => *metadata,
        Node::Symlink(_) => Metadata::root(0o777),
    };
    entry.kind = kind.to_owned();
    (entry.mode, entry.uid, entry.gid) = (metadata.mode.into(), metadata.uid.into(), metadata.gid.into());
    if path.is_utf8() { Ok(entry) } else { Err(unnamed()) }
}

/// An empty gzip member whose extra field (RFC 1952, 2.3.1.1) says where the table's member begins: 51 bytes.
fn footer(place: u64) -> Vec<u8> {
    let mut footer = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255];
    footer.extend_from_slice(&26_u16.to_le_bytes());
    footer.extend_from_slice(b"SG");
    footer.extend_from_slice(&22_u16.to_le_bytes());
    footer.extend_from_slice(format!("{place:016x}STARGZ").as_bytes());
    // A stored block without bytes, which is the last one.
    footer.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    footer.extend_from_slice(&gzip::trailer(0, 0));
    footer
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::testing::{deflate, gunzip, noise};
    use crate::{Compression, ReadLimits, listing, overlay_tar, write_compressed};

    /// Letters, so that a chunk's content can be read where a test fails.
    fn letters(size: usize, seed: u64) -> Vec<u8> {
        noise(size, seed).into_iter().map(|byte| b'a' + byte).collect()
    }

    fn deflated(data: &[u8]) -> Content {
        Content::from_deflated(deflate(data))
    }

    fn tree_of(sizes: &[usize]) -> Tree {
        let mut tree = Tree::new();
        for (number, size) in sizes.iter().enumerate() {
            let data = letters(*size, number as u64);
            tree.insert_file(&format!("/data/{number}/plain"), 0o644, Content::from_bytes(data.clone())).expect("new");
            tree.insert_file(&format!("/data/{number}/wheel"), 0o755, deflated(&data)).expect("new");
        }
        tree.insert_symlink("/bin", "usr/bin").expect("new");
        tree.insert_symlink(&format!("/{}/ü", "long".repeat(40)), "../x").expect("new");
        tree
    }

    fn write(tree: &Tree) -> (Vec<u8>, LayerDescriptor) {
        write_compressed(tree, FileTime::EARLIEST, Compression::Estargz, Vec::new()).expect("to memory")
    }

    /// The table, found as a reader finds it: by the footer.
    fn toc_of(blob: &[u8], layer: &LayerDescriptor) -> (Toc, usize) {
        let footer = &blob[blob.len() - 51..];
        assert_eq!(&footer[12..16], [b'S', b'G', 22, 0]);
        assert_eq!(&footer[32..38], b"STARGZ");
        let place = usize::from_str_radix(std::str::from_utf8(&footer[16..32]).expect("ASCII"), 16).expect("a number");
        let tar = gunzip(&blob[place..]);
        let size = usize::from_str_radix(std::str::from_utf8(&tar[124..135]).expect("ASCII"), 8).expect("a number");
        let json = &tar[512..512 + size];
        assert_eq!(tar[..TOC.len() - 1], TOC.as_bytes()[1..]);
        assert_eq!(layer.blob.annotations[TOC_DIGEST], Digest::of(json).to_string());
        (serde_json::from_slice(json).expect("JSON"), place)
    }

    /// Reads every file as a client does: chunk by chunk, each from where its member begins.
    fn check(tree: &Tree, first: &str) {
        let first = FirstFiles::parse(first).expect("paths");
        let (blob, layer) = write_estargz(tree, FileTime::EARLIEST, &first, Vec::new()).expect("to memory");
        let tar = gunzip(&blob);
        assert_eq!((layer.blob.digest, layer.diff_id), (Digest::of(&blob), DiffId::of(&tar)));
        assert_eq!(layer.blob.annotations[UNCOMPRESSED_SIZE], tar.len().to_string());
        let (toc, place) = toc_of(&blob, &layer);
        let mut files = std::collections::BTreeMap::<String, Vec<u8>>::new();
        for entry in toc.entries.iter().filter(|entry| entry.offset > 0) {
            assert!((entry.offset as usize) < place, "{entry:?}");
            let whole = &toc.entries.iter().find(|it| it.kind == "reg" && it.name == entry.name).expect("before").size;
            let size = if entry.chunk_size > 0 { entry.chunk_size } else { whole - entry.chunk_offset };
            let mut chunk = vec![0; size as usize];
            let mut reader = flate2::read::MultiGzDecoder::new(&blob[entry.offset as usize..]);
            reader.read_exact(&mut chunk).expect("long enough");
            assert_eq!(entry.chunk_digest, Digest::of(&chunk).to_string(), "{}", entry.name);
            files.entry(entry.name.clone()).or_default().extend(chunk);
        }
        for entry in toc.entries.iter().filter(|entry| entry.kind == "reg") {
            let found = files.remove(&entry.name).unwrap_or_default();
            assert_eq!((entry.size, &entry.digest), (found.len() as u64, &Digest::of(&found).to_string()));
        }
        assert!(files.is_empty());
        let mut back = Tree::new();
        overlay_tar(&mut back, Arc::new(tar), ReadLimits::default()).expect("a tar like any other");
        let landmark = if first_entries(tree, &first).is_empty() { NO_PREFETCH } else { PREFETCH };
        for name in [landmark, TOC] {
            let path = TreePath::new(name).expect("plain");
            assert!(back.node(&path).is_some(), "{name}");
            back.remove(&path);
        }
        assert_eq!(listing(&back).expect("readable"), listing(tree).expect("readable"));
    }

    #[test]
    fn every_file_is_read_by_itself_from_where_the_table_says() {
        let large = (CHUNK * 2, CHUNK * 2 + 1, CHUNK * 3);
        let tree = tree_of(&[0, 1, 511, 512, 513, 3_000, (1 << 20) + 5, large.0, large.1, large.2]);
        for first in ["", "/data/7/plain\n/data/0/plain\n/data/5/wheel\n/nowhere\n/bin\n/data", "/nowhere"] {
            check(&tree, first);
            check(&Tree::new(), first);
        }
    }

    #[test]
    fn what_a_start_reads_comes_first_in_its_order_with_the_folders_above() {
        let tree = tree_of(&[1, 600, 700]);
        // No file of the layer: a link, a folder, and what is elsewhere.
        let first = "/data/2/plain\n/bin\n/data/1\n/elsewhere\n/data/0/wheel\n/data/2/wheel\n/data/2/plain";
        let first = FirstFiles::parse(first).expect("paths");
        let (blob, layer) = write_estargz(&tree, FileTime::EARLIEST, &first, Vec::new()).expect("to memory");
        let (toc, _) = toc_of(&blob, &layer);
        let names: Vec<&str> = toc.entries.iter().map(|entry| entry.name.as_str()).collect();
        let expected = [
            "data/",
            "data/2/",
            "data/2/plain",
            "data/0/",
            "data/0/wheel",
            "data/2/wheel",
            ".prefetch.landmark",
            "bin",
            "data/0/plain",
        ];
        assert_eq!(names[..expected.len()], expected);
        let offset = |name: &str| toc.entries.iter().find(|entry| entry.name == name).expect("there").offset;
        let landmark = offset(".prefetch.landmark");
        assert!(offset("data/2/wheel") < landmark && landmark < offset("data/0/plain"), "a client reads up to it");
        let plain = write(&tree);
        assert_eq!(write_estargz(&tree, FileTime::EARLIEST, &FirstFiles::default(), Vec::new()).expect("same"), plain);
    }

    #[test]
    fn large_files_are_cut_into_chunks_and_no_others() {
        let (blob, layer) = write(&tree_of(&[MAX_IN_MEMORY as usize, MAX_IN_MEMORY as usize + 1]));
        let (toc, _) = toc_of(&blob, &layer);
        let chunks = |name: &str| {
            let of = toc.entries.iter().filter(|entry| entry.name == name);
            of.map(|entry| (entry.kind.as_str(), entry.chunk_offset, entry.chunk_size)).collect::<Vec<_>>()
        };
        let chunk = CHUNK as u64;
        for kind in ["plain", "wheel"] {
            assert_eq!(chunks(&format!("data/0/{kind}")), [("reg", 0, 0)]);
            let cut = [("reg", 0, chunk), ("chunk", chunk, chunk), ("chunk", 2 * chunk, 0)];
            assert_eq!(chunks(&format!("data/1/{kind}")), cut);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn any_tree_is_read_back(sizes in prop::collection::vec(0..70_000_usize, 0..6)) {
            check(&tree_of(&sizes), "");
        }
    }

    #[test]
    fn the_bytes_depend_on_nothing_but_the_tree() {
        let tree = tree_of(&[0, 700, 3_000, 1 << 20, 9 << 20]);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| write(&tree).1)
        };
        assert_eq!(with(1), with(3));
        // When this fails, ESTARGZ_RECIPE has to be raised.
        assert_eq!(with(2).blob.digest.short(), "7ddb049cb446");
    }

    #[test]
    fn what_the_format_cannot_hold_is_an_error_with_its_path() {
        for path in [TOC, NO_PREFETCH, PREFETCH] {
            let mut tree = Tree::new();
            tree.insert_file(path, 0o644, Content::from_bytes(&b"x"[..])).expect("new");
            let error = write_compressed(&tree, FileTime::EARLIEST, Compression::Estargz, Vec::new()).map(drop);
            assert!(matches!(error, Err(WriteError::Reserved { .. })), "{path}");
        }
        let mut tree = Tree::new();
        let node = Node::Symlink(crate::RawText::from_bytes(vec![b'a', 0xff]));
        tree.replace(TreePath::new("/link").expect("plain"), node).expect("a new one");
        let error = write_compressed(&tree, FileTime::EARLIEST, Compression::Estargz, Vec::new()).map(drop);
        assert!(matches!(error, Err(WriteError::Unnamed { .. })), "{error:?}");
    }

    #[test]
    fn broken_promises_are_errors_as_in_other_layers() {
        for size in [700, 3_000, 9 << 20] {
            let data = letters(size, 1);
            for content in [
                deflated(&data).with_expected(Digest::of(b"other")),
                Content::from_bytes(data.clone()).with_expected(Digest::of(b"other")),
                Content::from_slice(Arc::new(data.clone()), 1, size as u64),
            ] {
                let mut tree = Tree::new();
                tree.insert_file("/x", 0o644, content).expect("new");
                let error = write_compressed(&tree, FileTime::EARLIEST, Compression::Estargz, Vec::new()).map(drop);
                assert!(error.is_err_and(|error| error.to_string().contains("/x")), "{size}");
            }
        }
    }
}
