//! File names of wheels and the tags in them (PEP 427, PEP 425).

use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::DistributionName;

/// A file name that is not a wheel's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a wheel's file name: {reason}")]
pub struct WheelNameError {
    /// The text as it was found.
    pub found: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// A compatibility tag: `cp311-cp311-manylinux_2_17_x86_64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WheelTag {
    /// The interpreter: `cp311`, `py3`.
    pub python: String,
    /// The ABI: `cp311`, `abi3`, `none`.
    pub abi: String,
    /// The platform: `manylinux_2_17_x86_64`, `any`.
    pub platform: String,
}

impl fmt::Display for WheelTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

/// What a wheel's file name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelName {
    file_name: String,
    /// The distribution.
    pub distribution: DistributionName,
    /// Its version.
    pub version: Version,
    /// The build tag: a tie-breaker between wheels of the same version.
    pub build: Option<String>,
    /// Every tag, the compressed sets (`py2.py3`) written out.
    pub tags: Vec<WheelTag>,
}

/// More tags than any honest name has; compressed sets multiply.
const MAX_TAGS: usize = 1_000;

impl WheelName {
    /// The file name as it was found.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The three tag parts as the file name has them: `py2.py3-none-any`.
    pub fn compressed_tags(&self) -> &str {
        let stem = self.file_name.trim_end_matches(".whl");
        stem.rmatch_indices('-').nth(2).map_or(stem, |(at, _)| &stem[at + 1..])
    }

    /// The build tag as it orders: its leading number, then its text.
    pub(crate) fn build_order(&self) -> (u64, &str) {
        let build = self.build.as_deref().unwrap_or_default();
        let digits = build.bytes().take_while(u8::is_ascii_digit).count();
        (build[..digits].parse().unwrap_or(0), &build[digits..])
    }
}

fn expand(python: &str, abi: &str, platform: &str) -> Option<Vec<WheelTag>> {
    let valid = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let sets = [python, abi, platform].map(|set| set.split('.').map(str::to_ascii_lowercase).collect::<Vec<_>>());
    let count = sets.iter().map(Vec::len).product::<usize>();
    if count > MAX_TAGS || !sets.iter().flatten().all(|part| valid(part)) {
        return None;
    }
    let mut tags = Vec::with_capacity(count);
    for python in &sets[0] {
        for abi in &sets[1] {
            for platform in &sets[2] {
                tags.push(WheelTag { python: python.clone(), abi: abi.clone(), platform: platform.clone() });
            }
        }
    }
    Some(tags)
}

impl FromStr for WheelName {
    type Err = WheelNameError;

    /// Parses `numpy-2.1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`.
    fn from_str(text: &str) -> Result<Self, WheelNameError> {
        let error = |reason| WheelNameError { found: text.chars().take(200).collect(), reason };
        if text.len() > 255 {
            return Err(error("it is longer than 255 bytes"));
        }
        let stem = text.strip_suffix(".whl").ok_or_else(|| error("it does not end in .whl"))?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, python, abi, platform) = match parts[..] {
            [name, version, python, abi, platform] => (name, version, None, python, abi, platform),
            [name, version, build, python, abi, platform] => (name, version, Some(build), python, abi, platform),
            _ => return Err(error("expected five or six parts separated by `-`")),
        };
        if build.is_some_and(|build| !build.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(error("its build tag does not start with a digit"));
        }
        Ok(Self {
            file_name: text.to_owned(),
            distribution: name.parse().map_err(|_| error("its distribution is not a valid name"))?,
            version: version.parse().map_err(|_| error("its version is not valid (PEP 440)"))?,
            build: build.map(str::to_owned),
            tags: expand(python, abi, platform).ok_or_else(|| error("its tags are not valid"))?,
        })
    }
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_name)
    }
}

impl Serialize for WheelName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.file_name)
    }
}

impl<'de> Deserialize<'de> for WheelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_name_has_five_or_six_parts() {
        for (text, expected) in [
            ("Foo_Bar-1.0-py3-none-any.whl", Some("foo-bar 1.0 None py3-none-any")),
            ("a-1.0-2b-py2.py3-none-any.whl", Some("a 1.0 Some(\"2b\") py2-none-any py3-none-any")),
            ("torch-2.1.0+cpu-cp311-cp311-linux_x86_64.whl", Some("torch 2.1.0+cpu None cp311-cp311-linux_x86_64")),
            ("a-1.0-py3-none-any.zip", None),
            ("a-1.0-none-any.whl", None),
            ("a-x-py3-none-any.whl", None),
            ("a-1.0-b-py3-none-any.whl", None),
            ("a-1.0-py3..py2-none-any.whl", None),
            ("../a-1.0-py3-none-any.whl", None),
            ("a-1.0-py3-none-any/x.whl", None),
        ] {
            let shown = text.parse::<WheelName>().ok().map(|name| {
                let tags: Vec<_> = name.tags.iter().map(WheelTag::to_string).collect();
                format!("{} {} {:?} {}", name.distribution, name.version, name.build, tags.join(" "))
            });
            assert_eq!(shown.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_tags_are_shown_as_the_name_has_them() {
        let name: WheelName = "a-1.0-1-py2.py3-none-any.whl".parse().expect("valid");
        assert_eq!(name.compressed_tags(), "py2.py3-none-any");
        assert_eq!(name.build_order(), (1, ""));
        for (build, order) in [("10b", (10, "b")), ("2", (2, "")), ("007_x", (7, "_x"))] {
            let name: WheelName = format!("a-1.0-{build}-py3-none-any.whl").parse().expect("valid");
            assert_eq!((name.build_order(), name.compressed_tags()), (order, "py3-none-any"), "{build}");
        }
        let plain: WheelName = "a-1.0-py3-none-any.whl".parse().expect("valid");
        assert_eq!((plain.build_order(), plain.compressed_tags()), ((0, ""), "py3-none-any"));
    }

    #[test]
    fn a_name_has_the_length_of_a_file_name_at_most() {
        let named =
            |length: usize| format!("{}-1.0-py3-none-any.whl", "a".repeat(length - "-1.0-py3-none-any.whl".len()));
        assert!(named(255).parse::<WheelName>().is_ok_and(|name| name.file_name() == named(255)));
        assert!(named(256).parse::<WheelName>().is_err());
    }

    #[test]
    fn a_name_whose_tag_sets_multiply_is_refused() {
        let set = ["a"; 20].join(".");
        assert!(format!("a-1-{set}-{set}-{set}.whl").parse::<WheelName>().is_err());
        let count = |sizes: [usize; 3]| {
            let [python, abi, platform] = sizes.map(|size| vec!["a"; size].join("."));
            format!("a-1-{python}-{abi}-{platform}.whl").parse::<WheelName>().ok().map(|name| name.tags.len())
        };
        assert_eq!([count([2, 3, 5]), count([10, 10, 10]), count([7, 11, 13])], [Some(30), Some(1_000), None]);
    }

    proptest! {
        #[test]
        fn any_text_parses_or_is_refused(text in "[a-zA-Z0-9._+-]{0,40}(-py3-none-any)?(.whl)?") {
            if let Ok(name) = text.parse::<WheelName>() {
                prop_assert_eq!(name.to_string(), text);
                prop_assert!(!name.compressed_tags().is_empty());
            }
        }
    }
}
