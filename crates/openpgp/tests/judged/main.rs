//! What counts as a signature, held against gpgv, sqv and apt: each case is put to them as well.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the judges are processes that read files and look at the clock"
)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[path = "../forge/mod.rs"]
mod forge;
mod judges;
mod keys;
mod messages;
mod policy;
