//! Kills at random points of every command that writes, and random faults of registries: nothing half done is believed.
//!
//! `cargo test` runs a short form, `cargo xtask soak` as much as it is asked for. Each prints its seed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]
#![allow(clippy::print_stdout, reason = "the counts and the seed are what a long run is for")]

mod chance;
mod changes;
mod client;
mod fault;
mod faults;
mod kills;
mod line;
mod place;
mod scene;
mod settings;
mod stage;
mod storage;
mod tally;
mod victim;
mod whole;
