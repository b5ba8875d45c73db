//! A zip archive as CPython's `zipimport` reads it: what an import loads, whatever other readers see in it.
//!
//! `Lib/zipimport.py` is followed step by step. It looks for the end record only in the last 64 KiB, trusts no count,
//! takes the last of two members with one name, and checks no CRC.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::DeflateDecoder;
use shipwheel_layer::Content;

/// More members than any application has.
const MAX_MEMBERS: usize = 200_000;

/// The most bytes that are read of a directory.
const MAX_DIRECTORY: u64 = 64 << 20;

/// The most bytes that a member may have, stored or inflated.
const MAX_MEMBER: u64 = 64 << 20;

/// The length of the end record, and the longest comment behind it.
const END: u64 = 22;
const MAX_COMMENT: u64 = 0xffff;

/// Where a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    method: u16,
    stored: u32,
    offset: u64,
}

/// An archive whose directory was read.
#[derive(Debug)]
pub(crate) struct Archive {
    content: Content,
    members: BTreeMap<String, Member>,
}

impl Archive {
    /// Reads a directory; `None` if a file is not an archive, and a text that says what is wrong if it is a broken one.
    pub(crate) fn open(content: &Content) -> Result<Option<Self>, String> {
        let size = content.size();
        let tail_start = size.saturating_sub(END + MAX_COMMENT);
        let tail = slice(content, tail_start, size - tail_start)?;
        let Some(position) = tail.windows(4).rposition(|window| window == b"PK\x05\x06") else { return Ok(None) };
        let end = tail.get(position..position + END as usize).ok_or("an end record that is cut off")?;
        let end_position = tail_start + position as u64;
        let (directory_size, directory_offset) = (u64::from(word(end, 12)), u64::from(word(end, 16)));
        let start = end_position.checked_sub(directory_size).ok_or("a directory larger than the file")?;
        let shift = start.checked_sub(directory_offset).ok_or("a directory that is not where it is said to be")?;
        if size - start > MAX_DIRECTORY {
            return Err("a directory of more than 64 MiB".to_owned());
        }
        let directory = slice(content, start, size - start)?;
        let members = members(&directory, directory_offset, shift)?;
        Ok(Some(Self { content: content.clone(), members }))
    }

    /// The names of all members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Whether there is a member of a name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The bytes of a member, or a text that says why it has none.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let member = self.members.get(name).ok_or("no such member")?;
        let stored = u64::from(member.stored);
        if stored > MAX_MEMBER {
            return Err("a member of more than 64 MiB".to_owned());
        }
        let head = slice(&self.content, member.offset, 30)?;
        if !head.starts_with(b"PK\x03\x04") {
            return Err("a member without its header".to_owned());
        }
        let data = member.offset + 30 + u64::from(half(&head, 26)) + u64::from(half(&head, 28));
        let raw = slice(&self.content, data, stored)?;
        if member.method == 0 {
            return Ok(raw);
        }
        let mut bytes = Vec::new();
        let read = DeflateDecoder::new(raw.as_slice()).take(MAX_MEMBER + 1).read_to_end(&mut bytes);
        match read {
            Ok(_) if bytes.len() as u64 > MAX_MEMBER => Err("a member of more than 64 MiB".to_owned()),
            Ok(_) => Ok(bytes),
            Err(_) => Err("a member that does not inflate".to_owned()),
        }
    }
}

/// The entries of a directory, from its first byte to whatever is not an entry.
fn members(directory: &[u8], directory_offset: u64, shift: u64) -> Result<BTreeMap<String, Member>, String> {
    let (mut members, mut rest) = (BTreeMap::new(), directory);
    while rest.starts_with(b"PK\x01\x02") {
        let head = rest.get(..46).ok_or("a directory that is cut off")?;
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(half(head, at)));
        let offset = u64::from(word(head, 42));
        if offset > directory_offset {
            return Err("a member behind the directory".to_owned());
        }
        let raw = rest.get(46..46 + name).ok_or("a directory that is cut off")?;
        let member = Member { method: half(head, 10), stored: word(head, 20), offset: offset + shift };
        members.insert(decoded(raw, half(head, 8) & 0x800 != 0)?, member);
        if members.len() > MAX_MEMBERS {
            return Err("more than 200,000 members".to_owned());
        }
        rest = rest.get(46 + name + extra + comment..).ok_or("a directory that is cut off")?;
    }
    Ok(members)
}

/// A member's name. One that is not marked as UTF-8 is in code page 437, whose letters above ASCII no module is named by.
fn decoded(raw: &[u8], is_utf8: bool) -> Result<String, String> {
    match std::str::from_utf8(raw) {
        Ok(name) if is_utf8 || name.is_ascii() => Ok(name.to_owned()),
        Err(_) if is_utf8 => Err("a name that is not UTF-8".to_owned()),
        Ok(_) | Err(_) => Ok(raw.iter().map(|byte| char::from(*byte)).collect()),
    }
}

fn half(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |it| u16::from_le_bytes([it[0], it[1]]))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(half(bytes, at)) | u32::from(half(bytes, at + 2)) << 16
}

/// A part of a file.
fn slice(content: &Content, from: u64, size: u64) -> Result<Vec<u8>, String> {
    let end = from.checked_add(size).filter(|end| *end <= content.size()).ok_or("data behind the end of the file")?;
    let failed = |cause: &dyn std::error::Error| format!("a file that cannot be read: {cause}");
    if let Some((source, offset)) = content.origin() {
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| "a part larger than memory")?];
        source.read_exact_at(&mut bytes, offset + from).map_err(|cause| failed(&cause))?;
        return Ok(bytes);
    }
    let bytes = content.to_vec().map_err(|cause| failed(&cause))?;
    let range = usize::try_from(from).ok().zip(usize::try_from(end).ok());
    Ok(range.and_then(|(from, end)| bytes.get(from..end)).ok_or("data behind the end of the file")?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write as _};
    use zip::CompressionMethod;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn zipped(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, data) in members {
            let options = SimpleFileOptions::default().compression_method(method);
            zip.start_file(*name, options).expect("a name");
            zip.write_all(data).expect("to memory");
        }
        zip.finish().expect("to memory").into_inner()
    }

    fn open(bytes: &[u8]) -> Result<Option<Archive>, String> {
        Archive::open(&Content::from_bytes(bytes.to_vec()))
    }

    #[test]
    fn members_are_found_behind_any_other_file() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let zip = zipped(&[("m.pyc", b"one one one one"), ("p/__init__.py", b"two")], method);
            for head in [&b""[..], b"#!/usr/bin/python3\n", b"\x7fELF and so on"] {
                for tail in [0, 5] {
                    let mut bytes = [head, &zip].concat();
                    // A comment behind the end record.
                    bytes.extend(vec![b' '; tail]);
                    let archive = open(&bytes).expect("sound").expect("an archive");
                    assert_eq!(archive.names().collect::<Vec<_>>(), ["m.pyc", "p/__init__.py"]);
                    assert_eq!(archive.read("m.pyc").as_deref(), Ok(&b"one one one one"[..]));
                    assert_eq!(archive.read("p/__init__.py").as_deref(), Ok(&b"two"[..]));
                    assert!(archive.has("m.pyc") && !archive.has("n.pyc"));
                }
            }
        }
    }

    #[test]
    fn what_is_no_archive_is_none_and_a_broken_one_is_said_to_be() {
        assert!(open(b"").expect("no archive").is_none());
        assert!(open(b"print(1)\n").expect("no archive").is_none());
        let zip = zipped(&[("m.pyc", b"one")], CompressionMethod::Stored);
        let end = zip.len() - 22;
        let change = |at: usize, byte: u8| {
            let mut bytes = zip.clone();
            bytes[at] = byte;
            open(&bytes).map(|archive| archive.map(|it| it.read("m.pyc")))
        };
        assert_eq!(change(end + 15, 0xff), Err("a directory larger than the file".to_owned()));
        assert_eq!(change(end + 18, 0xff), Err("a directory that is not where it is said to be".to_owned()));
        assert_eq!(change(0, 0), Ok(Some(Err("a member without its header".to_owned()))));
        assert_eq!(open(&zip[..zip.len() - 4]).map(|_| ()), Err("an end record that is cut off".to_owned()));
    }

    #[test]
    fn a_bomb_is_not_inflated() {
        let zeros = vec![0; 65 << 20];
        let zip = zipped(&[("m.pyc", &zeros)], CompressionMethod::Deflated);
        let archive = open(&zip).expect("sound").expect("an archive");
        assert_eq!(archive.read("m.pyc"), Err("a member of more than 64 MiB".to_owned()));
    }
}
