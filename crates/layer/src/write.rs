//! Tree → tar → gzip or zstd, with both digests in one pass.
//!
//! The tar stream is cut into segments that become one gzip member or zstd frame each: plain ones
//! of at most so many bytes, which are compressed here, and, in gzip, deflated wheel members, which
//! are wrapped as they are. Segments are worked on in parallel and written in order, so the bytes depend on
//! neither the number of threads nor the machine. A wrapped file's payload is a member of its
//! own, which is also what eStargz asks of a layer.

use std::io::{self, Write};

use flate2::{Decompress, FlushDecompress, Status};
use rayon::prelude::*;
use shipwheel_oci::{Descriptor, DiffId, HashWriter, Hasher, LayerDescriptor};

use crate::byte_reader::ByteReader;
use crate::compression::Compression;
use crate::content::{Content, ContentError, Deflated};
use crate::estargz::write_estargz;
use crate::first_files::FirstFiles;
use crate::gzip;
use crate::member::{BATCH, MAX_IN_MEMORY, Member, SMALLEST_PASSED_THROUGH, for_each_block, wrap};
use crate::path::TreePath;
use crate::tar;
use crate::time::FileTime;
use crate::tree::{Node, Tree};
use crate::write_error::WriteError;

/// Writes a tree as a gzip layer of files that were all changed at `time`; gives the writer back with the blob's descriptor and diff id.
///
/// # Errors
/// When a content cannot be read, is not what it was promised to be, or the writer fails.
pub fn write_layer<W: Write>(tree: &Tree, time: FileTime, out: W) -> Result<(W, LayerDescriptor), WriteError> {
    write_compressed(tree, time, Compression::Gzip, out)
}

/// Writes a tree as [`write_layer`], compressed in another way.
///
/// # Errors
/// As [`write_layer`].
pub fn write_compressed<W: Write>(
    tree: &Tree,
    time: FileTime,
    compression: Compression,
    out: W,
) -> Result<(W, LayerDescriptor), WriteError> {
    if compression == Compression::Estargz {
        return write_estargz(tree, time, &FirstFiles::default(), out);
    }
    let mut writer = LayerWriter::new(time, compression, out);
    for (path, node) in tree.iter() {
        writer.append(path, node)?;
    }
    writer.finish()
}

enum Segment<'a> {
    Plain(Vec<u8>),
    Deflated(&'a TreePath, &'a Content, &'a Deflated),
}

struct LayerWriter<'a, W> {
    time: FileTime,
    compression: Compression,
    out: HashWriter<W>,
    diff_id: Hasher,
    plain: Vec<u8>,
    batch: Vec<Segment<'a>>,
    batch_size: u64,
}

impl<'a, W: Write> LayerWriter<'a, W> {
    fn new(time: FileTime, compression: Compression, out: W) -> Self {
        let (out, diff_id) = (HashWriter::new(out), Hasher::new());
        Self { time, compression, out, diff_id, plain: Vec::new(), batch: Vec::new(), batch_size: 0 }
    }

    fn append(&mut self, path: &'a TreePath, node: &'a Node) -> Result<(), WriteError> {
        tar::append_header(&mut self.plain, path, node, self.time);
        if let Node::File(_, content) = node {
            match content.deflated().filter(|_| self.compression.passes_deflated()) {
                Some(deflated) if deflated.compressed_size >= SMALLEST_PASSED_THROUGH => {
                    self.end_plain()?;
                    self.append_deflated(path, content, deflated)?;
                }
                _ => self.append_content(path, content)?,
            }
            self.plain.extend_from_slice(tar::padding(content.size()));
        }
        self.cut_plain()
    }

    fn append_content(&mut self, path: &TreePath, content: &Content) -> Result<(), WriteError> {
        let error = |cause| WriteError::Content { path: path.clone(), cause };
        if content.size() <= MAX_IN_MEMORY {
            self.plain.extend_from_slice(&content.to_vec().map_err(error)?);
            return Ok(());
        }
        for_each_block(path, content, gzip::BLOCK, &mut |block| {
            self.plain.extend_from_slice(block);
            self.cut_plain()
        })
        .map(drop)
    }

    fn append_deflated(
        &mut self,
        path: &'a TreePath,
        content: &'a Content,
        deflated: &'a Deflated,
    ) -> Result<(), WriteError> {
        if deflated.size > MAX_IN_MEMORY || deflated.compressed_size > MAX_IN_MEMORY {
            self.flush()?;
            return self.stream_deflated(content, deflated).map_err(|error| match error {
                Streamed::Content(cause) => WriteError::Content { path: path.clone(), cause },
                Streamed::Write(cause) => WriteError::Write(cause),
            });
        }
        self.push(Segment::Deflated(path, content, deflated), deflated.size)
    }

    /// Passes a large file through without holding it: raw bytes to the blob, inflated ones to the digests.
    fn stream_deflated(&mut self, content: &Content, deflated: &Deflated) -> Result<(), Streamed> {
        let name = || deflated.source.name();
        let corrupt = || Streamed::Content(ContentError::Deflated { source_name: name() });
        self.out.write_all(&gzip::HEADER).map_err(Streamed::Write)?;
        let mut raw = ByteReader::slice(deflated.source.as_ref(), deflated.offset, deflated.compressed_size);
        let mut inflate = Decompress::new(false);
        let (mut crc, mut hasher) = (crc32fast::Hasher::new(), Hasher::new());
        let mut buffer = vec![0; gzip::BLOCK];
        let mut ended = false;
        loop {
            let chunk = io::BufRead::fill_buf(&mut raw)
                .map_err(|cause| Streamed::Content(ContentError::Read { source_name: name(), cause }))?;
            if chunk.is_empty() && ended {
                break;
            }
            let (read_before, written_before) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(chunk, &mut buffer, FlushDecompress::None).map_err(|_| corrupt())?;
            let read = usize::try_from(inflate.total_in() - read_before).expect("at most a chunk");
            let written = usize::try_from(inflate.total_out() - written_before).expect("at most a buffer");
            if ended
                || (read == 0 && written == 0 && status != Status::StreamEnd)
                || inflate.total_out() > deflated.size
            {
                return Err(corrupt());
            }
            self.out.write_all(&chunk[..read]).map_err(Streamed::Write)?;
            crc.update(&buffer[..written]);
            if content.expected().is_some() {
                hasher.update(&buffer[..written]);
            }
            self.diff_id.update(&buffer[..written]);
            ended = status == Status::StreamEnd;
            io::BufRead::consume(&mut raw, read);
        }
        if inflate.total_in() != deflated.compressed_size
            || inflate.total_out() != deflated.size
            || crc.finalize() != deflated.crc32
        {
            return Err(corrupt());
        }
        if content.expected().is_some() {
            content.check(hasher.finish()).map_err(Streamed::Content)?;
        }
        self.out.write_all(&gzip::trailer(deflated.crc32, deflated.size)).map_err(Streamed::Write)
    }

    /// Moves whole blocks of plain bytes to the batch.
    fn cut_plain(&mut self) -> Result<(), WriteError> {
        let size = self.compression.block();
        while self.plain.len() >= size {
            let rest = self.plain.split_off(size);
            let block = std::mem::replace(&mut self.plain, rest);
            self.push(Segment::Plain(block), size as u64)?;
        }
        Ok(())
    }

    fn end_plain(&mut self) -> Result<(), WriteError> {
        self.cut_plain()?;
        if !self.plain.is_empty() {
            let block = std::mem::take(&mut self.plain);
            let size = block.len() as u64;
            self.push(Segment::Plain(block), size)?;
        }
        Ok(())
    }

    fn push(&mut self, segment: Segment<'a>, size: u64) -> Result<(), WriteError> {
        self.batch.push(segment);
        self.batch_size += size;
        if self.batch_size >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.batch_size = 0;
        let compression = self.compression;
        let members = std::mem::take(&mut self.batch).into_par_iter().map(|segment| segment.into_member(compression));
        for member in members.collect::<Result<Vec<Member>, WriteError>>()? {
            self.diff_id.update(&member.tar);
            self.out.write_all(&member.compressed)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(W, LayerDescriptor), WriteError> {
        self.plain.extend_from_slice(&tar::END);
        self.end_plain()?;
        self.flush()?;
        let media_type = self.compression.media_type();
        let (out, digest, size) = self.out.finish();
        let blob = Descriptor::new(media_type, digest, size);
        Ok((out, LayerDescriptor { blob, diff_id: DiffId::from_hasher(self.diff_id) }))
    }
}

enum Streamed {
    Content(ContentError),
    Write(io::Error),
}

impl Segment<'_> {
    fn into_member(self, compression: Compression) -> Result<Member, WriteError> {
        match self {
            Self::Plain(tar) => Ok(Member { compressed: compression.compress(&tar)?, tar }),
            Self::Deflated(path, content, deflated) => {
                wrap(content, deflated).map_err(|cause| WriteError::Content { path: path.clone(), cause })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use shipwheel_oci::Digest;

    use super::*;
    use crate::ByteSource;
    use crate::testing::{deflate, gunzip, noise};
    use std::sync::Arc;

    fn sample() -> Tree {
        let mut tree = Tree::new();
        for (number, size) in [0, 1, 511, 512, 513, 3_000, 1 << 20, (1 << 20) + 5, 9 << 20].into_iter().enumerate() {
            let data = noise(size, number as u64);
            let name = format!("/data/{number}");
            tree.insert_file(&format!("{name}.deflated"), 0o644, Content::from_deflated(deflate(&data))).expect("new");
            tree.insert_file(&format!("{name}.slice"), 0o755, Content::from_slice(Arc::new(data), 0, size as u64))
                .expect("new");
        }
        tree.insert_symlink(&format!("/{}/ü", "long".repeat(40)), &"../up//./x".repeat(20)).expect("new");
        tree
    }

    #[test]
    fn a_layer_unpacks_to_its_tree_and_has_both_digests() {
        let tree = sample();
        let (blob, layer) = write_layer(&tree, FileTime::EARLIEST, Vec::new()).expect("to memory");
        let tar = gunzip(&blob);
        assert_eq!(layer.blob.digest, Digest::of(&blob));
        assert_eq!(layer.diff_id, DiffId::of(&tar));
        let mut back = Tree::new();
        crate::overlay_tar(&mut back, Arc::new(tar), crate::ReadLimits::default()).expect("own tar");
        assert_eq!(crate::listing(&back).expect("readable"), crate::listing(&tree).expect("readable"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read_back(
            files in proptest::collection::btree_map("[a-zé]{1,8}(/[a-zé -]{1,180}){1,4}", (0u32..0o10000, 0usize..2000), 0..20),
            links in proptest::collection::btree_map("links/[a-zé]{1,200}", "[a-zé./]{1,200}", 0..5),
        ) {
            let mut tree = Tree::new();
            for (path, (mode, size)) in files {
                // A file may be where another one needs a directory.
                let _ = tree.insert_file(&path, mode, Content::from_bytes(vec![b'x'; size]));
            }
            for (path, target) in links {
                let _ = tree.insert_symlink(&path, &target);
            }
            let (blob, _) = write_layer(&tree, FileTime::EARLIEST, Vec::new()).expect("to memory");
            let mut back = Tree::new();
            crate::overlay_tar(&mut back, Arc::new(gunzip(&blob)), crate::ReadLimits::default()).expect("own tar");
            prop_assert_eq!(crate::listing(&back).expect("readable"), crate::listing(&tree).expect("readable"));
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_the_number_of_threads() {
        let tree = sample();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| write_layer(&tree, FileTime::EARLIEST, Vec::new()).expect("to memory").1)
        };
        let one = with(1);
        assert!([2, 3, 7].into_iter().all(|threads| with(threads) == one));
    }

    #[test]
    fn a_pinned_tree_has_a_pinned_digest() {
        // When this fails and no recipe was meant to change, a compressor or `tar` changed its
        // output: every user's layers would be pushed again. Raise LAYER_RECIPE if it must be.
        let (_, layer) = write_layer(&sample(), FileTime::EARLIEST, Vec::new()).expect("to memory");
        assert_eq!(layer.diff_id.short(), "0d1f4c960d5b", "the tar writer moved");
        assert_eq!(layer.blob.digest.short(), "ab675f52892f", "the compressor moved");
    }

    fn zstd(tree: &Tree, level: i64) -> Result<(Vec<u8>, LayerDescriptor), WriteError> {
        let level = crate::compression::ZstdLevel::new(level).expect("a level");
        write_compressed(tree, FileTime::EARLIEST, Compression::Zstd(level), Vec::new())
    }

    #[test]
    fn a_layer_of_zstd_has_the_same_tar_on_any_number_of_threads() {
        let tree = sample();
        let (_, gzip) = write_layer(&tree, FileTime::EARLIEST, Vec::new()).expect("to memory");
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| zstd(&tree, 1).expect("to memory"))
        };
        let (blob, layer) = with(1);
        assert_eq!(layer.blob.media_type, "application/vnd.oci.image.layer.v1.tar+zstd");
        assert_eq!((layer.blob.digest, layer.blob.size), (Digest::of(&blob), blob.len() as u64));
        assert_eq!(
            (layer.diff_id, DiffId::of(&::zstd::decode_all(blob.as_slice()).expect("zstd"))),
            (gzip.diff_id, gzip.diff_id)
        );
        assert!([2, 3, 7].into_iter().all(|threads| with(threads).1 == layer));
    }

    #[test]
    fn a_pinned_tree_has_a_pinned_digest_in_zstd() {
        // As for gzip: when this fails, zstd changed its output, and ZSTD_VERSION has to say so.
        let mut tree = Tree::new();
        for (name, size) in [("a", 300_000), ("b", 9 << 20), ("c", 3_000)] {
            let data = noise(size, size as u64).iter().map(|byte| b'a' + byte % 16).collect::<Vec<_>>();
            tree.insert_file(name, 0o644, Content::from_bytes(data)).expect("new");
        }
        let digest = |level| zstd(&tree, level).expect("to memory").1.blob.digest.short();
        assert_eq!([1, 3, 9].map(digest), ["4b197ea9a5c1", "4165ee82e0f2", "07a53f570669"]);
    }

    #[test]
    fn deflated_files_that_break_their_promise_are_errors_in_zstd() {
        for size in [700, 9 << 20] {
            let good = deflate(&noise(size, 1));
            for wrong in [
                Deflated { crc32: 1, ..good.clone() },
                Deflated { size: good.size - 1, ..good.clone() },
                Deflated { size: good.size + 1, ..good.clone() },
            ] {
                let mut tree = Tree::new();
                tree.insert_file("/x", 0o644, Content::from_deflated(wrong)).expect("new");
                assert!(zstd(&tree, 3).is_err(), "{size}");
            }
        }
    }

    /// The tar of a tree with one file, as the layer's blob has it.
    fn tar_of(content: Content) -> Result<(Vec<u8>, Vec<u8>), WriteError> {
        let mut tree = Tree::new();
        tree.insert_file("/x", 0o644, content).expect("new");
        let (blob, layer) = write_layer(&tree, FileTime::EARLIEST, Vec::new())?;
        let tar = gunzip(&blob);
        assert_eq!((layer.blob.digest, layer.diff_id), (Digest::of(&blob), DiffId::of(&tar)));
        Ok((blob, tar))
    }

    #[test]
    fn deflated_files_of_a_kibibyte_and_more_are_passed_through_as_they_are() {
        for (size, passes) in [(1_018, false), (1_019, true), (1_020, true), (3_000, true)] {
            // A stored block: five bytes of head, and the data as it is.
            let data = noise(size, 1);
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::none());
            encoder.write_all(&data).expect("to memory");
            let raw = encoder.finish().expect("to memory");
            assert_eq!(raw.len(), size + 5);
            let crc32 = crc32fast::hash(&data);
            let deflated = Deflated {
                offset: 0,
                compressed_size: raw.len() as u64,
                size: size as u64,
                crc32,
                source: Arc::new(raw.clone()) as Arc<dyn ByteSource>,
            };
            let (blob, tar) = tar_of(Content::from_deflated(deflated)).expect("as promised");
            assert_eq!(tar[512..512 + size], data);
            assert_eq!(blob.windows(raw.len()).any(|window| window == raw), passes, "{size}");
        }
    }

    #[test]
    fn bytes_behind_a_deflate_stream_end_no_reader_of_the_layer() {
        let behind = |size: usize| {
            let data = noise(size, 1);
            let good = deflate(&data);
            let mut raw = vec![0; usize::try_from(good.compressed_size).expect("small")];
            good.source.read_exact_at(&mut raw, good.offset).expect("there");
            raw.extend_from_slice(b"behind it");
            let compressed_size = raw.len() as u64;
            (data, Content::from_deflated(Deflated { source: Arc::new(raw), offset: 0, compressed_size, ..good }))
        };
        let (data, content) = behind(3_000);
        let (_, tar) = tar_of(content).expect("it is compressed again");
        assert_eq!(tar[512..512 + data.len()], data);
        assert!(tar_of(behind(9 << 20).1).is_err(), "one that is streamed cannot be");
    }

    #[test]
    fn contents_that_keep_their_promise_are_written() {
        for size in [0, 700, 3_000, 9 << 20] {
            let data = noise(size, 1);
            let promised = Digest::of(&data);
            let slice = Content::from_slice(Arc::new(data.clone()), 0, size as u64);
            for content in [slice, Content::from_deflated(deflate(&data))] {
                let (_, tar) = tar_of(content.with_expected(promised)).expect("as promised");
                assert_eq!(Digest::of(&tar[512..512 + size]), promised, "{size}");
            }
        }
    }

    #[test]
    fn contents_that_break_their_promise_are_errors_with_the_path() {
        for size in [700, 3_000, 9 << 20] {
            let data = noise(size, 1);
            let good = deflate(&data);
            let unread = Deflated { source: Arc::new(Vec::new()), ..good.clone() };
            let cases = [
                Content::from_deflated(unread),
                Content::from_deflated(Deflated { crc32: 1, ..good.clone() }),
                Content::from_deflated(Deflated { size: good.size - 1, ..good.clone() }),
                Content::from_deflated(Deflated { size: good.size + 1, ..good.clone() }),
                Content::from_deflated(Deflated { compressed_size: good.compressed_size - 1, ..good.clone() }),
                Content::from_deflated(Deflated { compressed_size: good.compressed_size + 9, ..good.clone() }),
                Content::from_deflated(good.clone()).with_expected(Digest::of(b"other")),
                Content::from_slice(Arc::new(data.clone()), 0, size as u64).with_expected(Digest::of(b"other")),
                Content::from_slice(Arc::new(data.clone()), 1, size as u64),
            ];
            for content in cases {
                let mut tree = Tree::new();
                tree.insert_file("/x", 0o644, content.clone()).expect("new");
                let error = write_layer(&tree, FileTime::EARLIEST, Vec::new()).expect_err("broken promise");
                assert!(error.to_string().contains("/x"), "{content:?}: {error}");
            }
        }
    }

    #[test]
    fn a_writer_that_fails_is_an_error_wherever_it_does() {
        /// Takes so many bytes and no more.
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut tree = Tree::new();
        tree.insert_file("/x", 0o644, Content::from_deflated(deflate(&noise(9 << 20, 1)))).expect("new");
        let size = write_layer(&tree, FileTime::EARLIEST, Vec::new()).expect("to memory").0.len();
        assert!(write_layer(&tree, FileTime::EARLIEST, Full(size)).is_ok());
        for room in [0, 1, 100, size / 2, size - 30, size - 1] {
            let error = write_layer(&tree, FileTime::EARLIEST, Full(room)).map(drop).expect_err("it is full");
            assert!(matches!(error, WriteError::Write(_)), "{room} of {size}: {error}");
        }
    }
}
