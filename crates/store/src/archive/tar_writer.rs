//! A tar that is the same bytes for the same image: entries in a fixed order, without times and owners.

use std::io::{self, BufWriter, Read as _, Write};

use shipwheel_oci::Descriptor;
use tar::{EntryType, Header};

use crate::blob_file::BlobFile;

/// Writes tar entries whose bytes depend only on their names and contents.
///
/// `tar::Builder` would accept data that is shorter or longer than its header says.
pub(super) struct TarWriter<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> TarWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out: BufWriter::with_capacity(256 << 10, out) }
    }

    fn header(&mut self, name: &str, kind: EntryType, mode: u32, size: u64) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_path(name)?;
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.out.write_all(header.as_bytes())
    }

    pub(super) fn directory(&mut self, name: &str) -> io::Result<()> {
        self.header(name, EntryType::Directory, 0o755, 0)
    }

    pub(super) fn bytes(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.entry(name, bytes.len() as u64, |out| out.write_all(bytes))
    }

    /// A blob from its file.
    pub(super) fn blob(&mut self, name: &str, descriptor: &Descriptor, file: &BlobFile) -> io::Result<()> {
        self.entry(name, descriptor.size, |out| file.copy_to(descriptor, out))
    }

    /// An entry; `fill` writes exactly `size` bytes.
    fn entry(
        &mut self,
        name: &str,
        size: u64,
        fill: impl FnOnce(&mut BufWriter<W>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.header(name, EntryType::Regular, 0o644, size)?;
        fill(&mut self.out)?;
        let padding = (512 - size % 512) % 512;
        io::copy(&mut io::repeat(0).take(padding), &mut self.out).map(|_| ())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&[0; 1024])?;
        self.out.flush()
    }
}
