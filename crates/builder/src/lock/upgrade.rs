//! The versions that may change when a lock is made again.

use std::process::Command;

/// The versions that may change when a lock exists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upgrade {
    /// All of them.
    pub all: bool,
    /// Those of these distributions.
    pub packages: Vec<String>,
}

impl Upgrade {
    /// As uv takes it.
    pub(crate) fn apply(&self, command: &mut Command) {
        if self.all {
            command.arg("--upgrade");
        }
        for package in &self.packages {
            command.arg("--upgrade-package").arg(package);
        }
    }
}
