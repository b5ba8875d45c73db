//! Tars of layers against the other programs that read them: all read one thing, or shipwheel refuses.
//!
//! The judges are Python's tarfile, GNU tar, bsdtar (libarchive) and umoci (Go's archive/tar, as in Docker, containerd
//! and Podman).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod differential;
mod generator;
mod honest;
mod judges;
mod member;
mod reading;
mod stacks;
