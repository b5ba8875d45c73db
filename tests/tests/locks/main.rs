//! Locks as they are read here and as the tools that wrote them read them.

mod export;
mod generated;
mod stale;
mod universe;
