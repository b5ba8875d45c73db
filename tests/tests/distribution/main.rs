//! How shipwheel reaches people: its wheel, its docs and what they promise, and what it gives to CI systems.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod ci;
mod links;
mod page;
mod place;
mod site;
mod tutorial;
mod tutorials;
mod wheel;
mod workflows;
