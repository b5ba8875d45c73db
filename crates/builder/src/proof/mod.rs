//! Proof that native code fits the image, before anything is published.

mod judge;
mod needs;
pub(crate) mod prove;
