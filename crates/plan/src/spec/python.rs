//! `[python]`: the locked dependencies.

use crate::section::{Located, Section};

/// The dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonSpec {
    /// The lock file, relative to the image.toml.
    pub lock: Located<String>,
}

pub(super) fn read_python(top: &Section<'_>) -> Option<PythonSpec> {
    let python = top.section("python", &["lock"])?;
    Some(PythonSpec { lock: python.text("lock")? })
}
