//! Wheels: selected from the lock, fetched, built where the user asks for it, and installed.

pub(crate) mod describe;
pub(crate) mod git_wheel;
pub(crate) mod installed_projects;
pub(crate) mod local_projects;
pub(crate) mod origins;
pub(crate) mod project_error;
pub(crate) mod project_sources;
pub(crate) mod project_version;
pub(crate) mod project_wheel;
mod pure_wheel;
pub(crate) mod sdist_wheel;
pub(crate) mod select;
mod unhashed;
pub(crate) mod wheel_set_error;
pub(crate) mod wheels;
