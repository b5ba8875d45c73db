//! Layers: from the plan's inputs to blobs in the cache, and from those to an image.

pub(crate) mod assemble;
pub(crate) mod ingredients;
pub(crate) mod kept_layer;
pub(crate) mod last_build;
pub(crate) mod layer_error;
pub(crate) mod layer_record;
pub(crate) mod layers;
pub(crate) mod report;
pub(crate) mod stdlib_plan;
pub(crate) mod store_layer;
