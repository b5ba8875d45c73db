//! What a search for the start has seen so far, for the error at its end and for the notes at what was found.

use crate::derive::entry::Entry;

/// A search.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// What was looked for and not found, or found and not taken.
    pub(super) looked_for: Vec<String>,
    /// What the user wrote and the image cannot start, with the reason.
    pub(super) passed_over: Vec<String>,
    /// Modules that would start and do nothing: their application waits for a server.
    pub(super) unserved: Vec<String>,
    /// The development server of an application that waits for another one.
    pub(super) development: Option<Entry>,
    /// What to do where nothing is found.
    pub(super) advice: Option<String>,
}

impl Search {
    /// The start of what the user wrote; where an image cannot start it, the reason is kept.
    pub(super) fn taken(&mut self, written: &str, entry: Result<Entry, String>) -> Option<Entry> {
        entry.map_err(|why| self.passed_over.push(format!("{written}: {why}"))).ok()
    }
}

/// What a place says that may name a start.
pub(super) enum Found {
    /// What is started.
    Start(Box<Entry>),
    /// Several starts that nothing prefers over one another.
    Several(Vec<Entry>),
    Nothing,
}

impl Found {
    pub(super) fn start(entry: Entry) -> Self {
        Self::Start(Box::new(entry))
    }

    /// The same, unless it starts something that does not serve beside an application that a development server could.
    pub(super) fn beside(self, development: Option<Entry>) -> Self {
        match (self, development) {
            (Self::Start(other), Some(development)) if other.ports.is_empty() => {
                Self::Several(vec![development, *other])
            }
            (Self::Several(others), Some(development)) if others.iter().all(|other| other.ports.is_empty()) => {
                Self::Several([development].into_iter().chain(others).collect())
            }
            (found, _) => found,
        }
    }

    /// One start, several, or none.
    pub(super) fn of(mut entries: Vec<Entry>) -> Self {
        match entries.len() {
            0 => Self::Nothing,
            1 => entries.pop().map_or(Self::Nothing, Self::start),
            _ => Self::Several(entries),
        }
    }
}
