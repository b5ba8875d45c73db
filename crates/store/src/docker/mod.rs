//! Docker's daemon, or what speaks like it: where it listens, and how an image gets there.

mod host;
mod load;

pub use host::DockerHost;
pub use load::{load_into_docker, ping_docker};
