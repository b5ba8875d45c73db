//! An image taken apart, for `verify`, `startup` and `describe`.

mod blob;
pub(crate) mod chain;
pub(crate) mod counted;
pub(crate) mod finding;
pub(crate) mod image_error;
pub(crate) mod modules;
pub(crate) mod opened;
pub(crate) mod original_image;
pub(crate) mod python;
