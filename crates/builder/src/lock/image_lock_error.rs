//! What can be wrong between a build and image.lock.

use std::path::PathBuf;

use shipwheel_plan::image_lock::difference::Difference;
use shipwheel_store::ErrorKind;

/// So many differences are listed one by one.
const SHOWN: usize = 40;

/// Why a build is not what is locked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageLockError {
    /// There is nothing to hold the build to.
    #[error("there is no {}, and `--locked` holds the build to it", .path.display())]
    NotThere {
        /// Where it would be.
        path: PathBuf,
    },
    /// Something differs.
    #[error("the image is not what {} has:{}", .path.display(), listed(.differences))]
    Differs {
        /// The lock.
        path: PathBuf,
        /// All that differs, what decides before what follows.
        differences: Vec<Difference>,
    },
}

fn listed(differences: &[Difference]) -> String {
    let lines = differences.iter().take(SHOWN).map(|difference| format!("\n  {difference}"));
    let more = differences.len().saturating_sub(SHOWN);
    lines.chain((more > 0).then(|| format!("\n  and {more} more"))).collect()
}

impl ImageLockError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotThere { .. } | Self::Differs { .. } => ErrorKind::Configuration,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let text = match self {
            Self::NotThere { .. } => "write it with `shipwheel lock --image`, and keep it with image.toml",
            Self::Differs { differences, .. } if differences.iter().all(Difference::is_of_application) => {
                "if the application was meant to change, lock again with `shipwheel lock --image`, or hold only what is \
                 below it with `--locked=dependencies`"
            }
            Self::Differs { .. } => {
                "if this was meant to change, lock again with `shipwheel lock --image`; with `--upgrade` the base is \
                 renewed too"
            }
        };
        text.to_owned()
    }
}
