//! Mirrors of registries: which mirrors are asked first, and whether the registry itself is asked at all.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use shipwheel_oci::Reference;

use crate::disk::small_file::read_small_text_if_there;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::limits::MAX_SETTINGS;

/// The mirrors of `images/registries.toml`:
///
/// ```toml
/// [mirrors."docker.io/library"]
/// locations = ["mirror.example/hub", "second.example/library"]
/// origin = false        # never ask the registry itself: for sites without internet
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirrors {
    #[serde(default)]
    mirrors: BTreeMap<String, Mirror>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mirror {
    /// What replaces the prefix, in the order in which the mirrors are asked.
    locations: Vec<String>,
    /// Whether the registry itself is asked when no mirror has the image.
    #[serde(default = "yes")]
    origin: bool,
}

fn yes() -> bool {
    true
}

impl Mirrors {
    /// Reads the file; without one there are no mirrors.
    ///
    /// # Errors
    /// When it cannot be read, has unknown keys, or names something that is not a registry.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_small_text_if_there(path, MAX_SETTINGS).map_err(StoreError::file(FileAction::Read, path))?;
        let Some(text) = text else { return Ok(Self::default()) };
        Self::parse(&text).map_err(|reason| StoreError::Settings { path: path.to_owned(), reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mirrors: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        for (prefix, mirror) in &mirrors.mirrors {
            for location in std::iter::once(prefix).chain(&mirror.locations) {
                let location = location.trim_end_matches('/');
                // With a repository behind it: a short name would become one of Docker's.
                let parsed = format!("{location}/x/y").parse::<Reference>();
                if !parsed.is_ok_and(|parsed| parsed.to_string() == format!("{location}/x/y:latest")) {
                    return Err(format!("`{location}` is not a registry: expected HOST or HOST/PATH"));
                }
            }
            if mirror.locations.is_empty() && !mirror.origin {
                return Err(format!("`{prefix}` has no mirror, but `origin = false`"));
            }
        }
        Ok(mirrors)
    }

    /// The references to ask for, in order; the last is the reference itself, unless `origin = false`.
    pub(crate) fn references(&self, reference: &Reference) -> Vec<Reference> {
        let name = format!("{}/{}", reference.registry(), reference.repository());
        let rest = |prefix: &str| {
            let rest = name.strip_prefix(prefix.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
        };
        let best = self.mirrors.iter().filter_map(|(prefix, mirror)| Some((prefix.len(), rest(prefix)?, mirror)));
        let Some((_, rest, mirror)) = best.max_by_key(|(length, ..)| *length) else { return vec![reference.clone()] };
        let version = &reference.to_string()[name.len()..];
        let moved = mirror
            .locations
            .iter()
            .filter_map(|location| format!("{}{rest}{version}", location.trim_end_matches('/')).parse().ok());
        moved.chain(mirror.origin.then(|| reference.clone())).collect()
    }

    /// Asks one mirror after the other until one has the image. If none has it, the error is that of the first.
    pub(crate) fn first<T>(&self, reference: &Reference, ask: impl Fn(&Reference) -> Result<T>) -> Result<T> {
        let mut first_error = None;
        for mirror in self.references(reference) {
            match ask(&mirror) {
                Ok(value) => return Ok(value),
                // A full disk stays full, and somebody should see that bytes were changed.
                Err(error @ (StoreError::File { .. } | StoreError::Digest { .. })) => return Err(error),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        let none = || StoreError::Url {
            url: reference.to_string(),
            reason: "it has no mirror, but `origin = false`".to_owned(),
        };
        Err(first_error.unwrap_or_else(none))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [mirrors."docker.io"]
        locations = ["mirror.example/hub"]
        [mirrors."docker.io/library"]
        locations = ["first.example:5000", "second.example/a/b"]
        origin = false
    "#;

    #[test]
    fn the_longest_prefix_decides_where_to_ask() {
        let mirrors = Mirrors::parse(TEXT).unwrap();
        let digest = shipwheel_oci::Digest::of(b"");
        for (reference, expected) in [
            ("python:3.13".to_owned(), "first.example:5000/python:3.13 second.example/a/b/python:3.13".to_owned()),
            ("org/app:1".to_owned(), "mirror.example/hub/org/app:1 docker.io/org/app:1".to_owned()),
            ("libraryx/app:1".to_owned(), "mirror.example/hub/libraryx/app:1 docker.io/libraryx/app:1".to_owned()),
            ("registry.example/a:1".to_owned(), "registry.example/a:1".to_owned()),
            (format!("org/app@{digest}"), format!("mirror.example/hub/org/app@{digest} docker.io/org/app@{digest}")),
        ] {
            let references = mirrors.references(&reference.parse().unwrap());
            let references: Vec<String> = references.iter().map(ToString::to_string).collect();
            assert_eq!(references.join(" "), expected, "{reference}");
        }
    }

    #[test]
    fn mistakes_in_the_file_are_errors() {
        for (text, expected) in [
            ("[mirror.x]", "unknown field `mirror`"),
            ("[mirrors.'a.example']\nlocations = []\nmirror = 1", "unknown field `mirror`"),
            ("[mirrors.'a.example']\nlocations = ['https://b.example']", "is not a registry"),
            ("[mirrors.'python']\nlocations = ['b.example']", "is not a registry"),
            ("[mirrors.'a.example']\nlocations = []\norigin = false", "no mirror"),
            ("[mirrors.'a.example']", "missing field `locations`"),
            ("[", "TOML parse error"),
        ] {
            let error = Mirrors::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert_eq!(Mirrors::parse("").unwrap(), Mirrors::default());
    }
}
