//! End to end: the real command on the real example, judged by other people's programs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod arm64;
mod base;
mod bytecode;
mod canonical;
mod container;
mod coverage;
mod fetching;
mod layout;
mod locks;
mod many;
mod output;
mod refusal;
mod registry;
mod reproducible;
mod switches;
mod template;
