//! A file of a project, as its index names it.

use pep440_rs::{Version, VersionSpecifiers};
use serde::{Deserialize, Serialize};
use shipwheel_oci::Digest;
use url::Url;

use crate::name::DistributionName;
use crate::wheel::{StrongHash, WheelName};

/// Endings of source distributions (PEP 625, and those from before it).
const SDIST_ENDINGS: [&str; 6] = [".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar"];

/// A wheel or a source distribution that an index offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexFile {
    /// Its file name.
    pub name: String,
    /// Where it can be fetched: `http` or `https`, without a fragment.
    pub url: String,
    /// Its sha256, where the index says it.
    pub sha256: Option<Digest>,
    /// Hashes of it that are stronger, where the index says them.
    pub stronger: Vec<StrongHash>,
    /// Its size in bytes, where the index says it.
    pub size: Option<u64>,
    /// The Python versions that it is for, where they can be read.
    pub requires_python: Option<VersionSpecifiers>,
}

impl IndexFile {
    /// A file of a page at `page`; nothing where its address cannot be one of a file.
    ///
    /// `sha256` is taken from the address where it is in its fragment (PEP 503).
    pub(super) fn at(page: &Url, address: &str, name: Option<&str>, sha256: Option<&str>) -> Option<Self> {
        let mut url = page.join(address.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let fragment = url.fragment().unwrap_or_default().to_owned();
        let in_fragment = |name: &str| fragment.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let stronger = StrongHash::all_of(in_fragment);
        url.set_fragment(None);
        let last = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let decoded = percent_encoding::percent_decode_str(last).decode_utf8().ok()?.into_owned();
        let name = name.map_or(decoded, str::to_owned);
        let sha256 = sha256.or_else(|| in_fragment("sha256"));
        let sha256 = sha256.and_then(|hex| format!("sha256:{}", hex.to_ascii_lowercase()).parse().ok());
        (!name.is_empty() && !name.contains('/')).then(|| Self {
            name,
            url: url.into(),
            sha256,
            stronger,
            size: None,
            requires_python: None,
        })
    }

    /// The wheel that it is by its name.
    pub fn wheel(&self) -> Option<WheelName> {
        self.name.parse().ok()
    }

    /// Whether it is the source distribution of a version, by its name.
    pub fn is_sdist_of(&self, name: &DistributionName, version: &Version) -> bool {
        let stem = SDIST_ENDINGS.iter().find_map(|ending| self.name.strip_suffix(ending));
        // Names from before PEP 625 have dashes, and so may versions.
        stem.is_some_and(|stem| {
            stem.match_indices('-').any(|(at, _)| {
                let (of, rest) = (&stem[..at], &stem[at + 1..]);
                of.parse::<DistributionName>().is_ok_and(|found| found == *name)
                    && rest.parse::<Version>().is_ok_and(|found| found == *version)
            })
        })
    }
}
