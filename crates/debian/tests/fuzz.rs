//! Whatever a mirror sends, reading it is an error or a value, never a panic.

#[path = "../../oci/tests/mutation/mod.rs"]
mod mutation;

use mutation::{mutated, mutated_text};
use proptest::prelude::*;
use shipwheel_debian::apt::{AptSource, apt_conf_value};
use shipwheel_debian::package::{Package, PackageIndex, Version, decompress, open_deb, parse_relations};

const PACKAGES: &str = "Package: libc6\nArchitecture: amd64\nVersion: 2.36-9+deb12u10\nMulti-Arch: same\nDepends: libgcc-s1 (>= 3.4) | other:any, x [amd64] <!nocheck>\nProvides: libc (= 1)\nFilename: pool/main/g/glibc/libc6.deb\nSize: 100\nSHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nDescription: x\n .\n more\n\nPackage: b\nVersion: 1\n";

fn deb() -> Vec<u8> {
    let mut builder = ar::Builder::new(Vec::new());
    for (name, data) in [("debian-binary", &b"2.0\n"[..]), ("control.tar", &[0; 1024]), ("data.tar", &[0; 1024])] {
        let header = ar::Header::new(name.as_bytes().to_vec(), data.len() as u64);
        builder.append(&header, data).expect("memory takes all");
    }
    builder.into_inner().expect("memory takes all")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn changed_archives_are_read_without_a_panic(bytes in mutated(vec![deb()])) {
        if let Ok(deb) = open_deb(&bytes) {
            let _ = (deb.control_file("control"), deb.write_data_tar(&mut std::io::sink(), 1 << 20));
        }
        let _ = decompress(&bytes, 1 << 16);
    }

    #[test]
    fn changed_package_indexes_are_read_without_a_panic(text in mutated_text(&[PACKAGES])) {
        if let Ok(index) = PackageIndex::parse(text.clone().into_bytes()) {
            let names: Vec<&str> = index.names().collect();
            names.iter().for_each(|name| drop((index.packages(name), index.providers(name))));
        }
        let _ = Package::parse(&text);
    }

    #[test]
    fn changed_fields_and_apt_sources_are_read_without_a_panic(text in mutated_text(&[
        "libgcc-s1 (>= 3.4) | other:any (<< 2~1), x [amd64 !arm64] <!nocheck>",
        "2:1.0~rc1+dfsg-1.1~deb12u1",
        "Types: deb\nURIs: http://127.0.0.1/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /x.gpg\n",
        "deb [arch=amd64 signed-by=/x.gpg] http://127.0.0.1/debian bookworm main # x\n",
        "Acquire { Check-Valid-Until \"false\"; };",
    ])) {
        let _ = (parse_relations(&text), text.parse::<Version>());
        let _ = (AptSource::parse_deb822(&text, "x"), AptSource::parse_one_line(&text, "x"));
        let _ = apt_conf_value(&text, "Acquire::Check-Valid-Until");
    }
}
