//! Wheels that cannot be obtained, read, or installed together.

use shipwheel_python::install::{InstallError, OverlapError};
use shipwheel_python::wheel::{StrongHash, WheelError, WheelErrorKind};
use shipwheel_store::StoreError;

use shipwheel_store::ErrorKind;

/// Why the wheels of a platform cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WheelSetError {
    /// A wheel is broken or hostile.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A wheel cannot be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Two wheels have different files at one path.
    #[error(transparent)]
    Overlap(#[from] OverlapError),
    /// RECORDs differ from their archives, and image.toml does not allow it.
    #[error("wheels differ from their RECORD:{}", lines(.differences))]
    Records {
        /// Wheel and difference.
        differences: Vec<String>,
    },
    /// A file of the lock cannot be fetched.
    #[error(transparent)]
    Fetch(StoreError),
    /// The lock gives no address for a wheel, and no wheel folder has it.
    #[error("the lock has no URL for {wheel}")]
    NoAddress {
        /// The wheel's file name.
        wheel: String,
    },
    /// A file has none of the hashes that the lock lists in place of its sha256.
    #[error("{file} has none of the hashes in the lock: expected {}", expected(.hashes))]
    Unproved {
        /// The file's name.
        file: String,
        /// The hashes that it may have.
        hashes: Vec<StrongHash>,
    },
    /// `SHIPWHEEL_WHEEL_MIRRORS` cannot be read; its value may have a password in it.
    #[error("{variable} cannot be read: expected FROM=TO,FROM=TO, each side a URL")]
    Mirrors {
        /// The variable.
        variable: &'static str,
    },
    /// Wheels for one platform hold code for another processor.
    #[error("wheels contain code for another processor: {}", .files.join("; "))]
    Machine {
        /// Wheel, file, processor and platforms, one for each file.
        files: Vec<String>,
    },
}

impl WheelSetError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Fetch(error) => error.kind(),
            Self::Unproved { .. }
            | Self::Machine { .. }
            | Self::Wheel(WheelError { kind: WheelErrorKind::Hash { .. }, .. }) => ErrorKind::Verification,
            Self::Wheel(_)
            | Self::Install(_)
            | Self::Overlap(_)
            | Self::Records { .. }
            | Self::NoAddress { .. }
            | Self::Mirrors { .. } => ErrorKind::Configuration,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Fetch(error) => return fetch_hint(error),
            Self::NoAddress { .. } => "put the wheel into a folder of `python.wheels`, or lock it from an index",
            Self::Unproved { .. } => {
                "lock again, and find out who changed the file: its index or mirror serves another one"
            }
            Self::Machine { .. } => {
                "such a wheel was built for another platform and renamed: lock another version, and report it to its maintainers"
            }
            Self::Records { .. } => {
                "the lock's hash of the whole wheel is right: without `strict-records` in `[python]` of image.toml, this is \
                 a warning"
            }
            Self::Overlap(error) => return overlap_hint(error),
            Self::Wheel(_) | Self::Install(_) | Self::Mirrors { .. } => return None,
        };
        Some(text.to_owned())
    }
}

fn expected(hashes: &[StrongHash]) -> String {
    match hashes {
        [only] => only.to_string(),
        _ => format!("one of {}", hashes.len()),
    }
}

fn lines(differences: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut text: String = differences.iter().take(SHOWN).map(|difference| format!("\n  {difference}")).collect();
    if differences.len() > SHOWN {
        text += &format!("\n  and {} more", differences.len() - SHOWN);
    }
    text
}

fn overlap_hint(error: &OverlapError) -> Option<String> {
    let (first, second) = error.both()?;
    Some(format!(
        "if only one of the files matters, name the distribution that has it: `prefer = [\"{first}\"]` or `prefer = \
         [\"{second}\"]` in `[python]` of image.toml; or take one of them out of the lock"
    ))
}

/// The credentials of package indexes are elsewhere than those of registries.
/// What to do where a package index does not give a file.
pub(crate) fn fetch_hint(error: &StoreError) -> Option<String> {
    match error.status() {
        Some(401 | 403) => Some(
            "set UV_INDEX_<NAME>_USERNAME and UV_INDEX_<NAME>_PASSWORD for an index named in UV_INDEX, add a line \
             `machine HOST login USER password PASSWORD` to ~/.netrc, or set UV_KEYRING_PROVIDER=subprocess"
                .to_owned(),
        ),
        Some(404) => Some("the index no longer has the file, or a mirror lacks it: see `python.mirrors`".to_owned()),
        _ => error.hint(),
    }
}
