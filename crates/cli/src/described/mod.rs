//! An image and the difference of two, as tables for people and as JSON for programs.

pub(crate) mod difference_json;
pub(crate) mod difference_text;
pub(crate) mod holds;
pub(crate) mod image_json;
pub(crate) mod image_text;
