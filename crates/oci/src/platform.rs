//! Platforms: operating system, architecture and variant, as image indexes name them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A platform text that shipwheel cannot build for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform `{found}`; expected linux/amd64 or linux/arm64")]
pub struct PlatformError {
    /// The text as it was found.
    pub found: String,
}

/// A platform in normal form: `arm64` means `arm64/v8`, and the variant is not written then.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`: Go's names, as the spec asks for.
    pub architecture: String,
    /// What remains of the variant after normalization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// A platform from an index or a config, normalized as containerd does it.
    pub fn normalized(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let (architecture, implied) = match architecture {
            "x86_64" | "x86-64" => ("amd64", None),
            "aarch64" => ("arm64", Some("v8")),
            other => (other, None),
        };
        let variant = variant.filter(|v| !v.is_empty()).or(implied);
        let variant = match (architecture, variant) {
            ("arm64", Some("v8" | "8")) | ("amd64", Some("v1")) => None,
            (_, variant) => variant.map(str::to_owned),
        };
        Self { os: os.to_owned(), architecture: architecture.to_owned(), variant }
    }

    /// `linux/amd64`.
    pub fn linux_amd64() -> Self {
        Self::normalized("linux", "amd64", None)
    }

    /// `linux/arm64`.
    pub fn linux_arm64() -> Self {
        Self::normalized("linux", "arm64", None)
    }

    /// The machine's name in wheel tags and for the kernel: `x86_64`, `aarch64`; an unknown one keeps its own.
    pub fn machine(&self) -> &str {
        match self.architecture.as_str() {
            "amd64" => "x86_64",
            "arm64" => "aarch64",
            "386" => "i686",
            "arm" => "armv7l",
            // Go and the kernel agree: ppc64le, riscv64, s390x.
            other => other,
        }
    }

    /// The multiarch triplet of Debian's library folders: `x86_64-linux-gnu`.
    pub fn triplet(&self) -> String {
        match self.architecture.as_str() {
            "386" => "i386-linux-gnu".to_owned(),
            "arm" => "arm-linux-gnueabihf".to_owned(),
            "ppc64le" => "powerpc64le-linux-gnu".to_owned(),
            _ => format!("{}-linux-gnu", self.machine()),
        }
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// Parses `amd64`, `linux/amd64` or `linux/arm64/v8`.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let error = || PlatformError { found: text.to_owned() };
        let parts: Vec<&str> = text.trim().split('/').collect();
        let platform = match parts[..] {
            [architecture] => Self::normalized("linux", architecture, None),
            [os, architecture] => Self::normalized(os, architecture, None),
            [os, architecture, variant] => Self::normalized(os, architecture, Some(variant)),
            _ => return Err(error()),
        };
        let known = [Self::linux_amd64(), Self::linux_arm64()];
        if known.contains(&platform) { Ok(platform) } else { Err(error()) }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_parse_to_their_normal_form() {
        for (text, expected) in [
            ("amd64", "linux/amd64"),
            ("x86_64", "linux/amd64"),
            ("linux/amd64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("arm64", "linux/arm64"),
            ("aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
        ] {
            assert_eq!(text.parse::<Platform>().map(|p| p.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn machines_and_triplets_are_those_of_the_kernel_and_of_debian() {
        for (architecture, machine, triplet) in [
            ("amd64", "x86_64", "x86_64-linux-gnu"),
            ("arm64", "aarch64", "aarch64-linux-gnu"),
            ("386", "i686", "i386-linux-gnu"),
            ("arm", "armv7l", "arm-linux-gnueabihf"),
            ("ppc64le", "ppc64le", "powerpc64le-linux-gnu"),
            ("s390x", "s390x", "s390x-linux-gnu"),
        ] {
            let platform = Platform::normalized("linux", architecture, None);
            assert_eq!((platform.machine(), platform.triplet().as_str()), (machine, triplet), "{architecture}");
        }
    }

    #[test]
    fn unknown_platforms_are_refused() {
        for text in ["", "sparc", "windows/amd64", "linux/arm64/v9", "linux/amd64/v3", "a/b/c/d", "linux/arm/v7"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
