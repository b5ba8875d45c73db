//! Trees and layers: a [`Tree`] of files becomes a canonical tar, compressed, with both digests.
//!
//! ```
//! use shipwheel_layer::{Content, FileTime, Tree, write_layer};
//! let mut tree = Tree::new();
//! tree.insert_file("/app/main.py", 0o644, Content::from_bytes(&b"print('hi')\n"[..])).unwrap();
//! let (blob, layer) = write_layer(&tree, FileTime::EARLIEST, Vec::new()).unwrap();
//! assert_eq!(layer.blob.size, blob.len() as u64);
//! ```
//!
//! The same tree gives the same bytes on any machine, at any parallelism. No I/O happens
//! here: file contents come through [`ByteSource`], bytes leave through a writer.

mod byte_reader;
mod byte_source;
mod compression;
mod content;
mod entries;
mod estargz;
mod first_files;
mod gzip;
mod listing;
mod member;
mod path;
mod raw_text;
mod read;
mod read_error;
mod tar;
#[cfg(test)]
mod testing;
mod time;
pub mod toc;
mod tree;
mod write;
mod write_error;

pub use byte_reader::ByteReader;
pub use byte_source::ByteSource;
pub use compression::{Compression, ZSTD_VERSION, ZstdLevel};
pub use content::{Content, ContentError, ContentParts, Deflated};
pub use entries::{Entries, Entry, EntryKind};
pub use estargz::write_estargz;
pub use first_files::{FirstFiles, FirstFilesError};
pub use listing::listing;
pub use path::{PathError, TreePath};
pub use raw_text::RawText;
pub use read::{ReadLimits, overlay_tar, read_tar};
pub use read_error::ReadError;
pub use time::FileTime;
pub use tree::{Metadata, Node, Tree, TreeError};
pub use write::{write_compressed, write_layer};
pub use write_error::WriteError;

/// Raise this when the same tree gives other bytes than before: it is part of every layer's key.
pub const LAYER_RECIPE: u32 = 2;

/// The same for what eStargz adds to that.
pub const ESTARGZ_RECIPE: u32 = 1;
