//! Bundles: all that a build asks the network for, to be carried into a network that has no way out.

pub(crate) mod answers;
pub(crate) mod artifact;
pub(crate) mod bundle_error;
pub(crate) mod definition_texts;
pub(crate) mod input;
pub(crate) mod lender;
pub(crate) mod outside;
pub(crate) mod outside_source;
