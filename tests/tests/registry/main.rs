//! The distribution client against registries: one that does everything wrong, and Debian's, killed and fenced in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod conformance;
mod faults;
mod hostile;
mod killed;
mod material;
mod real;
mod tokens;
