//! What a user chooses by flags.

use std::collections::BTreeSet;

use shipwheel_python::DistributionName;

use super::write::{self, Line};

/// What the user chose, where a folder leaves a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// The file that decides what is installed, relative to the folder.
    pub lock: Option<String>,
    /// What is started.
    pub cmd: Option<Vec<String>>,
    /// The entry point; then `cmd` is its arguments.
    pub entrypoint: Option<Vec<String>>,
    /// The ports that are exposed; the first is where a server listens.
    pub ports: Vec<u16>,
    /// The image's name.
    pub name: Option<String>,
    /// The distributions whose source distributions may be built on this machine.
    pub allow_build: BTreeSet<DistributionName>,
}

impl Choices {
    /// The line of `[python]` that says what may be built.
    pub(super) fn allowed(&self) -> Option<Line> {
        let names = write::list(self.allow_build.iter().map(DistributionName::as_str));
        (!self.allow_build.is_empty()).then(|| Line::new("allow-build", names, "what --allow-build says"))
    }
}
