//! Packages that mean harm: archives that other programs read differently, bombs, and files that lead out.

use std::io::Read as _;
use std::sync::Arc;

use shipwheel_debian::assemble;
use shipwheel_debian::base::{BaseOptions, UnpackedPackage};
use shipwheel_debian::package::{Package, open_deb};
use shipwheel_layer::{Node, Tree, TreePath};

/// What a member's name and size say, as they stand in its header, and its bytes.
struct Member {
    name: &'static [u8],
    size: Option<&'static str>,
    bytes: Vec<u8>,
}

fn member(name: &'static str, bytes: impl Into<Vec<u8>>) -> Member {
    Member { name: name.as_bytes(), size: None, bytes: bytes.into() }
}

/// An ar archive with whatever its headers say.
fn ar(members: &[Member]) -> Vec<u8> {
    let mut all = b"!<arch>\n".to_vec();
    for Member { name, size, bytes } in members {
        let size = size.map_or_else(|| bytes.len().to_string(), str::to_owned);
        let mut header = vec![b' '; 60];
        header[..name.len()].copy_from_slice(name);
        header[16..17].copy_from_slice(b"0");
        header[48..48 + size.len()].copy_from_slice(size.as_bytes());
        header[58..].copy_from_slice(b"`\n");
        all.extend(header);
        all.extend(bytes);
        all.extend(vec![b'\n'; bytes.len() % 2]);
    }
    all
}

/// A tar of one entry, with the name, the type, the link and the mode written as they are.
fn tar(name: &[u8], kind: u8, link: &[u8], mode: u32, data: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    {
        let raw = header.as_ustar_mut().expect("ustar");
        raw.name[..name.len()].copy_from_slice(name);
        raw.linkname[..link.len()].copy_from_slice(link);
        raw.typeflag = [kind];
    }
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(data.len() as u64);
    header.set_cksum();
    let mut all = header.as_bytes().to_vec();
    all.extend(data);
    all.resize(all.len().next_multiple_of(512) + 1024, 0);
    all
}

fn xz(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    liblzma::read::XzEncoder::new(data, 6).read_to_end(&mut out).expect("to memory");
    out
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzEncoder::new(data, flate2::Compression::best()).read_to_end(&mut out).expect("to memory");
    out
}

fn control() -> Vec<u8> {
    tar(b"./control", b'0', b"", 0o644, b"Package: a\n")
}

fn data() -> Vec<u8> {
    tar(b"./usr/bin/a", b'0', b"", 0o755, b"elf")
}

fn full_text(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Opens an archive and reads all of it, as a build does.
fn read(deb: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let opened = open_deb(deb).map_err(|error| full_text(&error))?;
    let control = opened.control_file("control").map_err(|error| full_text(&error))?;
    opened.write_data_tar(&mut std::io::sink(), 1 << 20).map_err(|error| full_text(&error))?;
    Ok(control)
}

#[test]
fn an_archive_has_its_members_in_their_order_with_names_and_sizes_that_all_read_alike() {
    let version = || member("debian-binary", "2.0\n");
    let good = |control, data| vec![version(), control, data];
    let named = |name: &'static [u8], size: Option<&'static str>| {
        good(Member { name, size, bytes: control() }, member("data.tar", data()))
    };
    for (what, members, expected) in [
        ("a good one", named(b"control.tar", None), Ok(())),
        ("a slash at the end", named(b"control.tar/", None), Ok(())),
        ("a path", named(b"../control.tar", None), Err("members are not")),
        ("a path from the root", named(b"/control.tar", None), Err("members are not")),
        ("a NUL", named(b"control.tar\0", None), Err("unsupported compression")),
        ("an escape code", named(b"control.tar\x1b[31", None), Err("unsupported compression")),
        ("not UTF-8", named(b"control.tar\xff", None), Err("unsupported compression")),
        ("no name", named(b"", None), Err("members are not")),
        ("BSD's long name", named(b"#1/20", None), Err("members are not")),
        ("a table of names", named(b"//", None), Err("members are not")),
        ("capital letters", named(b"CONTROL.TAR", None), Err("members are not")),
        ("a size with a sign", named(b"control.tar", Some("+2048")), Err("not a complete")),
        ("a negative size", named(b"control.tar", Some("-2048")), Err("not a complete")),
        ("a size in hexadecimal", named(b"control.tar", Some("0x800")), Err("not a complete")),
        ("a size with a blank in it", named(b"control.tar", Some("20 48")), Err("not a complete")),
        ("no size", named(b"control.tar", Some("")), Err("not a complete")),
        ("a size beyond the end", named(b"control.tar", Some("9999999999")), Err("not a complete")),
        ("a size that is too small", named(b"control.tar", Some("1024")), Err("not a complete")),
        ("a second version", vec![version(), version(), member("data.tar", "")], Err("members are not")),
        ("the control files twice", good(member("control.tar", control()), member("control.tar.gz", "")), Err("twice")),
        ("the data first", good(member("data.tar", data()), member("control.tar", control())), Err("this order")),
        ("unknown compression", good(member("control.tar.bz2", ""), member("data.tar", "")), Err("`bz2`; supported")),
        ("zstd", good(member("control.tar", control()), member("data.tar.zst", "")), Err("`zst`; supported")),
        (
            "two compressions",
            good(member("control.tar", control()), member("data.tar.gz.xz", "")),
            Err("`gz.xz`; supported"),
        ),
        ("gzip that is xz", good(member("control.tar.gz", xz(&control())), member("data.tar", "")), Err("decompress")),
        ("no control files", vec![version(), member("_extra", "x"), member("data.tar", "")], Err("this order")),
    ] {
        let found = read(&ar(&members));
        match expected {
            Ok(()) => assert_eq!(found.as_ref().map(Option::as_deref), Ok(Some(&b"Package: a\n"[..])), "{what}"),
            Err(text) => assert!(found.as_ref().is_err_and(|error| error.contains(text)), "{what}: {found:?}"),
        }
    }
    let mut more = ar(&good(member("control.tar", control()), member("data.tar", data())));
    more.extend(ar(&[member("data.tar", data())]));
    assert!(read(&more).is_err(), "a second archive behind the first");
    let twice = [version(), member("control.tar", control()), member("data.tar", data()), member("data.tar.gz", "")];
    assert!(read(&ar(&twice)).is_err_and(|error| error.contains("twice")));
}

#[test]
fn a_bomb_is_not_inflated() {
    let zeros = vec![0; 80 << 20];
    for pack in [xz, gzip] {
        let name = if pack(b"").starts_with(b"\xfd") {
            ["control.tar.xz", "data.tar.xz"]
        } else {
            ["control.tar.gz", "data.tar.gz"]
        };
        let bomb = [member("debian-binary", "2.0\n"), member(name[0], pack(&zeros)), member("data.tar", data())];
        assert!(read(&ar(&bomb)).is_err_and(|error| error.contains("possible bomb")));
        let bomb = [member("debian-binary", "2.0\n"), member("control.tar", control()), member(name[1], pack(&zeros))];
        assert!(read(&ar(&bomb)).is_err_and(|error| error.contains("possible bomb")));
    }
    // A stream that wants gigabytes of memory for its window: LZMA2 with a dictionary of 1.5 GiB.
    let mut greedy = xz(b"x");
    let flags = greedy[12..].iter().position(|byte| *byte == 0x21).expect("the filter of LZMA2") + 12;
    greedy[flags + 2] = 37;
    let end = 12 + (usize::from(greedy[12]) + 1) * 4;
    let checksum = crc32(&greedy[12..end - 4]);
    greedy[end - 4..end].copy_from_slice(&checksum.to_le_bytes());
    let bomb = [member("debian-binary", "2.0\n"), member("control.tar.xz", greedy), member("data.tar", data())];
    assert!(read(&ar(&bomb)).is_err_and(|error| error.contains("memory")));
}

/// The checksum of headers of xz (its format's section 6).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A base of one package with this data.
fn base(data: Vec<u8>) -> Result<Tree, String> {
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let stanza =
        format!("Package: a\nVersion: 1\nArchitecture: amd64\nFilename: pool/a.deb\nSize: 1\nSHA256: {digest}\n");
    let package = Package::parse(&stanza).expect("made above");
    let unpacked = UnpackedPackage { package, md5sums: None, data: Arc::new(data) };
    assemble(&[unpacked], &BaseOptions::default()).map_err(|error| full_text(&error))
}

#[test]
fn a_packages_files_stay_in_the_base_and_are_files() {
    for (what, data, expected) in [
        ("a way up", tar(b"../etc/x", b'0', b"", 0o644, b"x"), Err("`..` is not allowed")),
        ("a way up inside", tar(b"./usr/../../x", b'0', b"", 0o644, b"x"), Err("`..` is not allowed")),
        ("a hard link out", tar(b"./usr/x", b'1', b"../../etc/shadow", 0o644, b""), Err("`..` is not allowed")),
        ("a hard link to nothing", tar(b"./usr/x", b'1', b"/etc/shadow", 0o644, b""), Err("not there")),
        ("a hard link to itself", tar(b"./usr/x", b'1', b"usr/x", 0o644, b""), Err("not there")),
        ("a whiteout", tar(b"./usr/.wh.x", b'0', b"", 0o644, b""), Err(".wh.")),
        ("a file with a folder's name", tar(b"./usr/x/", b'0', b"", 0o644, b"x"), Err("name of a directory")),
        ("a file where a folder of all bases is", tar(b"./usr", b'0', b"", 0o644, b"x"), Err("")),
        ("a sparse file", tar(b"./usr/x", b'S', b"", 0o644, b""), Err("sparse")),
        ("a volume", tar(b"./usr/x", b'V', b"", 0o644, b""), Err("")),
        ("a kind that is none", tar(b"./usr/x", b'Z', b"", 0o644, b""), Err("")),
        ("a device", tar(b"./dev/sda", b'4', b"", 0o666, b""), Ok(None)),
        ("a pipe", tar(b"./run/x", b'6', b"", 0o666, b""), Ok(None)),
        ("an escape code", tar(b"./usr/\x1b[31mx", b'0', b"", 0o644, b"x"), Ok(Some("/usr/\x1b[31mx"))),
        ("a NUL ends a name", tar(b"./usr/x\0y", b'0', b"", 0o644, b"x"), Ok(Some("/usr/x"))),
        ("a file that sets the user", tar(b"./usr/bin/su", b'0', b"", 0o4755, b"x"), Ok(Some("/usr/bin/su"))),
        ("a link out", tar(b"./usr/x", b'2', b"../../../../etc", 0o777, b""), Ok(Some("/usr/x"))),
    ] {
        match (base(data), expected) {
            (Ok(tree), Ok(path)) => {
                let node = path.map(|path| tree.node(&TreePath::new(path).expect("a path")).is_some());
                assert_ne!(node, Some(false), "{what}");
                assert!(tree.iter().all(|(path, _)| !path.as_str().contains("..")), "{what}");
            }
            (Err(error), Err(text)) => assert!(error.contains(text), "{what}: {error}"),
            (found, _) => panic!("{what}: {:?}", found.map(|tree| tree.iter().count())),
        }
    }
}

#[test]
fn a_link_of_a_package_does_not_take_along_what_the_base_adds() {
    // `/etc` leads to `/usr/e`: the accounts are written there, as they would be on a machine.
    let tree = base(tar(b"./etc", b'2', b"usr/e", 0o777, b""));
    let Ok(tree) = tree else { return assert!(tree.is_err_and(|error| error.contains("/etc"))) };
    let passwd = TreePath::new("/etc/passwd").expect("a path");
    assert!(matches!(tree.resolve(&passwd), Some((_, Node::File(..)))));
}
