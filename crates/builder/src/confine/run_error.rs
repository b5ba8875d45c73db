//! An image that cannot be run here, or not as it was asked for.

use std::path::PathBuf;

use shipwheel_store::ErrorKind;

/// Why an image does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Neither the image nor the command line says what to start.
    #[error("{image} has no command")]
    NoCommand {
        /// The image.
        image: String,
    },
    /// A user or a group that the image does not know.
    #[error("the image has no user `{user}`: {reason}")]
    UnknownUser {
        /// What was asked for, or the image's config has.
        user: String,
        /// What of it is not known.
        reason: String,
    },
    /// A volume of something that is not there.
    #[error("the volume `{}` is not on this machine", .path.display())]
    NoVolume {
        /// The path.
        path: PathBuf,
    },
    /// Every way to run an image fails here.
    #[error("this machine runs no image: {}", joined(.reasons))]
    NoWay {
        /// Each way, and why it fails.
        reasons: Vec<(&'static str, String)>,
    },
}

fn joined(reasons: &[(&'static str, String)]) -> String {
    reasons.iter().map(|(way, reason)| format!("\n  {way}: {reason}")).collect()
}

impl RunError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoCommand { .. } | Self::UnknownUser { .. } | Self::NoVolume { .. } => ErrorKind::Configuration,
            Self::NoWay { .. } => ErrorKind::Outside,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let text = match self {
            Self::NoCommand { .. } => "name what to start behind `--`, or set `config.cmd` in image.toml",
            Self::UnknownUser { .. } => "name a user by its number, such as `--user 65532:65532`",
            Self::NoVolume { .. } => "make the file or the folder first: nothing is made for a volume",
            Self::NoWay { .. } => {
                "allow user namespaces (sysctls user.max_user_namespaces, kernel.unprivileged_userns_clone, \
                 kernel.apparmor_restrict_unprivileged_userns; a container's seccomp profile), or install podman"
            }
        };
        text.to_owned()
    }
}
