//! One thing that a machine offers, or does not.

use shipwheel_store::ErrorKind;

/// How it is about something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferState {
    /// It is there and works.
    Ok,
    /// Something is less than it could be.
    Warn,
    /// It is not there, or does not work.
    Missing,
}

impl OfferState {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Missing => "missing",
        }
    }
}

/// One thing that a machine offers, or does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What it is: `cache`.
    pub name: &'static str,
    /// How it is about it.
    pub state: OfferState,
    /// What was found.
    pub found: String,
    /// What does not work because of it.
    pub lost: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether a plain build is impossible therefore, and who can change that.
    pub blocks: Option<ErrorKind>,
}

impl Offer {
    pub(crate) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: OfferState::Ok, found: found.into(), lost: None, hint: None, blocks: None }
    }

    pub(crate) fn warn(name: &'static str, found: impl Into<String>, lost: &str, hint: impl Into<String>) -> Self {
        let (lost, hint) = (Some(lost.to_owned()), Some(hint.into()));
        Self { state: OfferState::Warn, lost, hint, ..Self::ok(name, found) }
    }

    pub(crate) fn missing(name: &'static str, found: impl Into<String>, lost: &str, hint: impl Into<String>) -> Self {
        Self { state: OfferState::Missing, ..Self::warn(name, found, lost, hint) }
    }

    /// The same, without which nothing can be built.
    pub(crate) fn blocking(self, kind: ErrorKind) -> Self {
        Self { blocks: Some(kind), ..self }
    }
}
