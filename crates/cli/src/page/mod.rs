//! The page that `inspect --html` writes: one file, without a network, whatever names an image has.

mod data;
pub(crate) mod document;
mod folders;
pub(crate) mod profile;
mod squarify;
mod treemap;
