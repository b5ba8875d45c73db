//! Wheels: selected from the lock, fetched, built where the user asks for it, and installed.

pub(crate) mod chosen_wheel;
pub(crate) mod local_projects;
pub(crate) mod origins;
mod project_wheel;
mod pure_wheel;
mod sdist_wheel;
pub(crate) mod select;
pub(crate) mod wheels;
