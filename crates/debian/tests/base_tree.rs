//! A small base from packages made here: what is in it, and what cannot be put together.

use std::io::Read as _;
use std::sync::Arc;

use shipwheel_debian::assemble;
use shipwheel_debian::base::{BaseOptions, UnpackedPackage};
use shipwheel_debian::package::{Package, open_deb};
use shipwheel_layer::{ReadLimits, Tree, listing, overlay_tar};
use tar::EntryType::{Directory, Regular, Symlink};

type Entry<'a> = (&'a str, tar::EntryType, u32, &'a str);

fn tar(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind, mode, data) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        let content = if *kind == Regular { data.as_bytes() } else { b"" };
        header.set_size(content.len() as u64);
        if *kind == Symlink {
            header.set_link_name_literal(data).expect("short");
        }
        builder.append_data(&mut header, format!("./{path}"), content).expect("to memory");
    }
    builder.into_inner().expect("to memory")
}

fn deb(entries: &[Entry<'_>]) -> Vec<u8> {
    let xz = |tar: Vec<u8>| {
        let mut out = Vec::new();
        liblzma::read::XzEncoder::new(&tar[..], 1).read_to_end(&mut out).expect("to memory");
        out
    };
    let mut builder = ar::Builder::new(Vec::new());
    let control = xz(tar(&[("md5sums", Regular, 0o644, "00  usr/bin/x\n")]));
    for (name, content) in
        [("debian-binary", b"2.0\n".to_vec()), ("control.tar.xz", control), ("data.tar.xz", xz(tar(entries)))]
    {
        let header = ar::Header::new(name.as_bytes().to_vec(), content.len() as u64);
        builder.append(&header, &content[..]).expect("to memory");
    }
    builder.into_inner().expect("to memory")
}

fn package(name: &str, architecture: &str, entries: &[Entry<'_>]) -> UnpackedPackage {
    let stanza = format!(
        "Package: {name}\nVersion: 1.0-1\nArchitecture: {architecture}\nDescription: a\n test\nFilename: pool/{name}.deb\n\
         Size: 1\nSHA256: {}\n",
        "0".repeat(64)
    );
    let bytes = deb(entries);
    let opened = open_deb(&bytes).expect("made above");
    let mut data = Vec::new();
    opened.write_data_tar(&mut data, 1 << 20).expect("made above");
    let md5sums = opened.control_file("md5sums").expect("made above");
    UnpackedPackage { package: Package::parse(&stanza).expect("made above"), md5sums, data: Arc::new(data) }
}

fn sample() -> Vec<UnpackedPackage> {
    vec![
        package(
            "libc6",
            "amd64",
            &[
                ("lib", Directory, 0o755, ""),
                ("lib/x86_64-linux-gnu", Directory, 0o755, ""),
                ("lib/x86_64-linux-gnu/libc.so.6", Regular, 0o755, "elf"),
                ("lib64", Directory, 0o755, ""),
                ("lib64/ld-linux-x86-64.so.2", Symlink, 0o777, "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
                ("usr/share/doc/libc6/copyright", Regular, 0o644, "LGPL"),
                ("usr/share/doc/libc6/changelog.gz", Regular, 0o644, "old"),
                ("usr/share/doc/libm", Symlink, 0o777, "libc6"),
                ("usr/share/man/man7/libc.7.gz", Regular, 0o644, "text"),
            ],
        ),
        package(
            "ca-certificates",
            "all",
            &[
                ("usr/share/ca-certificates/mozilla/b_(1).crt", Regular, 0o644, "B\n"),
                ("usr/share/ca-certificates/mozilla/A.crt", Regular, 0o644, "A"),
                ("usr/share/ca-certificates/mozilla/README", Regular, 0o644, "no certificate"),
            ],
        ),
        package(
            "python3.11",
            "amd64",
            &[
                ("usr/bin/python3.9", Regular, 0o755, "old"),
                ("usr/bin/python3.11", Regular, 0o755, "new"),
                ("usr/bin/python3.11-config", Regular, 0o755, "sh"),
                ("usr/lib/python3.11/__pycache__/re.pyc", Regular, 0o644, "stale"),
                ("usr/lib/python3.11/re.py", Regular, 0o644, "import x"),
            ],
        ),
        package(
            "base-files",
            "amd64",
            &[
                ("tmp", Directory, 0o755, ""),
                ("usr/local", Directory, 0o2775, ""),
                ("var/run", Directory, 0o755, ""),
                ("usr/share/zoneinfo/Etc/UTC", Regular, 0o644, "TZif2"),
            ],
        ),
    ]
}

fn text(packages: &[UnpackedPackage]) -> String {
    let options = BaseOptions { codename: Some("bookworm".to_owned()), ..BaseOptions::default() };
    listing(&assemble(packages, &options).expect("fits")).expect("readable")
}

#[test]
fn a_base_has_the_packages_files_and_what_their_scripts_would_make() {
    let found = text(&sample());
    assert_eq!(found, include_str!("base_tree.txt"), "found:\n{found}");
}

#[test]
fn the_order_of_the_packages_does_not_matter() {
    let mut reversed = sample();
    reversed.reverse();
    assert_eq!(text(&reversed), text(&sample()));
}

#[test]
fn a_base_unpacks_from_its_layer_as_it_was() {
    let tree = assemble(&sample(), &BaseOptions::default()).expect("fits");
    let (blob, _) =
        shipwheel_layer::write_layer(&tree, shipwheel_layer::FileTime::EARLIEST, Vec::new()).expect("to memory");
    let mut tar = Vec::new();
    flate2::read::MultiGzDecoder::new(&blob[..]).read_to_end(&mut tar).expect("gzip");
    let mut back = Tree::new();
    overlay_tar(&mut back, Arc::new(tar), ReadLimits::default()).expect("own tar");
    assert_eq!(listing(&back).expect("readable"), listing(&tree).expect("readable"));
}

#[test]
fn a_directory_keeps_the_mode_of_the_first_package_that_has_it() {
    let with = |name: &str, mode| package(name, "all", &[("srv/data", Directory, mode, "")]);
    let found = text(&[with("b", 0o755), with("a", 0o700)]);
    assert!(found.contains("d 0700 0:0 /srv/data/\n"), "{found}");
}

#[test]
fn only_amd64_has_a_lib64() {
    for (architecture, expected) in [("amd64", true), ("arm64", false), ("all", false)] {
        let found = text(&[package("a", architecture, &[]), package("b", "all", &[])]);
        assert_eq!(found.contains("l /lib64 -> usr/lib64\n"), expected, "{architecture}: {found}");
        assert!(found.contains("l /lib -> usr/lib\n"), "{architecture}: {found}");
    }
}

#[test]
fn packages_that_do_not_fit_are_named_with_the_path() {
    let same = ("usr/bin/tool", Regular, 0o755, "one");
    for (other, expected) in [
        (&[same][..], None),
        (&[("bin/tool", Regular, 0o755, "two")], Some("packages `a` and `b` have different files at `/usr/bin/tool`")),
        (
            &[("usr/bin/tool", Regular, 0o644, "one")],
            Some("packages `a` and `b` have different files at `/usr/bin/tool`"),
        ),
        (
            &[("usr/bin/tool/x", Regular, 0o755, "two")],
            Some("packages `a` and `b` have different files at `/usr/bin/tool`"),
        ),
        (&[("usr/bin", Symlink, 0o777, "/elsewhere")], Some("packages `a` and `b` have different files at `/usr/bin`")),
        (&[("lib", Symlink, 0o777, "usr/lib")], None),
        // No package had the link: the base itself made it.
        (&[("bin", Regular, 0o755, "two")], Some("package `b` does not fit into the base")),
    ] {
        let found = assemble(&[package("b", "all", other), package("a", "all", &[same])], &BaseOptions::default());
        assert_eq!(found.err().map(|error| error.to_string()).as_deref(), expected);
    }
}
