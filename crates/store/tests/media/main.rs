//! Images in every medium: written by the one writer, read by the one reader, and the same everywhere.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on stops loudly, also in its helpers"
)]

mod hostile;
mod joined;
mod one_reader;
mod outputs;
mod places;
mod setup;
