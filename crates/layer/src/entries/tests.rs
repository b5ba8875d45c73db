//! Which tars have one reading, and which do not; what other programs say of them is in `tests/tests/tars`.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::tar::{END, append_record, padding};

/// A header of a name, a type and a size, with some bytes set; the checksum is right.
fn header(name: &str, flag: u8, size: usize, changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    let size = format!("{size:011o}");
    let fields: [(usize, &[u8]); 5] =
        [(0, name.as_bytes()), (100, b"0000644"), (124, size.as_bytes()), (156, &[flag]), (257, b"ustar\x0000")];
    for (offset, bytes) in fields.iter().chain(changes) {
        block[*offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn member(name: &str, flag: u8, data: &[u8]) -> Vec<u8> {
    [&header(name, flag, data.len(), &[]), data, padding(data.len() as u64)].concat()
}

fn file(name: &str) -> Vec<u8> {
    member(name, b'0', b"data")
}

fn link(name: &str, flag: u8, target: &str) -> Vec<u8> {
    header(name, flag, 0, &[(157, target.as_bytes())])
}

fn pax(flag: u8, records: &[(&str, &str)]) -> Vec<u8> {
    let mut data = Vec::new();
    for (key, value) in records {
        append_record(&mut data, key, value.as_bytes());
    }
    member("PaxHeaders/x", flag, &data)
}

fn long(flag: u8, name: &str) -> Vec<u8> {
    member("././@LongLink", flag, name.as_bytes())
}

/// The entries of a tar, one word each, or the error.
fn read(tar: &Vec<u8>) -> Result<String, ReadError> {
    let (mut entries, mut text) = (Entries::new(tar), String::new());
    while let Some(entry) = entries.next_entry()? {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let _ = write!(text, "{}{}", if text.is_empty() { "" } else { " " }, shown(&entry.path));
        let _ = match entry.kind {
            EntryKind::File { size, .. } => write!(text, ":{size}"),
            EntryKind::Directory => write!(text, ":d"),
            EntryKind::Special => write!(text, ":s"),
            EntryKind::Symlink(target) => write!(text, "->{}", shown(&target)),
            EntryKind::HardLink(target) => write!(text, "=>{}", shown(&target)),
        };
    }
    Ok(text)
}

#[test]
fn tars_with_one_reading_are_read() {
    let cases: &[(&[Vec<u8>], &str)] = &[
        (&[file("a"), file("b")], "a:4 b:4"),
        (&[member("d/", b'5', b""), member("d", b'5', b"")], "d/:d d:d"),
        (&[member("old", 0, b"x"), member("old/", 0, b"")], "old:1 old/:d"),
        (&[file("a"), link("s", b'2', "t"), link("h", b'1', "a")], "a:4 s->t h=>a"),
        (&[member("p", b'6', b""), member("c", b'3', b""), member("b", b'4', b"")], "p:s c:s b:s"),
        (&[long(b'L', "long\0"), file("a")], "long:4"),
        (&[long(b'L', "long"), file("a")], "long:4"),
        (&[long(b'K', "target\0"), long(b'L', "long\0"), link("a", b'2', "cut")], "long->target"),
        (&[long(b'L', "long\0"), long(b'K', "target\0"), link("a", b'1', "cut")], "long=>target"),
        (&[pax(b'x', &[("path", "long")]), file("a"), file("b")], "long:4 b:4"),
        (&[pax(b'x', &[("linkpath", "far")]), link("a", b'2', "cut")], "a->far"),
        (&[pax(b'x', &[("size", "4")]), header("a", b'0', 0, &[]), vec![0; 512], file("b")], "a:4 b:4"),
        (&[pax(b'g', &[("comment", "x")]), file("a")], "a:4"),
        (&[pax(b'g', &[("comment", "x")]), pax(b'x', &[("path", "long")]), file("a")], "long:4"),
        (&[pax(b'x', &[]), file("a")], "a:4"),
    ];
    for (parts, expected) in cases {
        for end in [&END[..], &END[..512], &[0; 1500], &[]] {
            let tar = [&parts.concat(), end].concat();
            let found = read(&tar).map_err(|error| format!("{error:?}"));
            assert_eq!(found.as_deref(), Ok(*expected), "{} bytes of an end", end.len());
        }
    }
    assert_eq!(read(&END.to_vec()).ok().as_deref(), Some(""));
}

#[test]
fn extended_headers_change_owner_and_time() {
    let records = [("uid", "1000"), ("gid", "4294967295"), ("mtime", "1700000000.75")];
    let tar = [pax(b'x', &records), file("a")].concat();
    let entry = Entries::new(&tar).next_entry().expect("valid").expect("one");
    assert_eq!((entry.uid, entry.gid, entry.modified), (1000, 4_294_967_295, 1_700_000_000));
    assert_eq!(entry.kind, EntryKind::File { offset: 1536, size: 4 });
}

#[test]
fn tars_with_several_readings_are_errors() {
    let large_owner = header("a", b'0', 0, &[(108, b"\x80\0\0\x01\0\0\0\0")]);
    let path = |path| pax(b'x', &[("path", path)]);
    let cases: &[(&[Vec<u8>], &str)] = &[
        (&[path("a"), path("b"), file("c")], "second extended header"),
        (&[path("a"), long(b'L', "b\0"), file("c")], "second extended header"),
        (&[long(b'L', "b\0"), path("a"), file("c")], "second extended header"),
        (&[long(b'K', "b\0"), path("a"), link("c", b'2', "d")], "second extended header"),
        (&[path("a"), long(b'K', "b\0"), link("c", b'2', "d")], "second extended header"),
        (&[long(b'L', "a\0"), long(b'L', "b\0"), file("c")], "second extended header"),
        (&[long(b'K', "a\0"), long(b'K', "b\0"), link("c", b'2', "d")], "second extended header"),
        (&[path("a"), pax(b'g', &[("comment", "x")]), file("c")], "second extended header"),
        (&[long(b'L', "a\0"), pax(b'g', &[("comment", "x")]), file("c")], "second extended header"),
        (&[pax(b'g', &[("path", "x")]), file("a")], "global"),
        (&[long(b'L', ""), file("a")], "empty long name"),
        (&[header("L", b'L', 3, &[]), b"name".to_vec(), vec![0; 508], file("a")], "more data than its size"),
        (
            &[header("x", b'x', 10, &[]), b"10 path=a\n10 path=b\n".to_vec(), vec![0; 492], file("c")],
            "more data than its size",
        ),
        (&[long(b'L', "\0a"), file("a")], "empty long name"),
        (&[file("")], "no name"),
        (&[member("d/", b'0', b"")], "name of a directory"),
        (&[path("d/"), file("a")], "name of a directory"),
        (&[long(b'L', "d/\0"), file("a")], "name of a directory"),
        (&[long(b'L', "d/\0"), member("a", 0, b"")], "name of a directory"),
        (&[path("a"), member("d/", 0, b"")], "name of a directory"),
        (&[member("d/", 0, b"x")], "has a size"),
        (&[member("d/", b'5', b"x")], "has a size"),
        (&[header("l", b'2', 4, &[(157, b"x")]), file("a")], "has a size"),
        (&[header("l", b'1', 4, &[(157, b"x")]), file("a")], "has a size"),
        (&[header("p", b'6', 4, &[]), file("a")], "has a size"),
        (&[pax(b'x', &[("size", "4")]), link("a", b'2', "b")], "has a size"),
        (&[link("a", b'2', "")], "without a target"),
        (&[link("a", b'1', "")], "without a target"),
        (&[pax(b'x', &[("linkpath", "b")]), link("a", b'2', "")], "without a target"),
        (&[long(b'K', "b\0"), link("a", b'1', "")], "without a target"),
        (&[file("a"), link("b", b'1', "a/")], "name of a directory"),
        (&[file("a"), link("b", b'1', "a/.")], "name of a directory"),
        (&[file("a"), pax(b'x', &[("linkpath", "a//")]), link("b", b'1', "a")], "name of a directory"),
        (&[file("a"), long(b'K', "./a/\0"), link("b", b'1', "a")], "name of a directory"),
        (&[long(b'K', "b\0"), file("a")], "is not a link"),
        (&[pax(b'x', &[("linkpath", "b")]), file("a")], "is not a link"),
        (&[member("c", b'7', b"x")], "unknown type"),
        (&[member("c", b'X', b"x")], "unknown type"),
        (&[member("s", b'S', b"x")], "sparse"),
        (&[pax(b'x', &[("GNU.sparse.name", "b")]), file("a")], "sparse"),
        (&[member("v", b'V', b"")], "several volumes"),
        (&[header("L", b'L', (1 << 20) + 1, &[])], "1 MiB"),
        (&[header("x", b'x', 1 << 30, &[])], "1 MiB"),
        (&[vec![b'j'; 512]], "not octal"),
        (&[pax(b'x', &[("uid", "7")]), large_owner], "too large"),
        (&[header("a", b'0', 0, &[(100, b"00200644")])], "too large"),
    ];
    for (parts, expected) in cases {
        let tar = [&parts.concat(), &END[..]].concat();
        let error = read(&tar).expect_err(expected);
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(error.hint().is_some(), "{error}");
    }
}

#[test]
fn what_is_cut_off_or_hidden_is_an_error() {
    let zeros = |size| vec![0; size];
    let cases: &[(&[Vec<u8>], &str)] = &[
        (&[], "not a complete tar"),
        (&[zeros(100)], "not a complete tar"),
        (&[file("a")[..515].to_vec()], "not a complete tar"),
        (&[file("a")[..514].to_vec()], "not a complete tar"),
        (&[file("a"), zeros(100)], "not a complete tar"),
        (&[header("a", b'0', 8_589_934_591, &[])], "not a complete tar"),
        (&[header("a", b'0', 0, &[(124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff")])], "not a complete tar"),
        (&[header("L", b'L', 600, &[]), zeros(512)], "not a complete tar"),
        (&[file("a"), long(b'L', "b\0"), zeros(1024)], "no entry behind it"),
        (&[file("a"), pax(b'x', &[("path", "b")])], "no entry behind it"),
        (&[file("a"), pax(b'g', &[("comment", "b")]), zeros(1024)], "no entry behind it"),
        (&[file("a"), zeros(512), file("b"), zeros(1024)], "data behind its end"),
        (&[file("a"), zeros(1024), file("b"), zeros(1024)], "data behind its end"),
        (&[file("a"), zeros(200_000), b"x".to_vec()], "data behind its end"),
        (&[file("a"), zeros(513)], "last block is cut off"),
        (&[file("a"), zeros(1023)], "last block is cut off"),
        (&[zeros(1023)], "last block is cut off"),
    ];
    for (parts, expected) in cases {
        let error = read(&parts.concat()).expect_err(expected);
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error}: {cause}").contains(expected), "{expected}: {error}: {cause}");
    }
}

proptest! {
    #[test]
    fn random_blocks_are_entries_or_an_error(
        blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 512), 0..6),
        flags in proptest::collection::vec(proptest::sample::select(&b"\x000123456xgLKS"[..]), 6),
        sizes in proptest::collection::vec(0usize..1200, 6),
    ) {
        // Sound but for names, links and data: past the checks of headers.
        let tar: Vec<u8> = blocks.iter().zip(flags).zip(sizes).flat_map(|((block, flag), size)| {
            let mut tar = header("", flag, size, &[(0, &block[..100]), (157, &block[157..257])]);
            tar.extend_from_slice(&block[..size.min(512)]);
            tar
        }).collect();
        let _ = (read(&tar), read(&blocks.concat()));
    }
}
