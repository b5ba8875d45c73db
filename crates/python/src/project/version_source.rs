//! Where a version comes from that `[project]` does not say: a file of the project, or the tags of its repository.

use crate::project::input::Input;
use crate::project::keys::Keys;
use crate::project::not_static::NotStatic;
use crate::project::python_text::{Literal, literal};

/// The version that a file of the project says in a line such as `__version__ = "1.0"`.
pub(super) fn in_file(input: &Input<'_>, path: &str, names: &[&str]) -> Result<String, NotStatic> {
    match literal(&input.files.text(path)?, names) {
        Literal::Text(version) => Ok(version),
        Literal::Missing | Literal::Other => {
            Err(NotStatic::because(format!("`{path}` does not say the version in one plain line")))
        }
    }
}

/// The path that a table of `[tool]` names for the version; it must have no other key than `source`.
pub(super) fn path_of(version: &Keys<'_>) -> Result<String, NotStatic> {
    version.only(&["source", "path"])?;
    let path = version.text("path")?.and_then(crate::glob::normal);
    path.ok_or_else(|| NotStatic::because("its version comes from code"))
}
