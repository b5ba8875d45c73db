//! The configuration of the machine's own apt: sources, options, and Debian's mirrors among the sources.

mod conf;
mod mirrors;
mod source;

pub use conf::apt_conf_value;
pub use mirrors::{Mirrors, debian_mirrors};
pub use source::AptSource;
