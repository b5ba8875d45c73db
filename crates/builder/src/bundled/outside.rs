//! Who answers what a build cannot know by itself: the network, the network with somebody who takes notes, or a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use shipwheel_oci::{Digest, Hasher};
use shipwheel_store::StoreError;

use super::answers::{About, Answers};
use super::input::{Input, InputKind};

/// Where answers and files come from that this machine does not have.
#[derive(Debug, Clone, Default)]
pub enum Outside {
    /// The network, as far as it may be asked.
    #[default]
    Network,
    /// The network; what it gives is noted.
    Noted(Arc<Notes>),
    /// A bundle, and nobody else. Its files are in the cache.
    Bundle(Arc<Answers>),
}

/// What a build asked for and took.
#[derive(Debug, Default)]
pub struct Notes {
    noted: Mutex<Noted>,
}

/// All that was noted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noted {
    pub(crate) answers: Answers,
    pub(crate) inputs: BTreeMap<Digest, Input>,
    /// What could not be had, and why.
    pub(crate) missing: BTreeSet<String>,
}

impl Notes {
    /// All that was noted so far.
    pub(crate) fn noted(&self) -> Noted {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outside {
    /// Whether a bundle answers, and nobody else.
    pub(crate) fn is_bundle(&self) -> bool {
        matches!(self, Self::Bundle(_))
    }

    /// Makes a key one of what follows from a bundle's answers: what is remembered of them must not be taken for what
    /// the network said.
    pub(crate) fn add_to(&self, hasher: &mut Hasher) {
        if let Self::Bundle(answers) = self {
            hasher.field("bundle").field(answers.to_json());
        }
    }

    /// What a bundle answers.
    pub(crate) fn known<T: DeserializeOwned>(&self, about: About, question: &str) -> Option<T> {
        match self {
            Self::Bundle(answers) => answers.get(about, question),
            Self::Network | Self::Noted(_) => None,
        }
    }

    /// Notes what the network answered.
    pub(crate) fn note<T: Serialize>(&self, about: About, question: &str, answer: &T) {
        if let Self::Noted(notes) = self
            && let Ok(answer) = serde_json::to_value(answer)
        {
            notes.lock().answers.add(about, question, answer);
        }
    }

    /// Notes what could not be fetched: one error may say it of several files, and each platform has its own.
    pub(crate) fn note_missing(&self, error: &StoreError) {
        if let Self::Noted(notes) = self {
            notes.lock().missing.extend(error.each().iter().map(ToString::to_string));
        }
    }

    /// Notes a file of the cache that the network gave, now or in an earlier run.
    pub(crate) fn note_input(&self, kind: InputKind, name: &str, digest: Digest) {
        if let Self::Noted(notes) = self {
            let input = Input { kind, name: name.to_owned() };
            let mut noted = notes.lock();
            // Whichever of two names comes first, one and the same stays.
            let known = noted.inputs.entry(digest).or_insert_with(|| input.clone());
            if input < *known {
                *known = input;
            }
        }
    }
}
