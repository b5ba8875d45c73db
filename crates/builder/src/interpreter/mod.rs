//! The interpreters that compile: a base's own, found in its tree and run without privilege, or this machine's.

mod choice;
mod compile;
mod detect;
pub(crate) mod host;
mod python;
mod rootfs;
mod worker;

pub use choice::InterpreterChoice;
pub(crate) use compile::{Compiler, Job};
pub(crate) use detect::{find_libc, find_python};
pub(crate) use python::Python;
pub(crate) use rootfs::{Rootfs, find_libraries, library_folders};
