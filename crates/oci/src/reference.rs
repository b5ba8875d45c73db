//! References to images in registries: `oci-spec`'s parser, with its flaws mended at the door.

use std::fmt;
use std::str::FromStr;

use oci_spec::distribution::Reference as Parsed;

use crate::Digest;

/// A text that names no image in a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no image reference: {reason}")]
pub struct ReferenceError {
    /// The text as it was found.
    pub found: String,
    /// What is wrong with it.
    pub reason: String,
}

/// An image in a registry: `[host[:port]/]repository[:tag][@digest]`, with Docker's short names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The registry's host, with its port: `docker.io`, `127.0.0.1:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository, `library/` included.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `latest` where neither tag nor digest were given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the reference is pinned.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// What goes behind `/manifests/`: the digest if there is one, else the tag.
    pub fn version(&self) -> String {
        match (self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The same image, pinned: a reference that never means anything else.
    pub fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The same repository under another tag.
    ///
    /// # Errors
    /// When the tag has characters that tags may not have.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        format!("{}/{}:{tag}", self.registry, self.repository).parse()
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let error = |reason: &str| ReferenceError { found: text.to_owned(), reason: reason.to_owned() };
        // `MyHost/a` would become a repository of Docker's default registry, and `org/App` would
        // be refused with a message about something else.
        let name = text.split('@').next().unwrap_or(text);
        let repository_part = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(n, _)| n);
        if repository_part.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(error("host and repository must be lowercase"));
        }
        if text.contains('[') {
            return Err(error("IPv6 addresses are not supported; give the host a name"));
        }
        let parsed: Parsed =
            text.parse().map_err(|cause: oci_spec::distribution::ParseError| error(&cause.to_string()))?;
        let digest = match parsed.digest() {
            Some(digest) => Some(digest.parse().map_err(|cause: crate::DigestError| error(&cause.to_string()))?),
            None => None,
        };
        let tag = parsed.tag().map(str::to_owned);
        let tag = if tag.is_none() && digest.is_none() { Some("latest".to_owned()) } else { tag };
        Ok(Self { registry: parsed.registry().to_owned(), repository: parsed.repository().to_owned(), tag, digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_ports_tags_and_digests_parse() {
        let digest = Digest::of(b"").to_string();
        for (text, expected) in [
            ("python:3.12-slim".to_owned(), "docker.io/library/python:3.12-slim".to_owned()),
            ("org/app".into(), "docker.io/org/app:latest".into()),
            ("localhost/a".into(), "localhost/a:latest".into()),
            ("127.0.0.1:5000/a/b:1".into(), "127.0.0.1:5000/a/b:1".into()),
            (format!("host.example/a@{digest}"), format!("host.example/a@{digest}")),
            (format!("host.example/a:1@{digest}"), format!("host.example/a:1@{digest}")),
        ] {
            assert_eq!(text.parse::<Reference>().map(|r| r.to_string()).as_deref(), Ok(expected.as_str()), "{text}");
        }
    }

    #[test]
    fn references_that_mean_something_else_than_they_say_are_refused() {
        let upper = Digest::of(b"").to_string().replace("e3b0", "E3B0");
        for text in ["", "MyHost/a", "org/App:1", "[::1]:5000/a", "a b", &format!("a@{upper}"), "a@md5:abc", "a:"] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_tag_may_have_capitals() {
        assert!("host.example/a:V1".parse::<Reference>().is_ok());
    }
}
