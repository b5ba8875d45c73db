//! Files of the user's that cannot be taken into an image, or into a project's copy.

use std::path::PathBuf;

use shipwheel_layer::{PathError, TreePath};
use shipwheel_plan::dockerignore::DockerignoreError;

use shipwheel_store::ErrorKind;

/// Why the files of a folder cannot be collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// A folder cannot be listed.
    #[error("failed to list {}", .folder.display())]
    List {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        #[source]
        cause: ignore::Error,
    },
    /// The path is a file, or does not exist.
    #[error("{} is not a folder", .path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// A file's name is not text.
    #[error("the name of {} is not UTF-8", .path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// A file's path cannot be one in an image.
    #[error("{} cannot have its path in the image", .path.display())]
    NotAllowed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: PathError,
    },
    /// A link that would break in the image or in the copy.
    #[error("{} is a link that leads out of the {whole}", .path.display())]
    LinkLeadsOut {
        /// The link.
        path: PathBuf,
        /// What it leads out of.
        whole: Whole,
    },
    /// A link by an absolute path, which leads elsewhere in a copy.
    #[error("{} is a link by an absolute path", .path.display())]
    AbsoluteLink {
        /// The link.
        path: PathBuf,
    },
    /// A device, a socket or a pipe.
    #[error("{} is neither a file, a folder nor a link", .path.display())]
    Special {
        /// The path.
        path: PathBuf,
    },
    /// A .dockerignore with a line that is not a pattern.
    #[error("{} cannot be read", .path.display())]
    Dockerignore {
        /// The file.
        path: PathBuf,
        /// The line, and what is wrong with it.
        #[source]
        cause: DockerignoreError,
    },
    /// Two files want one path in the image.
    #[error("two files want `{path}` in the image: {} and {other}", .one.display())]
    SamePath {
        /// The path in the image.
        path: TreePath,
        /// One file.
        one: PathBuf,
        /// The other.
        other: OtherFile,
    },
}

/// What a link may not lead out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// The files that `app.sources` collects.
    Application,
    /// The folder that is built into a wheel.
    Project,
}

impl std::fmt::Display for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Application => "application",
            Self::Project => "project",
        })
    }
}

/// The second file at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherFile {
    /// Another file of the application.
    File(PathBuf),
    /// A file of a project's wheel.
    Project,
}

impl std::fmt::Display for OtherFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Project => f.write_str("the project"),
        }
    }
}

impl ApplicationError {
    /// The files are the user's.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::LinkLeadsOut { whole: Whole::Application, .. } | Self::Special { .. } | Self::NotAllowed { .. } => {
                Some("leave it out with `exclude` in `[app]` of image.toml".to_owned())
            }
            Self::Dockerignore { .. } => {
                Some("write the line as Docker documents it; a `\\` before a letter takes it as it is".to_owned())
            }
            Self::SamePath { .. } => {
                Some("leave one of the two out with `include` or `exclude` in `[app]` of image.toml".to_owned())
            }
            Self::List { .. }
            | Self::NotAFolder { .. }
            | Self::NotUtf8 { .. }
            | Self::LinkLeadsOut { whole: Whole::Project, .. }
            | Self::AbsoluteLink { .. } => None,
        }
    }
}
