//! For tests only: an HTTP server on the loopback interface that answers as a test wants, and a registry in memory.
//!
//! ```
//! use shipwheel_loopback::{Reply, Server};
//! let server = Server::start(|received, _| Reply::new(200).body(received.path()));
//! assert!(server.url("/a").ends_with("/a"));
//! assert_eq!(server.lines(), Vec::<String>::new());
//! ```
//!
//! HTTP is written by hand, because tests need answers that no well-behaved server gives: cut off, endless,
//! a byte at a time. Nothing here is part of the product.

mod contents;
mod received;
mod registry;
mod reply;
mod server;

pub use contents::Contents;
pub use received::Received;
pub use registry::MemoryRegistry;
pub use reply::Reply;
pub use server::{Script, Server};
