//! Programs of this machine that a build runs.

pub(crate) mod git;
pub(crate) mod keyring;
pub(crate) mod load_error;
pub(crate) mod program_error;
pub(crate) mod program_path;
pub(crate) mod project_files;
pub(crate) mod run;
pub(crate) mod uv;
