//! Debian's archives, indexes and fields, and apt's configuration.

use std::sync::Arc;

use shipwheel_debian::apt::{AptSource, apt_conf_value, debian_mirrors};
use shipwheel_debian::base::{BaseOptions, UnpackedPackage};
use shipwheel_debian::package::{Package, PackageIndex, Version, decompress, open_deb, parse_relations};
use shipwheel_debian::{assemble, resolve};

use crate::files::{BLOCK, ar, with_checksums};
use crate::tree;

/// The most that anything may inflate to here, in bytes.
const LIMIT: u64 = 1 << 16;

const STANZA: &str = "Package: a\nVersion: 1\nArchitecture: amd64\nFilename: pool/a.deb\nSize: 1\n\
    SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

/// The first byte selects what follows: a `.deb`; or a control tar of that many blocks and a data tar.
pub(crate) fn deb(input: &[u8]) {
    let Some((blocks, bytes)) = input.split_first() else { return };
    if *blocks == 0 {
        return unpack(bytes);
    }
    let mut control = with_checksums(bytes.to_vec());
    let data = control.split_off((usize::from(*blocks) * BLOCK).min(control.len()));
    unpack(&ar(&[("debian-binary", b"2.0\n"), ("control.tar", &control), ("data.tar", &data)]));
}

fn unpack(bytes: &[u8]) {
    let Ok(deb) = open_deb(bytes) else { return };
    assert!(deb.data.len() <= bytes.len());
    let mut data = Vec::new();
    let Ok(size) = deb.write_data_tar(&mut data, LIMIT) else { return };
    assert!(size <= LIMIT && size == data.len() as u64, "{size} bytes");
    let md5sums = deb.control_file("md5sums").unwrap_or_default();
    let package = Package::parse(STANZA).expect("a stanza");
    let package = UnpackedPackage { package, md5sums, data: Arc::new(data) };
    for slim in [true, false] {
        let options = BaseOptions { slim, codename: Some("trixie".to_owned()), loader_cache: slim };
        if let Ok(base) = assemble(std::slice::from_ref(&package), &options) {
            tree::check(&base);
        }
    }
}

/// xz or gzip.
pub(crate) fn compressed(input: &[u8]) {
    if let Ok(bytes) = decompress(input, LIMIT) {
        assert!(bytes.len() as u64 <= LIMIT, "{} bytes", bytes.len());
    }
}

/// `Packages`: every stanza by its name and by what it provides, and what all of them need.
pub(crate) fn packages(input: &[u8]) {
    let Ok(index) = PackageIndex::parse(input.to_vec()) else { return };
    let names: Vec<String> = index.names().map(str::to_owned).collect();
    for name in names.iter().take(16) {
        for package in index.packages(name).into_iter().flatten() {
            assert_eq!(package.name, *name, "a stanza has one name");
            assert!(package.filename.split('/').all(|part| !matches!(part, "" | "." | "..")), "{}", package.filename);
            ordered(&package.version, &package.version);
            assert_eq!(Package::parse(&package.stanza).expect("it was read").stanza, package.stanza);
        }
        if let Ok(found) = resolve(&[&index], "amd64", std::slice::from_ref(name), &[]) {
            assert!(found.is_sorted_by(|a, b| a.package.name < b.package.name), "sorted by name, each once");
            assert!(found.iter().all(|it| names.contains(&it.package.name)));
        }
    }
}

/// Two versions are ordered the same from both sides.
fn ordered(one: &Version, other: &Version) {
    assert_eq!(one.cmp(other), other.cmp(one).reverse(), "{one} {other}");
    assert!(one != other || one.cmp(other).is_eq());
}

/// The first byte selects what follows: relations, lines with versions, sources of apt, or its configuration.
pub(crate) fn apt(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(bytes);
    match kind % 4 {
        0 => relations(&text),
        1 => versions(&text),
        2 => {
            let sources = [AptSource::parse_deb822(&text, "a.sources"), AptSource::parse_one_line(&text, "a.list")];
            let _ = debian_mirrors(&sources.concat(), "trixie");
        }
        _ => drop(apt_conf_value(&text, "Acquire::Check-Valid-Until")),
    }
}

fn relations(text: &str) {
    let Ok(all) = parse_relations(text) else { return };
    let shown: Vec<String> = all.iter().map(ToString::to_string).collect();
    let again = parse_relations(&shown.join(", ")).expect("what is shown is a relation");
    let shown_again: Vec<String> = again.iter().map(ToString::to_string).collect();
    assert_eq!(shown_again, shown);
}

fn versions(text: &str) {
    let versions: Vec<Version> = text.lines().take(3).filter_map(|line| line.parse().ok()).collect();
    for one in &versions {
        assert_eq!(one.to_string().parse::<Version>().expect("it was read"), *one);
        versions.iter().for_each(|other| ordered(one, other));
    }
    let mut sorted = versions;
    sorted.sort();
    assert!(sorted.is_sorted(), "the order is total: {sorted:?}");
}
