//! What this machine offers to builds, and what is missing: a line for each, with what does not work because of it.

pub(crate) mod cache_place;
pub(crate) mod kernel_offers;
pub(crate) mod logins;
pub(crate) mod machine_error;
pub(crate) mod network;
pub(crate) mod offer;
pub(crate) mod programs;
