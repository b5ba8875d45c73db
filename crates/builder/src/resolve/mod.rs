//! A definition → the facts that a plan needs, and what its layers are made from.

mod based;
mod libraries;
mod resolve;
pub(crate) mod resolved;

pub(crate) use resolve::resolve;
