//! Data that is not OpenPGP data in the expected form.

/// Why data could not be read. Positions and lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A line of an armored block or a cleartext message is not what belongs there.
    #[error("line {line}: expected {expected}")]
    Line {
        /// The line.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// An armored block holds something other than base64.
    #[error("the armored block that begins on line {line} is not valid base64")]
    Base64 {
        /// The line of its header.
        line: usize,
    },
    /// A packet is cut off, or has a partial or indeterminate length.
    #[error("packet {position} is cut off or has no definite length")]
    Packet {
        /// Which packet.
        position: usize,
    },
    /// There is more of something than any valid input has.
    #[error("found more than {max} {what}")]
    TooMany {
        /// The things that were counted.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// The data holds none of what it should.
    #[error("found no {what}")]
    Missing {
        /// What was expected.
        what: &'static str,
    },
}
