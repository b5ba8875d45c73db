//! Wheels: opened, read and installed.

use std::sync::Arc;

use shipwheel_python::DistributionName;
use shipwheel_python::install::{self, Scheme};
use shipwheel_python::wheel::{Record, Wheel, WheelMetadata, WheelName};

use crate::files;
use crate::tree;

const NAME: &str = "pkg-1.0-py3-none-any.whl";

/// The bytes of a wheel.
pub(crate) fn wheel(input: &[u8]) {
    open(input.to_vec());
}

/// The files of a wheel, whose archive and RECORD are made here.
pub(crate) fn install(input: &[u8]) {
    files::wheel("pkg-1.0.dist-info", &files::named(input)).into_iter().for_each(open);
}

fn open(bytes: Vec<u8>) {
    let size = bytes.len() as u64;
    let Ok(wheel) = Wheel::open(NAME.parse().expect("a wheel's name"), Arc::new(bytes)) else { return };
    let files = wheel.files();
    assert!(files.is_sorted_by(|a, b| a.path < b.path), "sorted by path, each once");
    for member in files {
        assert!(member.offset.checked_add(member.compressed_size).is_some_and(|end| end <= size), "{member:?}");
        if let Ok(content) = wheel.content(member).to_vec() {
            assert_eq!(content.len() as u64, member.size, "{member:?}");
        }
        assert_eq!(wheel.member(&member.path), Some(member));
    }
    let _ = wheel.dependencies();
    let scheme = Scheme::new("/opt/venv", "3.13.1".parse().expect("a version")).expect("a scheme");
    let Ok(installed) = install::install(&wheel, &scheme) else { return };
    tree::check(&installed.tree);
    for (path, _) in installed.tree.iter() {
        assert!(path.starts_with(scheme.prefix()) || scheme.prefix().starts_with(path), "`{path}` is elsewhere");
    }
    assert!(installed.site_packages.iter().all(|file| installed.tree.node(&file.path).is_some()));
}

/// A RECORD, a WHEEL, or the name of a wheel.
pub(crate) fn record(input: &[u8]) {
    if let Ok((record, _)) = Record::parse(input) {
        assert_eq!(Record::parse(&record.to_bytes()), Ok((record, Vec::new())), "what is written reads the same");
    }
    let text = String::from_utf8_lossy(input);
    let _ = WheelMetadata::parse(&text);
    if let Ok(name) = text.parse::<WheelName>() {
        assert_eq!(name.file_name(), text);
        assert_eq!(name.file_name().parse::<WheelName>().as_ref(), Ok(&name));
        assert!(!name.tags.is_empty() && name.file_name().contains(name.compressed_tags()));
        assert_eq!(name.distribution.as_str().parse::<DistributionName>().as_ref(), Ok(&name.distribution));
    }
}
