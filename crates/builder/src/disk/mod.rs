//! Bytes of files on this machine, as the pure crates read them.

pub(crate) mod bytes;
pub(crate) mod file_error;
pub(crate) mod tar;
pub(crate) mod text;
pub(crate) mod unpack_error;
pub(crate) mod written;
