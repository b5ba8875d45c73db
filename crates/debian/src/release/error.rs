//! A release that cannot be trusted or read.

use std::string::FromUtf8Error;

use jiff::Timestamp;
use shipwheel_openpgp::{FormatError, Refusal};

/// A suite that cannot be trusted or read.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The file is not one cleartext message and nothing else.
    #[error("expected one signed cleartext message and nothing else")]
    NotSigned(#[source] FormatError),
    /// No key of the keyring made a signature that counts.
    #[error("found no valid signature: {}", .refusals.iter().map(Refusal::to_string).collect::<Vec<_>>().join("; "))]
    NoGoodSignature {
        /// What is wrong with each signature.
        refusals: Vec<Refusal>,
    },
    /// The signed text is not UTF-8.
    #[error("the signed text is not UTF-8")]
    NotUtf8(#[source] FromUtf8Error),
    /// A field is missing or cannot be read.
    #[error("the release has no valid `{field}`: found `{found}`")]
    Field {
        /// The field.
        field: &'static str,
        /// Its value, or the line of it; empty when it is missing.
        found: String,
    },
    /// The suite's `Valid-Until` has passed: the mirror could be serving old indexes.
    #[error(
        "suite `{suite}` was valid until {valid_until}, and it is {now}: set `check-valid-until = false` to build from an archived mirror anyway"
    )]
    Expired {
        /// The suite.
        suite: String,
        /// Its date of expiry.
        valid_until: Timestamp,
        /// The time it was checked at.
        now: Timestamp,
    },
    /// The suite's `Date` has not come yet: its clock or this machine's is wrong.
    #[error("the release of suite `{suite}` is dated {date}, and it is {now}")]
    Future {
        /// The suite.
        suite: String,
        /// When the release says that it was made.
        date: Timestamp,
        /// The time it was checked at.
        now: Timestamp,
    },
    /// A newer release was seen before: the mirror could be serving old packages with known faults.
    #[error("the release of suite `{suite}` is dated {date}, older than the one of {seen} that was seen before")]
    Older {
        /// The suite.
        suite: String,
        /// When the release was made.
        date: Timestamp,
        /// The date of the newest one that the archive had.
        seen: Timestamp,
    },
    /// A valid release, but of another suite.
    #[error("asked for suite `{expected}`, found the release of `{codename}` (suite `{suite}`)")]
    WrongSuite {
        /// What was asked for.
        expected: String,
        /// The name of the suite that came.
        suite: String,
        /// Its codename.
        codename: String,
    },
}
