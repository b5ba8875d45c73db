//! A repository in a registry by itself: whoever writes to it chooses the tags.

use std::fmt;
use std::str::FromStr;

use crate::reference::{Reference, ReferenceError};

/// A text that is not the name of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryError {
    /// It does not name anything in a registry.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// It names one thing in the repository.
    #[error("`{found}` names a {part}, expected a repository alone: {repository}")]
    Narrow {
        /// The text as it was found.
        found: String,
        /// What it names: a tag or a digest.
        part: &'static str,
        /// The repository that it is in.
        repository: Repository,
    },
}

/// A repository: `[host[:port]/]repository`, with Docker's short names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository(Reference);

impl Repository {
    /// The same as a reference without a tag and a digest, for what asks for no manifest.
    pub fn reference(&self) -> &Reference {
        &self.0
    }

    /// The image under a tag of it.
    ///
    /// # Errors
    /// When the tag has characters that are not allowed in tags.
    pub fn with_tag(&self, tag: &str) -> Result<Reference, ReferenceError> {
        self.0.with_tag(tag)
    }
}

impl FromStr for Repository {
    type Err = RepositoryError;

    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        let reference: Reference = text.parse()?;
        // A colon before the last slash begins a port.
        let has_tag = || text.rsplit_once(':').is_some_and(|(_, tag)| !tag.contains('/'));
        let part = match reference.digest() {
            Some(_) => Some("digest"),
            None => has_tag().then_some("tag"),
        };
        let repository = Self(reference.bare());
        match part {
            Some(part) => Err(RepositoryError::Narrow { found: text.to_owned(), part, repository }),
            None => Ok(repository),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn a_repository_has_neither_a_tag_nor_a_digest() {
        let digest = Digest::of(b"");
        let narrow = |text: &str, part: &str, repository: &str| {
            Err(format!("`{text}` names a {part}, expected a repository alone: {repository}"))
        };
        let pinned = format!("r.example/cache@{digest}");
        let both = format!("r.example/cache:1@{digest}");
        for (text, expected) in [
            ("r.example/team/cache", Ok("r.example/team/cache")),
            ("r.example:5000/cache", Ok("r.example:5000/cache")),
            ("cache", Ok("docker.io/library/cache")),
            ("r.example/cache:1", narrow("r.example/cache:1", "tag", "r.example/cache")),
            ("r.example:5000/cache:latest", narrow("r.example:5000/cache:latest", "tag", "r.example:5000/cache")),
            (&pinned, narrow(&pinned, "digest", "r.example/cache")),
            (&both, narrow(&both, "digest", "r.example/cache")),
        ] {
            let found = text.parse::<Repository>().map(|it| it.to_string()).map_err(|error| error.to_string());
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        }
        assert!("Registry/UPPER".parse::<Repository>().is_err());
        let tagged = "r.example/cache".parse::<Repository>().unwrap().with_tag("b1").unwrap();
        assert_eq!(tagged.to_string(), "r.example/cache:b1");
    }
}
