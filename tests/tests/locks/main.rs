//! Locks as they are read here and as the tools that wrote them read them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]
#![allow(clippy::print_stdout, reason = "the counts are what a long run is for")]

mod export;
mod generated;
mod mutations;
mod pipenv;
mod place;
mod stale;
mod stale_tools;
mod tools;
mod universe;
