//! What is in a platform's image: layers, packages, distributions, files and who brought each, bytecode.

pub(crate) mod comparison;
pub(crate) mod contents;
pub(crate) mod coverage;
pub(crate) mod description;
pub(crate) mod distributions;
mod layer_entries;
pub(crate) mod layers;
pub(crate) mod owner;
mod owners;
pub(crate) mod packages;
pub(crate) mod read;
pub(crate) mod settings;
pub(crate) mod system;
mod text_file;
