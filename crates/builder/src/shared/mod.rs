//! A registry as the cache of many machines: what a build found out and made, under one tag for each image.

pub(crate) mod far_cache;
pub(crate) mod manifest;
pub(crate) mod place;
pub(crate) mod records;
