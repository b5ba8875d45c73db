//! Why an entry of a tar is refused, before it is known where the entry stands.

/// What is wrong with an entry, as the end of a sentence that begins with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Programs read it differently, or some refuse it: `has a wrong checksum`.
    Ambiguous(&'static str),
    /// All may read it alike, but no file system is like that: `is a sparse file`.
    Form(&'static str),
}
