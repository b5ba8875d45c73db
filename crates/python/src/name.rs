//! Names of distributions, in the one form in which they compare (PEP 503).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that is not a distribution's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a distribution name: expected letters, digits, `.`, `-` and `_`, not at the ends")]
pub struct NameError {
    /// The text as it was found.
    pub found: String,
}

/// A distribution's name, normalized: lowercase, runs of `-`, `_` and `.` are one `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DistributionName(String);

impl DistributionName {
    /// The normalized text: `typing-extensions`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that a text begins with, and the rest of it: `requests[socks]>=2`, `PySocks (>=1.5.6)`.
    ///
    /// # Errors
    /// When it begins with something else.
    pub fn at_start(text: &str) -> Result<(Self, &str), NameError> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        Ok((name.parse()?, rest))
    }
}

/// Normalizes any text as PEP 503 does: names of distributions, extras and groups.
pub fn normalized(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '-' | '_' | '.' if name.ends_with('-') => {}
            '-' | '_' | '.' => name.push('-'),
            other => name.push(other.to_ascii_lowercase()),
        }
    }
    name
}

impl FromStr for DistributionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let at_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let ends = at_end(text.bytes().next()) && at_end(text.bytes().next_back());
        if !ends || text.len() > 255 || !text.bytes().all(inner) {
            return Err(NameError { found: text.chars().take(200).collect() });
        }
        Ok(Self(normalized(text)))
    }
}

impl fmt::Display for DistributionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for DistributionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DistributionName {
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
    fn names_compare_in_their_normal_form() {
        for (text, expected) in [
            ("Typing_Extensions", Some("typing-extensions")),
            ("zope.interface", Some("zope-interface")),
            ("a--__..b", Some("a-b")),
            ("A", Some("a")),
            ("", None),
            ("-a", None),
            ("a-", None),
            ("a/b", None),
            ("ä", None),
            ("a b", None),
            (&"a".repeat(255), Some(&"a".repeat(255))),
            (&"a".repeat(256), None),
        ] {
            assert_eq!(text.parse().ok().as_ref().map(DistributionName::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_text_begins_with_a_name() {
        for (text, expected) in [
            ("A_b[x]>=1", Some(("a-b", "[x]>=1"))),
            ("PySocks (>=1.5.6)", Some(("pysocks", " (>=1.5.6)"))),
            ("a", Some(("a", ""))),
            ("a-==1", None),
            ("(a)", None),
            ("", None),
        ] {
            let found = DistributionName::at_start(text).ok();
            assert_eq!(found.as_ref().map(|(name, rest)| (name.as_str(), *rest)), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own_normal_form(text in "[a-zA-Z0-9]([a-zA-Z0-9._-]{0,20}[a-zA-Z0-9])?") {
            let once: DistributionName = text.parse().expect("valid");
            prop_assert_eq!(once.as_str().parse::<DistributionName>().expect("valid"), once);
        }

        #[test]
        fn any_text_parses_or_is_refused(text in ".*") {
            let _ = text.parse::<DistributionName>();
        }
    }
}
