//! Plans that cannot be made.

use shipwheel_oci::Platform;

use crate::pattern::PatternError;

/// Overlay file systems of some kernels and runtimes stop at 127 layers, and leave one to the container.
pub(super) const MAX_LAYERS: usize = 125;

/// A plan that cannot be made from these facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Nothing is known of a platform.
    #[error("no facts for {platform}")]
    NoFacts {
        /// The platform.
        platform: Platform,
    },
    /// The base has no interpreter, and the image needs one.
    #[error("the base for {platform} has no Python interpreter")]
    NoPython {
        /// The platform.
        platform: Platform,
    },
    /// The image would run at another level than its bytecode is compiled for, and load none of it.
    #[error("`config.env` sets PYTHONOPTIMIZE to `{found}`, but the bytecode is compiled for level {level}")]
    Level {
        /// What the environment says.
        found: String,
        /// What is compiled.
        level: u8,
    },
    /// Runtimes stack only so many layers.
    #[error(
        "the image for {platform} would have {count} layers, more than the {MAX_LAYERS} that container runtimes support"
    )]
    Layers {
        /// The platform.
        platform: Platform,
        /// How many.
        count: usize,
    },
    /// A pattern of an override is not valid.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// With this variable CPython looks for bytecode nowhere near the sources, and finds none.
    #[error("`config.env` sets PYTHONPYCACHEPREFIX to `{found}`, which keeps CPython from loading the bytecode")]
    CachePrefix {
        /// What the environment says.
        found: String,
    },
    /// A folder that files go into is a link in the base.
    #[error(
        "`{path}` is a link to `{target}` in the base for {platform}, and shipwheel does not write files through links"
    )]
    ThroughLink {
        /// The platform.
        platform: Platform,
        /// The folder.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// What the user may write to must belong to a number, and only the base knows which.
    #[error("the folders of `{key}` belong to the user `{user}`, and the base for {platform} has no number for it")]
    UnknownUser {
        /// The platform.
        platform: Platform,
        /// The key that names folders.
        key: &'static str,
        /// The user, as it is written.
        user: String,
    },
    /// A folder to write to is a file of the application, or below one.
    #[error("`{folder}` is to be a folder that the application writes to, but the application has a file at `{file}`")]
    WritableFile {
        /// The folder.
        folder: String,
        /// The file.
        file: String,
    },
}
