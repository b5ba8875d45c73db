//! Tar entries that depend on nothing but the tree (POSIX.1-1988 ustar, with PAX for long names).
//!
//! A fresh header for every entry: one that is used again keeps its old `prefix`. The
//! `tar` crate sets no field that is not set here.

use tar::{EntryType, Header};

use crate::path::TreePath;
use crate::time::FileTime;
use crate::tree::{Metadata, Node};

/// The size of a header and the unit that data is padded to.
pub(crate) const BLOCK: u64 = 512;

/// The two empty blocks that end an archive.
pub(crate) const END: [u8; 1024] = [0; 1024];

/// Appends the header blocks of an entry, the PAX ones included.
pub(crate) fn append_header(out: &mut Vec<u8>, path: &TreePath, node: &Node, time: FileTime) {
    let mut name = path.as_bytes()[1..].to_vec();
    let (kind, metadata, size, link) = match node {
        Node::Directory(metadata) => {
            name.push(b'/');
            (EntryType::Directory, *metadata, 0, None)
        }
        Node::File(metadata, content) => (EntryType::Regular, *metadata, content.size(), None),
        Node::Symlink(target) => (EntryType::Symlink, Metadata::root(0o777), 0, Some(target.as_bytes())),
    };
    let mut pax = Vec::new();
    if !fits(&name) {
        append_record(&mut pax, "path", &name);
    }
    if let Some(link) = link.filter(|link| !fits(link)) {
        append_record(&mut pax, "linkpath", link);
    }
    // ustar's field has eleven octal digits.
    if size > 0o77_777_777_777 {
        append_record(&mut pax, "size", size.to_string().as_bytes());
    }
    if !pax.is_empty() {
        let header =
            header(EntryType::XHeader, Metadata::root(0o644), pax.len() as u64, b"PaxHeaders/entry", None, time);
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(&pax);
        out.extend_from_slice(padding(pax.len() as u64));
    }
    let size = size.min(0o77_777_777_777);
    out.extend_from_slice(header(kind, metadata, size, &name, link, time).as_bytes());
}

/// The zeros that follow `size` bytes of data.
pub(crate) fn padding(size: u64) -> &'static [u8] {
    const ZEROS: [u8; 512] = [0; 512];
    let rest = (BLOCK - size % BLOCK) % BLOCK;
    &ZEROS[..usize::try_from(rest).expect("less than a block")]
}

/// Whether a name goes into a ustar field as it is; everything else is written as PAX, which
/// every runtime reads, and never split into `prefix`.
fn fits(name: &[u8]) -> bool {
    name.len() <= 100 && name.is_ascii()
}

fn header(kind: EntryType, metadata: Metadata, size: u64, name: &[u8], link: Option<&[u8]>, time: FileTime) -> Header {
    let mut header = Header::new_ustar();
    let fields = header.as_ustar_mut().expect("made as ustar above");
    copy_field(&mut fields.name, name);
    copy_field(&mut fields.linkname, link.unwrap_or_default());
    header.set_entry_type(kind);
    header.set_mode(metadata.mode);
    header.set_uid(metadata.uid.into());
    header.set_gid(metadata.gid.into());
    header.set_mtime(time.seconds());
    header.set_size(size);
    header.set_cksum();
    header
}

/// Copies what fits, cut at a character: a reader without PAX gets a short name, none a broken one.
fn copy_field(field: &mut [u8; 100], bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let end = (0..=text.len().min(field.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    field[..end].copy_from_slice(&text.as_bytes()[..end]);
}

/// One PAX record: its own length in decimal, counted with its own digits.
pub(crate) fn append_record(out: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    out.extend_from_slice(format!("{length} {key}=").as_bytes());
    out.extend_from_slice(value);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Content;
    use std::sync::Arc;

    /// What the `tar` crate reads from one entry's header: its path, link, size and whether PAX was needed.
    fn read_back(path: &TreePath, node: &Node) -> (String, Option<String>, u64, bool) {
        let mut bytes = Vec::new();
        append_header(&mut bytes, path, node, FileTime::nearest(1_700_000_000));
        assert_eq!(bytes.len() % 512, 0, "headers are whole blocks: {path}");
        let has_pax = bytes.len() > 512;
        bytes.extend_from_slice(&END);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entry = archive.entries().expect("a tar").next().expect("an entry").expect("sound");
        assert_eq!(entry.header().mtime().expect("a number"), 1_700_000_000, "{path}");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        (text(&entry.path_bytes()), entry.link_name_bytes().map(|link| text(&link)), entry.size(), has_pax)
    }

    fn path(text: &str) -> TreePath {
        TreePath::new(text).expect("valid")
    }

    #[test]
    fn names_of_any_length_are_read_back_by_another_reader() {
        // Around 100 bytes ustar's field ends; at 10, 100 and 1,000 a PAX record's own length gains a digit.
        let lengths = (1..=130).chain(970..=1_010);
        for length in lengths {
            let name: String = "name/".chars().cycle().take(length).collect::<String>().replace("//", "/x");
            let name = name.trim_end_matches('/');
            let file = Node::File(Metadata::root(0o644), Content::from_bytes("x"));
            assert_eq!(read_back(&path(name), &file), (name.to_owned(), None, 1, name.len() > 100), "{length}");
            let link = Node::Symlink(name.into());
            let expected = ("link".to_owned(), Some(name.to_owned()), 0, name.len() > 100);
            assert_eq!(read_back(&path("link"), &link), expected, "{length}");
            let folder = format!("{name}/");
            let directory = Node::Directory(Metadata::root(0o755));
            assert_eq!(read_back(&path(name), &directory), (folder.clone(), None, 0, folder.len() > 100), "{length}");
        }
        let directory = Node::Directory(Metadata::root(0o755));
        assert_eq!(read_back(&path("ü"), &directory), ("ü/".to_owned(), None, 0, true), "only ASCII goes into ustar");
    }

    #[test]
    fn a_file_larger_than_ustar_counts_says_its_size_in_pax() {
        const LARGEST: u64 = (8 << 30) - 1;
        for (size, has_pax) in [(LARGEST, false), (LARGEST + 1, true), (u64::from(u32::MAX) << 8, true)] {
            let content = Content::from_slice(Arc::new(Vec::new()), 0, size);
            let found = read_back(&path("large"), &Node::File(Metadata::root(0o644), content));
            assert_eq!(found, ("large".to_owned(), None, size, has_pax));
        }
    }

    #[test]
    fn data_is_padded_to_whole_blocks() {
        for (size, zeros) in [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511), (u64::MAX, 1)] {
            assert_eq!(padding(size).len(), zeros, "{size}");
        }
    }
}
