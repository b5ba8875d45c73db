//! What the user brings: the definition and the application's files.

pub(crate) mod application;
pub(crate) mod application_error;
pub(crate) mod collected_file;
pub(crate) mod collector;
pub(crate) mod definition;
pub(crate) mod definition_error;
mod folder;
pub(crate) mod hashed;
pub(crate) mod ignored;
mod left_out;
pub(crate) mod left_out_folder;
pub(crate) mod project;
pub(crate) mod pyprojects;
pub(crate) mod suspect;
pub(crate) mod text_files;
pub(crate) mod uv_workspace;
mod whole_folder;
pub(crate) mod workspace;
