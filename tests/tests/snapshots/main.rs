//! What users see and what images are, to the byte: help, tables, errors, documents and digests against what they were.
//!
//! Texts are compared with the files beside this one: `INSTA_UPDATE=always cargo test -p shipwheel-tests --test
//! snapshots` rewrites them. Digests are in `pinned.txt`, which nothing writes by itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod commands;
mod docs;
mod documents;
mod errors;
mod help;
mod outside_text;
mod pinned;
mod sample;
mod snapshot;
mod tables;
