//! What the user brings: the definition and the application's files.

pub(crate) mod application;
pub(crate) mod definition;
mod folder;
