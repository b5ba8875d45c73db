//! Folders that shipwheel does not write to, because someone else decides what is in them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::user::TRUSTED_FOLDERS;
use crate::error_kind::ErrorKind;

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// A link where shipwheel follows none.
    #[error("{} is a link to {}, expected a folder", .path.display(), .target.display())]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// A folder of the cache that belongs to somebody else.
    #[error("{} belongs to {owner}, and shipwheel runs as {user}", .path.display())]
    Owner {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who is asking.
        user: String,
    },
    /// A folder of the cache that others can write to.
    #[error("{} belongs to this user, but others can write to it (mode {mode:04o})", .path.display())]
    Writable {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A folder above the cache that belongs to somebody else.
    #[error("{}, above {}, belongs to {owner}, who could replace what is in it; shipwheel runs as {user}", .above.display(), .path.display())]
    OwnerAbove {
        /// The cache.
        path: PathBuf,
        /// The folder, or a link on the way.
        above: PathBuf,
        /// Whose it is.
        owner: String,
        /// Who is asking.
        user: String,
    },
    /// A folder above the cache that others can write to.
    #[error("{} can be written by other users, who could replace {} (mode {mode:04o}, not sticky)", .above.display(), .path.display())]
    WritableAbove {
        /// The cache.
        path: PathBuf,
        /// The folder.
        above: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A device, a FIFO or a socket where an output file should appear.
    #[error("{} is a device, a FIFO or a socket, expected a file or nothing", .path.display())]
    Special {
        /// What is there.
        path: PathBuf,
    },
    /// A cache on a file system without locks.
    #[error("the file system of {} has no file locks, so nobody knows what other processes use of it", .path.display())]
    NoLocks {
        /// The cache.
        path: PathBuf,
    },
    /// A folder that another process holds.
    #[error("another process still writes to {} after {} seconds", .path.display(), .waited.as_secs())]
    Held {
        /// The folder.
        path: PathBuf,
        /// How long shipwheel waited.
        waited: Duration,
    },
}

impl PlaceError {
    /// Who can fix it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Link { .. }
            | Self::Owner { .. }
            | Self::Writable { .. }
            | Self::OwnerAbove { .. }
            | Self::WritableAbove { .. }
            | Self::Special { .. }
            | Self::NoLocks { .. }
            | Self::Held { .. } => ErrorKind::Output,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Link { .. } => {
                "shipwheel follows no links in an output folder or in the cache: name the folder itself, or remove the link".to_owned()
            }
            Self::Owner { .. } => {
                "set SHIPWHEEL_CACHE_DIR to a folder of your own; if the cache is yours (a volume of a container, sudo), \
                 give it to the user who builds: `chown -R`"
                    .to_owned()
            }
            Self::Writable { path, .. } => format!(
                "others may have changed what is in it: remove it, or set SHIPWHEEL_CACHE_DIR to a folder of your own; \
                 if you trust all who could write to it, `chmod -R go-w {}`",
                path.display()
            ),
            Self::OwnerAbove { above, .. } => {
                format!("set SHIPWHEEL_CACHE_DIR to a folder below one of your own or of root's, such as one in the user's \
                 home; in a container, a folder of the container itself; {}", vouching(above))
            }
            Self::WritableAbove { above, .. } => format!(
                "set SHIPWHEEL_CACHE_DIR to a folder elsewhere; {}, or `chmod go-w {}`",
                vouching(above),
                above.display()
            ),
            Self::Special { .. } => "an archive replaces what has its name: name a file".to_owned(),
            Self::NoLocks { .. } => {
                "end all builds and remove the whole cache (`cache clear`), or set SHIPWHEEL_CACHE_DIR to a local disk"
                    .to_owned()
            }
            Self::Held { .. } => "wait for the other process, or write to another folder".to_owned(),
        }
    }
}

/// How to have a folder taken as it is: that of a GitLab runner is open for everybody.
fn vouching(above: &Path) -> String {
    format!("if you trust all who can write there, set {TRUSTED_FOLDERS} to {}", above.display())
}
