//! Bases: assembled from Debian's packages, or images of a registry, a layout or an archive.

pub(crate) mod base_error;
pub(crate) mod debian;
pub(crate) mod debian_error;
pub(crate) mod debian_source;
mod describe;
pub(crate) mod image;
mod in_order;
pub(crate) mod meanwhile;
pub(crate) mod mirror;
pub(crate) mod releases;
pub(crate) mod resolve;
pub(crate) mod resolved;
pub(crate) mod restore;
pub(crate) mod stdlib_source;
