//! References to images in registries, with Docker's short names.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::digest::{Digest, DigestError};

/// The registry of names without a host.
pub const DEFAULT_REGISTRY: &str = "docker.io";

/// Its old name, which some files still have.
const LEGACY_REGISTRY: &str = "index.docker.io";

/// A text that is not a reference to an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not an image reference: {reason}")]
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

    /// The last part of a manifest's address: the digest if there is one, else the tag.
    pub fn version(&self) -> String {
        match (self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The same image, pinned to a digest.
    pub fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The repository by itself, without a tag and a digest.
    pub(crate) fn bare(&self) -> Self {
        Self { tag: None, digest: None, ..self.clone() }
    }

    /// The same repository under another tag.
    ///
    /// # Errors
    /// When the tag has characters that are not allowed in tags.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        format!("{}/{}:{tag}", self.registry, self.repository).parse()
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Parses by hand what `oci-spec` parses with a pattern that takes a tenth of a second to
    /// compile; a property test holds the two against each other.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let error = |reason: &str| ReferenceError { found: text.to_owned(), reason: reason.to_owned() };
        if text.contains('[') {
            return Err(error("IPv6 addresses are not supported; give the host a name"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let digest = digest.parse().map_err(|cause: DigestError| error(&cause.to_string()))?;
                (rest, Some(digest))
            }
            None => (text, None),
        };
        // A colon after the last slash begins the tag; one before it, a port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if name.chars().any(|c| c.is_ascii_uppercase()) {
            // `MyHost/a` would become a repository of Docker's default registry.
            return Err(error("host and repository must be lowercase"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(error(
                "a tag is 1 to 128 letters, digits, `_`, `.` and `-`, and begins with neither `.` nor `-`",
            ));
        }
        let (registry, repository) = split_registry(name);
        if !is_host(registry) {
            return Err(error("its host is not a host name with an optional port"));
        }
        if !repository.split('/').all(is_component) || registry.len() + repository.len() >= 255 {
            return Err(error(
                "a repository is lowercase letters and digits, with single `.`, `_`, `-` or `/` between them",
            ));
        }
        let implied = (tag.is_none() && digest.is_none()).then_some("latest");
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.into_owned(),
            tag: tag.or(implied).map(str::to_owned),
            digest,
        })
    }
}

/// Splits the host off, as Docker does it: `python` is `docker.io/library/python`.
fn split_registry(name: &str) -> (&str, Cow<'_, str>) {
    match name.split_once('/') {
        Some((DEFAULT_REGISTRY | LEGACY_REGISTRY, repository)) => match repository.contains('/') {
            true => (DEFAULT_REGISTRY, repository.into()),
            false => (DEFAULT_REGISTRY, format!("library/{repository}").into()),
        },
        Some((first, repository)) if names_host(first) => (first, repository.into()),
        Some(_) => (DEFAULT_REGISTRY, name.into()),
        None => (DEFAULT_REGISTRY, format!("library/{name}").into()),
    }
}

/// Whether the first part of a name is a registry's host, as Docker tells it from a repository's first part.
pub fn names_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost"
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(is_label)
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

/// Alphanumeric runs with `.`, `_`, `__` or any number of `-` between them.
fn is_component(text: &str) -> bool {
    let is_alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = text.split(is_alphanumeric).filter(|between| !between.is_empty());
    let allowed = |between: &str| matches!(between, "." | "_" | "__") || between.bytes().all(|byte| byte == b'-');
    text.starts_with(is_alphanumeric) && text.ends_with(is_alphanumeric) && { separators }.all(allowed)
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
        && text.bytes().next().is_some_and(is_word)
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
    use proptest::prelude::*;

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
    fn a_host_is_labels_with_an_optional_port() {
        for (host, valid) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("host.example", true),
            ("a-b.c-d.example:80", true),
            ("10.0.0.1:443", true),
            ("xn--80ak6aa92e.example", true),
            ("host.example:", false),
            ("host.example:port", false),
            ("host.example:80a", false),
            ("host.example:80:80", false),
            (":80", false),
            ("host..example", false),
            (".example", false),
            ("host.", false),
            ("-host.example", false),
            ("host-.example", false),
            ("host.-example", false),
            ("host_name.example", false),
            ("user%40host.example", false),
            ("höst.example", false),
        ] {
            let found = format!("{host}/a:1").parse::<Reference>().map(|it| it.registry().to_owned());
            match (valid, found) {
                (true, found) => assert_eq!(found.as_deref(), Ok(host)),
                (false, Err(error)) => assert!(error.reason.starts_with("its host"), "{error}"),
                (false, Ok(registry)) => panic!("`{host}` was taken as {registry}"),
            }
        }
    }

    #[test]
    fn names_and_tags_have_a_length_and_an_alphabet() {
        // The distribution spec: a name with its host is at most 255 characters, a tag at most 128.
        let longest = "a".repeat(255 - "host.example/".len());
        for (text, valid) in [
            (format!("host.example/{longest}:1"), true),
            (format!("host.example/{longest}a:1"), false),
            (format!("host.example/a:{}", "t".repeat(128)), true),
            (format!("host.example/a:{}", "t".repeat(129)), false),
            ("host.example/a:_.-".into(), true),
            ("host.example/a:.a".into(), false),
            ("host.example/a:-a".into(), false),
            ("host.example/a:a b".into(), false),
            ("host.example/a:a+b".into(), false),
            ("host.example/a:".into(), false),
            ("host.example:80/a".into(), true),
            ("host.example/a:80/b".into(), false),
        ] {
            assert_eq!(text.parse::<Reference>().is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn a_pinned_reference_names_the_same_image_by_its_digest() {
        let digest = Digest::of(b"");
        let tagged: Reference = "host.example:5000/a/b:1".parse().expect("valid");
        let pinned = tagged.pinned(digest);
        assert_eq!(pinned.to_string(), format!("host.example:5000/a/b:1@{digest}"));
        let by_digest: Reference = format!("host.example/a@{digest}").parse().expect("valid");
        let implied: Reference = "host.example/a".parse().expect("valid");
        for (reference, tag, version) in [
            (&tagged, Some("1"), "1".to_owned()),
            (&pinned, Some("1"), digest.to_string()),
            (&by_digest, None, digest.to_string()),
            (&implied, Some("latest"), "latest".to_owned()),
        ] {
            assert_eq!((reference.tag(), reference.version()), (tag, version), "{reference}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_reference_that_parses_here_means_the_same_to_oci_spec(
            text in "([a-z]{1,5}(\\.[a-z]{1,3}|:[0-9]{1,4}|)/|localhost/|(index\\.|)docker\\.io/|)[a-z0-9._/-]{1,9}(:[A-Za-z0-9_.-]{0,5}|)(@sha256:[0-9a-f]{64}|)"
        ) {
            let ours = text.parse::<Reference>();
            let theirs = text.parse::<oci_spec::distribution::Reference>();
            match (&ours, &theirs) {
                (Ok(ours), Ok(theirs)) => {
                    prop_assert_eq!(ours.registry(), theirs.registry());
                    prop_assert_eq!(ours.repository(), theirs.repository());
                    prop_assert_eq!(ours.tag(), theirs.tag());
                    prop_assert_eq!(ours.digest().map(|d| d.to_string()), theirs.digest().map(str::to_owned));
                }
                (Err(_), Err(_)) => {}
                // oci-spec takes `a.0_0/a`, whose host is not valid.
                (Err(error), Ok(_)) if error.reason.starts_with("its host") => {}
                _ => prop_assert!(false, "{}: {:?} but oci-spec {:?}", text, ours, theirs),
            }
        }

        #[test]
        fn any_text_parses_or_is_an_error(text in "\\PC{0,40}") {
            let _ = text.parse::<Reference>();
        }
    }

    #[test]
    fn a_tag_may_have_capitals() {
        assert!("host.example/a:V1".parse::<Reference>().is_ok());
    }
}
