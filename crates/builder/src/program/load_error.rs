//! An image that no runtime of this machine takes.

use shipwheel_store::ErrorKind;

/// Why an image is not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The program that loads images is not there.
    #[error("`{program}` is not on PATH")]
    NotThere {
        /// The program.
        program: &'static str,
    },
    /// Nothing that takes images was found.
    #[error("found neither Docker nor podman: {reason}")]
    Nothing {
        /// Why Docker does not answer.
        reason: String,
    },
}

impl LoadError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Outside
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotThere { program } => format!("install `{program}`, or add its folder to PATH"),
            Self::Nothing { .. } => {
                "name what is to load it with `--to`, or run the image without a runtime: `shipwheel run`".to_owned()
            }
        }
    }
}
