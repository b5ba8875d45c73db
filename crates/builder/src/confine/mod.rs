//! How anything that comes out of an image is started: confined, by shipwheel itself, which becomes the program.

pub(crate) mod confine_error;
pub(crate) mod confinement;
pub(crate) mod container;
pub(crate) mod filter;
pub(crate) mod kernel;
pub(crate) mod landlock_rules;
pub(crate) mod namespaces;
pub(crate) mod privileges;
pub(crate) mod relay;
pub(crate) mod root_mounts;
pub(crate) mod run_error;
pub(crate) mod sandbox;
pub(crate) mod start_way;
