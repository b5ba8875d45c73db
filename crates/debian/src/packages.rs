//! `Packages`: which packages a component of a suite has for an architecture.

use std::collections::BTreeMap;
use std::ops::Range;

use deb822_fast::borrowed::{BorrowedParagraph, BorrowedParser};
use shipwheel_oci::{Digest, DigestError};

use crate::relation::{Alternatives, RelationError, is_package_name, parse_relations};
use crate::version::{Version, VersionError};

/// An index, or a stanza of one, that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// The bytes are not UTF-8.
    #[error("the package index is not UTF-8")]
    Utf8(#[source] std::str::Utf8Error),
    /// A stanza is not in Debian's control format.
    #[error("a stanza of the package index is malformed at `{found}`")]
    Stanza {
        /// The line.
        found: String,
    },
    /// A field is missing or has a value that cannot be right.
    #[error("package `{package}` has no valid `{field}` in the index: found `{found}`")]
    Field {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
        /// Its value; empty when it is missing.
        found: String,
    },
    /// A version is none.
    #[error("package `{package}` has no valid version in the index")]
    Version {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: VersionError,
    },
    /// A dependency field cannot be read.
    #[error("package `{package}` has no valid `{field}` in the index")]
    Relation {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
        /// The cause.
        #[source]
        cause: RelationError,
    },
    /// The sha256 is none.
    #[error("package `{package}` has no valid sha256 in the index")]
    Digest {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: DigestError,
    },
}

/// A binary package as an index has it.
#[derive(Debug, Clone)]
pub struct Package {
    /// The name: checked to have no path in it.
    pub name: String,
    /// The version.
    pub version: Version,
    /// `amd64`, `all`.
    pub architecture: String,
    /// `same`, `foreign`, `allowed`.
    pub multi_arch: Option<String>,
    /// `required`, `optional`.
    pub priority: Option<String>,
    /// Whether Debian takes it as always installed.
    pub essential: bool,
    /// The source package where it has another name or version: `gcc-12 (12.2.0-14)`.
    pub source: Option<String>,
    /// What it needs before it is unpacked.
    pub pre_depends: Vec<Alternatives>,
    /// What it needs.
    pub depends: Vec<Alternatives>,
    /// The virtual packages that it is, some with a version (`= 1.2`).
    pub provides: Vec<Alternatives>,
    /// The path below the mirror: relative, without `..`.
    pub filename: String,
    /// The size of the `.deb` in bytes.
    pub size: u64,
    /// The sha256 of the `.deb`.
    pub digest: Digest,
    /// The stanza as the index has it.
    pub stanza: String,
}

/// All packages of an index, found by name; a stanza is only read when its package is asked for.
#[derive(Debug, Clone, Default)]
pub struct PackageIndex {
    text: String,
    /// Stanzas by their package's name.
    names: BTreeMap<String, Vec<Range<usize>>>,
    /// Stanzas by the virtual packages they provide.
    provides: BTreeMap<String, Vec<Range<usize>>>,
}

impl PackageIndex {
    /// Reads a decompressed index.
    ///
    /// # Errors
    /// When it is not UTF-8 or a stanza has no `Package`.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, PackagesError> {
        let text = String::from_utf8(bytes).map_err(|error| PackagesError::Utf8(error.utf8_error()))?;
        let mut index = Self { text, ..Self::default() };
        let mut start = 0;
        while start < index.text.len() {
            let rest = &index.text[start..];
            let end = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
            let stanza = &rest[..end];
            if !stanza.trim().is_empty() {
                let first = || stanza.lines().next().unwrap_or_default().chars().take(200).collect();
                let name = value(stanza, "Package").ok_or_else(|| PackagesError::Stanza { found: first() })?;
                let range = start..start + end;
                for provided in value(stanza, "Provides").into_iter().flat_map(|field| field.split(',')) {
                    let name = provided.split([' ', '\n', '(', ':']).find(|word| !word.is_empty()).unwrap_or_default();
                    index.provides.entry(name.to_owned()).or_default().push(range.clone());
                }
                index.names.entry(name.to_owned()).or_default().push(range);
            }
            start += end + 1;
        }
        Ok(index)
    }

    /// The number of names in it.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it has no package.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names of all packages, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Every version of a package.
    ///
    /// # Errors
    /// When a stanza has a field that cannot be right.
    pub fn packages(&self, name: &str) -> Result<Vec<Package>, PackagesError> {
        self.read(self.names.get(name))
    }

    /// The packages that provide a virtual one, or claim to.
    ///
    /// # Errors
    /// As [`PackageIndex::packages`].
    pub fn providers(&self, name: &str) -> Result<Vec<Package>, PackagesError> {
        self.read(self.provides.get(name))
    }

    fn read(&self, ranges: Option<&Vec<Range<usize>>>) -> Result<Vec<Package>, PackagesError> {
        ranges.into_iter().flatten().map(|range| Package::parse(&self.text[range.clone()])).collect()
    }
}

/// A field's value with its folded lines, found without reading the other fields.
fn value<'a>(stanza: &'a str, field: &str) -> Option<&'a str> {
    let mut start = 0;
    for line in stanza.split_inclusive('\n') {
        start += line.len();
        if let Some(first) = line.strip_prefix(field).and_then(|rest| rest.strip_prefix(':')) {
            let folded = stanza[start..].split_inclusive('\n').take_while(|line| line.starts_with([' ', '\t']));
            let end = start + folded.map(str::len).sum::<usize>();
            return Some(stanza[start - first.len()..end].trim());
        }
    }
    None
}

impl Package {
    /// Reads one stanza.
    ///
    /// # Errors
    /// When a field is missing or cannot be right.
    pub fn parse(stanza: &str) -> Result<Self, PackagesError> {
        let malformed = |found: String| PackagesError::Stanza { found: found.chars().take(200).collect() };
        let paragraphs = BorrowedParser::new(stanza).parse_all().map_err(|error| malformed(error.to_string()))?;
        let [paragraph] = &paragraphs[..] else { return Err(malformed(stanza.to_owned())) };
        let fields = Fields { paragraph, package: paragraph.get_single("Package").unwrap_or_default().trim() };
        let name = fields.checked("Package", is_package_name)?;
        let version = fields.required("Version")?;
        let size = fields.required("Size")?;
        let digest = fields.required("SHA256")?;
        Ok(Self {
            version: version.parse().map_err(|cause| PackagesError::Version { package: name.clone(), cause })?,
            architecture: fields.checked("Architecture", is_package_name)?,
            multi_arch: fields.optional("Multi-Arch"),
            priority: fields.optional("Priority"),
            essential: fields.optional("Essential").as_deref() == Some("yes"),
            source: fields.optional("Source"),
            pre_depends: fields.relations("Pre-Depends")?,
            depends: fields.relations("Depends")?,
            provides: fields.relations("Provides")?,
            filename: fields.checked("Filename", is_pool_path)?,
            size: size.parse().map_err(|_| fields.error("Size"))?,
            digest: Digest::from_hex(&digest)
                .map_err(|cause| PackagesError::Digest { package: name.clone(), cause })?,
            stanza: stanza.trim_end().to_owned(),
            name,
        })
    }
}

struct Fields<'a> {
    paragraph: &'a BorrowedParagraph<'a>,
    package: &'a str,
}

impl Fields<'_> {
    fn optional(&self, field: &str) -> Option<String> {
        self.paragraph.get(field).map(|lines| lines.join(" ").trim().to_owned())
    }

    fn required(&self, field: &'static str) -> Result<String, PackagesError> {
        self.optional(field).ok_or_else(|| self.error(field))
    }

    fn checked(&self, field: &'static str, valid: fn(&str) -> bool) -> Result<String, PackagesError> {
        self.optional(field).filter(|value| valid(value)).ok_or_else(|| self.error(field))
    }

    fn relations(&self, field: &'static str) -> Result<Vec<Alternatives>, PackagesError> {
        parse_relations(&self.optional(field).unwrap_or_default()).map_err(|cause| PackagesError::Relation {
            package: self.package.to_owned(),
            field,
            cause,
        })
    }

    fn error(&self, field: &'static str) -> PackagesError {
        let found = self.optional(field).unwrap_or_default().chars().take(200).collect();
        PackagesError::Field { package: self.package.to_owned(), field, found }
    }
}

/// Whether a path stays below the mirror when it is put behind its address.
fn is_pool_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.+-_~:%=".contains(&byte);
    path.bytes().all(plain) && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANZA: &str = "Package: zlib1g\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\nArchitecture: amd64\n\
        Depends: libc6 (>= 2.14)\nProvides: libz1,\n libz (= 1:1.2.13)\nDescription: compression\n library\n\
        Multi-Arch: same\nFilename: pool/main/z/zlib/zlib1g_1.2.13_amd64.deb\nSize: 86716\n\
        SHA256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n";

    fn index(text: &str) -> PackageIndex {
        PackageIndex::parse(text.as_bytes().to_vec()).expect("valid")
    }

    #[test]
    fn packages_are_found_by_name_and_by_what_they_provide() {
        let text =
            format!("{STANZA}\n{}\n\n{}", STANZA.replace("dfsg-1", "dfsg-2"), STANZA.replace("zlib1g", "zlib2g"));
        let index = index(&text);
        assert_eq!(index.names().collect::<Vec<_>>(), ["zlib1g", "zlib2g"]);
        let found = index.packages("zlib1g").expect("valid");
        let versions: Vec<_> = found.iter().map(|package| package.version.to_string()).collect();
        assert_eq!(versions, ["1:1.2.13.dfsg-1", "1:1.2.13.dfsg-2"]);
        assert_eq!(found[0].size, 86716);
        assert_eq!(found[0].stanza, STANZA.trim_end());
        assert_eq!(found[0].provides.len(), 2);
        for provided in ["libz1", "libz"] {
            assert_eq!(index.providers(provided).expect("valid").len(), 3, "{provided}");
        }
        assert!(index.packages("nothing").expect("valid").is_empty());
    }

    #[test]
    fn fields_that_cannot_be_right_are_errors() {
        for (good, bad, expected) in [
            ("Package: zlib1g", "Package: ../zlib1g", "`Package`"),
            ("Filename: pool", "Filename: ../pool", "`Filename`"),
            ("Filename: pool", "Filename: /pool", "`Filename`"),
            ("Size: 86716", "Size: -1", "`Size`"),
            ("Version: 1:1.2", "Version: x:1.2", "version"),
            ("SHA256: 2cf2", "SHA256: XXX", "sha256"),
            ("SHA256: 2cf2", "SHA1: 2cf2", "`SHA256`"),
            ("libc6 (>= 2.14)", "libc6 (> > 2)", "`Depends`"),
        ] {
            let error = Package::parse(&STANZA.replacen(good, bad, 1)).expect_err(bad);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn an_index_that_is_none_is_an_error() {
        assert!(PackageIndex::parse(vec![0xff]).is_err());
        assert!(PackageIndex::parse(b"<html>".to_vec()).is_err());
        assert!(index("").is_empty());
        assert!(index("\n\n\n").is_empty());
    }
}
