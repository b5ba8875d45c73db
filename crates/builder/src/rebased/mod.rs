//! An image on another base: where the old one ends, what stays true on the new one, and why it may not.

pub(crate) mod native;
pub(crate) mod own_files;
pub(crate) mod pythons;
pub(crate) mod rebase_error;
pub(crate) mod stdlib_layers;
