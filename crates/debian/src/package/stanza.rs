//! A binary package, as a stanza of an index describes it.

use deb822_fast::borrowed::{BorrowedParagraph, BorrowedParser};
use shipwheel_oci::Digest;

use crate::package::error::PackagesError;
use crate::package::relation::{Alternatives, is_package_name, parse_relations};
use crate::package::version::Version;

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
    /// Whether Debian treats it as always installed.
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
pub(crate) mod tests {
    use super::*;

    /// A stanza with all fields that are read.
    pub(crate) const STANZA: &str = "Package: zlib1g\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\nArchitecture: amd64\n\
        Depends: libc6 (>= 2.14)\nProvides: libz1,\n libz (= 1:1.2.13)\nDescription: compression\n library\n\
        Multi-Arch: same\nFilename: pool/main/z/zlib/zlib1g_1.2.13_amd64.deb\nSize: 86716\n\
        SHA256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n";

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
}
