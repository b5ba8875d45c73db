//! What the network answered to the questions of a build: names and the digests that they stand for.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipwheel_oci::canonical_json;

/// The media type of the blob.
pub(crate) const ANSWERS_TYPE: &str = "application/vnd.shipwheel.bundle.answers.v1+json";

/// The longest answers that are read.
pub(crate) const MAX_ANSWERS: u64 = 64 << 20;

/// What a question is about.
///
/// No answer is believed that can be proved: what is proved, and by what, stands beside each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum About {
    /// The `InRelease` of a suite of Debian, or none: proved by its signature.
    Release,
    /// The manifest that a reference stands for on a platform: as true as whoever made the bundle, unless the reference
    /// has a digest.
    Base,
    /// The files that package indexes have for a pin: proved by the pin's hashes.
    Files,
    /// The sha256 of a file that a lock knows by a stronger hash: proved by that hash.
    Sha256,
    /// The lock that uv makes of requirements: proved by their hashes.
    Lock,
    /// The wheel that a project, a source distribution or a commit was built into: as true as whoever made the bundle.
    Wheel,
}

/// Answers by question. Two builds that ask the same have the same bytes of answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    answers: BTreeMap<About, BTreeMap<String, Value>>,
}

impl Answers {
    /// Reads what a stranger may have written.
    ///
    /// # Errors
    /// When it is nothing that [`Answers::to_json`] writes.
    pub(crate) fn parse(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// Its bytes.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        canonical_json(self)
    }

    /// Adds the answer to a question; the last one counts.
    pub(super) fn add(&mut self, about: About, question: &str, answer: Value) {
        self.answers.entry(about).or_default().insert(question.to_owned(), answer);
    }

    /// The answer to a question; one of another form counts as none.
    pub(super) fn get<T: DeserializeOwned>(&self, about: About, question: &str) -> Option<T> {
        serde_json::from_value(self.answers.get(&about)?.get(question)?.clone()).ok()
    }

    /// The questions of a kind.
    pub(crate) fn questions(&self, about: About) -> impl Iterator<Item = &str> {
        self.answers.get(&about).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back_and_strange_ones_are_refused_or_none() {
        let mut answers = Answers::default();
        answers.add(About::Release, "bookworm", "x".into());
        answers.add(About::Release, "bookworm-updates", Value::Null);
        answers.add(About::Base, "a linux/amd64", 1.into());
        let bytes = answers.to_json();
        let read = Answers::parse(&bytes).expect("our own");
        assert_eq!((&read, read.to_json()), (&answers, bytes));
        assert_eq!(read.get::<String>(About::Release, "bookworm").as_deref(), Some("x"));
        assert_eq!(read.get::<Option<String>>(About::Release, "bookworm-updates"), Some(None));
        assert_eq!(read.get::<String>(About::Base, "a linux/amd64"), None, "of another form");
        assert_eq!(read.get::<String>(About::Base, "b"), None);
        assert_eq!(read.questions(About::Release).collect::<Vec<_>>(), ["bookworm", "bookworm-updates"]);
        for text in ["", "[]", "{}", r#"{"answers":{"other":{}}}"#, r#"{"answers":{"base":[]}}"#] {
            assert!(Answers::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
