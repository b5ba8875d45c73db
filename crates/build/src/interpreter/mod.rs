//! A base's own interpreter on this host: found in its tree, put on disk, run without privilege.

mod compile;
mod detect;
mod rootfs;
mod worker;

pub(crate) use compile::{Compiler, Job};
pub(crate) use detect::{find_glibc, find_python};
pub(crate) use rootfs::{Rootfs, find_libraries, library_folders};
