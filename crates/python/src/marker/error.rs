//! A text that is not a marker.

/// A text that is not a marker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("marker `{text}` is not valid at byte {offset}: {reason}")]
pub struct MarkerError {
    /// The marker.
    pub text: String,
    /// Where in it, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}
