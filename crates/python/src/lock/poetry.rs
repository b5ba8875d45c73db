//! poetry.lock: the version of its form, and what is chosen of it.

mod content_hash;
mod locked;
mod parse;
mod roots;

#[cfg(test)]
mod tests;

pub use locked::PoetryLock;
