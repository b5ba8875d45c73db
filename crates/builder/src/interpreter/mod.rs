//! The interpreters that compile: a base's own, found in its tree and run without privilege, or this machine's.

pub(crate) mod compile;
pub(crate) mod compilers;
pub(crate) mod detect;
pub(crate) mod host;
pub(crate) mod interpreter_error;
pub(crate) mod python;
pub(crate) mod rootfs;
mod worker;
