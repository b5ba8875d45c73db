//! One blob on its way into a repository: where the registry awaits it, how it is sent, and the record of a broken upload.

mod address;
mod record;
mod send;

pub(super) use address::{UploadState, location};
pub(crate) use address::{closing, secure_location};
pub(super) use record::{MIN_RECORDED, UploadRecord};
pub(crate) use send::received;
pub(super) use send::{Begun, Upload};

#[cfg(test)]
mod tests;
