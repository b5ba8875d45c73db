//! Which package has a library: by the names that Debian's policy gives packages, and by the list of all files.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use serde::{Deserialize, Serialize};

use crate::package::{Compression, DecompressError, PackageIndex};

/// Libraries whose package has another name than policy has it, without what differs between releases.
const IRREGULAR: [(&str, &str); 22] = [
    ("libGLU.so.1", "libglu1mesa"),
    ("libGLdispatch.so.0", "libglvnd0"),
    ("libOpenCL.so.1", "oclicdlibopencl1"),
    ("libcrypto.so.1.1", "libssl1.1"),
    ("libcrypto.so.3", "libssl3"),
    ("libgdk-3.so.0", "libgtk30"),
    ("libgio-2.0.so.0", "libglib2.00"),
    ("libgmodule-2.0.so.0", "libglib2.00"),
    ("libgobject-2.0.so.0", "libglib2.00"),
    ("libgthread-2.0.so.0", "libglib2.00"),
    ("libharfbuzz.so.0", "libharfbuzz0b"),
    ("libjpeg.so.62", "libjpeg62turbo"),
    ("libmvec.so.1", "libc6"),
    ("libnssutil3.so", "libnss3"),
    ("libplc4.so", "libnspr4"),
    ("libplds4.so", "libnspr4"),
    ("libsmime3.so", "libnss3"),
    ("libssl3.so", "libnss3"),
    ("libxml2.so.2", "libxml2"),
    ("libexslt.so.0", "libxslt1.1"),
    ("libxslt.so.1", "libxslt1.1"),
    ("libz.so.1", "zlib1g"),
];

/// The packages that may have a library, by their names without what differs between releases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryNames(BTreeMap<String, String>);

impl LibraryNames {
    /// The names of the packages in some indexes.
    pub fn of(indexes: &[PackageIndex]) -> Self {
        let is_irregular = |name: &str| IRREGULAR.iter().any(|(_, package)| plain(name) == *package);
        let names = indexes.iter().flat_map(PackageIndex::names);
        let names = names.filter(|name| !is_for_developers(name) && (name.starts_with("lib") || is_irregular(name)));
        let mut by_plain = BTreeMap::new();
        for name in names {
            let known: &mut String = by_plain.entry(plain(name)).or_insert_with(|| name.to_owned());
            if (name.len(), name) < (known.len(), known) {
                name.clone_into(known);
            }
        }
        Self(by_plain)
    }

    /// The package that is named after a library. Whether it has it, only its files tell.
    ///
    /// A name without a version stands for any: `libpq`, as `ctypes.util.find_library("pq")` asks for it.
    pub fn package_of(&self, library: &str) -> Option<&str> {
        if !library.contains(".so") {
            return self.any_version_of(&plain(library));
        }
        let irregular = IRREGULAR.iter().find(|(name, _)| *name == library);
        let named = irregular.map_or_else(|| name_of(library), |(_, package)| (*package).to_owned());
        self.0.get(&named).map(String::as_str)
    }

    fn any_version_of(&self, named: &str) -> Option<&str> {
        let from = self.0.range(named.to_owned()..).take_while(|(name, _)| name.starts_with(named));
        let versions = from.filter_map(|(name, package)| Some((name.strip_prefix(named)?, package)));
        let versions = versions.filter(|(version, _)| version.bytes().all(|byte| byte.is_ascii_digit()));
        versions.min_by_key(|(version, _)| (version.len(), *version)).map(|(_, package)| package.as_str())
    }
}

/// The longest line that is read; the longest that Debian has is of 20 KiB.
const MAX_LINE: u64 = 1 << 20;

/// The libraries of a suite and an architecture, by their file names, with the packages that have them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryIndex(BTreeMap<String, Vec<String>>);

impl LibraryIndex {
    /// Reads a compressed `Contents` file; `folders` are those that the loader of its architecture searches.
    ///
    /// # Errors
    /// When it cannot be decompressed, or inflates to more than `limit` bytes.
    pub fn read(compressed: &[u8], folders: &[String], limit: u64) -> Result<Self, DecompressError> {
        let reader = Compression::of(compressed)?.reader(compressed)?;
        let mut reader = BufReader::with_capacity(1 << 16, reader.take(limit + 1));
        let (mut libraries, mut line, mut read) = (BTreeMap::new(), Vec::new(), 0);
        loop {
            line.clear();
            let size = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line).map_err(DecompressError::Stream)?;
            read += size as u64;
            if read > limit {
                return Err(DecompressError::Limit { limit });
            }
            if size == 0 {
                return Ok(Self(libraries));
            }
            if let Some((library, packages)) = library(&String::from_utf8_lossy(&line), folders) {
                let known: &mut Vec<String> = libraries.entry(library.to_owned()).or_default();
                known.extend(packages);
                known.sort();
                known.dedup();
            }
        }
    }

    /// The package to take for a library: the one that is named after it, as Debian's policy has it; else the one with
    /// the shortest name.
    pub fn package_of(&self, library: &str) -> Option<&str> {
        let named = name_of(library);
        let packages = self.0.get(library)?.iter().map(String::as_str);
        packages.min_by_key(|package| (plain(package) != named, package.len(), *package))
    }
}

/// A line about a library: its file name, and the packages that programs are linked with at run time.
fn library<'l>(line: &'l str, folders: &[String]) -> Option<(&'l str, impl Iterator<Item = String>)> {
    let (path, packages) = line.trim_end().rsplit_once(char::is_whitespace)?;
    let (folder, name) = path.trim_end().rsplit_once('/')?;
    let is_searched = || folders.iter().any(|searched| searched.trim_start_matches('/') == folder);
    if !name.contains(".so") || !is_searched() {
        return None;
    }
    // `libs/libpq5`: a section may be before the name.
    let names = packages.split(',').filter_map(|package| package.rsplit('/').next());
    let names: Vec<String> = names.filter(|name| !is_for_developers(name)).map(str::to_owned).collect();
    (!names.is_empty()).then(|| (name, names.into_iter()))
}

fn is_for_developers(package: &str) -> bool {
    ["-dev", "-dbg", "-dbgsym", "-cross"].iter().any(|end| package.ends_with(end))
}

/// What a package with just this library is called, without what differs between releases: `libpq.so.5` is in libpq5,
/// `libglib-2.0.so.0` in libglib2.0-0t64.
fn name_of(library: &str) -> String {
    let (stem, version) = library.split_once(".so").unwrap_or((library, ""));
    plain(&format!("{stem}{}", version.trim_start_matches('.')))
}

fn plain(name: &str) -> String {
    name.to_lowercase().trim_end_matches("t64").replace(['-', '_'], "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    const CONTENTS: &str = "bin                    admin/base-files\n\
        usr/lib/x86_64-linux-gnu/libpq.so      libdevel/libpq-dev\n\
        usr/lib/x86_64-linux-gnu/libpq.so.5    libs/libpq5\n\
        usr/lib/x86_64-linux-gnu/libpq.so.5.17 libs/libpq5\n\
        usr/lib/x86_64-linux-gnu/gl4es/libGL.so.1 libs/libgl4es0\n\
        usr/lib/x86_64-linux-gnu/libGL.so.1 libs/libgl1\n\
        usr/lib/x86_64-linux-gnu/libglib-2.0.so.0 libs/libglib2.0-0t64\n\
        usr/lib/x86_64-linux-gnu/libavcodec.so.61 libs/libavcodec-extra61,libs/libavcodec61\n\
        usr/lib/x86_64-linux-gnu/libc++.so.1 libs/libc++1-17t64,libs/libc++1-19,libs/libc++1-18\n\
        lib/x86_64-linux-gnu/libcrypt.so.1 libs/libcrypt1\n\
        usr/lib/aarch64-linux-gnu/libodd.so.1 libs/libodd1\n\
        usr/lib/x86_64-linux-gnu/a file.so.1 a,contrib/libs/b\n";

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).expect("to memory");
        encoder.finish().expect("to memory")
    }

    fn index() -> LibraryIndex {
        let folders = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"].map(str::to_owned);
        LibraryIndex::read(&gzip(CONTENTS), &folders, 1 << 20).expect("valid")
    }

    #[test]
    fn a_library_is_in_the_package_that_is_named_after_it() {
        for (library, expected) in [
            ("libpq.so.5", Some("libpq5")),
            ("libpq.so", None),
            ("libGL.so.1", Some("libgl1")),
            ("libglib-2.0.so.0", Some("libglib2.0-0t64")),
            ("libavcodec.so.61", Some("libavcodec61")),
            ("libc++.so.1", Some("libc++1-18")),
            ("libcrypt.so.1", Some("libcrypt1")),
            ("libodd.so.1", None),
            ("a file.so.1", Some("a")),
            ("libcuda.so.1", None),
        ] {
            assert_eq!(index().package_of(library), expected, "{library}");
        }
    }

    #[test]
    fn most_libraries_are_told_by_the_names_of_packages() {
        let stanza = |name: &str| {
            let digest = "0".repeat(64);
            format!(
                "Package: {name}\nVersion: 1\nArchitecture: amd64\nFilename: pool/x.deb\nSize: 1\nSHA256: {digest}\n"
            )
        };
        let names =
            ["libpq5", "libpq-dev", "libglib2.0-0t64", "zlib1g", "libgcc-s1", "libx11-6", "libbz2-1.0", "python3"];
        let text: Vec<String> = names.into_iter().map(stanza).collect();
        let names = LibraryNames::of(&[PackageIndex::parse(text.join("\n").into_bytes()).expect("valid")]);
        for (library, expected) in [
            ("libpq.so.5", Some("libpq5")),
            ("libglib-2.0.so.0", Some("libglib2.0-0t64")),
            ("libgthread-2.0.so.0", Some("libglib2.0-0t64")),
            ("libz.so.1", Some("zlib1g")),
            ("libgcc_s.so.1", Some("libgcc-s1")),
            ("libX11.so.6", Some("libx11-6")),
            ("libbz2.so.1.0", Some("libbz2-1.0")),
            ("libpq.so", None),
            ("libpq", Some("libpq5")),
            ("libp", None),
            ("libcuda.so.1", None),
        ] {
            assert_eq!(names.package_of(library), expected, "{library}");
        }
    }

    #[test]
    fn a_file_that_inflates_beyond_the_limit_is_refused() {
        let read = |limit| LibraryIndex::read(&gzip(CONTENTS), &[], limit);
        assert!(matches!(read(CONTENTS.len() as u64 - 1), Err(DecompressError::Limit { .. })));
        assert!(read(CONTENTS.len() as u64).is_ok());
        assert!(LibraryIndex::read(b"plain", &[], 1 << 20).is_err());
    }
}
