//! What an image's interpreters load: the commands that start them, their options, and where they look.
//!
//! Values in, values out: nothing runs.

pub(crate) mod archive;
pub(crate) mod options;
pub(crate) mod place;
pub(crate) mod pth;
pub(crate) mod search_path;
pub(crate) mod start;
pub(crate) mod user_site;
