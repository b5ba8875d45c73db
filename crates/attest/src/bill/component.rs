//! One part of an image: a Debian package, a distribution of Python's, the interpreter, the application.

use shipwheel_oci::Digest;

use super::license::License;
use super::purl::Purl;

/// What kind of part it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The application itself.
    Application,
    /// A package of Debian's.
    Debian {
        /// Its architecture, such as `amd64` or `all`.
        architecture: String,
        /// The name and the version of the source that it was built from: scanners match these.
        source: (String, String),
    },
    /// CPython.
    Interpreter,
    /// A distribution of Python's.
    Python,
    /// What a wheel says that it holds (PEP 770), with the purl that it gives.
    Bundled {
        /// The wheel.
        within: String,
        /// The purl.
        purl: Option<String>,
    },
}

/// A digest of a file that a part came in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedHash {
    /// The file, such as `bzip2-1.0.8.whl`, or what it is.
    pub name: String,
    /// Its sha256.
    pub digest: Digest,
}

/// A file of a part, with its hashes: SPDX knows no file without a SHA-1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashedFile {
    /// Its path in the image.
    pub path: String,
    /// Its SHA-1, in hex.
    pub sha1: String,
    /// Its sha256.
    pub sha256: Digest,
}

impl HashedFile {
    /// A file of the image, hashed.
    pub fn new(path: &str, content: &[u8]) -> Self {
        Self { path: path.to_owned(), sha1: sha1(content), sha256: Digest::of(content) }
    }
}

/// A SHA-1 in hex. It names files where a format wants it, and nothing is believed because of it.
pub(super) fn sha1(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A part of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What it is.
    pub kind: Kind,
    /// Its name, as it calls itself.
    pub name: String,
    /// Its version; empty if there is none.
    pub version: String,
    /// Its license, as it says itself.
    pub license: License,
    /// Digests of what it came in.
    pub hashes: Vec<NamedHash>,
    /// Its files in the image.
    pub files: Vec<String>,
    /// Those of its files whose hashes are known.
    pub hashed: Vec<HashedFile>,
}

impl Component {
    /// The purl; `system` is the distribution, such as `debian-12`.
    pub(super) fn purl(&self, system: Option<&str>) -> Option<String> {
        let version = self.version.as_str();
        match &self.kind {
            Kind::Application => None,
            Kind::Debian { architecture, source: (source, source_version) } => {
                let distribution = system.unwrap_or("debian");
                let namespace = distribution.split('-').next().unwrap_or("debian");
                let upstream = format!("{source}@{source_version}");
                Some(
                    Purl::new("deb", &self.name, version)
                        .namespace(namespace)
                        .qualifier("arch", architecture)
                        .qualifier("distro", distribution)
                        .qualifier("upstream", &upstream)
                        .to_string(),
                )
            }
            Kind::Interpreter => Some(Purl::new("generic", "python", version).to_string()),
            Kind::Python => Some(Purl::new("pypi", &super::purl::normalized(&self.name), version).to_string()),
            Kind::Bundled { purl, .. } => purl.clone(),
        }
    }

    /// Orders parts: two with the same are the same part.
    pub(super) fn order(&self) -> (&Kind, &str, &str) {
        (&self.kind, &self.name, &self.version)
    }
}
