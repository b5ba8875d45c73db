//! The steps of a definition with what they are given, and whether they may run.

use std::sync::Arc;

use crate::project::definition::Definition;
use crate::project::project::Project;
use crate::session::Session;
use crate::wheel::origins::WheelOrigins;

/// What becomes of a step that has to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenNeeded {
    /// It is run.
    Run,
    /// It is only told: nothing that it makes is known.
    Tell,
}

/// The steps of a definition, and what they are given.
pub(crate) struct Preparation<'p> {
    pub(crate) session: &'p Session<'p>,
    pub(crate) definition: &'p Definition,
    pub(crate) project: &'p Project,
    pub(crate) origins: &'p Arc<WheelOrigins>,
    /// The minor version of the image's Python, if it has an environment.
    pub(crate) python: Option<u32>,
    pub(crate) when_needed: WhenNeeded,
}
